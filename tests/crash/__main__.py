"""`python -m tests.crash [KILLS] [SEED]`, or `make crash`: as the suite does it, more often. Prints what was hit."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from tests.crash.driver import Tally, drive

AT_ONCE = 3
IN_ONE_ENVIRONMENT = 50


async def main(kills: int, seed: int) -> None:
    started, total, seeds = time.monotonic(), Tally(), count(seed)
    folder = Path(tempfile.mkdtemp(prefix="paperboy-crash-"))  # stays where something went wrong

    async def worker() -> None:
        while (left := kills - total.kills) > 0:
            mine = next(seeds)
            total.add(await drive(folder / str(mine), min(IN_ONE_ENVIRONMENT, left), mine))

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    shutil.rmtree(folder)
    print(total)  # noqa: T201 - its output
    print(f"seeds {seed} to {next(seeds) - 1}, {time.monotonic() - started:.0f} s")  # noqa: T201 - its output


if __name__ == "__main__":
    asyncio.run(main(*map(int, (sys.argv[1:] + ["1000", "1"][len(sys.argv) - 1 :]))))
