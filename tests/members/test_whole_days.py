"""Readers through whole days: signed up, served, silenced for good (law 10), asked at most once a day (law 12)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.cli.commands.once import account
from bot.clock import SimulatedClock
from bot.members.commands import (
    confirm,
    follow,
    hour,
    lift,
    pause,
    resubscribe,
    resume,
    subscribe,
)
from bot.members.mailbox import mailbox_key
from bot.members.roster import RosterReader
from bot.model import Outcome
from bot.store.members import Member
from tests.members.days import (
    ALICE,
    BOB,
    DAYS,
    DORA,
    OWN,
    announce,
    checked,
    commanding,
    got,
    live,
    readers,
    say_no,
    sign_up,
    status,
    subject_of,
    to,
)
from tests.world import FRIDAY, MONDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from bot.app import App
    from bot.settings import Settings

__all__ = ["readers"]


# -- signed up ---------------------------------------------------------------------------------------------------


async def test_who_confirms_gets_the_latest_mailing_at_once_and_each_paper_once(readers: Environment) -> None:
    await live(readers, MONDAY)
    await sign_up(readers, at=morning(MONDAY, 12))
    assert to(readers, DORA) == ["Confirm your subscription"]
    await readers.once(morning(MONDAY, 13))
    assert len(to(readers, DORA)) == 2
    await readers.once(morning(MONDAY, 14))
    assert len(to(readers, DORA)) == 2
    await live(readers, TUESDAY)
    assert len(to(readers, DORA)) == 3


async def test_nobody_is_written_to_before_their_yes_but_by_the_one_mail_that_asks(readers: Environment) -> None:
    await live(readers, MONDAY)
    async with commanding(readers) as context:
        subscribe(context, DORA, ["birds"], "UTC", morning(MONDAY, 12))
    await live(readers, TUESDAY)
    await live(readers, WEDNESDAY, 13)
    assert to(readers, DORA) == ["Confirm your subscription"]
    async with commanding(readers) as context:  # 48 hours are over
        assert not isinstance(confirm(context, mailbox_key(DORA), morning(WEDNESDAY, 13)), Member)


async def test_a_topic_of_one_s_own_is_served_and_explained(readers: Environment) -> None:
    key = await sign_up(readers, OWN, at=morning(FRIDAY, 12))
    await live(readers, MONDAY)
    assert "Maps" in to(readers, DORA)[-1]
    app: App
    async with readers.app() as app:
        roster = app.roster.of([key], readers.clock.now())
        story = app.reporter_of(roster).explain("2604.00012", app.matcher_of(roster))
    (mine,) = (each for each in story.subscribers if each.subscriber == key)
    assert [record.topic for record in mine.told] == [f"{key}/1"]
    assert mine.topics[0].claimed


async def test_a_topic_followed_later_begins_with_the_latest_mailing(readers: Environment) -> None:
    key = await sign_up(readers, "birds", at=morning(FRIDAY, 12))
    await live(readers, MONDAY)
    before = len(readers.mail.messages)
    async with commanding(readers) as context:
        follow(context, key, "fish")
    await readers.once(morning(MONDAY, 9))
    assert ["Fish" in subject for subject in to(readers, DORA, before)] == [True]


async def test_an_hour_of_one_s_own_is_kept_and_a_pause_too(readers: Environment) -> None:
    key = await sign_up(readers, at=morning(FRIDAY, 12))
    await readers.once(morning(FRIDAY, 13))
    before = len(readers.mail.messages)
    async with commanding(readers) as context:
        hour(context, key, time(12))
    await live(readers, MONDAY)
    assert to(readers, DORA, before) == []
    await readers.once(morning(MONDAY, 10))  # noon in Berlin
    assert len(to(readers, DORA, before)) == 1
    async with commanding(readers) as context:
        pause(context, key)
    await live(readers, TUESDAY, 11)
    assert len(to(readers, DORA, before)) == 1
    async with commanding(readers) as context:
        resume(context, key)
    await live(readers, WEDNESDAY, 11)
    assert len(to(readers, DORA, before)) == 2  # both mailings in one


# -- no means no -------------------------------------------------------------------------------------------------


async def test_after_a_pause_the_first_digest_comes_at_the_hour_and_has_all_that_came_in(
    readers: Environment,
) -> None:
    key = await sign_up(readers, at=morning(FRIDAY, 4))
    async with commanding(readers) as context:
        hour(context, key, time(8))
        pause(context, key, WEDNESDAY)
    for day in (FRIDAY, MONDAY, TUESDAY):
        await live(readers, day, 12)
    await readers.once(morning(TUESDAY, 22))  # midnight in Berlin
    assert to(readers, DORA) == ["Confirm your subscription"]
    async with readers.app() as app:
        assert app.runner.work_ahead().self_service_due == morning(WEDNESDAY, 6)
    await readers.once(morning(WEDNESDAY, 6))
    assert len(to(readers, DORA)) == 2


async def test_the_daemon_wakes_as_a_pause_ends(readers: Environment) -> None:
    key = await sign_up(readers, at=morning(FRIDAY, 4))
    async with commanding(readers) as context:
        pause(context, key, WEDNESDAY)
    await live(readers, MONDAY, 12)
    async with readers.app() as app:
        assert app.runner.work_ahead().self_service_due == morning(TUESDAY, 22)
    before = len(to(readers, DORA))
    await readers.once(morning(TUESDAY, 21, 59))
    assert len(to(readers, DORA)) == before
    await readers.once(morning(TUESDAY, 22))
    assert len(to(readers, DORA)) == before + 1


@pytest.mark.parametrize("how", ["reader", "complaint", "bounce"])
async def test_who_said_no_gets_nothing_whatever_is_done_and_the_others_go_on(readers: Environment, how: str) -> None:
    await live(readers, FRIDAY)
    await say_no(readers, ALICE, how)
    before = len(readers.mail.messages)
    await live(readers, MONDAY)  # a restart: every run is a process of its own
    # The YAML comes back from a backup, spelled otherwise, under a new name, with a new topic and a new hour.
    readers.config["subscribers"] |= {
        "alone": {"mail": f"Alice <{ALICE.title()}>", "topics": ["fish", "birds"]},
        "again": {"mail": ALICE, "topics": ["fish"], "at": "08:00"},
    }
    await live(readers, TUESDAY)
    await readers.once(any_hour=True)
    assert {recipient.casefold() for recipient, _ in got(readers, before)} == {BOB}
    assert len(to(readers, BOB, before)) == 2


async def test_status_and_check_say_so_until_it_is_lifted_or_taken_out(readers: Environment) -> None:
    await live(readers, FRIDAY)
    await say_no(readers, ALICE)
    found = {each.name: each for each in (await status(readers)).subscribers}
    assert found["alone"].sentence == "nobody is left to write to"
    said = "ALICE@example.net is not written to: unsubscribed on 2026-04-17 (one-click)"
    assert found["both"].suppressed == (said,)
    assert (await status(readers)).readers.suppressed == {"unsubscribed": 1}
    results = {result.setting: result for result in await checked(readers)}
    notice = results[f"subscribers.alone.mail ({ALICE})"]
    assert notice.ok
    assert notice.message.startswith("not written to: unsubscribed on 2026-04-17 (one-click). take it out; or")
    readers.config["subscribers"] = {"lab": {"mail": BOB, "topics": ["birds"]}}
    assert [each.suppressed for each in (await status(readers)).subscribers] == [()]
    assert not any("not written to" in result.message for result in await checked(readers))


async def test_no_test_goes_to_who_said_no(readers: Environment) -> None:
    await live(readers, FRIDAY)
    await say_no(readers, ALICE)
    before = len(readers.mail.messages)
    await checked(readers, send=True)
    assert got(readers, before) == [(BOB, "Paperboy: a test")]


async def test_who_takes_the_no_back_goes_on_with_the_latest_mailing_and_hears_nothing_twice(
    readers: Environment,
) -> None:
    await live(readers, FRIDAY)
    await say_no(readers, ALICE)
    await live(readers, MONDAY)
    await live(readers, TUESDAY)
    before = len(readers.mail.messages)
    async with commanding(readers) as context:
        resubscribe(context, mailbox_key(ALICE))
    await readers.once()
    await readers.once()
    assert len(to(readers, ALICE, before)) == 1  # "alone" gets Tuesday's, and "both" was told of it by bob's copy
    assert "Pigeon 3" in str(readers.mail.messages[-1].data)
    assert "Pigeon 2" not in str(readers.mail.messages[-1].data)


async def test_the_operator_lifts_a_bounce(readers: Environment) -> None:
    await live(readers, FRIDAY)
    await say_no(readers, ALICE, "bounce")
    async with commanding(readers) as context:
        with context.store.snapshot() as view:
            (found,) = view.suppressions.all()
        lift(context, found.key)
    before = len(readers.mail.messages)
    await live(readers, MONDAY)
    assert len(to(readers, ALICE, before)) == 1


async def test_what_waits_is_withdrawn_before_the_next_send_also_while_somebody_delivers(
    readers: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The no comes after the roster was read and the digest composed, and before the delivery is claimed."""
    announce(readers, FRIDAY)
    readers.clock.set(morning(FRIDAY))
    app: App
    async with readers.app() as app:
        await app.runner.collect()
        await app.runner.compose()
        roster = app.roster.waited_for(readers.clock.now())
        await say_no(readers, ALICE)
        await app.runner.compose()
        with app.store._database.writing() as connection:  # as if another machine had composed with an older roster
            connection.exec_driver_sql("UPDATE deliveries SET state = 'pending' WHERE state = 'dropped'")
        monkeypatch.setattr(app.roster, "waited_for", lambda _now, _shard: roster)
        await app.runner.deliver(ignore_backoff=True)
    assert {recipient.casefold() for recipient, _ in got(readers)} == {BOB}
    async with readers.app() as app:
        states = sorted((record.state.value, record.reason) for record in app.store.queries.all())
    assert states == [("dropped", "its mailbox is suppressed")] * 2 + [("sent", None)]


