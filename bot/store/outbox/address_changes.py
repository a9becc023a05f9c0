"""Drops, withdraws or moves the deliveries that are left for an address that is gone or has changed.

Which of these is decided in `deliver/addressing`. A delivery that is being sent stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from bot.model import DeliveryState
from bot.store.database.tables import deliveries
from bot.store.outbox.policy import OPEN, WAITING, Lane
from bot.store.subscribers import forget, rewind

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database

_IS_WAITING = deliveries.c.state.in_(WAITING)


class AddressChanges:
    """What `deliver/addressing` does to deliveries whose address is gone or has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lanes_with_channel(self) -> tuple[tuple[Lane, str], ...]:
        """Every lane with open deliveries, once for each channel that these were composed for."""
        columns = (deliveries.c.subscriber, deliveries.c.recipient, deliveries.c.channel)
        statement = select(*columns).where(deliveries.c.state.in_(OPEN)).distinct()
        rows = self._database.read_rows(statement)
        return tuple(sorted((Lane(row.subscriber, row.recipient), row.channel) for row in rows))

    def drop(self, lane: Lane, reason: str, now: datetime) -> int:
        """Drops the lane's open deliveries. Returns how many."""
        values = {"state": DeliveryState.DROPPED, "reason": reason, "settled_at": now}
        with self._database.writing() as connection:
            return connection.execute(deliveries.update().where(lane.where, _IS_WAITING).values(**values)).rowcount

    def withdraw(self, subscriber: str, reason: str, now: datetime, *, but_for: str | None = None) -> int:
        """Withdraws the open deliveries of a subscriber that is gone or moved to another channel: as if never told.

        The state of one that is gone is deleted. For one that moved, the cursors are set back to before the first of
        the withdrawn papers, so that they are composed anew.

        Args:
            subscriber: its name.
            reason: why, for people.
            now: the moment, UTC.
            but_for: the channel it is on now, whose deliveries stay; None if it is gone.

        Returns:
            The number of deliveries withdrawn.
        """
        where = (deliveries.c.subscriber == subscriber) & _IS_WAITING
        if but_for is not None:
            where &= deliveries.c.channel != but_for
        with self._database.writing() as connection:
            ours = select(deliveries.c.seq, deliveries.c.digest_id).where(where).order_by(deliveries.c.seq)
            left = connection.execute(ours.with_for_update()).all()
            if but_for is None:
                forget(connection, subscriber)
            elif left:
                rewind(connection, subscriber, {row.digest_id for row in left})
            values = {"state": DeliveryState.WITHDRAWN, "reason": reason, "settled_at": now}
            connection.execute(deliveries.update().where(where).values(**values))
            return len(left)

    def readdress(self, lane: Lane, recipient: str) -> None:
        """Moves the lane's open deliveries to the subscriber's new address, in order.

        Nothing is moved while one of them is being sent: if that fails, it would come after the others.
        """
        other = deliveries.alias()
        sending = select(other.c.seq).where(
            other.c.subscriber == lane.subscriber,
            other.c.recipient == lane.recipient,
            other.c.state == DeliveryState.SENDING,
        )
        left = (lane.where, _IS_WAITING, ~sending.exists())
        with self._database.writing() as connection:
            connection.execute(deliveries.update().where(*left).values(recipient=recipient))

    def had_one_address(self, lane: Lane) -> bool:
        """Whether the lane's newest digest was composed for one address only, even if it was moved since."""
        newest = (
            select(deliveries.c.digest_id, deliveries.c.part, deliveries.c.created_at)
            .where(lane.where)
            .order_by(deliveries.c.seq.desc())
            .limit(1)
            .subquery()
        )
        composed_with_it = and_(*(deliveries.c[column.name] == column for column in newest.c))
        statement = (
            select(func.count())
            .select_from(deliveries.join(newest, composed_with_it))
            .where(deliveries.c.subscriber == lane.subscriber)
        )
        return bool(self._database.read_scalar(statement) == 1)
