"""Deliveries whose outcome is unknown: asked about by one at a time, and settled by the answer alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import DeliveryError, FailureKind
from bot.model import DeliveryState, Limit, Limits, Receipt, UnknownDelivery
from bot.store.outbox import Claimed
from bot.store.outbox.policy import LEASE, MAX_CRASHES, ClaimLostError, Lane, Wait
from tests.store.one_lane import claim_one, settle_sent
from tests.store.outbox.test_outbox import (
    DEAD,
    ELSEWHERE,
    GATES,
    LANE,
    ME,
    MINUTE,
    NOW,
    SECOND,
    claimed,
    enqueue,
    fail,
    message,
    rendered,
    states,
)

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store import Store
    from bot.store.worker import WorkerId

LATER = NOW + MINUTE


def unknown(store: Store) -> None:
    enqueue(store, rendered())
    fail(store, claimed(store), FailureKind.UNKNOWN)


def take(
    store: Store, *, at: datetime = LATER, owner: WorkerId = ME, lane: Lane = LANE
) -> Claimed | UnknownDelivery | Wait | None:
    store.outbox.recover(lane, owner=owner, now=at)
    return claim_one(store.outbox, lane, GATES, owner=owner, now=at, ignore_backoff=False)


def claim_unknown(store: Store, *, at: datetime = LATER, owner: WorkerId = ME, lane: Lane = LANE) -> UnknownDelivery:
    found = take(store, at=at, owner=owner, lane=lane)
    assert isinstance(found, UnknownDelivery), found
    return found


def test_of_two_who_would_ask_one_does(store: Store) -> None:
    unknown(store)
    claim_unknown(store, owner=ELSEWHERE)
    waits = take(store)
    assert isinstance(waits, Wait)
    assert "asking what became of it" in waits.reason
    assert states(store) == [DeliveryState.UNKNOWN]


def test_who_dies_while_asking_is_followed_at_once_and_has_killed_nothing(store: Store) -> None:
    unknown(store)
    ids = [claim_unknown(store, owner=DEAD).delivery.id for _ in range(MAX_CRASHES + 1)]
    assert store.queries.detail(ids[0]).deaths == 0


def test_who_asks_elsewhere_is_waited_for_until_its_lease_is_over_and_can_then_settle_nothing(store: Store) -> None:
    unknown(store)
    theirs = claim_unknown(store, owner=ELSEWHERE)
    assert isinstance(take(store, at=LATER + LEASE - SECOND), Wait)
    claim_unknown(store, at=LATER + LEASE)
    with pytest.raises(ClaimLostError):
        store.outbox.reconciliation.mark_not_found(theirs.delivery, owner=ELSEWHERE, now=LATER)
    assert states(store) == [DeliveryState.UNKNOWN]


def test_what_was_found_is_sent_under_the_platform_s_id(store: Store) -> None:
    unknown(store)
    asked = claim_unknown(store)
    state = store.outbox.reconciliation.mark_found(asked.delivery, Receipt("ts1"), GATES, owner=ME, now=LATER)
    assert state is DeliveryState.SENT
    assert store.queries.detail(asked.delivery.id).platform_id == "ts1"


def test_one_message_proves_one_of_two_equal_deliveries(store: Store) -> None:
    unknown(store)
    enqueue(store, rendered(), name="neighbour")
    neighbours = Lane("neighbour", "")
    elsewhere = Limits(Limit("slack:c2", 1.0), GATES.credential)
    sending = claim_one(store.outbox, neighbours, elsewhere, owner=ME, now=LATER, ignore_backoff=False)
    assert isinstance(sending, Claimed)
    mine = claim_unknown(store, at=LATER + SECOND)
    settle_sent(store.outbox, sending.delivery, Receipt("m1"), elsewhere, owner=ME, now=LATER + SECOND)
    state = store.outbox.reconciliation.mark_found(mine.delivery, Receipt("m1"), GATES, owner=ME, now=LATER + SECOND)
    assert state is DeliveryState.UNKNOWN
    assert claim_unknown(store, at=LATER + 2 * MINUTE).ids_of_others == {"m1"}


def test_the_first_message_of_the_last_digest_that_arrived_is_the_last_known_id(store: Store) -> None:
    """Its others may stand in a thread, where an id means nothing to who asks in the place itself."""
    enqueue(store, rendered(message("one"), message("two"), message("three")))
    settle_sent(store.outbox, claimed(store), Receipt("m1"), GATES, owner=ME, now=NOW)
    settle_sent(store.outbox, claimed(store, at=NOW + SECOND), Receipt("m2"), GATES, owner=ME, now=NOW + SECOND)
    fail(store, claimed(store, at=NOW + 2 * SECOND), FailureKind.UNKNOWN)
    found = claim_unknown(store, at=LATER + 2 * SECOND)
    assert (found.last_known_id, sorted(found.ids_of_others)) == ("m1", ["m1", "m2"])
    assert found.delivery.payload == {"text": "three"}


def test_what_is_missing_is_sent_again_at_once_under_its_old_id(store: Store) -> None:
    unknown(store)
    asked = claim_unknown(store)
    store.outbox.reconciliation.mark_not_found(asked.delivery, owner=ME, now=LATER)
    again = claimed(store, at=LATER)
    assert (again.id, again.payload, again.tries) == (asked.delivery.id, asked.delivery.payload, 2)


def test_a_question_that_fails_is_asked_again_later_each_time(store: Store) -> None:
    unknown(store)
    at, waits = LATER, []
    for _ in range(3):
        asked = claim_unknown(store, at=at)
        error = DeliveryError(FailureKind.TRANSIENT, "no answer")
        store.outbox.reconciliation.mark_lookup_failed(asked.delivery, error, GATES, owner=ME, now=at)
        wait = take(store, at=at + SECOND)
        assert isinstance(wait, Wait)
        waits.append((wait.until - at) // MINUTE)
        at = wait.until
    assert waits == [10, 20, 40]
    assert states(store) == [DeliveryState.UNKNOWN]


def test_who_stops_frees_what_it_is_asking_about(store: Store) -> None:
    unknown(store)
    claim_unknown(store, owner=ELSEWHERE)
    assert store.outbox.abandon(ELSEWHERE, LATER) == 0
    claim_unknown(store)


def test_after_a_crash_each_that_was_under_way_is_sent_alone_so_that_only_its_cause_crashes_again(
    store: Store,
) -> None:
    lanes = [Lane("killer", ""), Lane("innocent", "")]
    limits = {lane: Limits(Limit(f"slack:{lane.subscriber}", 0.0), Limit("token", 0.0)) for lane in lanes}
    for lane in lanes:
        enqueue(store, rendered(message(lane.subscriber)), name=lane.subscriber)

    def taken(lane: Lane, at: datetime, owner: WorkerId) -> Claimed | UnknownDelivery | Wait | None:
        store.outbox.recover(lane, owner=owner, now=at)
        found = claim_one(store.outbox, lane, limits[lane], owner=owner, now=at, ignore_backoff=True)
        if isinstance(found, UnknownDelivery):
            store.outbox.reconciliation.mark_not_found(found.delivery, owner=owner, now=at)
            return claim_one(store.outbox, lane, limits[lane], owner=owner, now=at, ignore_backoff=True)
        return found

    at = NOW
    for life in range(MAX_CRASHES):
        at, owner = at + timedelta(minutes=2), replace(DEAD, started=str(life + 1))
        assert isinstance(taken(lanes[0], at, owner), Claimed)
        found = taken(lanes[1], at, owner)
        assert isinstance(found, Claimed if life == 0 else Wait)
    assert taken(lanes[0], at, ME) is None
    assert isinstance(taken(lanes[1], at, ME), Claimed)
    (given_up,) = store.queries.ended_since(NOW, DeliveryState.DEAD)
    assert given_up.subscriber == "killer"


def test_a_limit_that_a_clock_far_ahead_has_held_still_paces_and_obeys_when_it_is_right_again(store: Store) -> None:
    enqueue(store, rendered(message("one"), message("two")))
    fail(store, claimed(store, at=NOW + timedelta(days=400)), FailureKind.RATE_LIMITED, at=NOW + timedelta(days=400))
    fail(store, claimed(store), FailureKind.RATE_LIMITED, retry_after=30)
    wait = take(store, at=NOW + SECOND)
    assert isinstance(wait, Wait)
    assert wait.until == NOW + 30 * SECOND
