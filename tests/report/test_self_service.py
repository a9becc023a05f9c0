"""What troubles self-service subscribers is counted: the operator hears it, `status` says it, nobody reads who."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import paperboy
from tests.members.days import DORA, live, readers, sign_up, status
from tests.world import MONDAY, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

__all__ = ["paperboy", "readers"]

FAY = "fay@example.net"
REFUSED = "450 4.2.0 <{}> try again later"


@pytest.fixture
def watched(readers: Environment) -> Environment:
    """The operator is in Slack, so that a relay's trouble keeps nothing from them."""
    readers.config["topics"]["nothing"] = {"title": "Nothing", "categories": ["cs.CV"], "keywords": ["walrus"]}
    readers.config["subscribers"]["keeper"] = {"slack": "C0123456789", "topics": ["nothing"]}
    readers.config["operator"] = "keeper"
    return readers


async def two(environment: Environment) -> list[str]:
    """Two who signed up on Monday, and whose mailboxes take nothing on Tuesday."""
    await live(environment, MONDAY)
    keys = [await sign_up(environment, at=morning(MONDAY, 12), address=address) for address in (DORA, FAY)]
    await environment.once(morning(MONDAY, 13))
    environment.mail.bounces.update({address: REFUSED.format(address) for address in (DORA, FAY)})
    await live(environment, TUESDAY)
    return keys


def heard(environment: Environment, since: int = 0) -> str:
    return "\n".join(str(message) for message in environment.slack.messages[since:])


async def test_what_fails_for_long_is_told_once_a_day_with_how_many_and_not_who(watched: Environment) -> None:
    keys = await two(watched)
    assert "self-service" not in heard(watched)
    await watched.once(morning(TUESDAY, 20))
    told = heard(watched)
    assert "2 self-service subscribers are not delivered to for too long: " in told
    assert not any(private in told for private in (*keys, DORA, FAY))
    before = len(watched.slack.messages)
    await watched.once(morning(TUESDAY, 21))
    assert len(watched.slack.messages) == before


async def test_status_says_it_too_and_counts_their_messages(watched: Environment, paperboy: Terminal) -> None:
    keys = await two(watched)
    watched.clock.set(morning(TUESDAY, 20))
    (trouble,) = (await status(watched)).self_service
    assert trouble.sentence.startswith("2 self-service subscribers are not delivered to for too long: ")
    said = (await paperboy("status")).out
    assert trouble.sentence in said
    assert "self-service subscribers  2 messages" in said
    assert not any(private in said for private in (*keys, DORA, FAY))


async def test_what_is_given_up_for_many_is_one_line(watched: Environment) -> None:
    keys = await two(watched)
    watched.mail.bounces.clear()
    watched.mail.script["."].extend(["554 5.6.0 no such content"] * 20)
    await watched.once(morning(TUESDAY, 9))
    await watched.once(morning(TUESDAY, 15))
    told = heard(watched)
    assert "2 messages to self-service subscribers were given up: " in told
    assert not any(private in told for private in (*keys, DORA, FAY))


async def test_a_relay_that_refuses_us_is_told_for_all_of_them_at_once(watched: Environment) -> None:
    await live(watched, MONDAY)
    await sign_up(watched, at=morning(MONDAY, 12))
    await watched.once(morning(MONDAY, 13))
    watched.mail.script["MAIL"].extend(["550 5.7.1 not this sender"] * 20)
    await live(watched, TUESDAY)
    told = heard(watched)
    assert "1 self-service subscriber is not reached: " in told
    assert "alone (mail)" in told
