"""Deliver against receivers that say no in every way: one destination's trouble is its own, and nothing is lost.

Law 2: nothing is marked done before it is done. Law 4: one destination's trouble is its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels import slack
from bot.channels.discord import errors
from bot.channels.mail import MailChannel
from bot.channels.slack import SlackChannel
from bot.clock import SimulatedClock
from bot.deliver.reconcile import SETTLING
from bot.demo.servers.discord import Scripted as DiscordSays
from bot.demo.servers.slack import Scripted
from bot.demo.servers.smtp import DROP
from bot.errors import StoreError
from bot.model import DeliveryState, Gate, Gates
from bot.store.outbox import Claimed, Outbox
from bot.store.outbox.claim import Turn
from bot.store.outbox.policy import ClaimLostError
from tests.builders import paper
from tests.world import MONDAY, TUESDAY, WEDNESDAY, World, morning

if TYPE_CHECKING:
    from bot.app.run_result import Run
    from bot.channels.channel import Question
    from bot.deliver import LaneReport
    from bot.model import Delivery, Receipt
    from bot.settings import Address

HOUR = timedelta(hours=1)


def lane(run: Run, name: str = "lab") -> LaneReport:
    return next(result for result in run.delivered if result.subscriber == name)


def says(error: str) -> Scripted:
    return Scripted(body={"ok": False, "error": error})


@pytest.fixture
def busy_world(world: World) -> World:
    """A Tuesday with one matching paper and a subscriber on every channel."""
    world.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["birds"]},
        "hook": {"slack": world.slack.webhook_url("hook"), "topics": ["birds"]},
        "group": {"discord": "123456789012345678", "topics": ["birds"]},
        "their-hook": {"discord": world.discord.webhook_url("theirs"), "topics": ["birds"]},
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
        "seminar": {"mail": ["bob@example.org", "eve@example.org"], "topics": ["birds"]},
    }
    world.announce(TUESDAY, paper())
    return world


async def test_everybody_is_reached_once_on_every_channel(busy_world: World) -> None:
    run = await busy_world.once(morning(TUESDAY))
    assert not run.left_undone
    assert busy_world.received() == {"slack": 2, "discord": 2, "mail": 3}
    again = await busy_world.once()
    assert again.delivered == ()
    assert busy_world.received() == {"slack": 2, "discord": 2, "mail": 3}


async def test_what_stays_behind_says_why_and_goes_out_with_the_next_run(busy_world: World) -> None:
    busy_world.mail.script["MAIL"].append("451 4.3.0 try later")
    run = await busy_world.once(morning(TUESDAY))
    (left,) = [result for result in run.delivered if result.left_until]
    assert run.left_undone
    assert "451" in left.reason
    assert busy_world.received() == {"slack": 2, "discord": 2, "mail": 2}
    mended = await busy_world.once()
    assert not mended.left_undone
    assert busy_world.received() == {"slack": 2, "discord": 2, "mail": 3}


async def test_a_destination_that_refuses_holds_up_nobody_else_and_is_knocked_at_once_an_hour(world: World) -> None:
    world.config["subscribers"]["archived"] = {"slack": "C0000000404", "topics": ["birds"]}
    world.slack.channels["C0000000404"] = {"is_archived": True}
    world.announce(TUESDAY, paper())
    run = await world.once(morning(TUESDAY))
    assert lane(run, "lab").sent == 1
    assert "is_archived" in lane(run, "archived").reason
    posts = len(world.slack.requests)
    for minutes in (5, 30, 59):
        await world.once(morning(TUESDAY, 6, minutes))
    assert len(world.slack.requests) == posts
    del world.slack.channels["C0000000404"]
    opened = await world.once(morning(TUESDAY, 7, 1))
    assert lane(opened, "archived").sent == 1
    assert not opened.left_undone


async def test_a_dead_token_stops_its_own_destinations_only(busy_world: World) -> None:
    busy_world.slack.token = "another"
    run = await busy_world.once(morning(TUESDAY))
    assert "invalid_auth" in lane(run, "lab").reason
    assert busy_world.received() == {"slack": 1, "discord": 2, "mail": 3}


async def test_a_new_token_is_tried_at_once(world: World) -> None:
    world.slack.token = "xoxb-renewed"
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).left_undone
    world.config["channels"]["slack"]["token"] = "xoxb-renewed"
    assert lane(await world.once()).sent == 1


async def test_a_retry_after_within_patience_is_waited_for(world: World) -> None:
    world.slack.script.append(Scripted(status=429, headers={"Retry-After": "120"}))
    world.announce(TUESDAY, paper())
    run = await world.once(morning(TUESDAY))
    assert lane(run).sent == 1
    assert world.clock.now() >= morning(TUESDAY) + timedelta(seconds=120)


async def test_a_retry_after_beyond_patience_is_left_to_the_next_run_and_obeyed_by_it(world: World) -> None:
    world.slack.script.append(Scripted(status=429, headers={"Retry-After": "3600"}))
    world.announce(TUESDAY, paper())
    run = await world.once(morning(TUESDAY))
    assert lane(run).left_until == morning(TUESDAY) + HOUR
    early = await world.once(morning(TUESDAY, 6, 30))
    assert (early.left_undone, len(world.slack.requests)) == (True, 1)
    assert lane(await world.once(morning(TUESDAY, 7))).sent == 1


async def test_many_destinations_behind_one_token_pass_in_turn_without_all_asking_at_every_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"s{number}" for number in range(40)]
    world.config["subscribers"] = {
        name: {"slack": f"C01234567{number:02d}", "topics": ["birds"]} for number, name in enumerate(names)
    }
    world.announce(TUESDAY, paper())
    turn, turns = Outbox.take_turn, count()
    monkeypatch.setattr(Outbox, "take_turn", lambda *args, **kwargs: (next(turns), turn(*args, **kwargs))[1])
    assert not (await world.once(morning(TUESDAY))).left_undone
    assert world.received()["slack"] == len(names)
    assert world.clock.now() == morning(TUESDAY) + 39 * timedelta(seconds=slack.CREDENTIAL_SECONDS)
    assert next(turns) <= 3 * len(names)


async def test_whose_turn_behind_a_token_comes_too_late_is_left_to_the_next_run(world: World) -> None:
    world.config["subscribers"]["other"] = {"slack": "C0000000009", "topics": ["birds"]}
    world.announce(TUESDAY, paper())
    world.clock.set(morning(TUESDAY))
    async with world.app() as app:
        await app.collect()
        app.compose()
        reports = await app.deliver(eager=False, patience=timedelta(0))
    assert [(report.sent, report.reason) for report in reports] == [(1, ""), (0, "pacing")]
    assert not (await world.once()).left_undone


async def test_messages_to_one_destination_are_paced_and_in_order(world: World) -> None:
    world.config["subscribers"]["lab"]["thread"] = True
    world.announce(TUESDAY, *(paper(f"2604.{n:05d}", title=f"Pigeon {n}") for n in range(1, 120)))
    before = morning(TUESDAY)
    run = await world.once(before)
    parts = lane(run).sent
    assert parts > 2
    assert world.clock.now() - before >= timedelta(seconds=parts - 1)
    head, *replies = world.slack.messages
    assert head.thread_ts is None
    assert {reply.thread_ts for reply in replies} == {head.ts}
    assert all(f"({n}/{len(replies)})" in str(reply.blocks[0]) for n, reply in enumerate(replies, 1))


async def test_slack_is_asked_what_became_of_a_message_whose_answer_was_lost(world: World) -> None:
    world.slack.script.append(Scripted(takes=True, drops=True))
    world.announce(TUESDAY, paper())
    run = await world.once(morning(TUESDAY))
    assert run.left_undone
    async with world.app() as app:
        (record,) = app.store.ledger.unfinished()
    assert record.state is DeliveryState.UNKNOWN
    assert not (await world.once()).left_undone
    (taken,) = world.slack.messages
    async with world.app() as app:
        detail = app.store.ledger.detail(record.id)
    assert (detail.record.state, detail.platform_id) == (DeliveryState.SENT, taken.ts)


async def test_what_slack_has_not_is_sent_again_the_same_under_the_same_key(world: World) -> None:
    world.slack.script.append(Scripted(status=500))
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).left_undone
    run = await world.once()
    assert (lane(run).sent, run.left_undone, world.received()["slack"]) == (1, False, 1)
    assert world.clock.now() >= morning(TUESDAY) + SETTLING
    looks = [path for _, path in world.slack.requests if path.endswith("conversations.history")]
    assert len(looks) == 2, "one empty answer is no proof"


async def test_a_reply_is_looked_for_in_its_thread(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.config["subscribers"]["lab"]["thread"] = True
    world.announce(TUESDAY, *(paper(f"2604.{n:05d}", title=f"Pigeon {n}") for n in range(1, 60)))
    send, calls = SlackChannel.send, count(1)

    async def second_is_lost(channel: SlackChannel, delivery: Delivery, address: Address) -> Receipt:
        if next(calls) == 2:
            world.slack.script.append(Scripted(takes=True, drops=True))
        return await send(channel, delivery, address)

    monkeypatch.setattr(SlackChannel, "send", second_is_lost)
    assert (await world.once(morning(TUESDAY))).left_undone
    assert not (await world.once()).left_undone
    keys = [(message.metadata or {})["event_payload"]["delivery_id"] for message in world.slack.messages]
    assert len(set(keys)) == len(keys) > 2
    assert ("GET", "/api/conversations.replies") in world.slack.requests


@pytest.mark.parametrize(("wish", "state"), [("drop", DeliveryState.DROPPED), ("hold", DeliveryState.HELD)])
async def test_a_lost_answer_is_dropped_or_held_where_nobody_can_be_asked_and_that_is_wished(
    world: World, wish: str, state: DeliveryState
) -> None:
    world.config["subscribers"]["lab"]["on_unknown"] = wish
    world.slack.scopes = "chat:write"
    world.slack.script.append(Scripted(takes=True, drops=True))
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    await world.once(morning(TUESDAY, 8))
    assert world.received()["slack"] == 1
    async with world.app() as app:
        ended = app.store.ledger.ended_since(morning(MONDAY), DeliveryState.DROPPED)
        found = (app.store.ledger.unfinished() + ended)[0]
    assert found.state is state
    assert "missing_scope" in (found.reason or "")


async def test_a_webhook_s_lost_message_comes_again_byte_for_byte(world: World) -> None:
    world.config["subscribers"]["lab"] = {"slack": world.slack.webhook_url("hook"), "topics": ["birds"]}
    world.slack.script.append(Scripted(takes=True, drops=True))
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    assert not (await world.once()).left_undone
    first, second = world.slack.messages
    assert first.payload == second.payload


async def test_a_lost_mail_comes_again_byte_for_byte_under_the_same_message_id(world: World) -> None:
    world.config["subscribers"]["lab"] = {"mail": "lab@example.org", "topics": ["birds"]}
    world.mail.script["."].append(DROP)
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    assert not (await world.once()).left_undone
    first, second = world.mail.messages
    assert first.data == second.data


async def test_a_question_that_fails_sends_nothing_and_is_asked_again_later(world: World) -> None:
    world.slack.script.append(Scripted(takes=True, drops=True))
    world.slack.looks.extend([Scripted(status=503), Scripted(status=503)])
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    for _ in range(2):
        run = await world.once()
        assert "asking failed" in lane(run).reason
        assert world.received()["slack"] == 1
    assert not (await world.once()).left_undone
    assert world.received()["slack"] == 1


async def test_a_question_that_comes_too_often_waits_as_slack_says(world: World) -> None:
    world.slack.script.append(Scripted(takes=True, drops=True))
    busy = {"ok": False, "error": "ratelimited"}
    world.slack.looks.append(Scripted(429, busy, {"Retry-After": "30"}))
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    assert not (await world.once()).left_undone
    assert world.clock.now() >= morning(TUESDAY) + timedelta(seconds=30)
    assert world.received()["slack"] == 1


@pytest.mark.parametrize("readable", [True, False])
async def test_discord_is_read_once_its_nonce_may_be_forgotten(world: World, *, readable: bool) -> None:
    world.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    world.discord.now = lambda: world.clock.now().timestamp()
    world.announce(MONDAY, paper("2604.00002", title="Monday's pigeon"))
    await world.once(morning(MONDAY))
    world.discord.script.append(_lost())
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).left_undone
    if not readable:
        world.discord.no_history.add("123456789012345678")
    assert not (await world.once(morning(TUESDAY, 8))).left_undone
    assert world.received()["discord"] == (2 if readable else 3)


async def test_discord_is_read_at_once_where_it_can_be_for_who_repeats_later_may_be_killed_before(
    world: World,
) -> None:
    """A repetition that the nonce makes harmless now is none any more when the next process comes to it."""
    world.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    world.discord.now = lambda: world.clock.now().timestamp()
    world.announce(MONDAY, paper("2604.00002", title="Monday's pigeon"))
    await world.once(morning(MONDAY))
    world.discord.script.append(_lost())
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).left_undone
    posted = [request for request in world.discord.requests if request[0] == "POST"]
    assert not (await world.once()).left_undone
    assert [request for request in world.discord.requests if request[0] == "POST"] == posted
    assert world.received()["discord"] == 2


async def test_of_two_equal_digests_in_one_discord_channel_one_found_message_proves_one(world: World) -> None:
    where = {"discord": "123456789012345678", "topics": ["birds"]}
    world.config["subscribers"] = {"one": dict(where), "two": dict(where)}
    world.discord.now = lambda: world.clock.now().timestamp()
    world.announce(MONDAY, paper("2604.00002", title="Monday's pigeon"))
    await world.once(morning(MONDAY))
    world.discord.script.extend([_lost(), DiscordSays(500, {})])
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).left_undone
    await world.once(morning(TUESDAY, 8))
    assert not (await world.once(morning(TUESDAY, 9))).left_undone
    assert world.received()["discord"] == 4


async def test_a_fault_of_ours_in_asking_leaves_it_to_the_subscriber_s_wish(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode(_self: SlackChannel, _question: Question, _address: Address) -> Receipt | None:
        raise RuntimeError("https://hooks.example.org/planted-secret")

    monkeypatch.setattr(SlackChannel, "find", explode)
    world.config["subscribers"]["lab"]["on_unknown"] = "hold"
    world.slack.script.append(Scripted(takes=True, drops=True))
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    assert (
        lane(await world.once()).reason == "outcome unknown, held: internal error in the SlackChannel: RuntimeError"
    )


async def test_a_clock_that_was_set_back_leaves_it_to_the_subscriber_s_wish(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.config["subscribers"]["lab"]["on_unknown"] = "hold"
    world.slack.script.append(Scripted(takes=True, drops=True))
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    monkeypatch.setattr(world, "clock", SimulatedClock(morning(MONDAY, 5)))
    assert "the clock was set back" in lane(await world.once()).reason


async def test_an_address_that_bounced_is_shut_and_says_so_and_no_other_waits(world: World) -> None:
    world.config["subscribers"] = {
        "gone": {"mail": "gone@example.org", "topics": ["birds"]},
        "here": {"mail": "here@example.org", "topics": ["birds"]},
    }
    world.mail.bounces["gone@example.org"] = "550 5.1.1 no such user"
    world.announce(TUESDAY, paper())
    run = await world.once(morning(TUESDAY))
    assert "550 5.1.1" in lane(run, "gone").reason
    assert lane(run, "here").sent == 1
    async with world.app() as app:
        (gate,) = app.store.ledger.shut_gates(world.clock.now())
    assert "550 5.1.1" in (gate.reason or "")
    mails = world.mail.steps.count("RCPT")
    await world.once()
    assert world.mail.steps.count("RCPT") == mails


async def test_a_destination_that_hangs_and_one_that_crawls_hold_up_nobody_else(
    busy_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack, "ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(errors, "SECONDS", 0.4)
    busy_world.slack.script.append(Scripted(body={"ok": True}, takes=True, crawls=30))
    busy_world.discord.script.append(DiscordSays(hangs=30))
    run = await busy_world.once(morning(TUESDAY))
    late = [result for result in run.delivered if not result.sent]
    assert {result.reason.partition(" ")[0] for result in late} == {"Slack's", "no"}
    assert len(late) == 2
    assert not (await busy_world.once(morning(TUESDAY, 8))).left_undone


async def test_discord_takes_a_message_once_although_its_first_answer_was_lost(world: World) -> None:
    """The nonce is the same on both attempts, and Discord enforces it."""
    world.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    world.discord.script.append(_lost())
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).left_undone
    assert not (await world.once()).left_undone
    assert world.received()["discord"] == 1


def _lost() -> DiscordSays:
    return DiscordSays(takes=True, drops=True)


async def test_a_poison_message_goes_out_plain_and_the_rest_goes_on(world: World) -> None:
    world.slack.script.append(says("invalid_blocks"))
    world.announce(TUESDAY, paper())
    run = await world.once(morning(TUESDAY))
    assert (lane(run).sent, run.left_undone) == (1, False)
    assert world.slack.messages[0].blocks == []
    assert "Pigeons Read Maps" in world.slack.messages[0].text


async def test_a_message_that_is_malformed_in_both_forms_is_given_up_with_its_reason(world: World) -> None:
    world.slack.script.extend([says("invalid_blocks"), says("no_text")])
    world.announce(TUESDAY, paper())
    run = await world.once(morning(TUESDAY))
    assert (lane(run).dead, run.left_undone) == (1, True)
    world.announce(WEDNESDAY, paper("2604.00002", title="Pigeons again"))
    assert lane(await world.once(morning(WEDNESDAY))).sent == 1


async def test_deliveries_of_a_removed_subscriber_are_dropped(world: World) -> None:
    world.slack.script.append(says("service_unavailable"))
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    world.config["subscribers"] = {"other": {"slack": "C0000000009", "topics": ["birds"]}}
    run = await world.once()
    assert lane(run).withdrawn == 1
    assert "no longer in the configuration" in lane(run).reason


async def test_deliveries_to_a_removed_mailbox_are_dropped_and_the_others_go_on(world: World) -> None:
    boxes = ["a@example.org", "b@example.org", "c@example.org"]
    world.config["subscribers"] = {"seminar": {"mail": boxes, "topics": ["birds"]}}
    world.mail.script["MAIL"].extend(["451 4.3.0 later"] * 3)
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    world.config["subscribers"]["seminar"]["mail"] = boxes[:2]
    run = await world.once()
    assert sorted((result.sent, result.dropped) for result in run.delivered) == [(0, 1), (1, 0), (1, 0)]


async def test_a_subscriber_that_moved_to_another_channel_gets_there_what_it_was_not_told(world: World) -> None:
    world.slack.script.append(says("service_unavailable"))
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).left_undone
    world.config["subscribers"]["lab"] = {"mail": "lab@example.org", "topics": ["birds"]}
    run = await world.once()
    assert not run.left_undone
    assert world.received() == {"slack": 0, "discord": 0, "mail": 1}


async def test_a_mailbox_added_in_front_takes_nothing_away_from_the_one_that_was_there(world: World) -> None:
    world.config["subscribers"] = {"duo": {"mail": "alice@example.org", "topics": ["birds"]}}
    world.mail.script["MAIL"].append("451 4.3.0 later")
    world.announce(MONDAY, paper("2604.00001", title="Monday's pigeon"))
    await world.once(morning(MONDAY))
    world.config["subscribers"]["duo"]["mail"] = ["bob@example.org", "alice@example.org"]
    world.announce(TUESDAY, paper("2604.00002", title="Tuesday's pigeon"))
    await world.once(morning(TUESDAY))
    subjects = [(mail.rcpt[0], b"2604.00001" in mail.data) for mail in world.mail.messages]
    assert sorted(subjects) == [("alice@example.org", False), ("alice@example.org", True), ("bob@example.org", False)]
    alices = [monday for to, monday in subjects if to == "alice@example.org"]
    assert alices == [True, False]  # in order


async def test_a_subscriber_that_comes_back_is_a_newcomer_and_gets_what_was_taken_back(world: World) -> None:
    world.slack.script.append(says("service_unavailable"))
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    lab = world.config["subscribers"].pop("lab")
    await world.once()
    world.config["subscribers"]["lab"] = lab
    await world.once()
    assert world.received()["slack"] == 1


async def test_a_store_that_fails_once_while_others_send_costs_nobody_a_second_copy(
    busy_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, failures = Outbox.take_turn, iter([True] * 9)

    def locked_for_a_while(outbox: Outbox, arrivals: Any, bids: Any, **kwargs: Any) -> Turn:
        if arrivals and next(failures, False):
            raise StoreError("sqlite:///paperboy.db", "database is locked")
        return turn(outbox, arrivals, bids, **kwargs)

    monkeypatch.setattr(Outbox, "take_turn", locked_for_a_while)
    run = await busy_world.once(morning(TUESDAY))
    assert not run.left_undone
    await busy_world.once()
    assert busy_world.received() == {"slack": 2, "discord": 2, "mail": 3}


async def test_a_store_that_is_gone_ends_the_run_only_after_every_lane_has_ended(
    busy_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Outbox.take_turn

    def broken_for_alice(outbox: Outbox, arrivals: Any, bids: Any, **kwargs: Any) -> Turn:
        if any(bid.lane.subscriber == "alice" for bid in bids):
            raise StoreError("sqlite:///paperboy.db", "disk I/O error")
        return turn(outbox, arrivals, bids, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(Outbox, "take_turn", broken_for_alice)
        with pytest.raises(StoreError, match="disk I/O error"):
            await busy_world.once(morning(TUESDAY))
    assert sum(busy_world.received().values()) == 6
    await busy_world.once()
    assert busy_world.received() == {"slack": 2, "discord": 2, "mail": 3}


async def test_what_is_held_for_a_person_is_left_behind_and_told_once(world: World) -> None:
    world.config["subscribers"]["lab"]["on_unknown"] = "hold"
    world.slack.scopes = "chat:write"
    world.slack.script.append(Scripted(takes=True, drops=True))
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    run = await world.once(morning(TUESDAY, 8))
    assert (lane(run).held, run.left_undone) == (1, True)
    assert (await world.once(morning(TUESDAY, 9))).delivered == ()


async def test_a_rotated_webhook_gets_what_was_waiting_for_the_old_one(world: World) -> None:
    world.config["subscribers"]["lab"] = {"slack": world.slack.webhook_url("old"), "topics": ["birds"]}
    world.slack.script.append(Scripted(status=404, body="no_service"))
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).left_undone
    world.config["subscribers"]["lab"]["slack"] = world.slack.webhook_url("new")
    assert lane(await world.once()).sent == 1


async def _die_while_sending(world: World) -> None:
    """A process claims Tuesday's only message, and is gone."""
    world.slack.script.append(Scripted(status=429, headers={"Retry-After": "3600"}))
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).left_undone
    async with world.app() as app:
        (found,) = app.store.outbox.lanes()
        dead = replace(app.store.owner, boot="the boot before")
        gates = Gates(Gate("here", 0.0), Gate("there", 0.0))
        claimed = app.store.outbox.claim(found, gates, owner=dead, now=world.clock.now(), eager=True)
    assert isinstance(claimed, Claimed)


