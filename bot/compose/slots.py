"""Decides when a subscriber's hour has come. A slot is one weekday's hour of a subscriber, as a moment in UTC.

Pure: `now` and the last slot served decide, so a sleeping machine or a change of the clocks needs no special case.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.clock import latest_slot
from bot.clock import next_slot as next_slot_after

if TYPE_CHECKING:
    from datetime import datetime

    from bot.settings import Subscriber
    from bot.store.subscribers import SubscriberState

_MACHINES_DIFFER = timedelta(days=1)
"""So much the clocks of several machines differ at most."""


def is_due(subscriber: Subscriber, state: SubscriberState, now: datetime) -> bool:
    """Whether a slot has come that was not served; always, for a subscriber without an hour of its own."""
    if subscriber.at is None or state.slot is None:
        return True
    if state.slot > now:
        # It was written by a wrong clock; what was liked must not come twice for a clock that is late.
        return not subscriber.liked or is_far_future(state.slot, now)
    latest = latest_slot(now, subscriber.at, subscriber.on, subscriber.timezone)
    if latest > state.slot:
        return subscriber.resumes_at is None or latest >= subscriber.resumes_at
    if subscriber.liked:
        return False
    # Today's slot was served already: what comes in late follows at once. A new subscriber waits for its first slot.
    return state.heard_until is not None and calendar.mailing_date(state.slot) == calendar.mailing_date(now)


def is_far_future(slot: datetime, now: datetime) -> bool:
    """Whether a slot lies so far ahead that only a wrong clock can have written it, and not another machine's."""
    return slot > now + _MACHINES_DIFFER


def served_slot(subscriber: Subscriber, now: datetime) -> datetime | None:
    """The latest slot up to `now`, which a digest composed now serves; None without an hour of its own."""
    if subscriber.at is None:
        return None
    return latest_slot(now, subscriber.at, subscriber.on, subscriber.timezone)


def next_slot(subscriber: Subscriber, now: datetime) -> datetime | None:
    """The first slot after `now`, in UTC; None for a subscriber without an hour of its own."""
    if subscriber.at is None:
        return None
    return next_slot_after(now, subscriber.at, subscriber.on, subscriber.timezone)
