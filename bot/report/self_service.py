"""The trouble that self-service subscribers have, counted: there may be very many, and nobody is to read who."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.report.failing import closed_addresses, failing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.settings import Settings, Subscriber
    from bot.store.limits import LimitState
    from bot.store.outbox.queries import DeliveryRecord

SELF_SERVICE = "self-service subscribers"
"""What all of them together are called."""


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


def configured(settings: Settings) -> Settings:
    """The settings with the subscribers of the YAML alone."""
    return replace(settings, subscribers=_those(settings, self_service=False))


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

    Args:
        unfinished: deliveries that are not final, in order.
        open_circuits: by the limit's key.
        settings: a roster that has those for whom something waits.
        channels: by name.
        now: the moment, UTC.
    """
    readers = replace(settings, subscribers=_those(settings, self_service=True))
    refused: dict[str, str] = {}
    for name, each in readers.subscribers.items():
        for _, circuit in closed_addresses(each, open_circuits, channels):
            refused.setdefault(name, circuit.reason or "refused")
    late = failing(unfinished, open_circuits, readers, channels, now)
    texts = Counter(f"not reached: {reason}" for reason in refused.values())
    texts.update(f"not delivered to for too long: {each.reason}" for each in late if each.subscriber not in refused)
    return tuple(SharedTrouble(count, text) for text, count in sorted(texts.items()))


def _those(settings: Settings, *, self_service: bool) -> dict[str, Subscriber]:
    found = settings.subscribers.items()
    return {name: each for name, each in found if each.is_self_service is self_service}
