"""Signing up by mail: the same answer for everybody, one mail a day, and nobody but the reader says yes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.members.commands import (
    complained,
    confirm,
    delete,
    feedback,
    forget,
    resubscribe,
    saved,
    subscribe,
    unsubscribe,
)
from bot.members.links import Purpose, verify
from bot.members.own_topics import MOST_TOPICS
from bot.members.values import Refusal, Refused
from bot.model import Topic
from bot.store.feedback import Opinion
from bot.store.members import Member
from bot.store.suppressions import Via
from tests.members.conftest import OLD_SECRET, SECRET, WEB, context_over
from tests.members.driver import DAY, DORA, HOUR, KEY, NOW, OWN, ask, mails, member, stored, suppression, wait_for

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.settings import Secret
    from bot.store import Store


def test_a_stranger_becomes_a_subscriber_only_by_the_link_in_the_mail(context: Context) -> None:
    ask(context, topics=("birds", OWN))
    asked = stored(context)
    assert asked
    assert (asked.topics, asked.confirmed_at) == ((), None)
    (record,) = context.store.queries.all()
    detail = context.store.queries.detail(record.id, texts=True)
    assert (record.subscriber, detail.recipient) == (asked.key, asked.recipient)
    token = str((detail.payload or {})["url"]).rpartition("/")[2]
    assert verify([SECRET], Purpose.CONFIRM, token, NOW) == bytes.fromhex(KEY)

    confirmed = confirm(context, KEY, NOW + HOUR)
    assert isinstance(confirmed, Member)
    own = Topic(f"{asked.key}/1", "Maps", ("cs.CV",), ("map",))
    assert confirmed.topics == ("birds", own)
    assert (confirmed.confirmed_at, confirmed.timezone) == (NOW + HOUR, "Asia/Tokyo")
    assert stored(context) == confirmed
    assert confirm(context, KEY, NOW + 2 * HOUR) == confirmed


def test_the_mail_has_no_word_of_who_asked(context: Context) -> None:
    ask(context, topics=({**OWN, "title": "BUY NOW", "keywords": ["cheap pills"]},))
    (record,) = context.store.queries.all()
    said = str(context.store.queries.detail(record.id, texts=True))
    assert "BUY" not in said
    assert "pills" not in said
    assert "ora@" not in said


def test_nothing_is_shown_of_an_address(context: Context) -> None:
    assert "ora@" not in repr(member(context))


def test_an_address_gets_one_mail_a_day_however_often_it_is_typed(context: Context) -> None:
    for minutes in range(0, 23 * 60, 90):
        ask(context, DORA.swapcase(), now=NOW + HOUR * minutes / 60)
    assert len(mails(context.store)) == 1
    ask(context, now=NOW + DAY)
    assert len(mails(context.store)) == 2


def test_law_12_a_reader_with_many_addresses_gets_one_mail_a_day_because_of_a_stranger(context: Context) -> None:
    for address in (DORA, "dora+a@example.edu", "d.ora+b@example.edu", "dor.a@example.edu"):
        ask(context, address)
    assert len(mails(context.store)) == 1


@pytest.mark.parametrize("secrets", [(SECRET, OLD_SECRET), (SECRET,)])
def test_a_changed_secret_brings_no_second_mail_a_day(store: Store, secrets: tuple[Secret, ...]) -> None:
    ask(context_over(store, replace(WEB, secret=(OLD_SECRET,))))
    changed = context_over(store, replace(WEB, secret=secrets))
    ask(changed, now=NOW + HOUR)
    assert len(mails(store)) == 1
    ask(changed, now=NOW + DAY)
    assert len(mails(store)) == 2


def test_what_was_being_composed_at_the_moment_of_a_no_does_not_go_out_when_they_are_asked_again(
    context: Context,
) -> None:
    found = member(context)
    unsubscribe(context, KEY, Via.PAGE, NOW + DAY)
    wait_for(context.store, found.key, found.recipient)
    ask(context, now=NOW + 2 * DAY)
    assert mails(context.store)[1:] == [("digest", "dropped"), ("confirm", "pending")]


def test_the_last_request_before_the_confirmation_is_what_counts(context: Context) -> None:
    ask(context, topics=("birds",))
    ask(context, topics=("light", OWN), now=NOW + HOUR)
    confirmed = confirm(context, KEY, NOW + 2 * HOUR)
    assert isinstance(confirmed, Member)
    assert [topic if isinstance(topic, str) else topic.title for topic in confirmed.topics] == [
        "light",
        "Maps",
    ]


def test_a_subscriber_whose_address_is_typed_again_is_told_so_once_a_day_and_keeps_what_it_has(
    context: Context,
) -> None:
    before = member(context)
    ask(context, topics=("light",), now=NOW + HOUR)
    assert len(mails(context.store)) == 1
    ask(context, topics=("light",), now=NOW + 2 * DAY)
    ask(context, topics=("light",), now=NOW + 2 * DAY + HOUR)
    assert [title for title, _ in mails(context.store)] == ["confirm", "already"]
    assert stored(context) == before
    assert confirm(context, KEY, NOW + 3 * DAY) == before


def test_who_unsubscribed_comes_back_by_signing_up_and_confirming(context: Context) -> None:
    member(context, topics=("birds", OWN))
    unsubscribe(context, KEY, Via.PAGE, NOW + DAY)
    ask(context, topics=("light",), now=NOW + 2 * DAY)
    assert suppression(context)
    found = stored(context)
    assert found
    assert found.topics[0] == "birds"  # a stranger may have asked
    confirmed = confirm(context, KEY, NOW + 2 * DAY)
    assert isinstance(confirmed, Member)
    assert confirmed.topics == ("light",)
    assert suppression(context) is None


def test_an_old_confirmation_lifts_no_later_no(context: Context) -> None:
    member(context)
    unsubscribe(context, KEY, Via.PAGE, NOW + HOUR)
    assert confirm(context, KEY, NOW + 2 * HOUR) == Refused(Refusal.NOT_ASKED)
    assert suppression(context)


def test_who_complained_is_not_even_asked(context: Context) -> None:
    complained(context, KEY, NOW)
    ask(context, now=NOW + DAY)
    assert mails(context.store) == []
    assert stored(context) is None


def test_a_no_in_answer_to_the_confirmation_forgets_the_address_and_it_is_not_asked_again(context: Context) -> None:
    ask(context)
    unsubscribe(context, KEY, Via.PAGE, NOW)
    assert stored(context) is None
    assert confirm(context, KEY, NOW) == Refused(Refusal.NOT_ASKED)
    assert mails(context.store) == [("confirm", "dropped")]
    ask(context, now=NOW + 30 * DAY)
    assert len(mails(context.store)) == 1
    assert resubscribe(context, KEY) == 1
    ask(context, now=NOW + 30 * DAY)
    assert len(mails(context.store)) == 2


def test_who_left_is_asked_once_a_week_at_most(context: Context) -> None:
    member(context)
    unsubscribe(context, KEY, Via.PAGE, NOW + HOUR)
    for days in range(1, 8):
        ask(context, now=NOW + days * DAY)
    assert len(mails(context.store)) == 2


def test_being_deleted_brings_no_second_mail_a_day(context: Context) -> None:
    delete(context, member(context).key, NOW)
    ask(context, now=NOW + HOUR)
    assert len(mails(context.store)) == 1
    ask(context, now=NOW + DAY)
    assert len(mails(context.store)) == 2


def test_what_nobody_asked_for_cannot_be_confirmed(context: Context) -> None:
    assert confirm(context, KEY, NOW) == Refused(Refusal.NOT_ASKED)


def test_what_nobody_confirms_is_forgotten(context: Context) -> None:
    ask(context)
    member(context, "fay@example.edu")
    with context.store.transaction() as transaction:
        assert transaction.members.forget_requests(NOW) == 0
        assert transaction.members.forget_requests(NOW + HOUR) == 1
    assert stored(context) is None
    assert stored(context, "fay@example.edu")


def test_the_request_of_who_was_subscribed_is_forgotten_and_not_the_subscriber(context: Context) -> None:
    before = member(context)
    unsubscribe(context, KEY, Via.PAGE, NOW + HOUR)
    ask(context, topics=("light",), now=NOW + DAY)
    with context.store.transaction() as transaction:
        assert transaction.members.forget_requests(NOW + DAY + HOUR) == 1
    found = stored(context)
    assert found
    assert (found.topics, found.asked_topics) == (before.topics, None)
    assert confirm(context, KEY, NOW + 3 * DAY) == Refused(Refusal.NOT_ASKED)


@pytest.mark.parametrize(
    ("form", "why", "path"),
    [
        (("dora", ("birds",), "UTC"), Refusal.ADDRESS, "address"),
        ((DORA, (), "UTC"), Refusal.NO_TOPIC, None),
        ((DORA, ("hidden",), "UTC"), Refusal.TOPIC, "topics[0]"),
        ((DORA, ("birds", "m-0/1"), "UTC"), Refusal.TOPIC, "topics[1]"),
        ((DORA, ("birds", {"keywords": ["map"]}), "UTC"), Refusal.WORDS, "topics[1].categories"),
        ((DORA, ("birds",) * (MOST_TOPICS + 1), "UTC"), Refusal.TOO_MANY_TOPICS, "topics"),
        ((DORA, ("birds",), "Asia/Tokio"), Refusal.ZONE, "zone"),
    ],
)
def test_what_was_typed_wrong_is_refused_and_nothing_written(
    context: Context, form: tuple[str, Any, str], why: Refusal, path: str | None
) -> None:
    refused = subscribe(context, *form, NOW)
    assert isinstance(refused, Refused)
    assert refused.why is why
    assert [problem.path for problem in refused.problems] == ([] if path is None else [path])
    assert mails(context.store) == []
    with context.store.snapshot() as view:
        assert list(view.members.all()) == []


def test_where_nobody_may_sign_up_nobody_does(store: Store) -> None:
    for web in (None, replace(WEB, signup=())):
        refused = subscribe(context_over(store, web), DORA, ("birds",), "UTC", NOW)
        assert refused == Refused(Refusal.NOT_OPEN)


def test_only_certain_domains_may_sign_up_where_it_says_so(store: Store) -> None:
    context = context_over(store, replace(WEB, signup_domains=("uni.example",)))
    for address in (DORA, "dora@sub.uni.example", "dora@uni.example.evil.example"):
        refused = subscribe(context, address, ("birds",), "UTC", NOW)
        assert isinstance(refused, Refused)
        assert refused.why is Refusal.DOMAIN
    assert subscribe(context, "dora@UNI.example", ("birds",), "UTC", NOW) is None


def test_own_topics_are_refused_where_there_shall_be_none(store: Store) -> None:
    context = context_over(store, replace(WEB, own_topics=False))
    assert subscribe(context, DORA, ("birds", OWN), "UTC", NOW) == Refused(Refusal.OWN_TOPICS)


def test_who_is_deleted_is_forgotten_with_all_they_said_and_what_was_told_stays(context: Context) -> None:
    found = member(context)
    person = context.keys.person("mail", KEY)
    feedback(context, found.key, person, "2604.00001", Opinion.SAVED, place="mail", now=NOW)
    feedback(context, "seminar", person, "2604.00002", Opinion.SAVED, place="mail", now=NOW)
    wait_for(context.store, found.key, found.recipient)
    wait_for(context.store, "alice", "a")
    delete(context, found.key, NOW)
    assert stored(context) is None
    assert saved(context, person) == ()
    assert mails(context.store) == [("confirm", "dropped"), ("digest", "dropped"), ("digest", "pending")]
    delete(context, found.key, NOW)  # of nobody now
    assert stored(context) is None


def test_who_reads_the_operator_s_mails_alone_is_forgotten_with_what_they_said(context: Context) -> None:
    person = context.keys.person("mail", KEY)
    feedback(context, "seminar", person, "2604.00001", Opinion.SAVED, place="mail", now=NOW)
    forget(context, KEY, NOW)
    assert saved(context, person) == ()


def test_a_no_outlives_its_subscriber(context: Context) -> None:
    found = member(context)
    unsubscribe(context, KEY, Via.ONE_CLICK, NOW)
    delete(context, found.key, NOW)
    assert suppression(context)


def test_whoever_comes_again_after_that_is_somebody_else(context: Context) -> None:
    first = member(context)
    delete(context, first.key, NOW)
    again = member(context, now=NOW + 2 * DAY)
    assert again.key != first.key
