"""Reads the outbox: what is left, what went wrong, what became of one paper. Only reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, true

from bot.model import DeliveryState, Hit
from bot.store.database import rows_among
from bot.store.database.tables import (
    IS_ITS_MESSAGE,
    bounces,
    deliveries,
    digest_papers,
    digests,
    gates,
    messages,
)
from bot.store.database.values import value_of
from bot.store.limits import LimitState
from bot.store.outbox.policy import OPEN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

    from bot.store.database import Database
    from bot.store.outbox.policy import Lane

_GIVEN_UP = (DeliveryState.DEAD, DeliveryState.DROPPED)
_SHORT_ID, _FULL_ID = 8, 32


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One delivery as stored, without its payload."""

    id: str
    subscriber: str
    channel: str
    title: str
    part: int
    parts: int
    state: DeliveryState
    tries: int
    reason: str | None
    not_before: datetime | None
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """Everything that is stored of one delivery; its texts only if asked for."""

    record: DeliveryRecord
    recipient: str
    """The key of one of the subscriber's addresses: a hash, never the address itself."""
    digest: str
    plain: bool
    """Whether the plain form is the one to be sent."""
    deaths: int
    """How often a process died while sending it."""
    owner: str | None
    """The process that is sending it, as `WorkerId` writes it."""
    lease_until: datetime | None
    platform_id: str | None
    """The platform's id of the message."""
    papers: tuple[str, ...]
    """Identifiers of the papers in its digest."""
    pruned: bool
    """Whether its texts were deleted after `keep_days`."""
    payload: Mapping[str, Any] | None = None
    plain_payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SentRecord:
    """The delivery that a bounce is about."""

    id: str
    subscriber: str
    recipient: str


@dataclass(frozen=True, slots=True)
class ToldRecord:
    """That a digest told a subscriber of a paper, and the states of that digest's deliveries."""

    subscriber: str
    version: int
    """0: as new or cross-listed; else this version as replaced."""
    topic: str
    shown: bool
    hits: tuple[Hit, ...]
    title: str
    created_at: datetime
    states: tuple[DeliveryState, ...]


