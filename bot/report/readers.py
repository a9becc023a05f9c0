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
    former_secrets: int
    """How many secrets signed links once and are not in `web.secret` any more: those links do nothing."""


def readers(store: Store, settings: Settings) -> Readers:
    """What the store has of readers, now."""
    with store.snapshot() as view:
        counts, suppressions = view.members.counts(), view.suppressions.all()
    return Readers(
        subscribed=counts.subscribed,
        paused=counts.paused,
        unconfirmed=counts.unconfirmed,
        suppressed=dict(sorted(Counter(found.reason.value for found in suppressions).items())),
        former_secrets=store.reader_keys(settings.secrets).former_secrets if settings.web else 0,
    )
