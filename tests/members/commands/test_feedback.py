"""What readers say of papers: the last word counts, and said again it is taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.members.commands import feedback, learn_anew, said, saved
from bot.store.feedback import Opinion
from tests.members.conftest import OLD_SECRET, SECRET, WEB, context_over
from tests.members.driver import HOUR, KEY, NOW

if TYPE_CHECKING:
    from datetime import datetime

    from bot.members.context import Context
    from bot.store import Store

MORE, LESS, SAVED = Opinion
PAPER = "2604.00001"


def say(
    context: Context,
    opinion: Opinion,
    identifier: str = PAPER,
    *,
    who: str = KEY,
    now: datetime = NOW,
    topic: str | None = None,
) -> Opinion | None:
    person = context.keys.person("mail", who)
    return feedback(context, "lab", person, identifier, opinion, place="mail", now=now, topic=topic)


def opinions(context: Context) -> list[Opinion]:
    with context.store.snapshot() as view:
        return [record.opinion for record in view.feedback.of_subscriber("lab")]


def test_the_last_word_counts_and_said_again_it_is_taken_back(context: Context) -> None:
    assert say(context, MORE) is MORE
    assert say(context, LESS, now=NOW + HOUR) is LESS
    assert opinions(context) == [LESS]
    assert say(context, LESS, now=NOW + 2 * HOUR) is None
    assert opinions(context) == []


def test_two_persons_have_a_word_each(context: Context) -> None:
    say(context, MORE)
    say(context, LESS, who="fay")
    assert sorted(opinions(context)) == [LESS, MORE]


def test_the_topic_is_kept_and_a_later_word_that_names_none_keeps_it(context: Context) -> None:
    for opinion, named, kept in (
        (MORE, None, None),
        (LESS, "birds", "birds"),
        (SAVED, None, "birds"),
        (MORE, "maps", "maps"),
    ):
        say(context, opinion, topic=named)
        with context.store.snapshot() as view:
            (record,) = view.feedback.of_subscriber("lab")
        assert (record.opinion, record.topic) == (opinion, kept)


def test_saved_papers_come_newest_first(context: Context) -> None:
    say(context, SAVED, "2604.00001")
    say(context, SAVED, "2604.00002", now=NOW + HOUR)
    say(context, MORE, "2604.00003", now=NOW + 2 * HOUR)
    assert saved(context, context.keys.person("mail", KEY)) == ("2604.00002", "2604.00001")
    assert saved(context, context.keys.person("slack", KEY)) == ()


def test_no_person_is_told_by_what_is_kept(context: Context) -> None:
    say(context, MORE)
    with context.store.snapshot() as view:
        (record,) = view.feedback.of_subscriber("lab")
    assert KEY not in repr(record)


def test_what_was_said_under_the_old_secret_is_taken_back_under_the_new_one(store: Store) -> None:
    say(context_over(store, replace(WEB, secret=(OLD_SECRET,))), SAVED)
    both = context_over(store, replace(WEB, secret=(SECRET, OLD_SECRET)))
    assert saved(both, both.keys.person("mail", KEY)) == (PAPER,)
    assert say(both, SAVED) is None
    assert opinions(both) == []


def test_a_subscriber_starts_anew_and_what_was_said_elsewhere_stays(context: Context) -> None:
    say(context, MORE)
    say(context, LESS, "2604.00002", who="fay")
    feedback(context, "other", context.keys.person("mail", KEY), PAPER, SAVED, place="web", now=NOW)

    assert [record.identifier for record in said(context, "lab")] == [PAPER, "2604.00002"]
    assert learn_anew(context, "lab") == 2
    assert learn_anew(context, "lab") == 0
    assert [record.opinion for record in said(context, "other")] == [SAVED]
