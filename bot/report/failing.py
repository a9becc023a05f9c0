"""Finds subscribers whose messages have failed for longer than `alert_after`, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.settings import Address, Settings, Subscriber
    from bot.store.limits import LimitState
    from bot.store.outbox.queries import DeliveryRecord


@dataclass(frozen=True, slots=True)
class FailingSubscriber:
    """One subscriber whose oldest message has failed for too long."""

    subscriber: str
    channel: str
    since: datetime
    """When that message was composed."""
    waiting: int
    """The number of its messages that are not delivered."""
    reason: str


def failing(
    unfinished: Iterable[DeliveryRecord],
    open_circuits: Mapping[str, LimitState],
    settings: Settings,
    channels: Mapping[str, Channel],
    now: datetime,
) -> tuple[FailingSubscriber, ...]:
    """The subscribers whose oldest message is older than `alert_after` and was tried, in the configuration's order.

    Deliveries that are held, and those of paused subscribers, do not count.

    Args:
        unfinished: deliveries that are not final, in order.
        open_circuits: by the limit's key.
        settings: the subscribers, and `alert_after`.
        channels: by name, those that a subscriber uses.
        now: the moment, UTC.
    """
    waiting: dict[str, list[DeliveryRecord]] = {}
    for record in unfinished:
        if record.state is not DeliveryState.HELD:
            waiting.setdefault(record.subscriber, []).append(record)
    found = []
    for subscriber in settings.subscribers.values():
        mine = () if subscriber.paused else waiting.get(subscriber.name, ())
        old = [record for record in mine if now - record.created_at >= settings.arxiv.alert_after]
        reason = _reason(subscriber, old, channels, open_circuits)
        if reason:
            since = min(record.created_at for record in old)
            found.append(FailingSubscriber(subscriber.name, subscriber.channel, since, len(mine), reason))
    return tuple(found)


def _reason(
    subscriber: Subscriber,
    old: Sequence[DeliveryRecord],
    channels: Mapping[str, Channel],
    open_circuits: Mapping[str, LimitState],
) -> str:
    """Why these are not delivered: the first one's reason, else that of an open circuit; empty if there is none."""
    said = [record.reason for record in old if record.reason]
    if said or not old:
        return said[0] if said else ""
    closed = closed_addresses(subscriber, open_circuits, channels)
    return next((circuit.reason or "refused" for _, circuit in closed), "")


def closed_addresses(
    subscriber: Subscriber, open_circuits: Mapping[str, LimitState], channels: Mapping[str, Channel]
) -> Iterator[tuple[Address, LimitState]]:
    """The subscriber's addresses that are not reached now, each with the circuit of its credential or its own."""
    for address in subscriber.addresses if open_circuits else ():
        limits = channels[subscriber.channel].limits(address)
        for key in (limits.credential.key, limits.destination.key):
            if key in open_circuits:
                yield address, open_circuits[key]
