"""When a delivery is given up: after about a day of answers that may be its own trouble, and never before.

Without an end one message that the other side refuses would hold up its lane for good. An outage of the network, an
open circuit, or what a relay tells everybody counts as nothing: it holds up nothing that could pass.
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
"""Less than a day, so that a daily cron's next start is late enough also where it begins some minutes earlier."""
LEAST_REFUSALS = 3
"""Nothing is given up for fewer answers: a laptop that slept for days has asked twice."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often a delivery was refused so far, and since when."""

    count: int
    since: datetime
    now: datetime
    reason: str

    @property
    def enough(self) -> bool:
        """Whether it has been tried for long enough."""
        return self.count >= LEAST_REFUSALS and self.now - self.since >= GIVE_UP_AFTER

    @property
    def counted(self) -> dict[str, Any]:
        """The delivery's new values where it is tried again."""
        return {"refusals": self.count, "refused_since": self.since}

    @property
    def given_up(self) -> dict[str, Any]:
        """Its new values where it is not."""
        hours = (self.now - self.since) / timedelta(hours=1)
        reason = f"{self.reason}; tried {self.count} times in {hours:.0f} h"
        return {**self.counted, "state": DeliveryState.DEAD, "reason": reason, "settled_at": self.now}

    @property
    def outcome(self) -> dict[str, Any]:
        """Either of the two."""
        return self.given_up if self.enough else self.counted


def count_refusal(connection: Connection, delivery_id: str, now: datetime, reason: str | None = None) -> Refusals:
    """The refusals of a delivery with this one, which the caller is to write.

    Args:
        connection: of the transaction that settles it.
        delivery_id: which delivery.
        now: the moment, UTC.
        reason: what was answered; what the delivery has as its reason where there is none.
    """
    columns = (deliveries.c.refusals, deliveries.c.refused_since, deliveries.c.reason)
    row = connection.execute(select(*columns).where(deliveries.c.id == delivery_id)).one()
    # A clock that was set back makes no wait longer.
    since = min(row.refused_since or now, now)
    return Refusals(row.refusals + 1, since, now, reason or row.reason or "not delivered")


def others_passed(connection: Connection, delivery_id: str, since: datetime) -> bool:
    """Whether another delivery of the same channel was sent since then: so it takes what is not refused."""
    channel = select(deliveries.c.channel).where(deliveries.c.id == delivery_id).scalar_subquery()
    passed = select(deliveries.c.seq).where(
        deliveries.c.state == DeliveryState.SENT, deliveries.c.settled_at > since, deliveries.c.channel == channel
    )
    return connection.scalar(passed.limit(1)) is not None
