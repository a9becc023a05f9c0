"""Stops what waits for addresses that must not be written to any more. Works inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from bot.model import DeliveryState
from bot.store.database.dialect import Lock, hold_lock
from bot.store.database.tables import deliveries
from bot.store.outbox.policy import OPEN

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from bot.store.outbox.policy import Lane

_WAITING = [state for state in OPEN if state is not DeliveryState.SENDING]


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of the deliveries to addresses that must not be written to any more."""

    dropped: int = 0
    being_sent: int = 0
    """Which could not be stopped: they were on their way at that moment."""


def stop(connection: Connection, lanes: Collection[Lane], reason: str, now: datetime) -> Stopped:
    """Drop what waits in these lanes. What it tells of counts as told."""
    if not lanes:
        return Stopped()
    # Whoever composes holds this lock until what it wrote can be seen; what is written later is stopped when claimed.
    hold_lock(connection, Lock.DELIVERIES, shared=True)
    here = or_(*(lane.where for lane in lanes))
    dropped = _drop(connection, here, reason, now)
    sending = select(func.count()).where(here, deliveries.c.state == DeliveryState.SENDING)
    return Stopped(dropped, connection.scalar(sending) or 0)


def stop_claimed(connection: Connection, lanes: Collection[Lane], now: datetime) -> None:
    """Drop what waits in lanes whose heads the caller has locked in order to claim them, and found suppressed."""
    if lanes:
        _drop(connection, or_(*(lane.where for lane in lanes)), "its mailbox is suppressed", now)


def _drop(connection: Connection, where: ColumnElement[bool], reason: str, now: datetime) -> int:
    values = {"state": DeliveryState.DROPPED, "reason": reason, "not_before": None, "settled_at": now}
    waiting = deliveries.update().where(where, deliveries.c.state.in_(_WAITING))
    return connection.execute(waiting.values(**values)).rowcount
