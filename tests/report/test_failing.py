"""What fails for too long stands on top of `status`, with its reason; what waits for somebody does not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.builders import paper
from tests.servers.slack import FaultScript
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from bot.report.status import Status

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
