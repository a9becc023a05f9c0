"""Writes a rendered digest into the outbox: stored once, with one delivery per message and recipient.

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
from bot.store.jobs import Job, Verb, ask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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


def put_deliveries(connection: Connection, rendered: RenderedDigest, lanes: Collection[Lane], now: datetime) -> int:
    """Stores the digest, unless an equal one is stored, and its deliveries. Returns the number of deliveries.

    Where workers deliver, they are asked to, by jobs in the same transaction.
    """
    hold_lock(connection, Lock.DELIVERIES)
    digest_id = _put_digest(connection, rendered, now)
    # The number makes ids unique: an equal digest may go to the same address again, for example after a withdrawal.
    before = connection.scalar(select(func.max(deliveries.c.seq))) or 0
    every = ((lane, part) for lane in lanes for part in range(1, len(rendered.messages) + 1))
    rows = [
        {"id": _hash(digest_id, str(place)), "subscriber": lane.subscriber, "recipient": lane.recipient, "part": part}
        for place, (lane, part) in enumerate(every, start=before + 1)
    ]
    same = {
        "channel": rendered.channel,
        "digest_id": digest_id,
        "parts": len(rendered.messages),
        "state": DeliveryState.PENDING,
        "plain": False,
        "tries": 0,
        "deaths": 0,
        "refusals": 0,
        "thread_gone": False,
        "created_at": now,
    }
    connection.execute(deliveries.insert(), [{**row, **same} for row in rows])
    ask(connection, {Job(Verb.DELIVER, shard_of(lane.subscriber)) for lane in lanes})
    return len(rows)


def _put_digest(connection: Connection, rendered: RenderedDigest, now: datetime) -> str:
    bodies = [(_to_json(message.payload), _to_json(message.plain), message.reply) for message in rendered.messages]
    papers = [message.papers[0] if len(message.papers) == 1 else None for message in rendered.messages]
    told = [_told_row(paper) for paper in rendered.papers]
    digest_id = _hash(rendered.channel, rendered.title, json.dumps([bodies, told]))
    done = connection.execute(
        insert(connection, digests)
        .values(id=digest_id, channel=rendered.channel, title=rendered.title, created_at=now)
        .on_conflict_do_nothing(),
    )
    statement = insert(connection, messages)
    connection.execute(
        # An equal digest may have been stored, sent and pruned before: then its payloads are stored again.
        statement.on_conflict_do_update(
            index_elements=[messages.c.digest_id, messages.c.part],
            set_={"payload": statement.excluded.payload, "plain": statement.excluded.plain},
            where=messages.c.payload.is_(None),
        ),
        [
            {"digest_id": digest_id, "part": part, "payload": payload, "plain": plain, "reply": reply, "paper": paper}
            for part, ((payload, plain, reply), paper) in enumerate(zip(bodies, papers, strict=True), start=1)
        ],
    )
    if told and done.rowcount:
        connection.execute(digest_papers.insert(), [{"digest_id": digest_id, **row} for row in told])
    return digest_id


def _told_row(paper: DigestPaper) -> dict[str, Any]:
    return {
        "identifier": paper.identifier,
        "version": paper.version,
        "topic": paper.topic,
        "shown": paper.shown,
        "hits": [[hit.term, hit.field] for hit in paper.hits],
    }


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
