"""What time it is, as a value one can pass in.

Only the composition root picks a clock; nothing else reads the machine's.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


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
