"""Readers' feedback on papers: each reader's last word. Works inside a transaction; a person is a keyed hash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from bot.store.database import batched
from bot.store.database.dialect import insert
from bot.store.database.tables import feedback
from bot.store.database.values import value_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Row


class Opinion(StrEnum):
    """What a reader can say of a paper."""

    MORE = "more"
    LESS = "less"
    SAVED = "saved"


@dataclass(frozen=True, slots=True)
class FeedbackRecord:
    """A reader's last word on one paper."""

    subscriber: str
    """To whom the paper was shown."""
    person: str
    """A keyed hash."""
    identifier: str
    opinion: Opinion
    place: str
    """Where it was said: mail, web, slack, discord."""
    at: datetime
    topic: str | None = None
    """In whose section of the digest the paper stood; None where that is not known."""


class Vote(NamedTuple):
    """As much of a record as an order is learned from."""

    subscriber: str
    topic: str | None
    identifier: str
    opinion: str
    """An `Opinion`'s value: a million of these may be read at once."""


class Feedback:
    """The feedback, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, subscriber: str, persons: Collection[str], identifier: str) -> FeedbackRecord | None:
        """The person's last word on the paper; `persons` are its keys under every secret that counts."""
        mine = feedback.c.person.in_(persons) & (feedback.c.identifier == identifier)
        statement = select(feedback).where(mine, feedback.c.subscriber == subscriber).order_by(feedback.c.at.desc())
        row = self._connection.execute(statement).first()
        return None if row is None else _record(row)

    def put(self, record: FeedbackRecord) -> None:
        """Store it, in place of what the person said of the paper before."""
        values = {
            "topic": record.topic,
            "verdict": record.opinion.value,
            "place": record.place,
            "at": record.at,
        }
        key = {"subscriber": record.subscriber, "person": record.person, "identifier": record.identifier}
        statement = insert(self._connection, feedback).values(**key, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    def take_back(self, subscriber: str, persons: Collection[str], identifier: str) -> None:
        """Forget what the person said of the paper."""
        mine = feedback.c.person.in_(persons) & (feedback.c.identifier == identifier)
        self._connection.execute(feedback.delete().where(mine, feedback.c.subscriber == subscriber))

    def of_persons(self, persons: Collection[str]) -> tuple[FeedbackRecord, ...]:
        """All that a person said, wherever, the newest first."""
        mine = select(feedback).where(feedback.c.person.in_(persons))
        rows = self._connection.execute(mine.order_by(feedback.c.at.desc(), feedback.c.identifier))
        return tuple(map(_record, rows))

    def of_subscriber(self, subscriber: str) -> tuple[FeedbackRecord, ...]:
        """All that was said of what the subscriber was shown, the newest first."""
        mine = select(feedback).where(feedback.c.subscriber == subscriber)
        rows = self._connection.execute(mine.order_by(feedback.c.at.desc(), feedback.c.identifier))
        return tuple(map(_record, rows))

    def votes(self, subscribers: Collection[str]) -> Iterator[Vote]:
        """All that was said of what these subscribers were shown, by subscriber, the oldest first."""
        of = feedback.c
        columns, order = (of.subscriber, of.topic, of.identifier, of.verdict), (of.at, of.identifier, of.person)
        for batch in batched(sorted(subscribers)):
            statement = select(*columns).where(of.subscriber.in_(batch)).order_by(of.subscriber, *order)
            yield from map(Vote._make, self._connection.execute(statement))

    def said_after(self, subscribers: Collection[str], moment: datetime) -> tuple[FeedbackRecord, ...]:
        """All that was said after a moment of what any of these subscribers was shown, the oldest first."""
        theirs = feedback.c.subscriber.in_(subscribers) & (feedback.c.at > moment)
        order = (feedback.c.at, feedback.c.subscriber, feedback.c.person, feedback.c.identifier)
        return tuple(map(_record, self._connection.execute(select(feedback).where(theirs).order_by(*order))))

    def rename(self, old: str, new: str) -> None:
        """Move what was said of what a subscriber was shown to its new name; what is there already stays."""
        there = feedback.alias()
        same = (there.c.person == feedback.c.person) & (there.c.identifier == feedback.c.identifier)
        known = select(there.c.person).where(there.c.subscriber == new, same).exists()
        self._connection.execute(feedback.delete().where(feedback.c.subscriber == old, known))
        self._connection.execute(feedback.update().where(feedback.c.subscriber == old).values(subscriber=new))

    def forget(self, subscriber: str, persons: Collection[str]) -> int:
        """Forget all that was said of what the subscriber was shown, and all that these persons said. How much."""
        either = (feedback.c.subscriber == subscriber) | feedback.c.person.in_(persons)
        return self._connection.execute(feedback.delete().where(either)).rowcount


def _record(row: Row[Any]) -> FeedbackRecord:
    return value_of(FeedbackRecord, row, opinion=Opinion(row.verdict))
