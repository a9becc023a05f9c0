"""Deliveries whose outcome is unknown: what is needed to look one up, and what the platform's answer means for it.

    unknown -> claimed -> looked up -> found: sent | not found: pending | cannot be known: `on_unknown` decides
                                    -> the lookup failed: still unknown, looked up again later

A lookup is claimed as a sending is, by owner and lease, so that no two processes look up and resend the same
delivery. It stays `unknown` meanwhile, and a crash during a lookup is not counted. Nothing in here asks a platform or
sends.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from bot.errors import FailureKind
from bot.model import DeliveryState, OnUnknown, UnknownDelivery
from bot.store.database.tables import deliveries
from bot.store.limits import in_order, lock_limit
from bot.store.outbox.giving_up import count_refusal
from bot.store.outbox.policy import Lane, apply_to_limits, backoff, settle

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.errors import DeliveryError
    from bot.model import Delivery, Limits, Receipt
    from bot.store.database import Database
    from bot.store.worker import WorkerId

OUTCOME_UNKNOWN = "outcome unknown"
"""The reason of a delivery begins so while nobody knows whether it arrived, also after it is given up."""

_BY_POLICY = {
    OnUnknown.RESEND: (DeliveryState.PENDING, "sent again"),
    OnUnknown.DROP: (DeliveryState.DROPPED, "dropped"),
    OnUnknown.HOLD: (DeliveryState.HELD, "held"),
}
_LOOK_AGAIN_AFTER = timedelta(minutes=1)
"""When to look again after the message that was found turned out to be another delivery's."""


def unknown_delivery(connection: Connection, delivery: Delivery, now: datetime) -> UnknownDelivery:
    """A claimed delivery with what its channel needs to look it up."""
    ours = Lane(delivery.subscriber, delivery.recipient).where & (deliveries.c.state == DeliveryState.SENT)
    newest = (
        select(deliveries.c.platform_id)
        # A digest's first message stands in the place itself, its others perhaps in a thread, where Discord has an
        # id of its own for each.
        .where(ours, deliveries.c.platform_id != "", deliveries.c.part == 1)
        .order_by(deliveries.c.seq.desc())
        .limit(1)
    )
    return UnknownDelivery(
        delivery=delivery,
        asked_at=now,
        last_known_id=connection.scalar(newest) or "",
        ids_of_others=_ids_of_others(connection, delivery.recipient),
    )


def _ids_of_others(connection: Connection, recipient: str) -> frozenset[str]:
    sent = (deliveries.c.recipient == recipient) & (deliveries.c.state == DeliveryState.SENT)
    ids = connection.scalars(select(deliveries.c.platform_id).where(sent, deliveries.c.platform_id != ""))
    return frozenset(found for found in ids if found)


class Reconciliation:
    """Settles lookups. Each method raises `ClaimLostError`, and writes nothing, if the claim is no longer ours."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark_found(
        self, delivery: Delivery, receipt: Receipt, limits: Limits, *, owner: WorkerId, now: datetime
    ) -> DeliveryState:
        """The platform has it: SENT; unless the message found is recorded as another delivery's."""
        with self._database.writing() as connection:
            found: dict[str, Any] = {
                "state": DeliveryState.SENT,
                "platform_id": receipt.platform_id,
                "reason": None,
                "not_before": None,
                "settled_at": now,
            }
            settle(connection, delivery, owner, DeliveryState.UNKNOWN, state=DeliveryState.UNKNOWN)
            for key in in_order(limits):
                lock_limit(connection, key)  # another process that found the same message waits here
            if receipt.platform_id and receipt.platform_id in _ids_of_others(connection, delivery.recipient):
                found = {"state": DeliveryState.UNKNOWN, "not_before": now + _LOOK_AGAIN_AFTER}
            connection.execute(deliveries.update().where(deliveries.c.id == delivery.id).values(**found))
            return DeliveryState(found["state"])

    def mark_not_found(self, delivery: Delivery, *, owner: WorkerId, now: datetime) -> DeliveryState:
        """The platform does not have it: it is sent again, with the same bytes and key, for about a day."""
        with self._database.writing() as connection:
            again = {"state": DeliveryState.PENDING, "not_before": None, "reason": "it had not arrived"}
            change = again | count_refusal(connection, delivery.id, now).outcome
            settle(connection, delivery, owner, DeliveryState.UNKNOWN, **change)
            return DeliveryState(change["state"])

    def mark_unknowable(
        self, delivery: Delivery, why: str, policy: OnUnknown, *, owner: WorkerId, now: datetime
    ) -> DeliveryState:
        """The outcome cannot be found out, so the subscriber's `on_unknown` decides.

        Args:
            delivery: the delivery.
            why: why it cannot be found out, for people.
            policy: the subscriber's `on_unknown`.
            owner: the process that looked it up.
            now: the moment, UTC.
        """
        with self._database.writing() as connection:
            state, done = _BY_POLICY[policy]
            change: dict[str, Any] = {"state": state, "reason": f"{OUTCOME_UNKNOWN} ({why}), {done} as configured"}
            if state.final:
                change["settled_at"] = now
            if policy is OnUnknown.RESEND:
                change |= count_refusal(connection, delivery.id, now, f"{OUTCOME_UNKNOWN} ({why})").outcome
            settle(connection, delivery, owner, DeliveryState.UNKNOWN, not_before=None, **change)
            return DeliveryState(change["state"])

    def mark_lookup_failed(
        self, delivery: Delivery, error: DeliveryError, limits: Limits, *, owner: WorkerId, now: datetime
    ) -> DeliveryState:
        """The lookup failed, so still nothing is known. It is looked up again, for about a day."""
        with self._database.writing() as connection:
            reason = f"{OUTCOME_UNKNOWN}, and asking failed: {error.reason}"
            change: dict[str, Any] = {"state": DeliveryState.UNKNOWN, "reason": reason, "not_before": None}
            if error.kind in (FailureKind.TRANSIENT, FailureKind.UNKNOWN):
                change |= {"tries": delivery.tries, "not_before": now + backoff(delivery.tries)}
            if error.about_message:
                change |= count_refusal(connection, delivery.id, now, reason).outcome
            settle(connection, delivery, owner, DeliveryState.UNKNOWN, **change)
            apply_to_limits(connection, error, limits, now)
            return DeliveryState(change["state"])
