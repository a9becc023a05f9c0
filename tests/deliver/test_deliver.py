"""Deliver against receivers that say no in every way: one destination's trouble is its own, and nothing is lost.

Law 2: nothing is marked done before it is done. Law 4: one destination's trouble is its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from bot.channels.discord import request
from bot.channels.mail import MailChannel
from bot.channels.slack import CREDENTIAL_SECONDS, SlackChannel
from bot.channels.slack import api as slack_api
from bot.clock import SimulatedClock
from bot.deliver.reconcile import VISIBLE_AFTER
from bot.errors import StoreError
from bot.model import DeliveryState, Limit, Limits
from bot.store.database.tables import gates
from bot.store.outbox import Claimed, Outbox
from bot.store.outbox.claim import BatchResult
from bot.store.outbox.policy import ClaimLostError
from tests.builders import paper
from tests.deliver.conftest import ON_BOTH
from tests.servers.discord import FaultScript as DiscordSays
from tests.servers.slack import FaultScript
from tests.servers.smtp import DROP
from tests.store.one_lane import claim_one
from tests.world import MONDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from bot.app.run_result import RunResult
    from bot.model import Delivery, LaneReport, Receipt, UnknownDelivery
    from bot.settings import Address

HOUR = timedelta(hours=1)


def lane(run: RunResult, name: str = "lab") -> LaneReport:
    return next(result for result in run.delivered if result.subscriber == name)


def says(error: str) -> FaultScript:
    return FaultScript(body={"ok": False, "error": error})


@pytest.fixture
def busy_environment(environment: Environment) -> Environment:
    """A Tuesday with one matching paper and a subscriber on every channel."""
    environment.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["birds"]},
        "hook": {"slack": environment.slack.webhook_url("hook"), "topics": ["birds"]},
        "group": {"discord": "123456789012345678", "topics": ["birds"]},
        "their-hook": {"discord": environment.discord.webhook_url("theirs"), "topics": ["birds"]},
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
        "seminar": {"mail": ["bob@example.org", "eve@example.org"], "topics": ["birds"]},
    }
    environment.announce(TUESDAY, paper())
    return environment


@ON_BOTH
async def test_everybody_is_reached_once_on_every_channel(busy_environment: Environment) -> None:
    run = await busy_environment.once(morning(TUESDAY))
    assert not run.left_undone
    assert busy_environment.received() == {"slack": 2, "discord": 2, "mail": 3}
    again = await busy_environment.once()
    assert again.delivered == ()
    assert busy_environment.received() == {"slack": 2, "discord": 2, "mail": 3}


async def test_what_stays_behind_says_why_and_goes_out_with_the_next_run(busy_environment: Environment) -> None:
    busy_environment.mail.script["MAIL"].append("451 4.3.0 try later")
    run = await busy_environment.once(morning(TUESDAY))
    (left,) = [result for result in run.delivered if result.left_until]
    assert run.left_undone
    assert "451" in left.reason
    assert busy_environment.received() == {"slack": 2, "discord": 2, "mail": 2}
    mended = await busy_environment.once()
    assert not mended.left_undone
    assert busy_environment.received() == {"slack": 2, "discord": 2, "mail": 3}


@ON_BOTH
async def test_a_destination_that_refuses_holds_up_nobody_else_and_is_tried_once_an_hour(
    environment: Environment,
) -> None:
    environment.config["subscribers"]["archived"] = {"slack": "C0000000404", "topics": ["birds"]}
    environment.slack.channels["C0000000404"] = {"is_archived": True}
    environment.announce(TUESDAY, paper())
    run = await environment.once(morning(TUESDAY))
    assert lane(run, "lab").sent == 1
    assert "is_archived" in lane(run, "archived").reason
    posts = len(environment.slack.requests)
    for minutes in (5, 30, 59):
        await environment.once(morning(TUESDAY, 6, minutes))
    assert len(environment.slack.requests) == posts
    del environment.slack.channels["C0000000404"]
    opened = await environment.once(morning(TUESDAY, 7, 1))
    assert lane(opened, "archived").sent == 1
    assert not opened.left_undone


async def test_a_dead_token_stops_its_own_destinations_only(busy_environment: Environment) -> None:
    busy_environment.slack.token = "another"
    run = await busy_environment.once(morning(TUESDAY))
    assert "invalid_auth" in lane(run, "lab").reason
    assert busy_environment.received() == {"slack": 1, "discord": 2, "mail": 3}


async def test_a_new_token_is_tried_at_once(environment: Environment) -> None:
    environment.slack.token = "xoxb-renewed"
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    environment.config["channels"]["slack"]["token"] = "xoxb-renewed"
    assert lane(await environment.once()).sent == 1


async def test_a_retry_after_within_the_longest_wait_is_waited_for(environment: Environment) -> None:
    environment.slack.script.append(FaultScript(status=429, headers={"Retry-After": "120"}))
    environment.announce(TUESDAY, paper())
    run = await environment.once(morning(TUESDAY))
    assert lane(run).sent == 1
    assert environment.clock.now() >= morning(TUESDAY) + timedelta(seconds=120)


@ON_BOTH
async def test_a_retry_after_beyond_the_longest_wait_is_left_to_the_next_run_and_obeyed_by_it(
    environment: Environment,
) -> None:
    environment.slack.script.append(FaultScript(status=429, headers={"Retry-After": "3600"}))
    environment.announce(TUESDAY, paper())
    run = await environment.once(morning(TUESDAY))
    assert lane(run).left_until == morning(TUESDAY) + HOUR
    early = await environment.once(morning(TUESDAY, 6, 30))
    assert (early.left_undone, len(environment.slack.requests)) == (True, 1)
    assert lane(await environment.once(morning(TUESDAY, 7))).sent == 1


@ON_BOTH
async def test_many_destinations_behind_one_token_pass_in_turn_without_all_asking_at_every_turn(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"s{number}" for number in range(40)]
    environment.config["subscribers"] = {
        name: {"slack": f"C01234567{number:02d}", "topics": ["birds"]} for number, name in enumerate(names)
    }
    environment.announce(TUESDAY, paper())
    turn, turns = Outbox.claim_batch, count()
    monkeypatch.setattr(Outbox, "claim_batch", lambda *args, **kwargs: (next(turns), turn(*args, **kwargs))[1])
    assert not (await environment.once(morning(TUESDAY))).left_undone
    assert environment.received()["slack"] == len(names)
    assert environment.clock.now() == morning(TUESDAY) + 39 * timedelta(seconds=CREDENTIAL_SECONDS)
    assert next(turns) <= 3 * len(names)


@ON_BOTH
async def test_whose_turn_behind_a_token_comes_too_late_is_left_to_the_next_run(environment: Environment) -> None:
    environment.config["subscribers"]["other"] = {"slack": "C0000000009", "topics": ["birds"]}
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    async with environment.app() as app:
        await app.runner.collect()
        await app.runner.compose()
        reports = await app.runner.deliver(ignore_backoff=False, max_wait=timedelta(0))
    assert [(report.sent, report.reason) for report in reports] == [(1, ""), (0, "pacing")]
    assert not (await environment.once()).left_undone


@ON_BOTH
async def test_messages_to_one_destination_are_paced_and_in_order(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["thread"] = True
    environment.announce(TUESDAY, *(paper(f"2604.{n:05d}", title=f"Pigeon {n}") for n in range(1, 120)))
    before = morning(TUESDAY)
    run = await environment.once(before)
    parts = lane(run).sent
    assert parts > 2
    assert environment.clock.now() - before >= timedelta(seconds=parts - 1)
    head, *replies = environment.slack.messages
    assert head.thread_ts is None
    assert {reply.thread_ts for reply in replies} == {head.ts}
    assert all(f"({n}/{len(replies)})" in str(reply.blocks[0]) for n, reply in enumerate(replies, 1))


async def test_slack_is_asked_what_became_of_a_message_whose_answer_was_lost(environment: Environment) -> None:
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.announce(TUESDAY, paper())
    run = await environment.once(morning(TUESDAY))
    assert run.left_undone
    async with environment.app() as app:
        (record,) = app.store.queries.unfinished()
    assert record.state is DeliveryState.UNKNOWN
    assert not (await environment.once()).left_undone
    (taken,) = environment.slack.messages
    async with environment.app() as app:
        detail = app.store.queries.detail(record.id)
    assert (detail.record.state, detail.platform_id) == (DeliveryState.SENT, taken.ts)


@pytest.mark.parametrize("behind", [timedelta(minutes=2), -timedelta(minutes=2)])
async def test_slack_is_asked_although_its_clock_is_two_minutes_off(
    environment: Environment, behind: timedelta
) -> None:
    environment.slack.now = lambda: environment.clock.now().timestamp() - behind.total_seconds()
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    await environment.once()
    assert environment.received()["slack"] == 1


async def test_discord_is_asked_although_its_clock_is_two_minutes_behind(environment: Environment) -> None:
    environment.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    environment.discord.now = lambda: environment.clock.now().timestamp() - 120
    for day, number in ((MONDAY, 1), (TUESDAY, 2)):  # that the bot may read is known from the first
        environment.announce(day, paper(f"2604.0000{number}"))
        if day == TUESDAY:
            environment.discord.script.append(DiscordSays(takes=True, drops=True))
        await environment.once(morning(day))
    environment.clock.set(morning(TUESDAY, 8))  # when the nonce may be forgotten
    await environment.once()
    assert environment.received()["discord"] == 2


@ON_BOTH
async def test_a_machine_whose_clock_is_two_minutes_late_asks_about_what_another_sent(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.slack.now = lambda: environment.clock.now().timestamp()
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    monkeypatch.setattr(environment, "clock", SimulatedClock(morning(TUESDAY) - timedelta(minutes=2)))
    async with environment.app() as app:
        with app.store._database.writing() as connection:
            connection.execute(gates.delete())  # else it would wait for Slack's pace until its clock is right
    run = await environment.once()
    assert (lane(run).sent, environment.received()["slack"]) == (1, 1)


async def test_what_slack_has_not_is_sent_again_the_same_under_the_same_key(environment: Environment) -> None:
    environment.slack.script.append(FaultScript(status=500))
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    run = await environment.once()
    assert (lane(run).sent, run.left_undone, environment.received()["slack"]) == (1, False, 1)
    assert environment.clock.now() >= morning(TUESDAY) + VISIBLE_AFTER
    looks = [path for _, path in environment.slack.requests if path.endswith("conversations.history")]
    assert len(looks) == 2, "one empty answer is no proof"


async def test_a_reply_is_looked_for_in_its_thread(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.config["subscribers"]["lab"]["thread"] = True
    environment.announce(TUESDAY, *(paper(f"2604.{n:05d}", title=f"Pigeon {n}") for n in range(1, 60)))
    send, calls = SlackChannel.send, count(1)

    async def second_is_lost(channel: SlackChannel, delivery: Delivery, address: Address) -> Receipt:
        if next(calls) == 2:
            environment.slack.script.append(FaultScript(takes=True, drops=True))
        return await send(channel, delivery, address)

    monkeypatch.setattr(SlackChannel, "send", second_is_lost)
    assert (await environment.once(morning(TUESDAY))).left_undone
    assert not (await environment.once()).left_undone
    keys = [(message.metadata or {})["event_payload"]["delivery_id"] for message in environment.slack.messages]
    assert len(set(keys)) == len(keys) > 2
    assert ("GET", "/api/conversations.replies") in environment.slack.requests


@pytest.mark.parametrize(("wish", "state"), [("drop", DeliveryState.DROPPED), ("hold", DeliveryState.HELD)])
async def test_a_lost_answer_is_dropped_or_held_where_nobody_can_be_asked_and_that_is_wished(
    environment: Environment, wish: str, state: DeliveryState
) -> None:
    environment.config["subscribers"]["lab"]["on_unknown"] = wish
    environment.slack.scopes = "chat:write"
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    await environment.once(morning(TUESDAY, 8))
    assert environment.received()["slack"] == 1
    async with environment.app() as app:
        ended = app.store.queries.ended_since(morning(MONDAY), DeliveryState.DROPPED)
        found = (app.store.queries.unfinished() + ended)[0]
    assert found.state is state
    assert "missing_scope" in (found.reason or "")


async def test_a_webhook_s_lost_message_comes_again_byte_for_byte(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] = {"slack": environment.slack.webhook_url("hook"), "topics": ["birds"]}
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    assert not (await environment.once()).left_undone
    first, second = environment.slack.messages
    assert first.payload == second.payload


async def test_a_lost_mail_comes_again_byte_for_byte_under_the_same_message_id(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] = {"mail": "lab@example.org", "topics": ["birds"]}
    environment.mail.script["."].append(DROP)
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    assert not (await environment.once()).left_undone
    first, second = environment.mail.messages
    assert first.data == second.data


async def test_a_question_that_fails_sends_nothing_and_is_asked_again_later(environment: Environment) -> None:
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.slack.looks.extend([FaultScript(status=503), FaultScript(status=503)])
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    for _ in range(2):
        run = await environment.once()
        assert "asking failed" in lane(run).reason
        assert environment.received()["slack"] == 1
    assert not (await environment.once()).left_undone
    assert environment.received()["slack"] == 1


async def test_a_question_that_comes_too_often_waits_as_slack_says(environment: Environment) -> None:
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    busy = {"ok": False, "error": "ratelimited"}
    environment.slack.looks.append(FaultScript(429, busy, {"Retry-After": "30"}))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    assert not (await environment.once()).left_undone
    assert environment.clock.now() >= morning(TUESDAY) + timedelta(seconds=30)
    assert environment.received()["slack"] == 1


@pytest.mark.parametrize("readable", [True, False])
async def test_discord_is_read_once_its_nonce_may_be_forgotten(environment: Environment, *, readable: bool) -> None:
    environment.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    environment.discord.now = lambda: environment.clock.now().timestamp()
    environment.announce(MONDAY, paper("2604.00002", title="Monday's pigeon"))
    await environment.once(morning(MONDAY))
    environment.discord.script.append(_lost())
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    if not readable:
        environment.discord.no_history.add("123456789012345678")
    assert not (await environment.once(morning(TUESDAY, 8))).left_undone
    assert environment.received()["discord"] == (2 if readable else 3)


async def test_discord_is_read_in_the_channel_itself_where_the_last_digest_ended_in_a_thread(
    environment: Environment,
) -> None:
    environment.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    environment.discord.now = lambda: environment.clock.now().timestamp()
    environment.announce(MONDAY, *(paper(f"2604.1{n:04}", title=f"Pigeon {n}") for n in range(60)))
    await environment.once(morning(MONDAY))
    before = environment.received()["discord"]
    assert environment.discord.messages[-1].thread
    environment.discord.script.append(_lost())
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    assert not (await environment.once(morning(TUESDAY, 8))).left_undone
    assert environment.received()["discord"] == before + 1


async def test_discord_is_read_at_once_where_it_can_be_for_who_repeats_later_may_be_killed_before(
    environment: Environment,
) -> None:
    """A repetition that the nonce makes harmless now is none any more when the next process comes to it."""
    environment.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    environment.discord.now = lambda: environment.clock.now().timestamp()
    environment.announce(MONDAY, paper("2604.00002", title="Monday's pigeon"))
    await environment.once(morning(MONDAY))
    environment.discord.script.append(_lost())
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    posted = [request for request in environment.discord.requests if request[0] == "POST"]
    assert not (await environment.once()).left_undone
    assert [request for request in environment.discord.requests if request[0] == "POST"] == posted
    assert environment.received()["discord"] == 2


async def test_of_two_equal_digests_in_one_discord_channel_one_found_message_proves_one(
    environment: Environment,
) -> None:
    where = {"discord": "123456789012345678", "topics": ["birds"]}
    environment.config["subscribers"] = {"one": dict(where), "two": dict(where)}
    environment.discord.now = lambda: environment.clock.now().timestamp()
    environment.announce(MONDAY, paper("2604.00002", title="Monday's pigeon"))
    await environment.once(morning(MONDAY))
    environment.discord.script.extend([_lost(), DiscordSays(500, {})])
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    await environment.once(morning(TUESDAY, 8))
    assert not (await environment.once(morning(TUESDAY, 9))).left_undone
    assert environment.received()["discord"] == 4


async def test_a_fault_of_ours_in_asking_leaves_it_to_the_subscriber_s_wish(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode(_self: SlackChannel, _question: UnknownDelivery, _address: Address) -> Receipt | None:
        raise RuntimeError("https://hooks.example.org/planted-secret")

    monkeypatch.setattr(SlackChannel, "lookup", explode)
    environment.config["subscribers"]["lab"]["on_unknown"] = "hold"
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    assert (
        lane(await environment.once()).reason
        == "outcome unknown, held: internal error in the SlackChannel: RuntimeError"
    )


async def test_a_clock_that_was_set_back_leaves_it_to_the_subscriber_s_wish(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.config["subscribers"]["lab"]["on_unknown"] = "hold"
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    monkeypatch.setattr(environment, "clock", SimulatedClock(morning(MONDAY, 5)))
    assert "the clock was set back" in lane(await environment.once()).reason


@ON_BOTH
async def test_an_address_that_bounced_is_shut_and_says_so_and_no_other_waits(environment: Environment) -> None:
    environment.config["subscribers"] = {
        "gone": {"mail": "gone@example.org", "topics": ["birds"]},
        "here": {"mail": "here@example.org", "topics": ["birds"]},
    }
    environment.mail.bounces["gone@example.org"] = "550 5.1.1 no such user"
    environment.announce(TUESDAY, paper())
    run = await environment.once(morning(TUESDAY))
    assert "550 5.1.1" in lane(run, "gone").reason
    assert lane(run, "here").sent == 1
    async with environment.app() as app:
        (limit,) = app.store.queries.open_circuits(environment.clock.now())
    assert "550 5.1.1" in (limit.reason or "")
    mails = environment.mail.steps.count("RCPT")
    await environment.once()
    assert environment.mail.steps.count("RCPT") == mails


async def test_a_destination_that_hangs_and_one_that_crawls_hold_up_nobody_else(
    busy_environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_api, "ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(request, "REQUEST_SECONDS", 0.4)
    busy_environment.slack.script.append(FaultScript(body={"ok": True}, takes=True, crawls=30))
    busy_environment.discord.script.append(DiscordSays(hangs=30))
    run = await busy_environment.once(morning(TUESDAY))
    late = [result for result in run.delivered if not result.sent]
    assert {result.reason.partition(" ")[0] for result in late} == {"Slack's", "no"}
    assert len(late) == 2
    assert not (await busy_environment.once(morning(TUESDAY, 8))).left_undone


async def test_discord_takes_a_message_once_although_its_first_answer_was_lost(environment: Environment) -> None:
    """The nonce is the same on both attempts, and Discord enforces it."""
    environment.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    environment.discord.script.append(_lost())
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    assert not (await environment.once()).left_undone
    assert environment.received()["discord"] == 1


def _lost() -> DiscordSays:
    return DiscordSays(takes=True, drops=True)


async def test_a_poison_message_goes_out_plain_and_the_rest_goes_on(environment: Environment) -> None:
    environment.slack.script.append(says("invalid_blocks"))
    environment.announce(TUESDAY, paper())
    run = await environment.once(morning(TUESDAY))
    assert (lane(run).sent, run.left_undone) == (1, False)
    assert environment.slack.messages[0].blocks == []
    assert "Pigeons Read Maps" in environment.slack.messages[0].text


async def test_a_message_that_is_malformed_in_both_forms_is_given_up_with_its_reason(
    environment: Environment,
) -> None:
    environment.slack.script.extend([says("invalid_blocks"), says("no_text")])
    environment.announce(TUESDAY, paper())
    run = await environment.once(morning(TUESDAY))
    assert (lane(run).dead, run.left_undone) == (1, True)
    environment.announce(WEDNESDAY, paper("2604.00002", title="Pigeons again"))
    assert lane(await environment.once(morning(WEDNESDAY))).sent == 1


@ON_BOTH
async def test_deliveries_of_a_removed_subscriber_are_dropped(environment: Environment) -> None:
    environment.slack.script.append(says("service_unavailable"))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    environment.config["subscribers"] = {"other": {"slack": "C0000000009", "topics": ["birds"]}}
    run = await environment.once()
    assert lane(run).withdrawn == 1
    assert "no longer in the configuration" in lane(run).reason


@ON_BOTH
async def test_deliveries_to_a_removed_mailbox_are_dropped_and_the_others_go_on(environment: Environment) -> None:
    boxes = ["a@example.org", "b@example.org", "c@example.org"]
    environment.config["subscribers"] = {"seminar": {"mail": boxes, "topics": ["birds"]}}
    environment.mail.script["MAIL"].extend(["451 4.3.0 later"] * 3)
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    environment.config["subscribers"]["seminar"]["mail"] = boxes[:2]
    run = await environment.once()
    assert sorted((result.sent, result.dropped) for result in run.delivered) == [(0, 1), (1, 0), (1, 0)]


@ON_BOTH
async def test_a_subscriber_that_moved_to_another_channel_gets_there_what_it_was_not_told(
    environment: Environment,
) -> None:
    environment.slack.script.append(says("service_unavailable"))
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    environment.config["subscribers"]["lab"] = {"mail": "lab@example.org", "topics": ["birds"]}
    run = await environment.once()
    assert not run.left_undone
    assert environment.received() == {"slack": 0, "discord": 0, "mail": 1}


async def test_a_mailbox_added_in_front_takes_nothing_away_from_the_one_that_was_there(
    environment: Environment,
) -> None:
    environment.config["subscribers"] = {"duo": {"mail": "alice@example.org", "topics": ["birds"]}}
    environment.mail.script["MAIL"].append("451 4.3.0 later")
    environment.announce(MONDAY, paper("2604.00001", title="Monday's pigeon"))
    await environment.once(morning(MONDAY))
    environment.config["subscribers"]["duo"]["mail"] = ["bob@example.org", "alice@example.org"]
    environment.announce(TUESDAY, paper("2604.00002", title="Tuesday's pigeon"))
    await environment.once(morning(TUESDAY))
    subjects = [(mail.rcpt[0], b"2604.00001" in mail.data) for mail in environment.mail.messages]
    assert sorted(subjects) == [("alice@example.org", False), ("alice@example.org", True), ("bob@example.org", False)]
    alices = [monday for to, monday in subjects if to == "alice@example.org"]
    assert alices == [True, False]  # in order


async def test_a_log_names_a_mailbox_by_its_number_and_never_by_its_address(environment: Environment) -> None:
    environment.config["subscribers"] = {
        "duo": {"mail": ["alice@example.org", "bob@example.org"], "topics": ["birds"]},
    }
    environment.mail.script["RCPT"].append("451 4.3.0 later")
    environment.announce(MONDAY, paper())
    with capture_logs() as logs:
        await environment.once(morning(MONDAY))
    of_mails = {entry["event"]: entry["to"] for entry in logs if "to" in entry}
    assert set(of_mails) == {"delivered", "not delivered"}
    assert sorted(of_mails.values()) == ["mailbox 1 of 2", "mailbox 2 of 2"]
    assert "@example.org" not in repr(logs)


@ON_BOTH
async def test_a_subscriber_that_comes_back_is_a_newcomer_and_gets_what_was_taken_back(
    environment: Environment,
) -> None:
    environment.slack.script.append(says("service_unavailable"))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    lab = environment.config["subscribers"].pop("lab")
    await environment.once()
    environment.config["subscribers"]["lab"] = lab
    await environment.once()
    assert environment.received()["slack"] == 1


@ON_BOTH
async def test_a_store_that_fails_once_while_others_send_costs_nobody_a_second_copy(
    busy_environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, failures = Outbox.claim_batch, iter([True] * 9)

    def locked_for_a_while(outbox: Outbox, sent_receipts: Any, requests: Any, **kwargs: Any) -> BatchResult:
        if sent_receipts and next(failures, False):
            raise StoreError("sqlite:///paperboy.db", "database is locked")
        return turn(outbox, sent_receipts, requests, **kwargs)

    monkeypatch.setattr(Outbox, "claim_batch", locked_for_a_while)
    run = await busy_environment.once(morning(TUESDAY))
    assert not run.left_undone
    await busy_environment.once()
    assert busy_environment.received() == {"slack": 2, "discord": 2, "mail": 3}


@ON_BOTH
async def test_a_store_that_is_gone_ends_the_run_only_after_every_lane_has_ended(
    busy_environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Outbox.claim_batch

    def broken_for_alice(outbox: Outbox, sent_receipts: Any, requests: Any, **kwargs: Any) -> BatchResult:
        if any(request.lane.subscriber == "alice" for request in requests):
            raise StoreError("sqlite:///paperboy.db", "disk I/O error")
        return turn(outbox, sent_receipts, requests, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(Outbox, "claim_batch", broken_for_alice)
        with pytest.raises(StoreError, match="disk I/O error"):
            await busy_environment.once(morning(TUESDAY))
    assert sum(busy_environment.received().values()) == 6
    await busy_environment.once()
    assert busy_environment.received() == {"slack": 2, "discord": 2, "mail": 3}


@ON_BOTH
async def test_what_is_held_for_a_person_is_left_behind_and_told_once(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["on_unknown"] = "hold"
    environment.slack.scopes = "chat:write"
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    run = await environment.once(morning(TUESDAY, 8))
    assert (lane(run).held, run.left_undone) == (1, True)
    assert (await environment.once(morning(TUESDAY, 9))).delivered == ()


@ON_BOTH
async def test_a_rotated_webhook_gets_what_was_waiting_for_the_old_one(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] = {"slack": environment.slack.webhook_url("old"), "topics": ["birds"]}
    environment.slack.script.append(FaultScript(status=404, body="no_service"))
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    environment.config["subscribers"]["lab"]["slack"] = environment.slack.webhook_url("new")
    assert lane(await environment.once()).sent == 1


async def _die_while_sending(environment: Environment) -> None:
    """A process claims Tuesday's only message, and is gone."""
    environment.slack.script.append(FaultScript(status=429, headers={"Retry-After": "3600"}))
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).left_undone
    async with environment.app() as app:
        (found,) = app.store.outbox.lanes()
        dead = replace(app.store.owner, boot="the boot before")
        limits = Limits(Limit("here", 0.0), Limit("there", 0.0))
        claimed = claim_one(
            app.store.outbox, found, limits, owner=dead, now=environment.clock.now(), ignore_backoff=True
        )
    assert isinstance(claimed, Claimed)


