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
    """Not tried yet, or waiting for its next attempt."""
    SENDING = "sending"
    """Claimed by a process; committed before the first byte is sent."""
    UNKNOWN = "unknown"
    """Sent, but the answer was lost."""
    HELD = "held"
    """Unknown, and a person has to decide (`on_unknown: hold`)."""
    SENT = "sent"
    """Confirmed by the platform."""
    DEAD = "dead"
    """Rejected as malformed, in its plain form too; or refused for about a day for another reason."""
    DROPPED = "dropped"
    """Given up on purpose: by `on_unknown: drop`, by hand, or because its address is gone."""
    WITHDRAWN = "withdrawn"
    """Taken back because its subscriber is gone or moved to another channel; counts as not told."""

    @property
    def final(self) -> bool:
        """Whether it is never sent again."""
        return self in (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DROPPED, DeliveryState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one address, claimed to be sent."""

    id: str
    """The idempotency key: the same on every attempt."""
    subscriber: str
    recipient: str
    """The key of one of the subscriber's addresses: a hash, never the address itself."""
    payload: Mapping[str, Any]
    """The form to send on this attempt, rich or plain."""
    part: int
    parts: int
    created_at: datetime
    tries: int
    reply: bool = False
    """Whether it goes into the thread under the digest's first message."""
    parent: str | None = None
    """For later parts: the platform's id of the digest's first message, once that is sent."""
    thread_gone: bool = False
    """Whether that message's thread no longer takes replies: then it goes to the channel itself, and says so."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate limit and circuit breaker of a destination or of a credential: one message passes at a time."""

    key: str
    """Its key in the store, made of hashes, never of an address or a secret."""
    min_interval: float
    """Seconds between two messages, at least."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The two limits that every message has to pass: its destination's and its credential's."""

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
    """The delivery as it was sent, perhaps more than once; every attempt was after its `created_at`."""
    asked_at: datetime
    """When the platform is asked, UTC; never before `created_at`."""
    last_known_id: str = ""
    """The platform's id of the last first message of a digest that is known to have reached the address, or empty."""
    ids_of_others: frozenset[str] = frozenset()
    """The platform's ids of the messages at that address that are other deliveries'."""


class OnUnknown(StrEnum):
    """What to do with a delivery whose outcome is unknown and cannot be looked up."""

    RESEND = "resend"
    DROP = "drop"
    HOLD = "hold"
