from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import clean, escape_discord, escape_mrkdwn
from bot.text.chat_html import discord_html, safe_url, slack_html

LINK = '<a href="https://arxiv.org/abs/2604.00001" target="_blank" rel="noreferrer">{}</a>'


@pytest.mark.parametrize(
    ("mrkdwn", "shown"),
    [
        ("*bold* _slanted_ ~struck~", "<strong>bold</strong> <em>slanted</em> <s>struck</s>"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("`a *b* <c>`", "<code>a *b* &lt;c&gt;</code>"),
        ("<https://arxiv.org/abs/2604.00001|Maps &amp; *Birds*>", LINK.format("Maps &amp; *Birds*")),
        ("*<https://arxiv.org/abs/2604.00001|Maps>*", f"<strong>{LINK.format('Maps')}</strong>"),
        ("<https://arxiv.org/abs/2604.00001>", LINK.format("https://arxiv.org/abs/2604.00001")),
        ("see https://arxiv.org/abs/2604.00001.", f"see {LINK.format('https://arxiv.org/abs/2604.00001')}."),
        ("<javascript:alert(1)|Click>", "Click"),
        ("&lt;script&gt; &amp; R&D", "&lt;script&gt; &amp; R&amp;D"),
        ("one\ntwo", "one<br>two"),
        ("&gt; quoted\nnot", "<blockquote>quoted</blockquote>not"),
        ("<!channel> <@U1>", '<mark class="ping">&lt;!channel&gt;</mark> <mark class="ping">&lt;@U1&gt;</mark>'),
        ("a < b \ue0000\ue001", "a &lt; b 0"),
    ],
)
def test_mrkdwn_reads_as_in_slack(mrkdwn: str, shown: str) -> None:
    assert slack_html(mrkdwn) == shown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        (
            "**bold** *slanted* _too_ __under__ ~~struck~~",
            "<strong>bold</strong> <em>slanted</em> <em>too</em> <u>under</u> <s>struck</s>",
        ),
        (r"\*\*not\*\* \<b\> \@everyone", "**not** &lt;b&gt; @everyone"),
        ("snake_case_name", "snake_case_name"),
        ("`a **b** <c>`", "<code>a **b** &lt;c&gt;</code>"),
        ("[**Maps**](https://arxiv.org/abs/2604.00001)", LINK.format("<strong>Maps</strong>")),
        (r"[\[Maps\]](<https://arxiv.org/abs/2604.00001>)", LINK.format("[Maps]")),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("<https://arxiv.org/abs/2604.00001>", LINK.format("https://arxiv.org/abs/2604.00001")),
        ("(https://arxiv.org/abs/2604.00001)", f"({LINK.format('https://arxiv.org/abs/2604.00001')})"),
        ("<b> & @everyone", '&lt;b&gt; &amp; <mark class="ping">@everyone</mark>'),
        ("<@1> <#2>", '<mark class="ping">&lt;@1&gt;</mark> <mark class="ping">&lt;#2&gt;</mark>'),
        (
            "# One\n## Two\n### Three\n-# small\nrest",
            "<h3>One</h3><h4>Two</h4><h5>Three</h5><small>small</small>rest",
        ),
        ("> quoted\n- first\n- second", "<blockquote>quoted</blockquote><li>first</li><li>second</li>"),
        ("so:\n```\na *b*\n  <c>\n```\nand", "so:<br><pre>a *b*\n  &lt;c&gt;</pre>and"),
    ],
)
def test_markdown_reads_as_in_discord(markdown: str, shown: str) -> None:
    assert discord_html(markdown) == shown


class Tags(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes.update(name for name, _ in attrs)


OURS = {"a", "strong", "em", "s", "u", "code", "br", "mark", "blockquote", "h3", "h4", "h5", "small", "li", "pre"}
MARKUP = st.text("<>&;!@#|*_~`\\[]()/:\"'=\n abhtpsx.\ue000\ue0010")


@given(MARKUP | st.text())
def test_whatever_a_message_holds_only_our_own_elements_come_out(raw: str) -> None:
    for markup in (slack_html(raw), discord_html(raw)):
        tags = Tags(markup)
        assert tags.seen <= OURS
        assert tags.attributes <= {"href", "target", "rel", "class"}


def as_read(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup)).replace("\u200b", "")


@pytest.mark.parametrize(
    "title",
    ["<script>alert(1)</script>", "<!channel> & @everyone", "**Bold** _x_ `rm` ~~y~~ [z](https://example.org)"],
)
def test_a_hostile_title_reads_as_written_and_pings_nobody(title: str) -> None:
    for markup in (slack_html(escape_mrkdwn(title)), discord_html(escape_discord(title))):
        assert as_read(markup) == clean(title)
        assert "<mark" not in markup


def test_only_pages_and_mail_may_be_followed() -> None:
    assert safe_url("https://arxiv.org/abs/2604.00001")
    assert safe_url("mailto:a@example.org")
    assert not safe_url("javascript:alert(1)")
    assert not safe_url('https://x"onclick="y')
    assert not safe_url("")
