"""Counts self-service subscribers, and suppressed mailboxes by reason. Only reads."""

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
    """Numbers about readers."""

    subscribed: int
    """Self-service subscribers, paused ones among them."""
    paused: int
    unconfirmed: int
    """Requests that their reader has not confirmed."""
    suppressed: Mapping[str, int]
    """The number of suppressed mailboxes, by reason."""
    former_secrets: int
    """How many secrets once signed links and are no longer in `web.secret`: those links do not work."""


def readers(store: Store, settings: Settings) -> Readers:
    """The numbers as they are now."""
    with store.snapshot() as view:
        counts, suppressions = view.members.counts(), view.suppressions.all()
    return Readers(
        subscribed=counts.subscribed,
        paused=counts.paused,
        unconfirmed=counts.unconfirmed,
        suppressed=dict(sorted(Counter(found.reason.value for found in suppressions).items())),
        former_secrets=store.reader_keys(settings.secrets).former_secrets if settings.web else 0,
    )
