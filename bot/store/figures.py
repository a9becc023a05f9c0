"""Counts of what the store holds, for monitoring: deliveries, limits, mailings, subscribers, suppressions.

Read in one transaction. Counts only: no name, no address, no text leaves the store here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from bot.model import DeliveryState, MailingState
from bot.store.database.tables import deliveries, gates, mailings, members, schema_version, suppressions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlalchemy import Connection

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
        with self._database.reading() as connection:
            return str(connection.scalar(select(schema_version.c.version_num)))

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
                members=connection.scalar(
                    select(func.count()).select_from(members).where(members.c.confirmed_at.is_not(None))
                )
                or 0,
                suppressions=_suppressions(connection),
            )


def _deliveries(connection: Connection) -> Mapping[tuple[str, str], int]:
    found = select(deliveries.c.channel, deliveries.c.state, func.count()).group_by(
        deliveries.c.channel, deliveries.c.state
    )
    return {(channel, state): count for channel, state, count in connection.execute(found)}


def _oldest_pending(connection: Connection, now: datetime) -> Mapping[str, datetime]:
    found = (
        select(deliveries.c.channel, func.min(deliveries.c.created_at))
        .where(
            deliveries.c.state.in_(_UNFINISHED),
            deliveries.c.state != DeliveryState.HELD.value,
            or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= now),
        )
        .group_by(deliveries.c.channel)
    )
    return {row[0]: row[1] for row in connection.execute(found)}


def _closed_limits(connection: Connection, now: datetime) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for key in connection.scalars(select(gates.c.key).where(gates.c.closed_until > now)):
        kind = key.partition(":")[0]
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def _requests(connection: Connection) -> Mapping[str, int]:
    found = select(mailings.c.state, func.sum(mailings.c.tries)).group_by(mailings.c.state)
    return {state: int(tries) for state, tries in connection.execute(found)}


def _last_closed(connection: Connection) -> Mapping[str, date]:
    found = (
        select(mailings.c.category, func.max(mailings.c.mailing_date))
        .where(mailings.c.state.in_(_CLOSED))
        .group_by(mailings.c.category)
    )
    return {row[0]: row[1] for row in connection.execute(found)}


def _suppressions(connection: Connection) -> Mapping[str, int]:
    found = select(suppressions.c.reason, func.count()).group_by(suppressions.c.reason)
    return {row[0]: row[1] for row in connection.execute(found)}