@ON_BOTH
async def test_what_a_dead_process_was_sending_to_a_webhook_that_was_then_rotated_goes_to_the_new_one(
    environment: Environment,
) -> None:
    environment.config["subscribers"]["lab"] = {"slack": environment.slack.webhook_url("old"), "topics": ["birds"]}
    await _die_while_sending(environment)
    environment.config["subscribers"]["lab"]["slack"] = environment.slack.webhook_url("new")
    assert lane(await environment.once(morning(TUESDAY, 8))).sent == 1
    assert environment.received()["slack"] == 1


@ON_BOTH
async def test_what_a_dead_process_was_sending_to_who_then_moved_to_another_channel_is_told_there(
    environment: Environment,
) -> None:
    await _die_while_sending(environment)
    environment.config["subscribers"]["lab"] = {"mail": "lab@example.org", "topics": ["birds"]}
    assert not (await environment.once(morning(TUESDAY, 8))).left_undone
    assert environment.received() == {"slack": 0, "discord": 0, "mail": 1}


async def test_what_a_paused_subscriber_has_waiting_stays(environment: Environment) -> None:
    environment.slack.script.append(says("service_unavailable"))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    environment.config["subscribers"]["lab"]["paused"] = True
    assert lane(await environment.once()).paused
    environment.config["subscribers"]["lab"]["paused"] = False
    assert lane(await environment.once()).sent == 1


