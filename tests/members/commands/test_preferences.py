"""What a subscriber changes: each thing by itself, the same twice, and never what is not its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.members.commands import (
    all_or_none,
    follow,
    hour,
    mute,
    pause,
    resume,
    rewrite,
    unfollow,
    unmute,
    weekdays,
    zone,
)
from bot.members.own_topics import MOST_TERMS, MOST_TOPICS
from bot.members.values import Changed, Refusal, Refused
from bot.model import Topic
from bot.settings import ALL_WEEK
from tests.members.conftest import WEB, context_over
from tests.members.driver import DORA, NOW, OWN, ask, member, stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.members.context import Context
    from bot.store import Store
    from bot.store.members import Member

    Command = Callable[[Context, str], Changed | Refused]

COMMANDS: dict[str, Command] = {
    "follow": lambda context, key: follow(context, key, "light"),
    "follow an own one": lambda context, key: follow(context, key, {**OWN, "title": "Atlases"}),
    "unfollow": lambda context, key: unfollow(context, key, "birds"),
    "rewrite": lambda context, key: rewrite(context, key, f"{key}/1", {**OWN, "keywords": ["atlas"]}),
    "mute": lambda context, key: mute(context, key, ["road"]),
    "hour": lambda context, key: hour(context, key, time(9)),
    "zone": lambda context, key: zone(context, key, "America/Lima"),
    "weekdays": lambda context, key: weekdays(context, key, [0, 4]),
    "pause": lambda context, key: pause(context, key, date(2026, 5, 1)),
}
every_command = pytest.mark.parametrize("name", COMMANDS)


@pytest.fixture
def dora(context: Context) -> Member:
    """Follows a topic of the YAML's and one of her own, at an hour."""
    found = hour(context, member(context, topics=("birds", OWN)).key, time(8))
    assert isinstance(found, Changed)
    return found.member


def changed(found: Changed | Refused) -> Member:
    assert isinstance(found, Changed)
    assert found.changed
    return found.member


@every_command
def test_a_change_is_stored_and_the_same_again_changes_nothing(context: Context, dora: Member, name: str) -> None:
    after = changed(COMMANDS[name](context, dora.key))
    assert after != dora
    assert stored(context) == after
    assert COMMANDS[name](context, dora.key) == Changed(after, changed=False)
    assert stored(context) == after


@every_command
def test_nothing_is_changed_for_who_stands_in_the_yaml_or_nowhere(context: Context, name: str) -> None:
    for key in ("alice", "m-0123456789abcdef"):
        assert COMMANDS[name](context, key) == Refused(Refusal.NO_MEMBER) or name == "rewrite"


@every_command
def test_nothing_is_changed_before_the_confirmation(context: Context, name: str) -> None:
    ask(context)
    asked = stored(context)
    assert asked
    assert isinstance(COMMANDS[name](context, asked.key), Refused)
    assert stored(context) == asked


@every_command
def test_nobody_else_is_changed(context: Context, dora: Member, name: str) -> None:
    fay = member(context, "fay@example.edu", topics=("birds", OWN))
    COMMANDS[name](context, dora.key)
    assert stored(context, "fay@example.edu") == fay


def test_own_topics_are_numbered_and_no_number_is_given_twice(context: Context, dora: Member) -> None:
    key = dora.key
    follow(context, key, {**OWN, "title": "Atlases"})
    unfollow(context, key, f"{key}/2")
    found = changed(follow(context, key, {**OWN, "title": "Globes"}))
    assert [topic.name for topic in found.topics if isinstance(topic, Topic)] == [f"{key}/1", f"{key}/3"]


def test_a_rewritten_topic_keeps_its_name_and_its_place(context: Context, dora: Member) -> None:
    follow(context, dora.key, "light")
    found = changed(COMMANDS["rewrite"](context, dora.key))
    assert found.topics == ("birds", Topic(f"{dora.key}/1", "Maps", ("cs.CV",), ("atlas",)), "light")


def test_no_topic_of_the_yaml_and_of_nobody_else_is_rewritten(context: Context, dora: Member) -> None:
    fay = member(context, "fay@example.edu", topics=(OWN,))
    for name in ("birds", f"{fay.key}/1", f"{dora.key}/7"):
        refused = rewrite(context, dora.key, name, OWN)
        assert isinstance(refused, Refused)
        assert refused.why is Refusal.TOPIC


