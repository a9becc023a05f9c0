"""Decides when a delivery is given up: after about a day of refusals that the message itself may cause.

Otherwise one message that the platform refuses would block its lane for ever. A network outage, an open circuit, or
what a mail relay answers to every message does not count: then no other message could pass either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from bot.model import DeliveryState
from bot.store.database.tables import deliveries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

GIVE_UP_AFTER = timedelta(hours=23)
"""Less than a day, so that the next start of a daily cron counts even if it comes some minutes early."""
LEAST_REFUSALS = 3
"""Nothing is given up after fewer refusals: a laptop that slept for days may have tried only twice."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often a delivery was refused so far, and since when."""

    count: int
    since: datetime
    now: datetime
    reason: str

    @property
    def enough(self) -> bool:
        """Whether it was refused often enough and for long enough to be given up."""
        return self.count >= LEAST_REFUSALS and self.now - self.since >= GIVE_UP_AFTER

    @property
    def counted(self) -> dict[str, Any]:
        """The columns to write if it is tried again."""
        return {"refusals": self.count, "refused_since": self.since}

    @property
    def outcome(self) -> dict[str, Any]:
        """The columns to write: that it is given up, if it is `enough`, else only the count."""
        if not self.enough:
            return self.counted
        hours = (self.now - self.since) / timedelta(hours=1)
        reason = f"{self.reason}; tried {self.count} times in {hours:.0f} h"
        return {**self.counted, "state": DeliveryState.DEAD, "reason": reason, "settled_at": self.now}


def count_refusal(connection: Connection, delivery_id: str, now: datetime, reason: str | None = None) -> Refusals:
    """A delivery's refusals, this one included. The caller writes them.

    Args:
        connection: of the transaction that settles the delivery.
        delivery_id: its id.
        now: the moment, UTC.
        reason: what the platform answered; the delivery's stored reason if there is none.
    """
    columns = (deliveries.c.refusals, deliveries.c.refused_since, deliveries.c.reason)
    row = connection.execute(select(*columns).where(deliveries.c.id == delivery_id)).one()
    # If the clock was set back, `refused_since` may lie in the future.
    since = min(row.refused_since or now, now)
    return Refusals(row.refusals + 1, since, now, reason or row.reason or "not delivered")


def others_passed(connection: Connection, delivery_id: str, since: datetime) -> bool:
    """Whether another delivery of the same channel was sent since then, so that the channel itself works."""
    channel = select(deliveries.c.channel).where(deliveries.c.id == delivery_id).scalar_subquery()
    passed = select(deliveries.c.seq).where(
        deliveries.c.state == DeliveryState.SENT, deliveries.c.settled_at > since, deliveries.c.channel == channel
    )
    return connection.scalar(passed.limit(1)) is not None