async def test_what_a_dead_process_was_sending_to_a_webhook_that_was_then_rotated_goes_to_the_new_one(
    world: World,
) -> None:
    world.config["subscribers"]["lab"] = {"slack": world.slack.webhook_url("old"), "topics": ["birds"]}
    await _die_while_sending(world)
    world.config["subscribers"]["lab"]["slack"] = world.slack.webhook_url("new")
    assert lane(await world.once(morning(TUESDAY, 8))).sent == 1
    assert world.received()["slack"] == 1


async def test_what_a_dead_process_was_sending_to_who_then_moved_to_another_channel_is_told_there(
    world: World,
) -> None:
    await _die_while_sending(world)
    world.config["subscribers"]["lab"] = {"mail": "lab@example.org", "topics": ["birds"]}
    assert not (await world.once(morning(TUESDAY, 8))).left_undone
    assert world.received() == {"slack": 0, "discord": 0, "mail": 1}


async def test_what_a_paused_subscriber_has_waiting_stays(world: World) -> None:
    world.slack.script.append(says("service_unavailable"))
    world.announce(TUESDAY, paper())
    await world.once(morning(TUESDAY))
    world.config["subscribers"]["lab"]["paused"] = True
    assert lane(await world.once()).paused
    world.config["subscribers"]["lab"]["paused"] = False
    assert lane(await world.once()).sent == 1


