"""Finds subscribers whose messages have failed for longer than `alert_after`, and why. Pure.

Self-service subscribers are only counted: there may be very many, and nobody is to read who they are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.model import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.settings import Address, Settings, Subscriber
    from bot.store.limits import LimitState
    from bot.store.outbox.queries import DeliveryRecord

SELF_SERVICE = "self-service subscribers"
"""What all of them together are called."""


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


@dataclass(frozen=True, slots=True)
class SharedTrouble:
    """One problem, and how many self-service subscribers have it."""

    count: int
    text: str
    """What goes on after "they are"."""

    @property
    def sentence(self) -> str:
        """The whole of it."""
        who = "1 self-service subscriber is" if self.count == 1 else f"{self.count} self-service subscribers are"
        return f"{who} {self.text}"


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


def configured(settings: Settings) -> Settings:
    """The settings with the subscribers of the YAML alone."""
    found = settings.subscribers.items()
    return replace(settings, subscribers={name: each for name, each in found if not each.is_self_service})


def is_self_service(name: str, settings: Settings) -> bool:
    """Whether a delivery of that subscriber is, or was, a self-service subscriber's, which may be gone by now."""
    found = settings.subscribers.get(name)
    return name.startswith("m-") if found is None else found.is_self_service


def shared_troubles(
    unfinished: Iterable[DeliveryRecord],
    open_circuits: Mapping[str, LimitState],
    settings: Settings,
    channels: Mapping[str, Channel],
    now: datetime,
) -> tuple[SharedTrouble, ...]:
    """What keeps messages from self-service subscribers: circuits that are open, and what fails for long.

    For the arguments see `failing`; of the self-service subscribers, `settings` has those for whom something waits.
    """
    readers = {name: each for name, each in settings.subscribers.items() if each.is_self_service}
    refused: dict[str, str] = {}
    for name, each in readers.items():
        for _, circuit in closed_addresses(each, open_circuits, channels):
            refused.setdefault(name, circuit.reason or "refused")
    late = failing(unfinished, open_circuits, replace(settings, subscribers=readers), channels, now)
    texts = Counter(f"not reached: {reason}" for reason in refused.values())
    texts.update(f"not delivered to for too long: {each.reason}" for each in late if each.subscriber not in refused)
    return tuple(SharedTrouble(count, text) for text, count in sorted(texts.items()))
