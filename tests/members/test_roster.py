"""The roster: the YAML and the store together; the YAML wins, and who said no is not in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.members.commands import (
    complained,
    follow,
    hour,
    mute,
    pause,
    rewrite,
    unsubscribe,
    weekdays,
)
from bot.members.commands import zone as set_zone
from bot.members.mailbox import mailbox_key
from bot.members.roster import RosterReader
from bot.model import Shard, Topic
from bot.store.subscribers import SubscriberState
from bot.store.suppressions import Via
from tests.members.conftest import OLD_SECRET, SECRET, WEB, context_over, of_yaml, settings, topic
from tests.members.driver import DAY, HOUR, KEY, NOW, OWN, ask, member, stored

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.settings import Settings, Subscriber
    from bot.store import Store

ALICE = mailbox_key("alice@example.edu")


def whole(context: Context, now: datetime = NOW) -> Settings:
    return RosterReader(context.store, context.settings).whole(now)


def dora(context: Context, now: datetime = NOW) -> Subscriber:
    found = stored(context)
    assert found
    return whole(context, now).subscribers[found.key]


def test_without_readers_it_is_the_yaml_as_it_is(context: Context) -> None:
    assert whole(context) == context.settings
    assert whole(context).topics is context.settings.topics


def test_a_self_service_subscriber_is_one_like_any_other(context: Context) -> None:
    key = member(context, topics=("birds", {**OWN, "exclude": ["road"], "authors": ["Ada Byron"]})).key
    hour(context, key, time(8))
    weekdays(context, key, [0, 4])
    roster = whole(context)
    found = roster.subscribers[key]
    assert (found.name, found.channel, found.topics) == (key, "mail", ("birds", f"{key}/1"))
    assert (found.at, found.on, found.timezone.key) == (time(8), frozenset({0, 4}), "Asia/Tokyo")
    assert [address.value.reveal() for address in found.addresses] == ["Dora@example.edu"]
    assert found.is_self_service
    assert not found.paused
    assert roster.topics[f"{key}/1"] == Topic(f"{key}/1", "Maps", ("cs.CV",), ("map",), ("road",), ("Ada Byron",))
    assert list(roster.subscribers)[:2] == ["alice", "seminar"]


def test_no_address_of_a_reader_is_shown(context: Context) -> None:
    member(context)
    assert "ora@" not in repr(whole(context).subscribers)


def test_who_did_not_confirm_gets_the_mail_that_asks_and_nothing_else(context: Context) -> None:
    ask(context)
    found = dora(context)
    assert found.unconfirmed
    assert found.topics == ()
    assert len(found.addresses) == 1


def test_what_the_yaml_says_of_a_name_or_a_topic_wins(context: Context) -> None:
    key = member(context, topics=("birds", OWN)).key
    taken = replace(
        context.settings,
        subscribers={**context.settings.subscribers, key: of_yaml(key, "boss@example.edu")},
        topics={**context.settings.topics, f"{key}/1": context.settings.topics["light"]},
    )
    roster = RosterReader(context.store, taken).whole(NOW)
    assert roster.subscribers[key] == taken.subscribers[key]
    assert roster.topics[f"{key}/1"] == context.settings.topics["light"]


def test_a_topic_that_the_yaml_no_longer_has_is_left_out_and_comes_back(context: Context) -> None:
    key = member(context, topics=("birds", "light")).key
    without = replace(context.settings, topics={"birds": context.settings.topics["birds"]})
    assert RosterReader(context.store, without).whole(NOW).subscribers[key].topics == ("birds",)
    assert whole(context).subscribers[key].topics == ("birds", "light")


def test_whose_channel_is_not_set_up_is_left_out(context: Context) -> None:
    member(context)
    assert len(RosterReader(context.store, replace(context.settings, channels={})).whole(NOW).subscribers) == 2


def test_what_is_muted_makes_topics_of_its_own_and_no_one_else_s(context: Context) -> None:
    key, fay = member(context, topics=("birds", OWN)).key, member(context, "fay@example.edu").key
    mute(context, key, ["road"])
    roster = whole(context)
    assert roster.subscribers[key].topics == (f"{key}:birds", f"{key}/1")
    assert [roster.topics[name].exclude for name in roster.subscribers[key].topics] == [("road",), ("road",)]
    assert roster.topics[f"{key}:birds"].title == "Birds"
    assert roster.subscribers[fay].topics == ("birds",)
    assert roster.topics["birds"] == context.settings.topics["birds"]


def test_a_muted_topic_of_the_longest_name_has_a_name_that_the_store_takes(store: Store) -> None:
    long = "x" * 64
    web = replace(WEB, signup=(long,))
    context = context_over(store, web)
    context = replace(context, settings=replace(context.settings, topics={long: settings().topics["birds"]}))
    key = member(context, topics=(long,)).key
    mute(context, key, ["road"])
    (name,) = whole(context).subscribers[key].topics
    assert len(name) <= 64


def test_a_pause_ends_in_the_morning_of_its_day_in_the_subscriber_s_zone(context: Context) -> None:
    key = member(context).key
    pause(context, key, date(2026, 4, 23))
    assert dora(context, NOW + DAY).paused
    assert dora(context, NOW + DAY + 8 * HOUR).paused  # Wednesday 23:00 in Tokyo
    assert not dora(context, NOW + DAY + 9 * HOUR).paused
    pause(context, key)
    assert dora(context, NOW + 900 * DAY).paused


# -- suppressions ------------------------------------------------------------------------------------------------


def test_who_said_no_is_left_out_and_the_other_addresses_go_on(context: Context) -> None:
    unsubscribe(context, mailbox_key("eve@EXAMPLE.edu"), Via.ONE_CLICK, NOW)
    found = whole(context).subscribers["seminar"]
    assert [address.label for address in found.addresses] == ["bob@example.edu"]
    (left_out,) = found.suppressed
    assert (left_out.address.label, left_out.why) == ("Eve@example.edu", "unsubscribed on 2026-04-21 (one-click)")


@pytest.mark.parametrize("topics", [("birds",), ("light", "hidden")])
def test_a_subscriber_with_nobody_left_stays_and_no_new_topic_brings_it_back(
    context: Context, topics: tuple[str, ...]
) -> None:
    unsubscribe(context, ALICE, Via.PAGE, NOW)
    alice = replace(context.settings.subscribers["alice"], topics=topics)
    renamed = replace(alice, name="alice2")
    changed = replace(context.settings, subscribers={"alice": alice, "alice2": renamed})
    roster = RosterReader(context.store, changed).whole(NOW + 900 * DAY)
    assert [each.addresses for each in roster.subscribers.values()] == [(), ()]


def test_a_self_service_subscriber_who_said_no_stays_silent_until_it_says_yes(context: Context) -> None:
    member(context)
    unsubscribe(context, KEY, Via.PAGE, NOW)
    assert (dora(context).addresses, dora(context).unconfirmed) == ((), False)
    ask(context, now=NOW + DAY)
    assert (len(dora(context).addresses), dora(context).unconfirmed, dora(context).topics) == (1, True, ())
    complained(context, KEY, NOW + DAY)
    assert dora(context).addresses == ()


def test_while_the_secret_is_changed_no_one_comes_back_by_it(store: Store) -> None:
    unsubscribe(context_over(store, replace(WEB, secret=(OLD_SECRET,))), ALICE, Via.PAGE, NOW)
    both = context_over(store, replace(WEB, secret=(SECRET, OLD_SECRET)))
    assert whole(both).subscribers["alice"].addresses == ()


# -- parts -------------------------------------------------------------------------------------------------------


def test_what_is_collected_is_what_anybody_reads_whoever_is_in_the_part(context: Context) -> None:
    named = {**context.settings.topics, "brains": topic("brains", "q-bio.NC"), "strings": topic("strings", "hep-th")}
    context = replace(context, settings=replace(context.settings, topics=named))
    member(context, topics=({**OWN, "categories": ["q-bio.NC", "cs.CL"]},))
    ask(context, "fay@example.edu", topics=({**OWN, "categories": ["hep-th"]},))
    reader = RosterReader(context.store, context.settings)
    for roster in (reader.whole(NOW), reader.of_yaml(NOW)):
        assert roster.categories == ("cs.CL", "cs.CV", "q-bio.NC")


def test_a_part_has_those_that_are_named_and_who_something_waits_for(context: Context) -> None:
    first, second = (member(context, f"{name}@example.edu").key for name in ("fay", "gil"))
    reader = RosterReader(context.store, context.settings)
    assert list(reader.of_yaml(NOW).subscribers) == ["alice", "seminar"]
    assert set(reader.of([first, "nobody"], NOW).subscribers) == {"alice", "seminar", first}
    assert set(reader.waited_for(NOW).subscribers) == {"alice", "seminar", first, second}  # their confirmations


def composed(store: Store, key: str, upto: int, *, revision: int, due_at: datetime | None = None) -> None:
    state = SubscriberState(key, {"birds/cs.CV": upto}, heard_until=NOW.date(), due_at=due_at, composed_as=revision)
    store.outbox.enqueue(state, None, (), NOW)


def wanted(context: Context, now: datetime = NOW) -> set[str]:
    reader = RosterReader(context.store, context.settings)
    return set(reader.to_compose(now).subscribers) - {"alice", "seminar"}


def test_to_compose_are_newcomers_and_who_something_changed_for(context: Context) -> None:
    found = member(context)
    assert wanted(context) == {found.key}
    composed(context.store, found.key, 0, revision=found.revision)
    assert wanted(context) == set()
    follow(context, found.key, "light")
    assert wanted(context) == {found.key}


def test_to_compose_are_those_whose_hour_has_come_and_no_paused_ones(context: Context) -> None:
    found = member(context)
    composed(context.store, found.key, 0, revision=found.revision, due_at=NOW + HOUR)
    assert wanted(context) == set()
    assert wanted(context, NOW + HOUR) == {found.key}
    with context.store.snapshot() as view:
        assert view.members.next_due(NOW) == NOW + HOUR
        assert view.members.next_due(NOW + HOUR) is None
    pause(context, found.key)
    assert wanted(context, NOW + HOUR) == set()
    with context.store.snapshot() as view:
        assert view.members.next_due(NOW) is None


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("Asia/Tokyo", datetime(2026, 4, 23, 15, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2026, 4, 23, 10, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),  # whose clocks have no midnight on that day
    ],
)
def test_a_pause_ends_as_the_day_begins_in_its_reader_s_zone(context: Context, zone: str, ends: datetime) -> None:
    found = member(context)
    set_zone(context, found.key, zone)
    pause(context, found.key, date(2026, 4, 24))
    with context.store.snapshot() as view:
        assert view.members.next_due(NOW) == ends
        assert view.members.next_due(ends) is None
    assert whole(context, ends - timedelta(seconds=1)).subscribers[found.key].paused
    assert not whole(context, ends).subscribers[found.key].paused
    assert wanted(context, ends) == {found.key}


def test_an_own_topic_is_read_only_in_what_the_yaml_still_names(context: Context) -> None:
    narrowed = {**context.settings.topics, "hidden": topic("hidden")}
    wide, context = context, replace(context, settings=replace(context.settings, topics=narrowed))
    key = member(wide, topics=({**OWN, "categories": ["cs.CV", "cs.CL"]}, {**OWN, "categories": ["cs.CL"]})).key
    assert whole(wide).self_service_categories == ("cs.CL", "cs.CV")
    narrow = whole(context)
    assert narrow.subscribers[key].topics == (f"{key}/1",)
    assert narrow.topics[f"{key}/1"].categories == ("cs.CV",)
    assert narrow.self_service_categories == ("cs.CV",)


def test_to_compose_at_any_hour_are_all(context: Context) -> None:
    found = member(context)
    composed(context.store, found.key, 0, revision=found.revision)
    reader = RosterReader(context.store, context.settings)
    assert found.key in reader.to_compose(NOW, any_hour=True).subscribers


def test_every_subscriber_is_read_in_one_shard_and_without_who_said_no(context: Context) -> None:
    keys = {member(context, f"reader{number}@example.edu").key for number in range(8)}
    unsubscribe(context, mailbox_key("reader3@example.edu"), Via.PAGE, NOW)
    unsubscribe(context, ALICE, Via.PAGE, NOW)
    reader = RosterReader(context.store, context.settings)
    for read in (reader.to_compose, partial(reader.to_compose, any_hour=True), reader.waited_for):
        whole = read(NOW)
        parts = [read(NOW, shard=Shard(number, 3)) for number in range(3)]
        names = [name for part in parts for name in part.subscribers]
        assert sorted(names) == sorted(whole.subscribers)
        found = {name: each for part in parts for name, each in part.subscribers.items()}
        assert found == dict(whole.subscribers)
        assert {"alice", "seminar"} | keys >= set(names) > {"alice", "seminar"}
        assert found["alice"].addresses == ()


def test_a_rewritten_topic_acts_from_the_next_reading_on(context: Context) -> None:
    key = member(context, topics=(OWN,)).key
    rewrite(context, key, f"{key}/1", {**OWN, "keywords": ["atlas"]})
    assert whole(context).topics[f"{key}/1"].keywords == ("atlas",)


def test_very_many_are_read_in_pieces_none_is_lost(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.members._ROWS", 2)
    keys = {member(context, f"r{number}@example.edu", topics=(OWN,)).key for number in range(5)}
    roster = whole(context)
    assert keys < set(roster.subscribers)
    assert {roster.topics[f"{key}/1"].name for key in keys} == {f"{key}/1" for key in keys}


def test_it_needs_no_web_to_know_who_said_no(store: Store) -> None:
    unsubscribe(context_over(store, None), ALICE, Via.COMMAND, NOW)
    assert whole(context_over(store, None)).subscribers["alice"].addresses == ()
