"""Compose for very many subscribers of one topic: one shared body, one row each.

Once for newcomers, and once more for the next mailing, when each has a state and was told before.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.app import App
from bot.clock import SimulatedClock
from bot.model import AnnounceType, FeedItem, Mailing, MailingState
from bot.settings import Address, Secret
from bot.store.papers import Verdict
from tests.bench import corpus
from tests.bench.measure import table
from tests.world import TUESDAY, WEDNESDAY, morning, opened_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings import Settings

_ALLOWED = 50e-6


def run(sizes: Sequence[int] = (1, 10_000), *, announced: int = 300) -> str:
    """The table; the target is one and a half times what one costs, and 50 us for each."""
    took = {size: asyncio.run(_measured(size, announced)) for size in sizes}
    rows = []
    for which, mailing in enumerate(("first", "second")):
        one = took[min(sizes)][which]
        for size, costs in took.items():
            cost = costs[which]
            each = (cost - one) / max(1, size - 1) * 1e6
            rows.append([mailing, size, cost, cost / one, each, cost / (1.5 * one + size * _ALLOWED)])
    heads = ["mailing", "subscribers", "compose CPU s", "times one's", "us for each more", "times the target"]
    return table("Compose for subscribers of one topic", heads, rows)


async def _measured(size: int, announced: int) -> list[float]:
    with TemporaryDirectory() as folder:
        async with opened_environment(Path(folder)) as environment:
            environment.config["topics"]["birds"]["keywords"] = []
            environment.config["topics"]["birds"]["limit"] = 30
            environment.config["subscribers"] = {"s0": {"mail": "s0@example.org", "topics": ["birds"]}}
            return await _compose(_many(environment.settings, size), announced)


def _many(settings: Settings, size: int) -> Settings:
    (first,) = settings.subscribers.values()
    names = [f"s{number}" for number in range(size)]
    return replace(
        settings,
        subscribers={
            name: replace(
                first,
                name=name,
                addresses=(Address(Secret(f"{name}@example.org"), "mailbox", f"{name}@example.org"),),
            )
            for name in names
        },
    )


async def _compose(settings: Settings, announced: int) -> list[float]:
    """CPU seconds for each of two mailings; a tenth of the second is replacements of what the first announced."""
    clock = SimulatedClock(morning(TUESDAY))
    app = App(settings, clock)
    papers = corpus.invented(2 * announced)
    again = [FeedItem(replace(paper, version=2), AnnounceType.REPLACE) for paper in papers[: announced // 10]]
    took = []
    for day, some, more in ((TUESDAY, papers[:announced], []), (WEDNESDAY, papers[announced:], again)):
        clock.set(morning(day))
        entries = (*(FeedItem(paper, AnnounceType.NEW) for paper in some), *more)
        app.store.papers.record(Mailing("cs.CV", day, entries), Verdict(MailingState.COMPLETE, ""), clock.now())
        start = time.process_time()
        await app.runner.compose()
        took.append(time.process_time() - start)
    written = len(app.store.queries.unfinished())
    app.store.close()
    assert written >= 2 * len(settings.subscribers)
    return took
