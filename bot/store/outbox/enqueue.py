"""Writes rendered digests into the outbox: stored once, with one delivery per message and recipient.

Works inside the outbox's transactions; opens none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from bot.model import DeliveryState, shard_of
from bot.store.database.dialect import Lock, hold_lock, insert
from bot.store.database.tables import deliveries, digest_papers, digests, messages
from bot.store.database.values import row_of
from bot.store.jobs import Job, Verb, ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.model import Hit, Message
    from bot.store.outbox.policy import Lane
    from bot.store.subscribers import SubscriberState

_MAX_SUBSCRIBERS_PER_TRANSACTION = 1000
"""The most subscribers that are written in one transaction, so that other processes do not wait long."""


@dataclass(frozen=True, slots=True)
class DigestPaper:
    """A paper that a digest tells of: as new (`version` is 0), or this version as replaced."""

    identifier: str
    version: int
    topic: str
    shown: bool
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderedDigest:
    """A rendered digest: its messages and the papers that they tell of."""

    channel: str
    title: str
    messages: tuple[Message, ...]
    papers: tuple[DigestPaper, ...] = ()


if TYPE_CHECKING:
    StateUpdate = tuple[SubscriberState, Sequence[str]]
    """A subscriber's new state, and the keys of its addresses."""
    EnqueueRequest = tuple[Sequence[StateUpdate], RenderedDigest | None]
    """Subscribers, and the digest for all of them, if there is one."""


def put_all(connection: Connection, enqueued: Sequence[tuple[RenderedDigest, Sequence[Lane]]], now: datetime) -> int:
    """Stores digests, except those of which an equal one is stored, and their deliveries.

    Together, since a statement takes longer than a row, and others wait for the lock meanwhile. Where workers
    deliver, they are asked to, by jobs in the same transaction.

    Returns:
        The number of deliveries.
    """
    if not enqueued:
        return 0
    hold_lock(connection, Lock.DELIVERIES)
    stored = [_Stored.of(rendered) for rendered, _ in enqueued]
    _put_digests(connection, {each.id: each for each in stored}, now)
    # The number makes ids unique: an equal digest may go to the same address again, for example after a withdrawal.
    before = connection.scalar(select(func.max(deliveries.c.seq))) or 0
    every = (
        (digest, lane, part)
        for digest, (_, lanes) in zip(stored, enqueued, strict=True)
        for lane in lanes
        for part in range(1, len(digest.bodies) + 1)
    )
    same = {
        "state": DeliveryState.PENDING,
        "plain": False,
        "tries": 0,
        "deaths": 0,
        "refusals": 0,
        "thread_gone": False,
        "created_at": now,
    }
    rows = [
        {
            "id": _hash(digest.id, str(place)),
            "subscriber": lane.subscriber,
            "recipient": lane.recipient,
            "part": part,
            "channel": digest.rendered.channel,
            "digest_id": digest.id,
            "parts": len(digest.bodies),
            **same,
        }
        for place, (digest, lane, part) in enumerate(every, start=before + 1)
    ]
    if rows:
        connection.execute(deliveries.insert(), rows)
        ask(connection, {Job(Verb.DELIVER, shard_of(lane.subscriber)) for _, lanes in enqueued for lane in lanes})
    return len(rows)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A digest with what its rows hold."""

    rendered: RenderedDigest
    id: str
    """A hash of its content."""
    bodies: Sequence[tuple[str | None, str | None, bool]]
    """Of each message: its payload, its plain form, and whether it is a reply."""
    told: Sequence[dict[str, Any]]

    @classmethod
    def of(cls, rendered: RenderedDigest) -> _Stored:
        """That of a rendered digest."""
        bodies = [
            (_to_json(message.payload), _to_json(message.plain), message.reply) for message in rendered.messages
        ]
        told = [row_of(paper, hits=[[hit.term, hit.field] for hit in paper.hits]) for paper in rendered.papers]
        return cls(rendered, _hash(rendered.channel, rendered.title, json.dumps([bodies, told])), bodies, told)

    @property
    def messages(self) -> Iterator[dict[str, Any]]:
        """The rows of its messages."""
        for part, (message, body) in enumerate(zip(self.rendered.messages, self.bodies, strict=True), start=1):
            paper = message.papers[0] if len(message.papers) == 1 else None
            row = dict(zip(("payload", "plain", "reply"), body, strict=True))
            yield {"digest_id": self.id, "part": part, "paper": paper, **row}


def _put_digests(connection: Connection, wanted: Mapping[str, _Stored], now: datetime) -> None:
    """Stores these digests, by id. The lock of deliveries is held, so nobody else stores an equal one meanwhile."""
    known = frozenset(connection.scalars(select(digests.c.id).where(digests.c.id.in_(list(wanted)))))
    new = [each for digest_id, each in wanted.items() if digest_id not in known]
    if new:
        rows = [{"id": each.id, "channel": each.rendered.channel, "title": each.rendered.title} for each in new]
        connection.execute(digests.insert(), [{**row, "created_at": now} for row in rows])
    statement = insert(connection, messages)
    connection.execute(
        # An equal digest may have been stored, sent and pruned before: then its payloads are stored again.
        statement.on_conflict_do_update(
            index_elements=[messages.c.digest_id, messages.c.part],
            set_={"payload": statement.excluded.payload, "plain": statement.excluded.plain},
            where=messages.c.payload.is_(None),
        ),
        [row for each in wanted.values() for row in each.messages],
    )
    told = [{"digest_id": each.id, **row} for each in new for row in each.told]
    if told:
        connection.execute(digest_papers.insert(), told)


def _to_json(body: Mapping[str, Any] | None) -> str | None:
    return None if body is None else json.dumps(body, sort_keys=True)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def in_batches(requests: Iterable[EnqueueRequest]) -> Iterator[list[EnqueueRequest]]:
    """The requests in batches of at most `_MAX_SUBSCRIBERS_PER_TRANSACTION` subscribers; a large one is divided."""
    batch: list[EnqueueRequest] = []
    for updates, rendered in requests:
        for start in range(0, len(updates), _MAX_SUBSCRIBERS_PER_TRANSACTION):
            some = updates[start : start + _MAX_SUBSCRIBERS_PER_TRANSACTION]
            if batch and sum(len(others) for others, _ in batch) + len(some) > _MAX_SUBSCRIBERS_PER_TRANSACTION:
                yield batch
                batch = []
            batch.append((some, rendered))
    if batch:
        yield batch
