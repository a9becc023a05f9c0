"""Drops what waits for addresses that must not be written to any more. Works inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import false, func, or_, select

from bot.model import DeliveryState
from bot.store.database.dialect import Lock, hold_lock
from bot.store.database.tables import deliveries
from bot.store.outbox.policy import WAITING

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.store.outbox.policy import Lane


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many deliveries to such addresses were dropped, and how many could not be."""

    dropped: int = 0
    being_sent: int = 0
    """How many were being sent at that moment, and could not be stopped."""


def stop(connection: Connection, lanes: Collection[Lane], reason: str, now: datetime) -> Stopped:
    """Drops what waits in these lanes. Its papers count as told."""
    if not lanes:
        return Stopped()
    # Compose holds this lock until what it wrote is visible; what it writes later is stopped when it is claimed.
    hold_lock(connection, Lock.DELIVERIES, shared=True)
    return Stopped(drop_waiting(connection, lanes, reason, now), count_being_sent(connection, lanes))


def count_being_sent(connection: Connection, lanes: Collection[Lane]) -> int:
    """How many deliveries of these lanes are being sent."""
    here = or_(false(), *(lane.where for lane in lanes))
    return connection.scalar(select(func.count()).where(here, deliveries.c.state == DeliveryState.SENDING)) or 0


def drop_waiting(connection: Connection, lanes: Collection[Lane], reason: str, now: datetime) -> int:
    """Drops what waits in these lanes, and returns how many. What is composed meanwhile may be missed; see `stop`."""
    values = {"state": DeliveryState.DROPPED, "reason": reason, "not_before": None, "settled_at": now}
    here = or_(false(), *(lane.where for lane in lanes))
    waiting = deliveries.update().where(here, deliveries.c.state.in_(WAITING))
    return connection.execute(waiting.values(**values)).rowcount
