"""Counts of what the store holds, for monitoring: deliveries, limits, mailings, subscribers, suppressions.

Read in one transaction. Counts only: no name, no address, no text leaves the store here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from bot.model import DeliveryState, MailingState
from bot.store.database.tables import deliveries, gates, mailings, members, schema_version, suppressions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlalchemy import Column, Connection

    from bot.store.database import Database

_UNFINISHED = tuple(state.value for state in DeliveryState if not state.final)
_CLOSED = tuple(state.value for state in MailingState if state.closed)


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """What is in the store at one moment."""

    deliveries: Mapping[tuple[str, str], int]
    """By channel and state."""
    oldest_pending: Mapping[str, datetime]
    """By channel: since when the oldest delivery waits that could be sent now."""
    closed_limits: Mapping[str, int]
    """By kind (slack, slack-token, mail-relay, ...): how many circuits are open, so that nothing is sent there."""
    requests: Mapping[str, int]
    """By a mailing's state: how often arXiv was asked for mailings that are in it."""
    last_closed: Mapping[str, date]
    """By category: the date of the newest mailing that is known to be whole, or to be none."""
    members: int
    """Self-service subscribers that confirmed."""
    suppressions: Mapping[str, int]
    """By reason."""


class Figures:
    """Counts what the store holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def schema(self) -> str:
        """The schema's version: that it is answered shows that the store can be read.

        Raises:
            StoreError: the store cannot be read.
        """
        return str(self._database.read_scalar(select(schema_version.c.version_num)))

    def read(self, now: datetime) -> StoreFigures:
        """All of it, in one consistent read.

        Args:
            now: the moment, UTC: what waits for a later one does not count as waiting.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._database.reading() as connection:
            return StoreFigures(
                deliveries=_deliveries(connection),
                oldest_pending=_oldest_pending(connection, now),
                closed_limits=_closed_limits(connection, now),
                requests=_requests(connection),
                last_closed=_last_closed(connection),
                members=connection.scalar(select(func.count(members.c.confirmed_at))) or 0,
                suppressions=_counts(connection, suppressions.c.reason),
            )


def _counts(connection: Connection, column: Column[str]) -> dict[str, int]:
    """By each value of the column, how many rows have it."""
    return dict(connection.execute(select(column, func.count()).group_by(column)).all())


def _deliveries(connection: Connection) -> dict[tuple[str, str], int]:
    kind = (deliveries.c.channel, deliveries.c.state)
    found = connection.execute(select(*kind, func.count()).group_by(*kind))
    return {(channel, state): count for channel, state, count in found}


def _oldest_pending(connection: Connection, now: datetime) -> dict[str, datetime]:
    found = (
        select(deliveries.c.channel, func.min(deliveries.c.created_at))
        .where(
            deliveries.c.state.in_(_UNFINISHED),
            deliveries.c.state != DeliveryState.HELD.value,
            or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= now),
        )
        .group_by(deliveries.c.channel)
    )
    return dict(connection.execute(found).all())


def _closed_limits(connection: Connection, now: datetime) -> dict[str, int]:
    keys = connection.scalars(select(gates.c.key).where(gates.c.closed_until > now))
    return Counter(key.partition(":")[0] for key in keys)


def _requests(connection: Connection) -> dict[str, int]:
    found = select(mailings.c.state, func.sum(mailings.c.tries)).group_by(mailings.c.state)
    return {state: int(tries) for state, tries in connection.execute(found)}


def _last_closed(connection: Connection) -> dict[str, date]:
    found = (
        select(mailings.c.category, func.max(mailings.c.mailing_date))
        .where(mailings.c.state.in_(_CLOSED))
        .group_by(mailings.c.category)
    )
    return dict(connection.execute(found).all())
