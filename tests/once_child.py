"""`once` in a process of its own at a simulated moment, to be killed: python -m tests.once_child CONFIG MOMENT."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from bot.app import opened
from bot.clock import SimulatedClock
from bot.config import load


async def _once(config: Path, moment: datetime) -> bool:
    async with opened(load(config, {}), SimulatedClock(moment)) as app:
        run = await app.once()
        return run.left_undone


if __name__ == "__main__":
    sys.exit(int(asyncio.run(_once(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))))
