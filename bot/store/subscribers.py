"""The state of each subscriber: how far it was told, and which slot was served last.

A subscriber is known by its name; nothing in here knows an address.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, exists, func, or_, select, true

from bot.model import DeliveryState
from bot.store.database import batched, rows_among
from bot.store.database.dialect import in_shard, insert
from bot.store.database.tables import announcements, deliveries, digest_papers, subscribers
from bot.store.database.values import value_of
from bot.store.feedback import Feedback

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

    from bot.model import Shard
    from bot.store.database import Database

_TOLD_KEY = (digest_papers.c.digest_id, digest_papers.c.identifier, digest_papers.c.version)
_SUBSCRIBERS_TOLD = (
    select(deliveries.c.subscriber, deliveries.c.digest_id)
    .group_by(deliveries.c.subscriber, deliveries.c.digest_id)
    .having(func.max(case((deliveries.c.state == DeliveryState.WITHDRAWN, 1), else_=0)) == 0)
)
"""Who was told which digests: no part of it was withdrawn."""

Told = frozenset[tuple[str, int]]
"""(identifier, 0) as new or cross, (identifier, version) as replaced."""


@dataclass(frozen=True, slots=True)
class SubscriberState:
    """The stored state of one subscriber."""

    name: str
    cursors: Mapping[str, int] = field(default_factory=dict)
    """`topic/category` -> the last announcement considered for it."""
    slot: datetime | None = None
    heard_until: date | None = None
    revision: int = 0
    """0: not stored yet."""
    due_at: datetime | None = None
    """Its next slot, UTC."""
    composed_as: int = 0
    """The revision of a self-service subscriber when it was last composed for; 0 for one of the YAML."""


class SubscriberStates:
    """Reads and changes the states of subscribers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def state(self, name: str) -> SubscriberState | None:
        """The state of a subscriber; None for a new one."""
        return self.states([name]).get(name)

    def states(self, names: Collection[str] | None = None) -> dict[str, SubscriberState]:
        """The states of these subscribers, or of all, by name; new ones are left out."""
        every = select(subscribers)
        with self._database.reading() as connection:
            named = rows_among(connection, every, subscribers.c.name, names or ())
            rows = connection.execute(every) if names is None else named
            return {row.name: _subscriber_state(row) for row in rows}

    def names(self) -> frozenset[str]:
        """The names of the YAML's subscribers with a state, those that are no longer in it included."""
        statement = select(subscribers.c.name).where(subscribers.c.composed_as == 0)
        return frozenset(row.name for row in self._database.read_rows(statement))

    def forget(self, names: Collection[str]) -> None:
        """Deletes their states: if they come back, they start at the latest mailing."""
        if not names:
            return
        with self._database.writing() as connection:
            for batch in batched(names):
                connection.execute(subscribers.delete().where(subscribers.c.name.in_(batch)))

    def rename(self, old: str, new: str) -> bool:
        """Moves a subscriber's state, deliveries and feedback to its new name.

        If both names have a state, the new one's counts if it was composed for, else the old one's.

        Returns:
            Whether there was anything under the old name.
        """
        if not self._is_known(old):
            return False
        with self._database.writing() as connection:
            both = select(subscribers).where(subscribers.c.name.in_((old, new))).with_for_update()
            states = {row.name: _subscriber_state(row) for row in connection.execute(both)}
            mine = deliveries.c.subscriber == old
            moved = connection.execute(deliveries.update().where(mine).values(subscriber=new)).rowcount
            Feedback(connection).rename(old, new)
            if old not in states:
                return bool(moved)
            forget(connection, old)
            before, ours = states[old], states.get(new, SubscriberState(new))
            first, then = (before, ours) if ours.heard_until else (ours, before)
            state = replace(then, name=new, cursors={**first.cursors, **then.cursors}, revision=ours.revision)
            put_states(connection, [state])
            return True

    def _is_known(self, name: str) -> bool:
        state = select(subscribers.c.name).where(subscribers.c.name == name)
        told = select(deliveries.c.seq).where(deliveries.c.subscriber == name)
        return bool(self._database.read_scalar(select(or_(state.exists(), told.exists()))))

    def told(self, identifiers: Collection[str], shard: Shard | None = None) -> dict[str, Told]:
        """What of these papers each subscriber was told, by name; those that were told of none are left out.

        A digest with a withdrawn part counts as not told. Subscribers with the same digests share one value.

        Args:
            identifiers: of the papers.
            shard: whose subscribers alone are looked for; all if there is none.
        """
        keys: dict[str, set[tuple[str, int]]] = {}
        digests_of: dict[str, set[str]] = {}
        with self._database.reading() as connection:
            theirs = true() if shard is None else in_shard(connection, deliveries.c.subscriber, shard)
            of_digest = deliveries.c.digest_id == digest_papers.c.digest_id
            told_to = true() if shard is None else exists().where(of_digest, theirs)
            those = select(*_TOLD_KEY).where(told_to)
            for key in rows_among(connection, those, digest_papers.c.identifier, identifiers):
                keys.setdefault(key.digest_id, set()).add((key.identifier, key.version))
            for row in rows_among(connection, _SUBSCRIBERS_TOLD.where(theirs), deliveries.c.digest_id, keys):
                digests_of.setdefault(row.subscriber, set()).add(row.digest_id)
        told_by_digests = {
            ids: frozenset[tuple[str, int]]().union(*(keys[each] for each in ids))
            for ids in map(frozenset, digests_of.values())
        }
        return {name: told_by_digests[frozenset(ids)] for name, ids in digests_of.items()}


class StateChangedError(Exception):
    """Another process composed for this subscriber meanwhile; nothing was written."""


def put_states(connection: Connection, states: Iterable[SubscriberState]) -> None:
    """Stores changed states, at most one per subscriber.

    Stored subscribers are written first, then new ones, both by name, so that two processes cannot deadlock.

    Raises:
        StateChangedError: a stored state has another revision by now. The transaction has to be rolled back.
    """
    ordered = sorted(states, key=attrgetter("name"))
    known = [{"of": state.name, "as_of": state.revision, **_values(state)} for state in ordered if state.revision]
    newcomers = [{"name": state.name, **_values(state)} for state in ordered if not state.revision]
    mine = (subscribers.c.name == bindparam("of")) & (subscribers.c.revision == bindparam("as_of"))
    for statement, rows in (
        (subscribers.update().where(mine), known),
        (insert(connection, subscribers).on_conflict_do_nothing(), newcomers),
    ):
        if rows and connection.execute(statement, rows).rowcount != len(rows):
            raise StateChangedError(", ".join(state.name for state in ordered))


def _values(state: SubscriberState) -> dict[str, Any]:
    return {
        "cursors": dict(state.cursors),
        "slot": state.slot,
        "told_through": state.heard_until,
        "seen": min(state.cursors.values(), default=None),
        "due_at": state.due_at,
        "composed_as": state.composed_as,
        "revision": state.revision + 1,
    }


def forget(connection: Connection, name: str) -> None:
    """Deletes the subscriber's state; if it comes back, it is a new subscriber."""
    connection.execute(subscribers.delete().where(subscribers.c.name == name))


def rewind(connection: Connection, name: str, digest_ids: Collection[str]) -> None:
    """Sets the subscriber's cursors back, so that the papers of these digests are considered again."""
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
    values = {"cursors": cursors, "seen": min(cursors.values(), default=None), "revision": row.revision + 1}
    connection.execute(subscribers.update().where(mine).values(**values))


def _subscriber_state(row: Row[Any]) -> SubscriberState:
    return value_of(SubscriberState, row, heard_until=row.told_through)
