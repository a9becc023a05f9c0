"""A subscriber's hours: which slot is due, which comes next.

Pure: a function of the moment, the wall time, the weekdays and the zone. A slot is a moment in UTC. A sleeping
machine makes up its last slot at once; a wall time that a spring change skips moves by the gap, one that an
autumn change repeats counts once, at its first pass (PEP 495, fold=0).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import tzinfo

_WEEK_AND_A_DAY = 8


def latest_slot(now: datetime, at: time, on: Collection[int], zone: tzinfo) -> datetime:
    """The last slot that is not after `now`."""
    return next(slot for slot in _slots(now, at, on, zone, step=-1) if slot <= now)


def next_slot(now: datetime, at: time, on: Collection[int], zone: tzinfo) -> datetime:
    """The first slot after `now`."""
    return next(slot for slot in _slots(now, at, on, zone, step=1) if slot > now)


def _slots(now: datetime, at: time, on: Collection[int], zone: tzinfo, *, step: int) -> Iterator[datetime]:
    """Slots day by day from one day off, in the direction of `step`; weekdays are Monday 0."""
    today = now.astimezone(zone).date()
    for days in range(-1, _WEEK_AND_A_DAY + 1):
        day = today + timedelta(days=days * step)
        if day.weekday() in on:
            yield datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