async def test_a_fault_of_ours_in_one_channel_ends_no_other_and_is_not_quoted(
    busy_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode(_self: MailChannel, _delivery: Delivery, _address: Address) -> Receipt:
        raise RuntimeError("https://hooks.example.org/planted-secret")

    monkeypatch.setattr(MailChannel, "send", explode)
    run = await busy_world.once(morning(TUESDAY))
    assert busy_world.received() == {"slack": 2, "discord": 2, "mail": 0}
    assert lane(run, "alice").reason == "internal error in the MailChannel: RuntimeError"
    async with busy_world.app() as app:
        states = {record.state for record in app.store.ledger.all() if record.subscriber == "alice"}
    assert states == {DeliveryState.UNKNOWN}  # whether it struck before or after the write nobody knows


async def test_a_claim_that_passed_to_another_process_while_sending_is_settled_by_that_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Outbox.take_turn

    def lost(outbox: Outbox, arrivals: Any, bids: Any, **kwargs: Any) -> Turn:
        if arrivals:
            return Turn((ClaimLostError("passed on"),), ())
        return turn(outbox, arrivals, bids, **kwargs)

    monkeypatch.setattr(Outbox, "take_turn", lost)
    world.announce(TUESDAY, paper())
    run = await world.once(morning(TUESDAY))
    assert (lane(run).sent, lane(run).reason) == (0, "another process took it over")


async def test_a_store_that_takes_no_receipt_at_all_ends_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Outbox.take_turn

    def full(outbox: Outbox, arrivals: Any, bids: Any, **kwargs: Any) -> Turn:
        if arrivals:
            raise StoreError("sqlite:///paperboy.db", "database or disk is full")
        return turn(outbox, arrivals, bids, **kwargs)

    world.announce(TUESDAY, paper())
    with monkeypatch.context() as broken:
        broken.setattr(Outbox, "take_turn", full)
        with pytest.raises(StoreError, match="disk is full"):
            await world.once(morning(TUESDAY))
    assert not (await world.once(morning(TUESDAY, 7))).left_undone


async def test_addresses_and_secrets_are_nowhere_in_the_store(busy_world: World) -> None:
    busy_world.config["operator"] = "lab"
    busy_world.slack.script.append(says("channel_not_found"))
    busy_world.mail.script["RCPT"].append("550 5.1.1 <alice@example.org>: no such user, said alice@example.org")
    busy_world.mail.script["MAIL"].append("451 4.3.0 not for bob@example.org now, nor eve@example.org")
    await busy_world.once(morning(TUESDAY))
    dump = b"".join(path.read_bytes() for path in busy_world.folder.glob("paperboy.db*"))
    hook = busy_world.slack.webhook_url("hook").rpartition("/")[2]
    theirs = busy_world.discord.webhook_url("theirs").rpartition("/")[2]
    planted = (busy_world.slack.token, busy_world.discord.token, hook, theirs, "alice@example.org", "bob@example.org")
    assert [secret for secret in planted if secret.encode() in dump] == []
