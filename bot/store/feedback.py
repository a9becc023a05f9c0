"""Readers' feedback on papers: each reader's last word. Works inside a transaction; a person is a keyed hash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from bot.store.database import rows_among
from bot.store.database.dialect import upsert
from bot.store.database.tables import feedback
from bot.store.database.values import row_of, value_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection


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
        return next(iter(self._records(_about(subscriber, persons, identifier), feedback.c.at.desc())), None)

    def put(self, record: FeedbackRecord) -> None:
        """Store it, in place of what the person said of the paper before."""
        row = row_of(record, verdict=record.opinion.value)
        del row["opinion"]
        upsert(self._connection, feedback, row)

    def take_back(self, subscriber: str, persons: Collection[str], identifier: str) -> None:
        """Forget what the person said of the paper."""
        self._connection.execute(feedback.delete().where(_about(subscriber, persons, identifier)))

    def of_persons(self, persons: Collection[str]) -> tuple[FeedbackRecord, ...]:
        """All that a person said, wherever, the newest first."""
        return self._records(feedback.c.person.in_(persons), feedback.c.at.desc(), feedback.c.identifier)

    def of_subscriber(self, subscriber: str) -> tuple[FeedbackRecord, ...]:
        """All that was said of what the subscriber was shown, the newest first."""
        return self._records(feedback.c.subscriber == subscriber, feedback.c.at.desc(), feedback.c.identifier)

    def votes(self, subscribers: Collection[str]) -> Iterator[Vote]:
        """All that was said of what these subscribers were shown, by subscriber, the oldest first."""
        of = feedback.c
        statement = select(of.subscriber, of.topic, of.identifier, of.verdict)
        ordered = statement.order_by(of.subscriber, of.at, of.identifier, of.person)
        return map(Vote._make, rows_among(self._connection, ordered, of.subscriber, subscribers))

    def said_after(self, subscribers: Collection[str], moment: datetime) -> tuple[FeedbackRecord, ...]:
        """All that was said after a moment of what any of these subscribers was shown, the oldest first."""
        theirs = feedback.c.subscriber.in_(subscribers) & (feedback.c.at > moment)
        order = (feedback.c.at, feedback.c.subscriber, feedback.c.person, feedback.c.identifier)
        return self._records(theirs, *order)

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

    def _records(self, where: ColumnElement[bool], *order: ColumnElement[Any]) -> tuple[FeedbackRecord, ...]:
        rows = self._connection.execute(select(feedback).where(where).order_by(*order))
        return tuple(value_of(FeedbackRecord, row, opinion=Opinion(row.verdict)) for row in rows)


def _about(subscriber: str, persons: Collection[str], identifier: str) -> ColumnElement[bool]:
    """What the person said of the paper."""
    of = feedback.c
    return (of.subscriber == subscriber) & of.person.in_(persons) & (of.identifier == identifier)
