"""Previews as values: what each channel's reader would see, and why there is nothing."""

from __future__ import annotations

from html import unescape

import pytest

from bot.channels import CHANNELS
from bot.model import Message
from bot.report.preview import render_pages
from bot.text.templates import Templates
from tests.builders import digest, many_entries, section

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def test_a_channel_without_a_template_is_shown_as_the_payload_that_it_gets() -> None:
    (page,) = render_pages("matrix", [Message({"body": "<b>Pigeons</b>"})], "lab", Templates())
    assert '"body": "<b>Pigeons</b>"' in unescape(page)
    assert "<b>" not in page


def test_a_reply_in_slack_is_set_off_from_its_thread() -> None:
    messages = [Message({"text": "Birds"}), Message({"text": "Pigeons"}, reply=True)]
    (page,) = render_pages("slack", messages, "lab", Templates())
    assert page.count('<article class="said">') == page.count('<article class="said reply">') == 1


@pytest.mark.parametrize(("channel", "papers"), [("slack", 1), ("discord", 1), ("discord", 3)])
def test_what_can_be_said_of_a_paper_is_shown(channel: str, papers: int) -> None:
    kind = CHANNELS[channel]
    of = digest([section(many_entries(papers))])
    it = kind(kind.Settings(), Templates(), contact="ops@example.org")
    (page,) = render_pages(
        channel, it.render(of, max_messages=1, options=kind.Options(buttons=True)), "lab", Templates()
    )
    assert page.count("Less like") == 1
    assert page.count("Pigeon Study 1:") == (1 if papers == 1 else 4)


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        pytest.param("slack", {"text": HOSTILE}, id="Slack text"),
        pytest.param(
            "slack",
            {"text": "", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": HOSTILE}}]},
            id="Slack plain text",
        ),
        pytest.param("slack", {"text": "", "blocks": [{"type": "video", "title": HOSTILE}]}, id="Slack other block"),
        pytest.param("discord", {"content": HOSTILE, "thread": HOSTILE}, id="Discord content"),
        pytest.param(
            "discord",
            {
                "content": "",
                "embeds": [
                    {
                        "title": HOSTILE,
                        "url": f"https://example.org/{HOSTILE}",
                        "description": HOSTILE,
                        "author": {"name": HOSTILE},
                        "footer": {"text": HOSTILE},
                        "fields": [{"name": HOSTILE, "value": HOSTILE}],
                    }
                ],
            },
            id="Discord embed",
        ),
    ],
)
def test_text_from_outside_is_no_tag_of_the_page(channel: str, payload: dict[str, object]) -> None:
    (page,) = render_pages(channel, [Message(payload)], HOSTILE, Templates())
    assert "alert(1)" in page
    assert "<script" not in page
    assert "<img" not in page
