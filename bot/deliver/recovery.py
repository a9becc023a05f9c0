"""Recovers deliveries whose sender died while sending them: their outcome is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import DeliveryState, Shard
    from bot.store import Store
    from bot.store.outbox.policy import Lane

log = structlog.get_logger(__name__)


def recover(
    store: Store, lanes: Sequence[Lane], now: datetime, shard: Shard | None = None
) -> dict[Lane, list[DeliveryState]]:
    """Marks these lanes' deliveries whose sender died as unknown, or dead after too many crashes.

    Args:
        store: whose outbox.
        lanes: of whom.
        now: the moment, UTC.
        shard: in which all of these lanes are, if they are a shard's.

    Returns:
        The new states, by lane; only lanes with such deliveries.
    """
    found: dict[Lane, list[DeliveryState]] = {}
    for lane, state in store.outbox.recover(*lanes, owner=store.owner, now=now, shard=shard):
        log.warning("a sender died while sending", subscriber=lane.subscriber, state=state.value)
        found.setdefault(lane, []).append(state)
    return found
