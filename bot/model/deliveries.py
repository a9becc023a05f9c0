"""Deliveries: one message to one address, its state, and the limits that it has to pass."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class DeliveryState(StrEnum):
    """Where a delivery stands. SENT, DEAD, DROPPED and WITHDRAWN are final."""

    PENDING = "pending"
    """Not tried yet, or to be tried again not before its hour."""
    SENDING = "sending"
    """Claimed, and committed so before the first byte was written."""
    UNKNOWN = "unknown"
    """Written, but the answer was never seen."""
    HELD = "held"
    """Unknown, and its subscriber wants a person to decide (`on_unknown: hold`)."""
    SENT = "sent"
    """The other side said so."""
    DEAD = "dead"
    """Refused as malformed, in its plain form too; or refused otherwise for about a day."""
    DROPPED = "dropped"
    """Given up on purpose: by `on_unknown: drop`, by hand, or because its address is gone."""
    WITHDRAWN = "withdrawn"
    """Taken back because its subscriber is gone or moved to another channel: as if it had never been told."""

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self in (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DROPPED, DeliveryState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one address, claimed to be sent."""

    id: str
    """The idempotency key: the same on every attempt."""
    subscriber: str
    recipient: str
    """Which of the subscriber's addresses: a hash, never the address itself."""
    payload: Mapping[str, Any]
    """The form to send on this attempt, rich or plain."""
    part: int
    parts: int
    created_at: datetime
    tries: int
    reply: bool = False
    """Whether it goes into the thread under the digest's first message."""
    parent: str | None = None
    """The platform's id of the digest's first message, once that is sent; for every later part."""
    thread_gone: bool = False
    """Whether that message's thread takes no replies any more: then it goes to the destination, and says so."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate limit and circuit breaker, of a destination or of a credential: one message passes at a time."""

    key: str
    """What the store files it under; hashes, never an address or a secret."""
    min_interval: float
    """Seconds between two messages, at least."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The two limits that every message has to pass."""

    destination: Limit
    credential: Limit


@dataclass(frozen=True, slots=True)
class Receipt:
    """Confirmation by the platform that it has the message, with the platform's id (may be empty)."""

    platform_id: str = ""


@dataclass(frozen=True, slots=True)
class UnknownDelivery:
    """A delivery whose answer was lost, with what helps its channel to look it up."""

    delivery: Delivery
    """As it was sent, perhaps more than once. No attempt was before its `created_at`."""
    asked_at: datetime
    """The moment of asking, UTC; a channel is never asked before `created_at`."""
    last_known_id: str = ""
    """The platform's id of the last message that is known to have reached the address; empty if there is none."""
    ids_of_others: frozenset[str] = frozenset()
    """The platform's ids of the messages at that address that are other deliveries'."""


class OnUnknown(StrEnum):
    """What becomes of a delivery whose outcome nobody knows and nobody can be asked about."""

    RESEND = "resend"
    DROP = "drop"
    HOLD = "hold"
