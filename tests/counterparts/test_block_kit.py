"""Every Slack message of every digest passes judges written by others."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from bot.channels.slack import SlackChannel
from bot.text.templates import Templates
from tests.counterparts.block_kit import refusals
from tests.counterparts.shapes import DIGESTS, NOTES

pytestmark = pytest.mark.counterparts


def channel() -> SlackChannel:
    return SlackChannel(SlackChannel.Settings(), Templates(), contact="ops@example.org")


@pytest.mark.parametrize("thread", [False, True], ids=["flat", "thread"])
@pytest.mark.parametrize(("shape", "most"), [*product(DIGESTS, (1, 10)), ("200 papers", 100), ("short papers", 100)])
def test_no_judge_refuses_a_message_in_either_form(shape: str, most: int, *, thread: bool) -> None:
    options = SlackChannel.Options(thread=thread, buttons=True)
    messages = channel().render(DIGESTS[shape], max_messages=most, options=options)
    assert 1 <= len(messages) <= most
    for message in messages:
        assert message.plain is not None
        assert (refusals(message.payload), refusals(message.plain)) == ([], [])


@pytest.mark.parametrize("note", NOTES)
def test_no_judge_refuses_a_note(note: str) -> None:
    message = channel().render_note(NOTES[note])
    assert message.plain is not None
    assert (refusals(message.payload), refusals(message.plain)) == ([], [])


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}, "expand": True} | more


@pytest.mark.parametrize(
    ("blocks", "judge"),
    [
        ([section("x" * 3_001)], "slack_sdk"),
        ([section("")], "blockkit"),
        ([{"type": "unheard-of"}], "blockkit"),
        ([section("x", colour="red")], "slack_sdk"),
        ([section("x")] * 51, "by hand"),
        ([{"type": "context", "elements": []}], "by hand"),
        ([section("x", block_id="a")] * 2, "by hand"),
    ],
)
def test_the_judges_refuse_what_slack_refuses(blocks: list[dict[str, Any]], judge: str) -> None:
    assert judge in " ".join(refusals({"text": "x", "blocks": blocks}))
