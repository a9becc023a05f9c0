"""Forgets what counts no more: requests that nobody confirmed, old bounces, request limits that are full again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.members.commands.suppressing import BOUNCES_COUNT_FOR
from bot.members.links import CONFIRM_WITHIN

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store import Store

_LONGEST_LIMIT = timedelta(days=8)
"""No bucket takes longer to fill."""


def forget_outdated(store: Store, now: datetime) -> None:
    """Forget it. Where there is nothing to forget, nothing is written."""
    with store.snapshot() as view:
        there_is = view.has_outdated(requests=now - CONFIRM_WITHIN, bounces=now - BOUNCES_COUNT_FOR)
    if there_is:
        with store.transaction() as transaction:
            transaction.members.forget_requests(now - CONFIRM_WITHIN)
            transaction.suppressions.forget_bounces(now - BOUNCES_COUNT_FOR)
    store.request_limits.forget(now - _LONGEST_LIMIT)
