"""What is remembered of each subscriber: how far it was told, and which of its hours was served last.

A subscriber is its key in the YAML; nothing in here knows an address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from bot.model import DeliveryState
from bot.store.dialect import insert
from bot.store.engine import batched
from bot.store.tables import announcements, deliveries, digest_papers, subscribers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

    from bot.store.engine import Database


@dataclass(frozen=True, slots=True)
class ReaderState:
    """One subscriber's memory."""

    name: str
    cursors: Mapping[str, int] = field(default_factory=dict)
    """`topic/category` -> the last announcement considered for it."""
    slot: datetime | None = None
    told_through: date | None = None
    revision: int = 0
    """0: not stored yet."""


class Readers:
    """The subscribers' side of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def state(self, name: str) -> ReaderState | None:
        """What is remembered of a subscriber; None for a newcomer."""
        with self._database.reading() as connection:
            row = connection.execute(select(subscribers).where(subscribers.c.name == name)).one_or_none()
        return None if row is None else _reader_state(row)

    def told(self, name: str, identifiers: Collection[str]) -> frozenset[tuple[str, int]]:
        """What of these papers was told: (identifier, 0) as new or cross, (identifier, version) as replaced.

        A digest of which a part was withdrawn was never told.
        """
        mine = (deliveries.c.digest_id == digest_papers.c.digest_id) & (deliveries.c.subscriber == name)
        withdrawn = deliveries.c.state == DeliveryState.WITHDRAWN
        found: set[tuple[str, int]] = set()
        with self._database.reading() as connection:
            for batch in batched(sorted(identifiers)):
                statement = select(digest_papers.c.identifier, digest_papers.c.version).where(
                    digest_papers.c.identifier.in_(batch),
                    select(deliveries.c.seq).where(mine).exists(),
                    ~select(deliveries.c.seq).where(mine, withdrawn).exists(),
                )
                found.update((row.identifier, row.version) for row in connection.execute(statement))
        return frozenset(found)


class StateChangedError(Exception):
    """Another process composed for this subscriber in the meantime; nothing was written."""


def put_state(connection: Connection, state: ReaderState) -> None:
    """Replace the state this one was made from.

    Raises:
        StateChangedError: the stored one is no longer that of `state.revision`.
    """
    values: dict[str, Any] = {
        "cursors": dict(state.cursors),
        "slot": state.slot,
        "told_through": state.told_through,
        "revision": state.revision + 1,
    }
    if state.revision == 0:
        newcomer = insert(connection, subscribers).values(name=state.name, **values)
        done = connection.execute(newcomer.on_conflict_do_nothing())
    else:
        mine = (subscribers.c.name == state.name) & (subscribers.c.revision == state.revision)
        done = connection.execute(subscribers.update().where(mine).values(**values))
    if done.rowcount != 1:
        raise StateChangedError(state.name)


def forget(connection: Connection, name: str) -> None:
    """The subscriber is gone; if it comes back, it is a newcomer."""
    connection.execute(subscribers.delete().where(subscribers.c.name == name))


def rewind(connection: Connection, name: str, digest_ids: Collection[str]) -> None:
    """Have the subscriber consider again what these digests were to tell it."""
    mine = subscribers.c.name == name
    row = connection.execute(select(subscribers).where(mine).with_for_update()).one_or_none()
    latest = (
        select(announcements.c.identifier, func.max(announcements.c.mailing_date).label("day"))
        .join(digest_papers, digest_papers.c.identifier == announcements.c.identifier)
        .where(digest_papers.c.digest_id.in_(digest_ids))
        .group_by(announcements.c.identifier)
        .subquery()
    )
    same = (announcements.c.identifier == latest.c.identifier) & (announcements.c.mailing_date == latest.c.day)
    first = connection.scalar(select(func.min(announcements.c.seq)).join(latest, same))
    if row is None or first is None:
        return
    cursors = {key: min(cursor, first - 1) for key, cursor in row.cursors.items()}
    connection.execute(subscribers.update().where(mine).values(cursors=cursors, revision=row.revision + 1))


def _reader_state(row: Row[Any]) -> ReaderState:
    return ReaderState(
        name=row.name,
        cursors=row.cursors,
        slot=row.slot,
        told_through=row.told_through,
        revision=row.revision,
    )
