"""Clocks, passed in as arguments so that time can be simulated; the slots of a subscriber's hour; and durations.

Only `app` picks a clock; nothing else reads the machine's. A slot is the moment (UTC) at which a subscriber's wall
time comes on one of its weekdays; slots are pure functions of `now`, wall time, weekdays and time zone. When clocks
go forward, a wall time that does not exist moves by the gap; when they go back, one that comes twice counts once, the
first time (PEP 495, fold=0).
"""

from __future__ import annotations

import asyncio
import time as timer
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import tzinfo

_WEEK_AND_A_DAY = 8


class Clock(Protocol):
    """Interface to a clock: tells the time (aware, UTC) and waits."""

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
    """A clock that stands still until somebody sleeps; then it jumps. For the demo and for tests of whole days."""

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


@lru_cache(maxsize=4096)  # very many subscribers have few hours and zones
def latest_slot(now: datetime, at: time, on: frozenset[int], zone: tzinfo) -> datetime:
    """The last slot that is not after `now`."""
    return next(slot for slot in _slots(now, at, on, zone, step=-1) if slot <= now)


@lru_cache(maxsize=4096)
def next_slot(now: datetime, at: time, on: frozenset[int], zone: tzinfo) -> datetime:
    """The first slot after `now`."""
    return next(slot for slot in _slots(now, at, on, zone, step=1) if slot > now)


def _slots(now: datetime, at: time, on: frozenset[int], zone: tzinfo, *, step: int) -> Iterator[datetime]:
    """Slots day by day from one day before (after, if `step` is -1), in the direction of `step`; Monday is 0."""
    today = now.astimezone(zone).date()
    for days in range(-1, _WEEK_AND_A_DAY + 1):
        day = today + timedelta(days=days * step)
        if day.weekday() in on:
            yield datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets, in seconds; one more bucket has what took longer."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed under one label. Replaced as a whole, so that another thread never reads half of it."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    """How often, by bucket; not cumulative."""
    total: float = 0.0
    """Seconds of all together."""

    def plus(self, seconds: float) -> Observed:
        """This and one more."""
        place = bisect_left(BOUNDS, seconds)
        return Observed(
            (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :]), self.total + seconds
        )


class Durations:
    """Counts how long one kind of work takes, by a label of few values."""

    def __init__(self, monotonic: Callable[[], float] = timer.perf_counter) -> None:
        self._monotonic = monotonic
        self._observed: dict[str, Observed] = {}

    @contextmanager
    def timed(self, label: str) -> Iterator[None]:
        """Count what is done in here, also if it fails."""
        began = self._monotonic()
        try:
            yield
        finally:
            before = self._observed.get(label, Observed())
            self._observed[label] = before.plus(self._monotonic() - began)

    def read(self) -> Mapping[str, Observed]:
        """By label, what was observed until now."""
        return dict(self._observed)


@dataclass(frozen=True, slots=True)
class Timings:
    """What one process measures of its own work; kept when its configuration is reloaded."""

    sends: Durations = field(default_factory=Durations)
    """By channel: from the start of a send to the platform's answer."""
    polls: Durations = field(default_factory=Durations)
    """By arXiv's service: from the start of a request to the end of its answer."""
