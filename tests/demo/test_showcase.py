from __future__ import annotations

import re
from datetime import date
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser

import pytest

from bot.demo.showcase import Day, Figure, Page, page_html, render_showcase

THURSDAY = date(2026, 3, 5)
HOSTILE = "<script>alert('1')</script>\"><img src=x onerror=alert(1)>"


def mail(subject: str = "Birds: 2 new papers", *, html: str | None = "<p>Good morning</p>") -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Paperboy <paperboy@example.org>"
    message["To"] = "alice@example.org"
    message.set_content("Good morning, plainly\n")
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def showcase(day: Day | None = None, *, pages: tuple[Page, ...] = ()) -> str:
    shown = day or Day(THURSDAY, "Thursday 5 March 2026", ("12 papers collected",))
    return render_showcase([Figure("38", "papers announced")], [shown], pages)


def with_slack(*blocks: dict[str, object], **more: object) -> str:
    message = {"channel": "vision-lab", "text": "fallback", "blocks": list(blocks), **more}
    return showcase(Day(THURSDAY, "Thursday", (), slack=(message,)))


def with_discord(**message: object) -> str:
    return showcase(Day(THURSDAY, "Thursday", (), discord=({"channel": "reading-group", **message},)))


class Elements(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.handlers: list[str] = []
        self.frames: list[dict[str, str | None]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag == "iframe":
            self.frames.append(dict(attrs))


def test_the_account_of_the_whole_and_of_the_day_stands_on_top() -> None:
    shown = showcase()
    assert "<b>38</b><span>papers announced</span>" in shown
    assert "<li>12 papers collected</li>" in shown
    assert '<div class="columns">' not in shown


def test_a_channel_without_a_message_says_so() -> None:
    assert with_slack({"type": "divider"}).count("Nothing for this house today.") == 2
    assert showcase(Day(THURSDAY, "Thursday", (), mail=(mail(),))).count("Nothing for this house today.") == 2


def test_every_block_of_ours_is_drawn() -> None:
    shown = with_slack(
        {"type": "header", "text": {"type": "plain_text", "text": "Birds *& Maps*"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*<https://arxiv.org/abs/2604.00001|Maps>*"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "_a field_"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "`cs.CV`"}]},
        {"type": "divider"},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Open"}}]},
        {"type": "rich_text", "elements": []},
    )
    assert '<div class="header"><div>Birds *&amp; Maps*</div></div>' in shown
    assert '<strong><a href="https://arxiv.org/abs/2604.00001"' in shown
    assert "<em>a field</em>" in shown
    assert '<div class="context"><div><code>cs.CV</code></div></div>' in shown
    assert "<hr>" in shown
    assert '<span class="button">Open</span>' in shown
    assert "&#34;type&#34;: &#34;rich_text&#34;" in shown


def test_a_message_without_blocks_shows_its_text() -> None:
    message = {"channel": "C1", "text": "*only* text"}
    shown = showcase(Day(THURSDAY, "Thursday", (), slack=(message,)))
    assert "<strong>only</strong> text" in shown


def test_a_reply_is_set_in() -> None:
    assert 'class="said reply"' in with_slack({"type": "divider"}, thread_ts="1.2")
    assert 'class="said reply"' not in with_slack({"type": "divider"}, thread_ts=None)


def test_the_messages_of_a_channel_stand_together_in_order() -> None:
    messages = tuple(
        {"channel": channel, "text": text} for channel, text in (("a", "1st"), ("b", "2nd"), ("a", "3rd"))
    )
    shown = showcase(Day(THURSDAY, "Thursday", (), slack=messages))
    assert re.findall(r"# \w|\d(?:st|nd|rd)", shown) == ["# a", "1st", "3rd", "# b", "2nd"]


def test_a_forums_thread_has_its_name_above_its_first_message_only() -> None:
    messages = tuple(
        {"channel": "forum", "thread": thread, "content": content}
        for thread, content in (("Monday", "1st"), ("Monday", "2nd"), ("Tuesday", "3rd"))
    )
    shown = showcase(Day(THURSDAY, "Thursday", (), discord=messages))
    found = re.findall(r'class="post">(\w+)<|(\d)(?:st|nd|rd)', shown)
    assert [name or number for name, number in found] == ["Monday", "1", "2", "Tuesday", "3"]


def test_an_embed_is_drawn_with_its_bar_title_fields_and_footer() -> None:
    shown = with_discord(
        content="**2 new papers**",
        embeds=[
            {
                "color": 0x00FF7F,
                "title": r"Maps \*of\* Birds",
                "url": "https://arxiv.org/abs/2604.00001",
                "description": "> quoted",
                "author": {"name": "Birds"},
                "fields": [{"name": "n1", "value": "v1", "inline": True}, {"name": "n2", "value": "v2"}],
                "footer": {"text": "cs.CV"},
            },
            {"title": "Bare", "url": "javascript:alert(1)"},
        ],
    )
    assert "<strong>2 new papers</strong>" in shown
    assert 'style="border-color: #00ff7f"' in shown
    assert '<a href="https://arxiv.org/abs/2604.00001" target="_blank" rel="noreferrer">Maps *of* Birds</a>' in shown
    assert "<blockquote>quoted</blockquote>" in shown
    assert '<div class="field inline"><b>n1</b>v1</div>' in shown
    assert '<div class="field"><b>n2</b>v2</div>' in shown
    assert '<div class="footer">cs.CV</div>' in shown
    assert '<div class="title">Bare</div>' in shown
    assert "javascript:" not in shown


def test_a_mail_shows_its_head_its_html_in_a_sandbox_and_its_text() -> None:
    shown = showcase(Day(THURSDAY, "Thursday", (), mail=(mail(),)))
    assert '<div class="subject">Birds: 2 new papers</div>' in shown
    assert "Paperboy &lt;paperboy@example.org&gt;" in shown
    assert "<pre>Good morning, plainly\n</pre>" in shown
    (frame,) = Elements(shown).frames
    assert frame["sandbox"] == "allow-popups"
    assert str(frame["srcdoc"]).strip() == "<p>Good morning</p>"


def test_a_mail_without_html_shows_its_text_at_once() -> None:
    shown = showcase(Day(THURSDAY, "Thursday", (), mail=(mail(html=None),)))
    assert "<details open>" in shown
    assert not Elements(shown).frames


def test_a_mail_without_a_head_is_shown_too() -> None:
    assert "<pre>just this</pre>" in showcase(Day(THURSDAY, "Thursday", (), mail=(b"\r\njust this",)))


def test_a_mail_without_a_readable_part_is_shown_by_its_head() -> None:
    shown = showcase(Day(THURSDAY, "Thursday", (), mail=(b"Subject: s\r\nContent-Type: image/png\r\n\r\nx",)))
    assert '<div class="subject">s</div>' in shown
    assert "<pre>" not in shown


def test_a_page_is_linked_and_rendered_with_its_badges_as_text() -> None:
    markdown = (
        "# Birds\n\n[![Total Papers](https://img.shields.io/badge/Papers-31-2688EB)]()\n[![Other](https://x/y)]()"
    )
    shown = showcase(pages=(Page("site/birds/2026-03-05.md", markdown),))
    assert '<a href="site/birds/2026-03-05.md">site/birds/2026-03-05.md</a>' in shown
    (frame,) = Elements(shown).frames
    assert "<h1>Birds</h1>" in str(frame["srcdoc"])
    assert "<code>Total Papers 31</code>" in page_html(markdown)
    assert "<code>Other</code>" in page_html(markdown)
    assert "<img" not in page_html(markdown)


def test_the_front_page_is_framed_by_its_path_without_scripts() -> None:
    shown = render_showcase([], [], [], front_page="site/index.html")
    (frame,) = Elements(shown).frames
    assert frame["src"] == "site/index.html"
    assert frame["sandbox"] == "allow-same-origin allow-popups"
    assert "frame-src 'self'" in shown


def test_a_kill_is_told_above_what_was_received() -> None:
    day = Day(THURSDAY, "Thursday", (), mail=(mail(),), survived=("It was killed:", "a-hook: <twice>"))
    shown = showcase(day)
    assert "<h3>It was killed:</h3>" in shown
    assert shown.index("<li>a-hook: &lt;twice&gt;</li>") < shown.index('<div class="columns">')
    assert '<section class="survived">' not in showcase()


@pytest.mark.parametrize(
    "shown",
    [
        render_showcase([], [], [], hostile={HOSTILE: HOSTILE}),
        showcase(Day(THURSDAY, "Thursday", (), survived=(HOSTILE, HOSTILE))),
        showcase(Day(THURSDAY, HOSTILE, (HOSTILE,))),
        with_slack({"type": "header", "text": {"type": "plain_text", "text": HOSTILE}}, channel=HOSTILE),
        with_slack({"type": "section", "text": {"type": "mrkdwn", "text": HOSTILE}}),
        with_slack({"type": HOSTILE}),
        with_discord(content=HOSTILE, embeds=[{"title": HOSTILE, "url": HOSTILE, "description": HOSTILE}]),
        with_discord(embeds=[{"author": {"name": HOSTILE}, "footer": {"text": HOSTILE}}]),
        with_discord(embeds=[{"fields": [{"name": HOSTILE, "value": HOSTILE}]}]),
        showcase(Day(THURSDAY, "Thursday", (), mail=(mail(HOSTILE, html=HOSTILE),))),
        showcase(Day(THURSDAY, "Thursday", (), mail=(mail(HOSTILE, html=None),))),
        showcase(pages=(Page(HOSTILE, HOSTILE),)),
    ],
)
def test_hostile_text_stays_text_wherever_it_comes_in(shown: str) -> None:
    elements = Elements(shown)
    assert "script" not in elements.names
    assert "img" not in elements.names
    assert not elements.handlers
    assert all(frame["sandbox"] == "allow-popups" for frame in elements.frames)
    assert "alert(1)" in unescape(shown)


def test_the_page_asks_nobody_for_anything() -> None:
    shown = showcase()
    assert "default-src 'none'" in shown
    assert not re.search(r"(?:src|href)=\"https?://|url\(|@import", shown)