def test_a_topic_that_is_not_offered_cannot_be_followed(context: Context, dora: Member) -> None:
    refused = follow(context, dora.key, "hidden")
    assert isinstance(refused, Refused)
    assert refused.why is Refusal.TOPIC


def test_there_is_an_end_to_topics_and_to_muted_words(context: Context, dora: Member) -> None:
    for number in range(MOST_TOPICS - 2):
        changed(follow(context, dora.key, {**OWN, "title": str(number)}))
    refused = follow(context, dora.key, "light")
    assert isinstance(refused, Refused)
    assert refused.why is Refusal.TOO_MANY_TOPICS
    changed(mute(context, dora.key, [f"w{number}" for number in range(MOST_TERMS - 1)]))
    refused = mute(context, dora.key, ["one", "two"])
    assert isinstance(refused, Refused)
    assert refused.why is Refusal.WORDS


def test_own_topics_are_refused_where_there_shall_be_none_and_those_there_are_stay(store: Store) -> None:
    dora = member(context_over(store), topics=("birds", OWN))
    strict = context_over(store, replace(WEB, own_topics=False))
    assert follow(strict, dora.key, {**OWN, "title": "Atlases"}) == Refused(Refusal.OWN_TOPICS)
    assert stored(strict) == dora


def test_words_that_are_muted_already_do_not_count_twice(context: Context, dora: Member) -> None:
    words = [f"w{number}" for number in range(MOST_TERMS - 1)]
    changed(mute(context, dora.key, words[:-1]))
    assert changed(mute(context, dora.key, words)).muted == tuple(words)


def test_of_several_commands_all_are_carried_out_or_none(context: Context, dora: Member) -> None:
    at_nine, no_day = partial(hour, context, at=time(9)), partial(weekdays, context, days=[])
    assert all_or_none(context, dora.key, [at_nine, no_day]) == Refused(Refusal.WEEKDAYS)
    assert stored(context) == dora
    some_days = partial(weekdays, context, days=[0, 4])
    assert changed(all_or_none(context, dora.key, [at_nine, some_days, at_nine])).weekdays == {0, 4}
    again = all_or_none(context, dora.key, [at_nine, some_days])
    assert isinstance(again, Changed)
    assert not again.changed
    assert all_or_none(context, "m-0", []) == Refused(Refusal.NO_MEMBER)


def test_muted_words_add_up_and_are_taken_back_however_they_are_written(context: Context, dora: Member) -> None:
    mute(context, dora.key, ["Road", "rail"])
    assert changed(mute(context, dora.key, ["rail", "sea"])).muted == ("Road", "rail", "sea")
    assert changed(unmute(context, dora.key, [" road", "RAIL"])).muted == ("sea",)


def test_without_an_hour_weekdays_mean_nothing(context: Context, dora: Member) -> None:
    weekdays(context, dora.key, [0])
    assert changed(hour(context, dora.key, None)).weekdays == ALL_WEEK
    for days in ([0], [], [9]):
        assert weekdays(context, dora.key, days) == Refused(Refusal.WEEKDAYS)
    assert isinstance(weekdays(context, dora.key, ALL_WEEK), Changed)


def test_a_zone_that_is_none_is_refused_with_what_was_meant(context: Context, dora: Member) -> None:
    refused = zone(context, dora.key, "Europe/Milan")
    assert isinstance(refused, Refused)
    assert "Europe/Rome" in refused.problems[0].message


def test_a_pause_ends_when_it_is_ended(context: Context, dora: Member) -> None:
    paused = changed(pause(context, dora.key))
    assert (paused.paused, paused.paused_until) == (True, None)
    assert changed(pause(context, dora.key, date(2026, 5, 1))).paused_until == date(2026, 5, 1)
    assert changed(resume(context, dora.key)) == dora
    assert resume(context, dora.key) == Changed(dora, changed=False)


def test_whoever_is_changed_stays_reachable_by_the_same_address(context: Context, dora: Member) -> None:
    for command in COMMANDS.values():
        command(context, dora.key)
    found = stored(context)
    assert found
    assert found.destination.reveal() == DORA.replace("Example", "example")
    assert found.confirmed_at == NOW
