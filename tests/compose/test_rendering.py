"""A user's broken template is replaced by the built-in one, and the digest says so; a bug of ours counts as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.compose.digests import DigestPlan
from bot.compose.rendering import render
from bot.errors import RenderError
from bot.model import Message, Note
from bot.settings import Subscriber, WhenEmpty
from bot.store.outbox import DigestPaper
from tests.builders import digest, entry, paper, section

if TYPE_CHECKING:
    from bot.model import Digest
    from bot.store.outbox import RenderedDigest

FIRST, SECOND = "2604.00001", "2604.00002"


class FakeChannel:
    """Renders one message, which shows the first paper only; or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def render(self, _digest: Digest, **_how: Any) -> tuple[Message, ...]:
        if self._error:
            raise self._error
        return (Message({"text": "digest"}, papers=(FIRST,)),)

    def render_note(self, note: Note) -> Message:
        if self._error:
            raise self._error
        return Message({"text": note.text})


BROKEN = RenderError("slack/paper.mrkdwn.j2", "no such value", 1)
LAB = Subscriber("lab", "slack", (), ("birds",), ZoneInfo("UTC"), when_empty=WhenEmpty.SAY)
FULL = DigestPlan(
    digest([section([entry(paper(FIRST)), entry(paper(SECOND))])]),
    tuple(DigestPaper(identifier, 0, "birds", shown=True) for identifier in (FIRST, SECOND)),
    silence=None,
    upto=0,
    heard_until=None,
)
EMPTY = DigestPlan(None, (), silence=Note("no papers", "none matched"), upto=0, heard_until=None)


def rendered(
    plan: DigestPlan,
    own: Exception | None = None,
    built_in: Exception | None = None,
    *,
    has_own: bool = True,
    subscriber: Subscriber = LAB,
) -> tuple[RenderedDigest | None, str]:
    channel: Any = FakeChannel(own)
    fallback: Any = FakeChannel(built_in) if has_own else None
    return render(subscriber, plan, channel, fallback)


def texts(messages: tuple[Message, ...]) -> list[str]:
    return [message.payload["text"] for message in messages]


def test_only_papers_that_a_message_shows_are_stored_as_shown() -> None:
    found, error = rendered(FULL)
    assert found is not None
    assert error == ""
    assert [(each.identifier, each.shown) for each in found.papers] == [(FIRST, True), (SECOND, False)]


@pytest.mark.parametrize(("plan", "text"), [(FULL, "digest"), (EMPTY, "none matched")])
def test_law_4_a_broken_template_of_the_user_s_own_is_replaced_by_the_built_in_one(
    plan: DigestPlan, text: str
) -> None:
    found, error = rendered(plan, BROKEN)
    assert found is not None
    assert texts(found.messages) == [text, f"{BROKEN}\nThe built-in one was used for this digest."]
    assert error == str(BROKEN)


def test_where_the_built_in_templates_fail_nothing_is_rendered() -> None:
    for built_in, has_own in ((BROKEN, True), (None, False)):
        with pytest.raises(RenderError, match="no such value"):
            rendered(FULL, BROKEN, built_in, has_own=has_own)


def test_a_bug_of_ours_counts_as_a_broken_template_and_its_text_is_shown() -> None:
    with pytest.raises(RenderError, match="FakeChannel: internal error: KeyError: 'x'"):
        rendered(FULL, KeyError("x"), has_own=False)


def test_silence_is_only_told_to_who_wants_to_hear_it() -> None:
    silent = Subscriber("lab", "slack", (), ("birds",), ZoneInfo("UTC"))
    assert rendered(EMPTY, subscriber=silent) == (None, "")
