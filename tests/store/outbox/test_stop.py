"""What waits for an address that must not be written to is dropped; what is over, or under way, is not touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.model import DeliveryState
from bot.store.database.tables import deliveries
from bot.store.outbox.claim import Claimed, ClaimRequest
from bot.store.outbox.policy import Lane
from bot.store.outbox.stop import Stopped
from bot.store.suppressions import Suppression, SuppressionReason, Via
from tests.store.outbox.test_outbox import GATES, ME, NOW, enqueue, rendered

if TYPE_CHECKING:
    from bot.store import Store

WAITING = [DeliveryState.PENDING, DeliveryState.UNKNOWN, DeliveryState.HELD]


@pytest.mark.parametrize("state", DeliveryState)
def test_what_waits_is_dropped_and_nothing_else(store: Store, state: DeliveryState) -> None:
    enqueue(store, rendered())
    with store._database.writing() as connection:
        connection.execute(deliveries.update().values(state=state, reason="before"))
    with store.transaction() as transaction:
        stopped = transaction.stop([Lane("lab", "")], "no", NOW)
    (record,) = store.queries.all()
    if state in WAITING:
        assert stopped == Stopped(dropped=1)
        assert (record.state, record.reason, record.settled_at) == (DeliveryState.DROPPED, "no", NOW)
    else:
        assert stopped == Stopped(being_sent=int(state is DeliveryState.SENDING))
        assert (record.state, record.reason) == (state, "before")


def test_only_these_lanes_are_stopped(store: Store) -> None:
    enqueue(store, rendered(), recipients=("a", "b"))
    enqueue(store, rendered(), name="other", recipients=("a",))
    with store.transaction() as transaction:
        assert transaction.stop([Lane("lab", "a"), Lane("lab", "c")], "no", NOW) == Stopped(dropped=1)
        assert transaction.stop([], "no", NOW) == Stopped()
    assert store.outbox.lanes() == (Lane("lab", "b"), Lane("other", "a"))


def test_law_10_what_was_composed_for_a_suppressed_mailbox_is_dropped_when_it_is_claimed(store: Store) -> None:
    with store.transaction() as transaction:
        no = Suppression("their-key", "s", SuppressionReason.UNSUBSCRIBED, Via.PAGE, None, NOW)
        transaction.suppressions.put(no)
    enqueue(store, rendered(), recipients=("theirs", "ours"))
    lanes = [Lane("lab", "theirs"), Lane("lab", "ours")]
    keys = [("their-key", "their-older-key"), ("our-key",)]
    requests = [ClaimRequest(lane, GATES, suppression_keys=those) for lane, those in zip(lanes, keys, strict=True)]
    dropped, claimed = store.outbox.claim_batch((), requests, owner=ME, now=NOW).outcomes
    assert dropped is None
    assert isinstance(claimed, Claimed)
    (record,) = store.queries.ended_since(NOW, DeliveryState.DROPPED)
    assert record.reason == "its mailbox is suppressed"
