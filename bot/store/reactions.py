"""Which of our messages show one paper, and what was read last of the reactions under them.

What was read is compared with what is there now: only a change is somebody's word. A person is a keyed hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from bot.model import DeliveryState
from bot.store.database.dialect import upsert
from bot.store.database.tables import IS_ITS_MESSAGE, deliveries, digest_papers, messages, reactions
from bot.store.feedback import Opinion
from bot.store.limits import delay_until, is_far_future, lock_limits, write_limit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, ScalarSelect

    from bot.store.outbox.policy import Lane

_MOST = 200
"""So many messages of one address are asked for at most, the latest."""


@dataclass(frozen=True, slots=True)
class PostedPaper:
    """A message of ours that shows one paper, as it was sent."""

    delivery: str
    subscriber: str
    identifier: str
    platform_id: str
    thread: str | None
    """The platform's id of the message that opened its thread."""
    topic: str | None
    """In whose section of the digest the paper is; None if that is not known."""


class Reactions:
    """What was read of reactions, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def posted(self, lane: Lane, since: datetime) -> tuple[PostedPaper, ...]:
        """The messages of one paper each that were sent there since then, the newest first."""
        of = deliveries.c
        told = and_(digest_papers.c.digest_id == of.digest_id, digest_papers.c.identifier == messages.c.paper)
        statement = (
            select(
                of.id,
                of.subscriber,
                messages.c.paper,
                of.platform_id,
                _opening(),
                messages.c.reply,
                digest_papers.c.topic,
            )
            .select_from(deliveries.join(messages, IS_ITS_MESSAGE).outerjoin(digest_papers, told))
            .where(lane.where, of.state == DeliveryState.SENT, of.settled_at >= since)
            .where(messages.c.paper.is_not(None), of.platform_id.is_not(None), of.platform_id != "")
            .order_by(of.seq.desc())
            .limit(_MOST)
        )
        found: dict[str, PostedPaper] = {}
        for delivery, subscriber, paper, platform_id, opening, reply, topic in self._connection.execute(statement):
            thread = (opening or None) if reply else None
            found.setdefault(delivery, PostedPaper(delivery, subscriber, paper, platform_id, thread, topic))
        return tuple(found.values())

    def read(self, delivery: str) -> Mapping[str, Opinion]:
        """What was read last under a message, by person."""
        rows = self._connection.execute(select(reactions).where(reactions.c.delivery == delivery))
        return {row.person: Opinion(row.verdict) for row in rows}

    def put(self, delivery: str, person: str, opinion: Opinion, now: datetime) -> None:
        """Remember what was read of a person's reactions."""
        row = {"delivery": delivery, "person": person, "verdict": opinion.value, "at": now}
        upsert(self._connection, reactions, row)

    def forget(self, delivery: str, persons: Collection[str]) -> None:
        """Remember that there is none of a person's any more; `persons` are its keys under every secret."""
        theirs = (reactions.c.delivery == delivery) & reactions.c.person.in_(persons)
        self._connection.execute(reactions.delete().where(theirs))

    def forget_before(self, moment: datetime) -> int:
        """Forget what was read before then, of messages that are not asked for any more. How many."""
        old = reactions.c.at < moment
        if self._connection.scalar(select(reactions.c.delivery).where(old).limit(1)) is None:
            return 0
        return self._connection.execute(reactions.delete().where(old)).rowcount

    def begin(self, key: str, also: str, until: datetime, now: datetime) -> bool:
        """Whether a platform may be asked now: neither limit is closed. Closes the first one until then."""
        states = lock_limits(self._connection, [key, also]).values()
        closed = [each for each in states if each.opens_at and each.opens_at > now and not is_far_future(each, now)]
        if not closed:
            write_limit(self._connection, key, opens_at=until)
        return not closed

    def wait(self, key: str, until: datetime) -> None:
        """Do not ask before then, as the platform wishes."""
        delay_until(self._connection, key, until)


def _opening() -> ScalarSelect[str | None]:
    """The platform's id of the message that opened the delivery's thread; NULL if the thread is gone."""
    first, of = deliveries.alias(), deliveries.c
    same = (
        (first.c.subscriber == of.subscriber)
        & (first.c.recipient == of.recipient)
        & (first.c.digest_id == of.digest_id)
        & (first.c.seq < of.seq)
        & (first.c.part == 1)
        & of.thread_gone.is_(False)
    )
    newest = select(first.c.platform_id).where(same).order_by(first.c.seq.desc()).limit(1)
    return newest.correlate(deliveries).scalar_subquery()