async def test_who_unsubscribed_and_asks_again_gets_the_mail_that_asks_and_no_digest_before_the_yes(
    readers: Environment,
) -> None:
    await sign_up(readers, at=morning(FRIDAY, 12))
    await readers.once()
    await say_no(readers, DORA)
    before = len(readers.mail.messages)
    async with commanding(readers) as context:
        subscribe(context, DORA, ["fish"], "UTC", morning(MONDAY))
    await live(readers, MONDAY)
    assert to(readers, DORA, before) == ["Confirm your subscription"]
    async with commanding(readers) as context:
        assert isinstance(confirm(context, mailbox_key(DORA), morning(MONDAY, 7)), Member)
    await readers.once(morning(MONDAY, 8))
    assert ["Fish" in subject for subject in to(readers, DORA, before)[1:]] == [True]


async def test_an_operator_who_said_no_gets_no_alerts_and_nothing_breaks(readers: Environment) -> None:
    readers.config["operator"] = "alone"
    await live(readers, FRIDAY)
    await say_no(readers, ALICE)
    before = len(readers.mail.messages)
    readers.arxiv.feeds.clear()
    await readers.once(morning(TUESDAY, 23))
    assert to(readers, ALICE, before) == []


# -- many --------------------------------------------------------------------------------------------------------


