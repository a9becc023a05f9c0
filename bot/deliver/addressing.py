"""Decides whether a stored delivery can still be sent: where it goes in today's configuration, or why nowhere.

The outbox knows an address by its hash alone, so what became of it shows in the configuration. Changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import DeliveryState

if TYPE_CHECKING:
    from bot.settings import Address, Settings
    from bot.store import Store
    from bot.store.outbox.policy import Lane


@dataclass(frozen=True, slots=True)
class Reachable:
    """The delivery has an address."""

    address: Address
    moved: bool
    """Whether it is another one than the delivery was composed for."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The delivery has no address any more."""

    becomes: DeliveryState
    """WITHDRAWN if it was never told, and is composed anew for its subscriber; DROPPED if it counts as told."""
    reason: str
    """For people."""


def find_address(lane: Lane, channel: str, store: Store, settings: Settings) -> Reachable | Unreachable:
    """Where a delivery that was composed for this lane and channel goes now.

    A lane follows its subscriber's only address if it was the only one before: a rotated webhook, a moved mailbox.
    One of several addresses that is gone is given up.
    """
    subscriber = settings.subscribers.get(lane.subscriber)
    if subscriber is None:
        return Unreachable(DeliveryState.WITHDRAWN, f"{lane.subscriber} is no longer in the configuration")
    if subscriber.channel != channel:
        return Unreachable(DeliveryState.WITHDRAWN, f"{lane.subscriber} moved from {channel} to {subscriber.channel}")
    address = subscriber.address(lane.recipient)
    if address is not None:
        return Reachable(address, moved=False)
    why = next((each.why for each in subscriber.suppressed if each.address.key == lane.recipient), None)
    if why is not None:
        return Unreachable(DeliveryState.DROPPED, f"its mailbox is not written to: {why}")
    if len(subscriber.addresses) == 1 and store.outbox.had_one_address(lane):
        return Reachable(subscriber.addresses[0], moved=True)
    return Unreachable(DeliveryState.DROPPED, "its address is no longer in the configuration")
