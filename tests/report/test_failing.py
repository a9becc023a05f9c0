"""What fails for too long stands on top of `status`, with its reason; what waits for somebody does not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.builders import paper
from tests.cli.conftest import paperboy
from tests.members.days import DORA, live, readers, sign_up, status
from tests.servers.slack import FaultScript
from tests.world import MONDAY, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from bot.report.status import Status
    from tests.cli.conftest import Terminal

__all__ = ["paperboy", "readers"]

HOUR = timedelta(hours=1)
TIMES_A_DAY = 20


async def status_at(environment: Environment, hours: int) -> Status:
    async with environment.app() as app:
        status: Status = app.reporter.status(morning(TUESDAY) + hours * HOUR)
        return status


@pytest.fixture
def refused(environment: Environment) -> Environment:
    """A channel that answers nothing we know, and a mailbox that is fine."""
    environment.config["subscribers"]["alice"] = {"mail": "alice@example.org", "topics": ["birds"]}
    answer = FaultScript(body={"ok": False, "error": "an_answer_of_tomorrow"})
    environment.slack.script.extend([answer] * TIMES_A_DAY)
    environment.announce(TUESDAY, paper())
    return environment


async def test_a_message_that_fails_is_named_once_it_is_old_enough(refused: Environment) -> None:
    await refused.once(morning(TUESDAY))
    assert (await status_at(refused, 11)).failing == ()
    (found,) = (await status_at(refused, 12)).failing
    assert (found.subscriber, found.channel, found.waiting) == ("lab", "slack", 1)
    assert (found.since, found.reason) == (morning(TUESDAY), "Slack said an_answer_of_tomorrow")


async def test_alert_after_says_how_old_that_is(refused: Environment) -> None:
    refused.config["arxiv"]["alert_after"] = "2h"
    await refused.once(morning(TUESDAY))
    assert len((await status_at(refused, 2)).failing) == 1


async def test_one_that_was_not_even_tried_names_what_shuts_its_way(environment: Environment) -> None:
    environment.config["subscribers"]["den"] = {"slack": "C0000000002", "topics": ["birds"]}
    environment.slack.token = "another"
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    found = (await status_at(environment, 12)).failing
    assert [(each.subscriber, each.reason) for each in found] == [
        ("lab", "Slack said invalid_auth"),
        ("den", "Slack said invalid_auth"),
    ]


async def test_nothing_of_a_paused_subscriber_fails(refused: Environment) -> None:
    await refused.once(morning(TUESDAY))
    refused.config["subscribers"]["lab"]["paused"] = True
    assert (await status_at(refused, 12)).failing == ()


async def test_what_is_held_for_a_person_fails_nobody(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] = {
        "slack": environment.slack.webhook_url("lab"),
        "topics": ["birds"],
        "on_unknown": "hold",
    }
    environment.slack.script.append(FaultScript(500, "rollup_error"))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    await environment.once(morning(TUESDAY) + HOUR)
    status = await status_at(environment, 12)
    assert [subscriber.held for subscriber in status.subscribers] == [1]
    assert status.failing == ()


FAULTS = {
    "Slack is down": FaultScript(status=503),
    "Slack has us wait": FaultScript(status=429, headers={"Retry-After": "3600"}),
    "Slack breaks off": FaultScript(drops=True),
    "Slack wants another token": FaultScript(body={"ok": False, "error": "token_expired"}),
    "Slack's proxy answers": FaultScript(status=407, body="<html>Log in</html>"),
    "Slack has no words": FaultScript(body={"ok": False}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_whatever_fails_for_half_a_day_is_named_and_the_operator_hears_of_it_once_a_day(
    environment: Environment, fault: FaultScript
) -> None:
    environment.config["subscribers"]["boss"] = {"mail": "boss@example.org", "topics": ["birds"]}
    environment.config["operator"] = "boss"
    environment.slack.script.extend([fault] * 200)
    environment.announce(TUESDAY, paper())
    notes = []
    for hours in (0, 2, 6, 13, 20, 22):
        before = len(environment.mail.messages)
        await environment.once(morning(TUESDAY) + hours * HOUR)
        received = [mail.data.decode() for mail in environment.mail.messages[before:]]
        notes.append(sum("lab (slack)" in each.replace("=\r\n", "") for each in received))
        found = (await status_at(environment, hours)).failing
        assert bool(found) == (hours >= 12)
    assert sum(notes) == 1
    assert notes[0] or notes[3]  # an open circuit is told at once


# -- self-service subscribers are counted: nobody reads who ------------------------------------------------------

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
