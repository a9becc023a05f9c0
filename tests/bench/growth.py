"""`once` as topics and stored mailings grow: flat in what is old, linear in what is new.

In one process, from the YAML to the end of the run, with a loopback arXiv and mail server.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.app import opened
from bot.arxiv import calendar
from bot.config import load
from bot.model import AnnounceType, Entry, Mailing, MailingState
from bot.store import Store
from bot.store.papers import Verdict
from tests.bench import corpus
from tests.bench.measure import seconds, table
from tests.world import morning, opened_world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Paper
    from tests.world import World

_DAY = date(2026, 4, 20)


def run(topics: Sequence[int] = (10, 100, 1000), mailings: Sequence[int] = (1, 30, 365), *, items: int = 200) -> str:
    """Two tables: growing topics over 30 mailings (or the fewest asked for), growing mailings under 10 topics."""
    fewest, days = min(topics), sorted(mailings)[len(mailings) // 2]
    by_topics = [[count, *asyncio.run(_measured(count, days, items))] for count in topics]
    by_mailings = [[count, *asyncio.run(_measured(fewest, count, items))] for count in mailings]
    rest = ["load YAML ms", "nothing new ms", "one new mailing ms"]
    return (
        table(f"Topics, one subscriber each, {days} mailings of {items} in the store", ["topics", *rest], by_topics)
        + "\n"
        + table(f"Mailings of {items} in the store, {fewest} topics", ["mailings", *rest], by_mailings)
    )


async def _measured(topics: int, mailings: int, items: int) -> tuple[float, float, float]:
    """Milliseconds to load the configuration, for a run with nothing new, and for one with a new mailing."""
    papers = corpus.invented(2 * items)
    with TemporaryDirectory() as folder:
        async with opened_world(Path(folder)) as world:
            drawn = list(islice(corpus.topics(papers, papers), topics))
            world.config["topics"] = {
                t.name: {"title": t.title, "categories": ["cs.CV"], "keywords": list(t.keywords)} for t in drawn
            }
            world.config["subscribers"] = {
                f"s{t.name}": {"mail": f"{t.name}@example.org", "topics": [t.name]} for t in drawn
            }
            _ = world.settings  # writes the YAML
            loaded = 1000 * seconds(lambda: load(world.folder / "config.yaml", {}))
            _fill(world, papers[:items], mailings)
            world.announce(_DAY, *papers[:items])
            await world.once(morning(_DAY))
            nothing = await _once(world, morning(_DAY, 7))
            tuesday = _DAY + timedelta(days=1)
            world.announce(tuesday, *papers[items:])
            return loaded, nothing, await _once(world, morning(tuesday))


async def _once(world: World, at: datetime) -> float:
    world.clock.set(at)
    start = time.perf_counter()
    async with opened(load(world.folder / "config.yaml", {}), world.clock) as app:
        await app.once()
    return (time.perf_counter() - start) * 1000


def _fill(world: World, papers: Sequence[Paper], mailings: int) -> None:
    """So many mailings before `_DAY`, each of papers of its own."""
    store = Store(world.settings.store)
    day = _DAY
    for number in range(mailings):
        day = calendar.previous_mailing_day(day)
        entries = tuple(
            Entry(replace(paper, identifier=f"{2000 + number}.{place:05d}"), AnnounceType.NEW)
            for place, paper in enumerate(papers, 1)
        )
        store.papers.record(Mailing("cs.CV", day, entries), Verdict(MailingState.COMPLETE, ""), morning(day))
    store.close()
