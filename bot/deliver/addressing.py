"""Decides whether a stored delivery can still be sent: where it goes in today's configuration, or why nowhere.

The outbox knows an address by its hash alone, so what became of it shows in the configuration. `find_address` decides
and changes nothing; `readdress` does what it decides, before anything is composed or sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.deliver import recover
from bot.model import DeliveryState, LaneReport

if TYPE_CHECKING:
    from datetime import datetime

    from bot.settings import Address, Settings
    from bot.store import Store
    from bot.store.outbox.policy import Lane

log = structlog.get_logger(__name__)


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
    if len(subscriber.addresses) == 1 and store.address_changes.had_one_address(lane):
        return Reachable(subscriber.addresses[0], moved=True)
    return Unreachable(DeliveryState.DROPPED, "its address is no longer in the configuration")


def readdress(store: Store, settings: Settings, now: datetime) -> tuple[LaneReport, ...]:
    """Makes sure, before anything is composed or sent, that what is left has an address in today's configuration.

    A renamed subscriber goes on where it was. A moved lane's deliveries go to its new address; what has no address is
    withdrawn or dropped, as `find_address` decides, and reported.
    """
    for each in settings.subscribers.values():
        if each.was and store.subscribers.rename(each.was, each.name):
            log.info("a renamed subscriber goes on where it was", subscriber=each.name, was=each.was)
    recover(store, _lanes_without_address(store, settings), now)
    reports: list[LaneReport] = []
    withdrawn: set[str] = set()
    for lane, channel in store.address_changes.lanes_with_channel():
        match find_address(lane, channel, store, settings):
            case Reachable(address, moved=True):
                store.address_changes.readdress(lane, address.key)
            case Unreachable(DeliveryState.DROPPED, reason):
                dropped = store.address_changes.drop(lane, reason, now)
                reports.append(LaneReport(lane.subscriber, "", dropped=dropped, reason=reason))
            case Unreachable(_, reason) if lane.subscriber not in withdrawn:
                withdrawn.add(lane.subscriber)
                reports.append(_withdraw(store, settings, lane.subscriber, reason, now))
    news = tuple(report for report in reports if report.is_news)
    for report in news:
        counts = {"dropped": report.dropped, "withdrawn": report.withdrawn}
        log.warning(
            "deliveries of a changed configuration", subscriber=report.subscriber, **counts, reason=report.reason
        )
    return news


def _withdraw(store: Store, settings: Settings, name: str, reason: str, now: datetime) -> LaneReport:
    """Takes back what is left for a subscriber on other channels than its own, on all if it is gone."""
    subscriber = settings.subscribers.get(name)
    channel = subscriber.channel if subscriber else None
    withdrawn = store.address_changes.withdraw(name, reason, now, but_for=channel)
    return LaneReport(name, "", withdrawn=withdrawn, reason=reason)


def _lanes_without_address(store: Store, settings: Settings) -> list[Lane]:
    """Lanes whose address is gone: no job is made for them, so that nobody else sees a crash while sending to one."""
    return [
        lane
        for lane in store.outbox.lanes()
        if (subscriber := settings.subscribers.get(lane.subscriber)) is None
        or subscriber.address(lane.recipient) is None
    ]
