"""What waits for an address that must not be written to is dropped; what is over, or under way, is not touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.model import DeliveryState
from bot.store.database.tables import deliveries
from bot.store.outbox.policy import Lane
from bot.store.outbox.stop import Stopped
from tests.store.outbox.test_outbox import NOW, enqueue, rendered

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
