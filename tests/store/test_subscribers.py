"""What is remembered of a subscriber moves to its new name, once and whole."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from bot.model import Message
from bot.store.feedback import FeedbackRecord, Opinion
from bot.store.outbox import DigestPaper, RenderedDigest
from bot.store.outbox.policy import Lane
from bot.store.subscribers import StateChangedError, SubscriberState

if TYPE_CHECKING:
    from bot.store import Store

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
EARLIER = datetime(2026, 4, 20, 6, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 4, 20), date(2026, 4, 21)


def tell(store: Store, state: SubscriberState, identifier: str) -> None:
    papers = (DigestPaper(identifier, 0, "birds", shown=True, hits=()),)
    store.outbox.enqueue(state, RenderedDigest("slack", identifier, (Message({}, None),), papers), ("door",), NOW)


def test_state_told_papers_and_deliveries_have_the_new_name(store: Store) -> None:
    tell(store, SubscriberState("old", {"birds/cs.CV": 7}, EARLIER, MONDAY), "2604.00001")
    tell(store, SubscriberState("other", {"birds/cs.CV": 7}), "2604.00002")
    assert store.subscribers.rename("old", "new")
    assert store.subscribers.state("old") is None
    assert store.subscribers.state("new") == SubscriberState("new", {"birds/cs.CV": 7}, EARLIER, MONDAY, 1)
    assert store.subscribers.told(["2604.00001"]) == {"new": {("2604.00001", 0)}}
    assert set(store.outbox.lanes()) == {Lane("new", "door"), Lane("other", "door")}


def test_what_readers_said_has_the_new_name_too_and_what_they_said_there_already_stays(store: Store) -> None:
    tell(store, SubscriberState("old", {"birds/cs.CV": 7}), "2604.00001")
    with store.transaction() as transaction:
        for name, person, opinion in (
            ("old", "ada", Opinion.MORE),
            ("old", "bo", Opinion.MORE),
            ("new", "bo", Opinion.LESS),
        ):
            transaction.feedback.put(FeedbackRecord(name, person, "2604.00001", opinion, "slack", NOW))
    assert store.subscribers.rename("old", "new")
    with store.snapshot() as view:
        assert {each.person: each.opinion for each in view.feedback.of_subscriber("new")} == {
            "ada": Opinion.MORE,
            "bo": Opinion.LESS,
        }
        assert view.feedback.of_subscriber("old") == ()


def test_a_second_time_there_is_nothing_to_do(store: Store) -> None:
    tell(store, SubscriberState("old", {"birds/cs.CV": 7}), "2604.00001")
    assert store.subscribers.rename("old", "new")
    before = store.subscribers.states()
    assert not store.subscribers.rename("old", "new")
    assert store.subscribers.states() == before


def test_one_that_was_only_enrolled_under_its_new_name_goes_on_where_it_was(store: Store) -> None:
    tell(store, SubscriberState("old", {"birds/cs.CV": 7}, EARLIER, MONDAY), "2604.00001")
    store.outbox.enqueue(SubscriberState("new", {"birds/cs.CV": 9, "birds/cs.CL": 3}), None, (), NOW)
    assert store.subscribers.rename("old", "new")
    cursors = {"birds/cs.CV": 7, "birds/cs.CL": 3}
    assert store.subscribers.state("new") == SubscriberState("new", cursors, EARLIER, MONDAY, 2)


def test_one_that_was_told_something_under_its_new_name_keeps_its_place_and_knows_what_it_was_told(
    store: Store,
) -> None:
    tell(store, SubscriberState("old", {"birds/cs.CV": 7, "light/hep-lat": 5}, EARLIER, MONDAY), "2604.00001")
    tell(store, SubscriberState("new", {"birds/cs.CV": 9}, NOW, TUESDAY), "2604.00002")
    assert store.subscribers.rename("old", "new")
    cursors = {"birds/cs.CV": 9, "light/hep-lat": 5}
    assert store.subscribers.state("new") == SubscriberState("new", cursors, NOW, TUESDAY, 2)
    told = store.subscribers.told(["2604.00001", "2604.00002"])
    assert told == {"new": {("2604.00001", 0), ("2604.00002", 0)}}


def test_what_was_told_is_carried_over_even_where_the_state_is_forgotten(store: Store) -> None:
    tell(store, SubscriberState("old", {"birds/cs.CV": 7}), "2604.00001")
    (claimed,) = store.outbox.lanes()
    store.address_changes.drop(claimed, "gone", NOW)
    store.address_changes.withdraw("old", "gone", NOW)
    assert store.subscribers.state("old") is None
    assert store.subscribers.rename("old", "new")
    assert store.subscribers.state("new") is None
    assert store.subscribers.told(["2604.00001"]) == {"new": {("2604.00001", 0)}}


def test_who_composed_for_the_old_name_meanwhile_writes_nothing(store: Store) -> None:
    tell(store, SubscriberState("old", {"birds/cs.CV": 7}), "2604.00001")
    seen = store.subscribers.state("old")
    assert seen is not None
    store.subscribers.rename("old", "new")
    with pytest.raises(StateChangedError):
        tell(store, seen, "2604.00002")
    assert store.subscribers.told(["2604.00002"]) == {}
