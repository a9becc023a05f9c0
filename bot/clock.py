"""What time it is, as a value one can pass in, and the slots of a subscriber's hour.

Only the composition root picks a clock; nothing else reads the machine's. The slots are pure functions of the moment,
the wall time, the weekdays and the zone: a slot is a moment in UTC. A machine that slept runs its last slot at once
machine makes up its last slot at
once; a wall time that a spring change skips moves by the gap, one that an autumn change repeats counts once, at its
first pass (PEP 495, fold=0).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import tzinfo

_WEEK_AND_A_DAY = 8


class Clock(Protocol):
    """The time (aware, UTC) and the only way to wait for a later one."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have passed."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(max(0.0, seconds))


class SimulatedClock:
    """A clock that stands still until somebody sleeps; then it jumps. For the demo and for simulated days."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The simulated moment, in UTC."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Move to a later moment; never back."""
        self._now = max(self._now, moment.astimezone(UTC))

    async def sleep(self, seconds: float) -> None:
        """Jump to the end of the wait and let the other tasks run."""
        self.set(self._now + timedelta(seconds=max(0.0, seconds)))
        await asyncio.sleep(0)


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
