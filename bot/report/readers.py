"""How many readers subscribed by themselves, and how many mailboxes are not written to, and why. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.settings import Settings
    from bot.store import Store


@dataclass(frozen=True, slots=True)
class Readers:
    """What the store has of readers, as numbers."""

    subscribed: int
    """Self-service subscribers, paused ones among them."""
    paused: int
    unconfirmed: int
    """Requests that wait for their reader's yes."""
    suppressed: Mapping[str, int]
    """Mailboxes that are not written to, by the reason."""
    unreadable: int
    """How many of these are kept under a secret that is not in the configuration: they stop nothing."""


def readers(store: Store, settings: Settings) -> Readers:
    """What the store has of readers, now."""
    known = store.reader_keys(settings.secrets).names
    with store.snapshot() as view:
        counts, suppressions = view.members.counts(), view.suppressions.all()
    return Readers(
        subscribed=counts.subscribed,
        paused=counts.paused,
        unconfirmed=counts.unconfirmed,
        suppressed=dict(sorted(Counter(found.reason.value for found in suppressions).items())),
        unreadable=sum(found.secret not in known for found in suppressions),
    )
