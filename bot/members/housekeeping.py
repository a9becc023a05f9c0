"""Deletes what is no longer needed: requests that nobody confirmed, old bounces, full request limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.members.commands.suppressing import BOUNCES_COUNT_FOR
from bot.members.links import CONFIRM_WITHIN

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store import Store

_LONGEST_LIMIT = timedelta(days=8)
"""The longest time that a bucket needs to fill."""


def forget_outdated(store: Store, now: datetime) -> None:
    """Deletes it. Writes nothing if there is nothing to delete."""
    with store.snapshot() as view:
        there_is = view.has_outdated(requests=now - CONFIRM_WITHIN, bounces=now - BOUNCES_COUNT_FOR)
    if there_is:
        with store.transaction() as transaction:
            transaction.members.forget_requests(now - CONFIRM_WITHIN)
            transaction.suppressions.forget_bounces(now - BOUNCES_COUNT_FOR)
    store.request_limits.forget(now - _LONGEST_LIMIT)