class OutboxQueries:
    """Queries for status, explain, bounces and the list of deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unfinished(self) -> tuple[DeliveryRecord, ...]:
        """Deliveries that are not final, in order."""
        return self._deliveries(deliveries.c.state.in_(OPEN))

    def ended_since(self, moment: datetime, *states: DeliveryState) -> tuple[DeliveryRecord, ...]:
        """Deliveries that got one of these final states since then, in order."""
        return self._deliveries(deliveries.c.state.in_(states) & (deliveries.c.settled_at >= moment))

    def current(self, since: datetime) -> tuple[DeliveryRecord, ...]:
        """Deliveries that are not final, and those that are dead or dropped since then, in order."""
        ended = deliveries.c.state.in_(_GIVEN_UP) & (deliveries.c.settled_at >= since)
        return self._deliveries(deliveries.c.state.in_(OPEN) | ended)

    def all(self, *states: DeliveryState) -> tuple[DeliveryRecord, ...]:
        """All deliveries, or all in one of these states, in order."""
        return self._deliveries(deliveries.c.state.in_(states) if states else true())

    def ids_beginning_with(self, prefix: str, *, most: int = 2) -> tuple[str, ...]:
        """The first `most` ids that begin with the prefix: one if it is unambiguous, none if it is unknown."""
        like = deliveries.c.id.startswith(prefix.lower(), autoescape=True)
        statement = select(deliveries.c.id).where(like).order_by(deliveries.c.id).limit(most)
        return tuple(row.id for row in self._database.read_rows(statement))

    def id_length(self) -> int:
        """The shortest length at which all stored ids differ; at least eight characters."""
        with self._database.reading() as connection:
            count = connection.scalar(select(func.count(deliveries.c.id)))
            for length in range(_SHORT_ID, _FULL_ID):
                start = func.substr(deliveries.c.id, 1, length)
                if connection.scalar(select(func.count(start.distinct()))) == count:
                    return length
        return _FULL_ID

    def detail(self, delivery_id: str, *, texts: bool = False) -> DeliveryDetail:
        """One delivery, with its texts if asked for.

        Raises:
            KeyError: there is no delivery of that id.
        """
        statement = (
            select(deliveries, digests.c.title, messages.c.payload, messages.c.plain.label("plain_payload"))
            .join(digests, digests.c.id == deliveries.c.digest_id)
            .join(messages, IS_ITS_MESSAGE)
            .where(deliveries.c.id == delivery_id)
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
            if row is None:
                raise KeyError(delivery_id)
            told = select(digest_papers.c.identifier).where(digest_papers.c.digest_id == row.digest_id).distinct()
            papers = tuple(sorted(connection.scalars(told)))
        return _delivery_detail(row, papers, texts=texts)

    def sent_as(self, prefix: str) -> SentRecord | None:
        """The delivery whose id begins with the prefix; None if there is none."""
        # a range can use the index, LIKE cannot
        return self._sent((deliveries.c.id >= prefix) & (deliveries.c.id < f"{prefix}g"), true())

    def sent_to(self, lanes: Sequence[Lane], since: datetime, platform_id: str) -> SentRecord | None:
        """What was sent in these lanes since then: the delivery with that id of the relay, else the last one."""
        last = func.coalesce(deliveries.c.settled_at, deliveries.c.created_at) >= since
        here = or_(*(lane.where for lane in lanes)) & last & (deliveries.c.tries > 0)
        return self._sent(here, deliveries.c.platform_id == platform_id) or self._sent(here, true())

    def bounced_since(self, moment: datetime) -> tuple[int, int]:
        """How many mails were sent since then, and how many of these bounced for good; (0, 0) if none bounced."""
        mails = (
            (deliveries.c.state == DeliveryState.SENT)
            & (deliveries.c.channel == "mail")
            & (deliveries.c.settled_at >= moment)
        )
        returned = select(func.count(bounces.c.delivery.distinct())).join(
            deliveries, deliveries.c.id == bounces.c.delivery
        )
        with self._database.reading() as connection:
            came_back = connection.scalar(returned.where(mails)) or 0
            # mostly none, and counting all mails takes long
            return (connection.scalar(select(func.count()).where(mails)) or 0, came_back) if came_back else (0, 0)

    def _sent(self, where: ColumnElement[bool], and_where: ColumnElement[bool]) -> SentRecord | None:
        columns = (deliveries.c.id, deliveries.c.subscriber, deliveries.c.recipient)
        statement = select(*columns).where(where, and_where).order_by(deliveries.c.seq.desc()).limit(1)
        return next((value_of(SentRecord, row) for row in self._database.read_rows(statement)), None)

    def last_sent(self) -> dict[str, datetime]:
        """By subscriber, when something was last delivered, UTC."""
        statement = (
            select(deliveries.c.subscriber, func.max(deliveries.c.settled_at))
            .where(deliveries.c.state == DeliveryState.SENT)
            .group_by(deliveries.c.subscriber)
        )
        return self._database.read_pairs(statement)

    def recipients(self, names: Collection[str]) -> dict[str, str]:
        """All address keys that these subscribers had, each with the subscriber that last used it."""
        lane = (deliveries.c.recipient, deliveries.c.subscriber)
        statement = select(*lane, func.max(deliveries.c.seq).label("last")).group_by(*lane)
        with self._database.reading() as connection:
            rows = sorted(rows_among(connection, statement, deliveries.c.subscriber, names), key=attrgetter("last"))
        return {row.recipient: row.subscriber for row in rows}

    def told_since(self, moment: datetime) -> dict[str, int]:
        """By subscriber, how many different papers it was told of since then."""
        statement = (
            select(deliveries.c.subscriber, func.count(digest_papers.c.identifier.distinct()))
            .join(digest_papers, deliveries.c.digest_id == digest_papers.c.digest_id)
            .where(deliveries.c.created_at >= moment, deliveries.c.state != DeliveryState.WITHDRAWN)
            .group_by(deliveries.c.subscriber)
        )
        return self._database.read_pairs(statement)

    def open_circuits(self, now: datetime) -> tuple[LimitState, ...]:
        """Limits whose circuit is open, or that no message has passed since it was."""
        statement = select(gates).where(gates.c.since.is_not(None)).order_by(gates.c.key)
        rows = self._database.read_rows(statement)
        return tuple(value_of(LimitState, row) for row in rows if row.since <= now)

    def told_of(self, identifier: str) -> tuple[ToldRecord, ...]:
        """Every digest that told somebody of the paper, oldest first."""
        statement = (
            select(
                digest_papers, digests.c.title, deliveries.c.subscriber, deliveries.c.state, deliveries.c.created_at
            )
            .join(digests, digests.c.id == digest_papers.c.digest_id)
            .join(deliveries, deliveries.c.digest_id == digest_papers.c.digest_id)
            .where(digest_papers.c.identifier == identifier)
            .order_by(deliveries.c.seq)
        )
        grouped: dict[tuple[str, str, int], list[Row[Any]]] = {}
        for row in self._database.read_rows(statement):
            grouped.setdefault((row.subscriber, row.digest_id, row.version), []).append(row)
        return tuple(_told_record(rows) for rows in grouped.values())

    def topic_of(self, subscriber: str, identifier: str) -> str | None:
        """The topic in whose section a subscriber's last digest with the paper had it; None if there was none."""
        mine = (deliveries.c.subscriber == subscriber) & (digest_papers.c.identifier == identifier)
        statement = (
            select(digest_papers.c.topic)
            .join(deliveries, deliveries.c.digest_id == digest_papers.c.digest_id)
            .where(mine)
            .order_by(deliveries.c.seq.desc())
            .limit(1)
        )
        found: str | None = self._database.read_scalar(statement)
        return found

    def _deliveries(self, where: Any) -> tuple[DeliveryRecord, ...]:  # noqa: ANN401 - SQLAlchemy's own expression type
        statement = (
            select(deliveries, digests.c.title)
            .join(digests, digests.c.id == deliveries.c.digest_id)
            .where(where)
            .order_by(deliveries.c.seq)
        )
        rows = self._database.read_rows(statement)
        return tuple(map(_delivery_record, rows))


def _delivery_record(row: Row[Any]) -> DeliveryRecord:
    return value_of(DeliveryRecord, row, state=DeliveryState(row.state))


def _delivery_detail(row: Row[Any], papers: tuple[str, ...], *, texts: bool) -> DeliveryDetail:
    payload, plain = (json.loads(body) if texts and body else None for body in (row.payload, row.plain_payload))
    told = {"record": _delivery_record(row), "digest": row.digest_id, "papers": papers, "pruned": row.payload is None}
    return value_of(DeliveryDetail, row, payload=payload, plain_payload=plain, **told)


def _told_record(rows: list[Row[Any]]) -> ToldRecord:
    first = rows[0]
    hits = tuple(Hit(term, field) for term, field in first.hits)
    return value_of(ToldRecord, first, hits=hits, states=tuple(DeliveryState(row.state) for row in rows))
