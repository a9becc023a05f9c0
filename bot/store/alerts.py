"""Remembers which alerts the operator was told, so that each is told at most once a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.database.dialect import Lock, hold_lock, upsert
from bot.store.database.tables import concerns as alerts_table
from bot.store.outbox.enqueue import put_all
from bot.store.outbox.policy import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.store.database import Database
    from bot.store.outbox.enqueue import RenderedDigest


class Alerts:
    """The alerts that the operator was told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def not_told(self, keys: Iterable[str], *, since: datetime) -> frozenset[str]:
        """Which of these alerts the operator was not told since that moment."""
        with self._database.reading() as connection:
            return frozenset(keys) - _told(connection, since)

    def enqueue(
        self,
        subscriber: str,
        rendered: RenderedDigest,
        recipients: Sequence[str],
        now: datetime,
        *,
        alerts: Sequence[str],
        since: datetime,
    ) -> bool:
        """Writes a message to the operator into the outbox, and that its alerts were told, in one transaction.

        Returns:
            Whether it did; False if another process told one of them since that moment.
        """
        with self._database.writing() as connection:
            hold_lock(connection, Lock.DELIVERIES)  # which another process holds while it tells the same
            if not _told(connection, since).isdisjoint(alerts):
                return False
            put_all(connection, [(rendered, [Lane(subscriber, recipient) for recipient in recipients])], now)
            upsert(connection, alerts_table, *({"key": key, "told_at": now} for key in alerts))
        return True


def _told(connection: Connection, since: datetime) -> frozenset[str]:
    return frozenset(connection.scalars(select(alerts_table.c.key).where(alerts_table.c.told_at > since)))