async def test_a_fault_of_ours_in_one_channel_ends_no_other_and_is_not_quoted(
    busy_environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode(_self: MailChannel, _delivery: Delivery, _address: Address) -> Receipt:
        raise RuntimeError("https://hooks.example.org/planted-secret")

    monkeypatch.setattr(MailChannel, "send", explode)
    run = await busy_environment.once(morning(TUESDAY))
    assert busy_environment.received() == {"slack": 2, "discord": 2, "mail": 0}
    assert lane(run, "alice").reason == "internal error in the MailChannel: RuntimeError"
    async with busy_environment.app() as app:
        states = {record.state for record in app.store.queries.all() if record.subscriber == "alice"}
    assert states == {DeliveryState.UNKNOWN}  # whether it struck before or after the write nobody knows


@ON_BOTH
async def test_a_claim_that_passed_to_another_process_while_sending_is_settled_by_that_one(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Outbox.claim_batch

    def lost(outbox: Outbox, sent_receipts: Any, requests: Any, **kwargs: Any) -> BatchResult:
        if sent_receipts:
            return BatchResult((ClaimLostError("passed on"),), ())
        return turn(outbox, sent_receipts, requests, **kwargs)

    monkeypatch.setattr(Outbox, "claim_batch", lost)
    environment.announce(TUESDAY, paper())
    run = await environment.once(morning(TUESDAY))
    assert (lane(run).sent, lane(run).reason) == (0, "another process took it over")


@ON_BOTH
async def test_a_store_that_takes_no_receipt_at_all_ends_the_run(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Outbox.claim_batch

    def full(outbox: Outbox, sent_receipts: Any, requests: Any, **kwargs: Any) -> BatchResult:
        if sent_receipts:
            raise StoreError("sqlite:///paperboy.db", "database or disk is full")
        return turn(outbox, sent_receipts, requests, **kwargs)

    environment.announce(TUESDAY, paper())
    with monkeypatch.context() as broken:
        broken.setattr(Outbox, "claim_batch", full)
        with pytest.raises(StoreError, match="disk is full"):
            await environment.once(morning(TUESDAY))
    assert not (await environment.once(morning(TUESDAY, 7))).left_undone


@ON_BOTH
async def test_addresses_and_secrets_are_nowhere_in_the_store(busy_environment: Environment) -> None:
    busy_environment.config["operator"] = "lab"
    busy_environment.slack.script.append(says("channel_not_found"))
    busy_environment.mail.script["RCPT"].append("550 5.1.1 <alice@example.org>: no such user, said alice@example.org")
    busy_environment.mail.script["MAIL"].append("451 4.3.0 not for bob@example.org now, nor eve@example.org")
    await busy_environment.once(morning(TUESDAY))
    dump = b"".join(path.read_bytes() for path in busy_environment.folder.glob("paperboy.db*"))
    hook = busy_environment.slack.webhook_url("hook").rpartition("/")[2]
    theirs = busy_environment.discord.webhook_url("theirs").rpartition("/")[2]
    planted = (
        busy_environment.slack.token,
        busy_environment.discord.token,
        hook,
        theirs,
        "alice@example.org",
        "bob@example.org",
    )
    assert [secret for secret in planted if secret.encode() in dump] == []
