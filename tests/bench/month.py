"""The daemon over a simulated month: whether what it holds is the same at the end as in its first week.

`python -m tests.bench.month` is the process that is measured. arXiv and the receivers run in it too, on loopback, and
forget every evening what they were told. Every working day has a mailing of papers that never came before.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import threading
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import structlog

from bot.app.daemon import Daemon
from bot.arxiv.calendar import EASTERN
from tests.bench import corpus
from tests.bench.measure import process, say, table
from tests.world import opened_environment

if TYPE_CHECKING:
    from datetime import date

    from tests.world import Environment

    Holding = dict[str, float]

_START = datetime(2026, 4, 20, tzinfo=UTC)
"""A Monday; America/New_York has no holiday in the 30 days from it on that changes a mailing."""
_STEP = timedelta(minutes=5)


def run(settled: int = 5, days: int = 30, *, papers: int = 300) -> str:
    """The table; a ratio near 1 is steady. `settled`: the day by whose end every part has been at work."""
    plain, traced = (
        json.loads(
            process("-m", "tests.bench.month", str(settled), str(days), str(papers), mode).output.splitlines()[-1]
        )
        for mode in ("plain", "traced")
    )
    early, late = ({**plain[at], **traced[at]} for at in (0, 1))
    rows = [[what, early[what], late[what], late[what] / early[what]] for what in early]
    heads = ["held", f"day {settled}", f"day {days}", "ratio"]
    return table(f"The daemon over {days} simulated days, {papers} papers each working day", heads, rows)


async def _live(folder: Path, settled: int, days: int, papers: int) -> list[Holding]:
    """What it holds at the end of both days."""
    held = []
    async with opened_environment(folder) as environment:
        environment.clock._now = _START
        _subscribe(environment)
        async with environment.app() as app:
            daemon = Daemon(app.runner, environment.clock)
            for number in range(1, days + 1):
                await _day(environment, daemon, _START + timedelta(days=number), papers)
                if number in (settled, days):
                    held.append(_holding())
                tracemalloc.reset_peak()
    return held


def _subscribe(environment: Environment) -> None:
    """A topic of everything and one of a word, on every channel and on the site."""
    environment.config["topics"] = {
        "all": {"title": "All", "categories": ["cs.CV"], "limit": 50},
        "birds": {"title": "Birds", "categories": ["cs.CV"], "keywords": ["da"]},
    }
    topics = {"topics": ["birds", "all"]}
    environment.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "thread": True, **topics},
        "club": {"discord": "123456789012345678", **topics},
        "alice": {"mail": "alice@example.org", "at": "08:00", **topics},
    }
    environment.config["site"] = {"dir": "site", "topics": ["birds", "all"]}


async def _day(environment: Environment, daemon: Daemon, end: datetime, papers: int) -> None:
    announced: date | None = None
    while (now := environment.clock.now()) < end:
        today = now.astimezone(EASTERN).date()
        if today != announced:
            announced = today
            fresh = corpus.invented(papers if today.weekday() < 5 else 0, seed=today.toordinal())
            environment.announce(
                today, *(replace(p, identifier=f"{today:%y%m}.{today.day:02}{p.identifier[-3:]}") for p in fresh)
            )
        await daemon.tick()
        environment.clock.set(now + _STEP)
    for receiver in (environment.slack, environment.discord, environment.mail):
        receiver.messages.clear()
    for asked in (
        environment.slack.requests,
        environment.discord.requests,
        environment.arxiv.requests,
        environment.mail.steps,
    ):
        asked.clear()
    environment.mail._sessions.clear()
    environment.discord._nonces.clear()


def _holding() -> Holding:
    """Of this process, after all that is garbage is gone."""
    gc.collect()
    if tracemalloc.is_tracing():
        now, peak = tracemalloc.get_traced_memory()
        return {"Python's memory, MB": now / 1e6, "its peak in the last day, MB": peak / 1e6}
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (resident,) = (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
    return {
        "resident, MB": resident,
        "objects": len(gc.get_objects()),
        "open files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
    }


def _main(settled: str, days: str, papers: str, mode: str) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if mode == "traced":
        tracemalloc.start()
    with TemporaryDirectory() as folder:
        held = asyncio.run(_live(Path(folder), int(settled), int(days), int(papers)))
    say(json.dumps(held))


if __name__ == "__main__":
    _main(*sys.argv[1:])
