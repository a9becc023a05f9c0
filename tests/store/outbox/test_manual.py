"""What a person decides about a delivery: atomic, and never over a sender's head."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import FailureKind
from bot.model import DeliveryState, OnUnknown, Receipt
from bot.store.outbox.manual import RefusedError
from bot.store.outbox.policy import MAX_CRASHES, ClaimLostError, Wait
from tests.store.one_lane import settle_sent
from tests.store.outbox.test_outbox import (
    DEAD,
    GATES,
    LANE,
    ME,
    MINUTE,
    NOW,
    SECOND,
    claim,
    claimed,
    enqueue,
    fail,
    rendered,
)

if TYPE_CHECKING:
    from bot.store import Store
    from bot.store.outbox.queries import DeliveryDetail

LATER = NOW + timedelta(hours=3)
RETRIED = (
    DeliveryState.PENDING,
    DeliveryState.UNKNOWN,
    DeliveryState.HELD,
    DeliveryState.DEAD,
    DeliveryState.DROPPED,
)
DROPPED = (DeliveryState.PENDING, DeliveryState.UNKNOWN, DeliveryState.HELD)


def only(store: Store) -> DeliveryDetail:
    (record,) = store.queries.all()
    return store.queries.detail(record.id, texts=True)


def in_state(store: Store, state: DeliveryState) -> str:
    """One delivery in that state, by the way that leads there."""
    enqueue(store, rendered())
    match state:
        case DeliveryState.PENDING:
            fail(store, claimed(store), FailureKind.TRANSIENT)
        case DeliveryState.SENDING:
            claimed(store)
        case DeliveryState.UNKNOWN:
            fail(store, claimed(store), FailureKind.UNKNOWN)
        case DeliveryState.HELD:
            fail(store, claimed(store), FailureKind.UNKNOWN)
            claim(store, at=NOW + 60 * MINUTE, on_unknown=OnUnknown.HOLD)
        case DeliveryState.SENT:
            settle_sent(store.outbox, claimed(store), Receipt("1"), GATES, owner=ME, now=NOW)
        case DeliveryState.DEAD:
            fail(store, claimed(store), FailureKind.REJECTED)  # the rich form
            fail(store, claimed(store, at=NOW + SECOND), FailureKind.REJECTED)  # the plain one
        case DeliveryState.DROPPED:
            store.address_changes.drop(LANE, "gone", NOW)
        case DeliveryState.WITHDRAWN:
            store.address_changes.withdraw("lab", "gone", NOW)
    assert only(store).record.state is state
    return only(store).record.id


@pytest.mark.parametrize("state", RETRIED)
def test_what_waits_or_was_given_up_is_sent_again_under_its_old_id(store: Store, state: DeliveryState) -> None:
    delivery_id = in_state(store, state)
    store.manual.retry(delivery_id, GATES)
    record = only(store).record
    due = DeliveryState.UNKNOWN if state is DeliveryState.UNKNOWN else DeliveryState.PENDING  # asked about first
    assert (record.state, record.not_before, record.settled_at) == (due, None, None)
    assert record.reason == "asked for again by hand"
    assert claimed(store, at=NOW + MINUTE).id == delivery_id


@pytest.mark.parametrize("state", [state for state in DeliveryState if state not in RETRIED])
def test_what_is_being_sent_or_is_done_is_not_sent_again(store: Store, state: DeliveryState) -> None:
    delivery_id = in_state(store, state)
    before = only(store)
    with pytest.raises(RefusedError, match=f"{delivery_id} (is being sent|is sent|was taken back)"):
        store.manual.retry(delivery_id, GATES)
    assert only(store) == before


@pytest.mark.parametrize("state", DROPPED)
def test_what_is_given_up_is_never_sent_and_says_who_wanted_it_so(store: Store, state: DeliveryState) -> None:
    delivery_id = in_state(store, state)
    store.manual.drop(delivery_id, LATER)
    record = only(store).record
    assert (record.state, record.settled_at) == (DeliveryState.DROPPED, LATER)
    doubt = ", and nobody knows whether it arrived" if state is DeliveryState.UNKNOWN else ""
    assert record.reason == f"given up by hand{doubt}"
    assert claim(store, at=LATER) is None


@pytest.mark.parametrize("state", [state for state in DeliveryState if state not in DROPPED])
def test_what_is_being_sent_or_over_is_not_given_up(store: Store, state: DeliveryState) -> None:
    delivery_id = in_state(store, state)
    before = only(store)
    with pytest.raises(RefusedError):
        store.manual.drop(delivery_id, LATER)
    assert only(store) == before


def test_a_sender_that_is_under_way_settles_as_if_nothing_had_been_asked(store: Store) -> None:
    enqueue(store, rendered())
    under_way = claimed(store)
    with pytest.raises(RefusedError, match="is being sent"):
        store.manual.retry(under_way.id, GATES)
    with pytest.raises(RefusedError, match="is being sent"):
        store.manual.drop(under_way.id, NOW)
    settle_sent(store.outbox, under_way, Receipt("1"), GATES, owner=ME, now=NOW)
    assert only(store).record.state is DeliveryState.SENT


def test_a_claim_that_was_lost_cannot_undo_a_decision(store: Store) -> None:
    enqueue(store, rendered())
    lost = claimed(store, owner=DEAD)
    claim(store, at=NOW, on_unknown=OnUnknown.HOLD)
    store.manual.drop(lost.id, NOW)
    with pytest.raises(ClaimLostError):
        settle_sent(store.outbox, lost, Receipt("1"), GATES, owner=DEAD, now=NOW)
    assert only(store).record.state is DeliveryState.DROPPED


@pytest.mark.parametrize("kind", [FailureKind.DESTINATION_GONE, FailureKind.CREDENTIAL])
def test_a_retry_is_sent_at_once_although_the_circuit_is_open(store: Store, kind: FailureKind) -> None:
    enqueue(store, rendered())
    delivery = claimed(store)
    fail(store, delivery, kind)
    assert isinstance(claim(store, at=NOW + MINUTE, ignore_backoff=True), Wait)
    store.manual.retry(delivery.id, GATES)
    assert store.queries.open_circuits(LATER) == ()
    assert claimed(store, at=NOW + MINUTE).id == delivery.id


def test_without_an_address_no_circuit_is_closed(store: Store) -> None:
    enqueue(store, rendered())
    delivery = claimed(store)
    fail(store, delivery, FailureKind.DESTINATION_GONE)
    store.manual.retry(delivery.id, None)
    assert len(store.queries.open_circuits(LATER)) == 1


def test_a_dead_one_begins_again_with_its_rich_form(store: Store) -> None:
    store.manual.retry(in_state(store, DeliveryState.DEAD), GATES)
    assert claimed(store, at=LATER).payload == {"text": "hello"}


def test_an_unknown_one_keeps_the_form_it_was_sent_in(store: Store) -> None:
    enqueue(store, rendered())
    fail(store, claimed(store), FailureKind.REJECTED)
    plain = claimed(store, at=NOW + SECOND)
    fail(store, plain, FailureKind.UNKNOWN)
    store.manual.retry(plain.id, GATES)
    assert claimed(store, at=LATER).payload == {"text": "plain hello"}


def test_of_one_that_is_retried_the_crashes_are_counted_anew(store: Store) -> None:
    enqueue(store, rendered())
    for life in range(MAX_CRASHES):
        claimed(store, at=NOW + life * MINUTE, owner=DEAD)
    claim(store, at=LATER)
    assert only(store).record.state is DeliveryState.DEAD
    store.manual.retry(only(store).record.id, GATES)
    claimed(store, at=LATER + MINUTE, owner=DEAD)
    assert claimed(store, at=LATER + 2 * MINUTE).payload == {"text": "hello"}


def test_one_whose_text_is_pruned_has_nothing_to_send(store: Store) -> None:
    delivery_id = in_state(store, DeliveryState.DEAD)
    store.outbox.prune(LATER)
    with pytest.raises(RefusedError, match="its text is pruned"):
        store.manual.retry(delivery_id, GATES)
    assert only(store).record.state is DeliveryState.DEAD


def test_one_that_was_asked_for_again_is_not_pruned(store: Store) -> None:
    store.manual.retry(in_state(store, DeliveryState.DEAD), GATES)
    assert store.outbox.prune(LATER) == 0


def test_a_delivery_that_is_not_there_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError):
        store.manual.retry("0" * 32, GATES)
    with pytest.raises(KeyError):
        store.manual.drop("0" * 32, NOW)


def test_what_was_given_up_in_doubt_is_asked_about_when_it_is_tried_after_all(store: Store) -> None:
    delivery_id = in_state(store, DeliveryState.UNKNOWN)
    store.manual.drop(delivery_id, NOW)
    store.manual.retry(delivery_id, GATES)
    assert only(store).record.state is DeliveryState.UNKNOWN