async def test_whoever_is_left_out_of_a_run_had_nothing_to_get(
    readers: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days with all sorts of subscribers, read in parts and read whole: the same digests to the same people."""

    async def days() -> list[tuple[str, str]]:
        begins = len(readers.mail.messages)
        keys = [
            await sign_up(readers, "birds", at=morning(FRIDAY, 2), address="a@example.net"),
            await sign_up(readers, "fish", OWN, at=morning(FRIDAY, 2), address="b@example.net"),
            await sign_up(readers, OWN, at=morning(FRIDAY, 2), address="c@example.net"),
        ]
        async with commanding(readers) as context:
            hour(context, keys[1], time(10))
            hour(context, keys[2], time(23, 30))
        for day in DAYS:
            announce(readers, day)
            for at in (3, 7, 15, 23):
                await readers.once(morning(day, at))
                async with commanding(readers) as context:
                    if (day, at) == (MONDAY, 7):
                        pause(context, keys[0])
                    if (day, at) == (TUESDAY, 15):
                        resume(context, keys[0])
                        follow(context, keys[2], "birds")
        mails = zip(readers.mail.messages[begins:], readers.mail.times[begins:], strict=True)
        return sorted((mail.rcpt[0], f"{at} {subject_of(mail)}") for mail, at in mails)

    readers.mail._clock = readers.clock
    in_parts = await days()
    readers.clock = SimulatedClock(morning(FRIDAY, 0))
    readers.arxiv._clock = readers.mail._clock = readers.clock
    readers.config["store"] = "sqlite:///other.db"
    monkeypatch.setattr(RosterReader, "to_compose", lambda reader, now, **_: reader.whole(now))
    assert in_parts == await days()
    assert len(in_parts) > 20


async def test_a_run_with_nothing_new_reads_nobody(readers: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        await sign_up(readers, at=morning(FRIDAY, 12), address=f"{name}@example.net")
    await live(readers, MONDAY)
    read: list[str] = []
    made = RosterReader._read

    def counted(reader: RosterReader, *arguments: Any) -> Settings:
        roster = made(reader, *arguments)
        read.extend(name for name, each in roster.subscribers.items() if each.is_self_service)
        return roster

    monkeypatch.setattr(RosterReader, "_read", counted)
    run = await readers.once(morning(MONDAY, 9))
    assert read == []
    assert {result.outcome for result in run.composed} == {Outcome.EMPTY}


async def test_the_daemon_wakes_at_the_next_hour_of_a_self_service_subscriber(readers: Environment) -> None:
    key = await sign_up(readers, at=morning(FRIDAY, 12))
    async with commanding(readers) as context:
        hour(context, key, time(16, 30))
    app: App
    readers.clock.set(morning(FRIDAY, 13))
    async with readers.app() as app:
        work_ahead = await app.runner.run_due(poll=False)
    assert work_ahead.self_service_due == datetime(2026, 4, 17, 14, 30, tzinfo=UTC)


async def test_a_run_says_of_self_service_subscribers_how_many_and_not_who(
    readers: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "ab":
        await sign_up(readers, at=morning(FRIDAY, 12), address=f"{name}@example.net")
    run = await live(readers, MONDAY)
    capsys.readouterr()
    account(run, readers.settings)
    said = capsys.readouterr().out
    assert "self-service  2 digests in 2 messages" in said
    assert "self-service  2 addresses" in said
    assert "2 sent" in said
    assert "m-" not in said.replace("2026-", "")


async def test_what_nobody_confirmed_is_forgotten_after_two_days(readers: Environment) -> None:
    async with commanding(readers) as context:
        subscribe(context, DORA, ["birds"], "UTC", morning(FRIDAY, 6))
    await readers.once(morning(FRIDAY, 7))
    assert (await status(readers)).readers.unconfirmed == 1
    await readers.once(morning(FRIDAY, 6) + timedelta(days=2, seconds=1))
    assert (await status(readers)).readers.unconfirmed == 0
