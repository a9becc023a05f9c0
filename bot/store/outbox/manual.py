"""Manual actions on a delivery: retry it, or give it up.

Each action is one conditional UPDATE, so that a delivery that is being sent is not touched. `queries` finds and shows
deliveries. Nothing in here sends or changes a payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, or_, select

from bot.errors import PaperboyError
from bot.model import DeliveryState, shard_of
from bot.store.database.dialect import Lock, hold_lock
from bot.store.database.tables import IS_ITS_MESSAGE, deliveries, messages
from bot.store.jobs import Job, Verb, ask
from bot.store.limits import close_circuit, in_order
from bot.store.outbox.policy import MAX_CRASHES, WAITING
from bot.store.outbox.reconciliation import OUTCOME_UNKNOWN

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.model import Limits
    from bot.store.database import Database

RETRIED = (*WAITING, DeliveryState.DEAD, DeliveryState.DROPPED)
"""States in which it can be retried; SENT only if `sent_too`. Withdrawn papers are composed anew instead."""

_RETRIED_MANUALLY = "asked for again by hand"
_GIVEN_UP_MANUALLY = "given up by hand"
_GIVEN_UP_UNKNOWN = "given up by hand, and nobody knows whether it arrived"
"""Reason of one that was unknown: if it is retried later, it is looked up first."""
_WHY_NOT = {
    DeliveryState.SENDING: "is being sent at this moment; look again when that is over",
    DeliveryState.SENT: "is sent",
    DeliveryState.DEAD: "is given up already",
    DeliveryState.DROPPED: "is given up already",
    DeliveryState.WITHDRAWN: "was taken back, and its papers are told anew",
}


class RefusedError(PaperboyError):
    """The delivery's state does not allow the action; nothing was written."""

    def __init__(self, delivery_id: str, reason: str) -> None:
        super().__init__(f"{delivery_id} {reason}")
        self.delivery_id = delivery_id
        self.reason = reason
        """Completes a sentence whose subject is the delivery."""


class ManualActions:
    """What a person does to a delivery by hand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def retry(self, delivery_id: str, limits: Limits | None, *, sent_too: bool = False) -> None:
        """Makes the next run send it at once, and closes the circuits of its address.

        It keeps its id (by which the platform recognises a repeat) and its text. A dead one starts again with its
        rich form, and its crash count is reset. One whose outcome is unknown is looked up first, even if it was given
        up by hand or because its senders died; a lookup in progress loses its claim. Where workers
        deliver, they are asked to do it now.

        Args:
            delivery_id: the whole id.
            limits: its address's limits; None if it has no address any more.
            sent_too: whether to send it again although it was sent, so that its readers see it twice.

        Raises:
            RefusedError: it is being sent, is sent and not `sent_too`, was withdrawn, or its text is pruned.
            KeyError: there is no such delivery.
        """
        was_dead = deliveries.c.state == DeliveryState.DEAD
        died = and_(was_dead, deliveries.c.deaths >= MAX_CRASHES)
        dropped = and_(deliveries.c.state == DeliveryState.DROPPED, deliveries.c.reason == _GIVEN_UP_UNKNOWN)
        never_told = and_(was_dead, deliveries.c.reason.startswith(OUTCOME_UNKNOWN))
        is_unknown = or_(deliveries.c.state == DeliveryState.UNKNOWN, dropped, died, never_told)
        pruned = select(messages.c.part).where(IS_ITS_MESSAGE, messages.c.payload.is_(None)).exists()
        allowed = (*RETRIED, DeliveryState.SENT) if sent_too else RETRIED
        statement = (
            deliveries.update()
            .where(deliveries.c.id == delivery_id, deliveries.c.state.in_(allowed), ~pruned)
            .values(
                state=case((is_unknown, DeliveryState.UNKNOWN), else_=DeliveryState.PENDING),
                owner=None,
                lease_until=None,
                plain=case((was_dead, False), else_=deliveries.c.plain),
                deaths=0,
                refusals=0,
                refused_since=None,
                not_before=None,
                reason=_RETRIED_MANUALLY,
                settled_at=None,
            )
        )
        with self._database.writing() as connection:
            hold_lock(connection, Lock.DELIVERIES)  # so that its text is not pruned before the update
            subscriber = connection.scalar(statement.returning(deliveries.c.subscriber))
            if subscriber is None:
                raise _refusal(connection, delivery_id, allowed, "was written too long ago: its text is pruned")
            for key in in_order(limits) if limits else ():
                close_circuit(connection, key)
            ask(connection, [Job(Verb.DELIVER, shard_of(subscriber))])

    def drop(self, delivery_id: str, now: datetime) -> None:
        """Gives it up: it is never sent, and its papers count as told.

        Args:
            delivery_id: the whole id.
            now: the moment, UTC.

        Raises:
            RefusedError: it is being sent, or final.
            KeyError: there is no such delivery.
        """
        statement = (
            deliveries.update()
            .where(deliveries.c.id == delivery_id, deliveries.c.state.in_(WAITING))
            .values(
                state=DeliveryState.DROPPED,
                reason=case(
                    (deliveries.c.state == DeliveryState.UNKNOWN, _GIVEN_UP_UNKNOWN), else_=_GIVEN_UP_MANUALLY
                ),
                settled_at=now,
            )
        )
        with self._database.writing() as connection:
            if connection.execute(statement).rowcount != 1:
                raise _refusal(connection, delivery_id, WAITING, "changed at this moment; look again")


def _refusal(
    connection: Connection, delivery_id: str, allowed: tuple[DeliveryState, ...], otherwise: str
) -> RefusedError:
    """The error for a statement that changed no row: because of the delivery's state, or `otherwise`.

    Raises:
        KeyError: there is no such delivery.
    """
    state = connection.scalar(select(deliveries.c.state).where(deliveries.c.id == delivery_id))
    if state is None:
        raise KeyError(delivery_id)
    return RefusedError(delivery_id, otherwise if state in allowed else _WHY_NOT[DeliveryState(state)])
