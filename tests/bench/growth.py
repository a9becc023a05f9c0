"""`once` as topics and stored mailings grow: flat in what is old, linear in what is new.

In one process, from the YAML to the end of the run, with an arXiv on loopback in it; the mail server is a process of
its own, `python -m tests.bench.growth`. Everybody was told of every mailing that is in the store.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.app import opened
from bot.arxiv import calendar
from bot.config import load
from bot.model import AnnounceType, DeliveryState, FeedItem, Mailing, MailingState
from bot.store import Store
from bot.store.database.tables import deliveries, digest_papers, digests, messages
from bot.store.papers import Verdict
from tests.bench import corpus
from tests.bench.measure import say, seconds, table
from tests.servers.smtp import SmtpReceiver
from tests.world import morning, opened_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Table

    from bot.model import Paper
    from bot.settings import Subscriber
    from tests.world import Environment

_DAY = date(2026, 4, 20)
_CATEGORIES = [
    "cs.CV",
    "cs.CL",
    "cs.LG",
    "cs.AI",
    "cs.RO",
    "cs.HC",
    "cs.IR",
    "cs.SE",
    "cs.CR",
    "cs.DB",
    "stat.ML",
    "eess.IV",
    "math.NA",
    "quant-ph",
]
_TOLD = 5
"""Papers in each digest of the mailings before."""


def run(topics: Sequence[int] = (10, 100, 1000), mailings: Sequence[int] = (1, 30, 365), *, items: int = 200) -> str:
    """Three tables: topics over 30 mailings (or the middle one), mailings under 10 topics, subscribers in status."""
    fewest, days = min(topics), sorted(mailings)[len(mailings) // 2]
    by_topics = [[count, *asyncio.run(_measured(count, days, items))] for count in topics]
    by_mailings = [[count, *asyncio.run(_measured(fewest, count, items))] for count in mailings]
    measured = [(count, *asyncio.run(_status(count, items))) for count in topics]
    first, _, cpu_of_first = measured[0]
    by_subscribers = [[n, wall, cpu, f"{cpu / cpu_of_first:.1f} for {n / first:.0f}"] for n, wall, cpu in measured]
    rest = ["load YAML ms", "nothing new ms", "CPU ms", "one new mailing ms", "CPU ms"]
    return (
        table(f"Topics, one subscriber each, {days} mailings of {items} in the store", ["topics", *rest], by_topics)
        + "\n"
        + table(f"Mailings of {items} in the store, {fewest} topics", ["mailings", *rest], by_mailings)
        + "\n"
        + table(
            "`status`, each subscriber with a topic and categories of its own, all told today",
            ["subscribers", "ms", "CPU ms", "times as long"],
            by_subscribers,
        )
    )


async def _status(subscribers: int, items: int) -> tuple[float, float]:
    """Milliseconds for `status` in the process, and how long the CPU worked for it."""
    papers = corpus.invented(items)
    choice = random.Random(1)
    with TemporaryDirectory() as folder:
        async with opened_environment(Path(folder)) as environment:
            _write_topics(environment, papers, subscribers, lambda: choice.sample(_CATEGORIES, 3))
            for category in _CATEGORIES:
                environment.announce(_DAY, *choice.sample(papers, min(items, 60)), category=category)
            environment.clock.set(morning(_DAY))
            async with environment.app() as app:
                await app.runner.collect()
                await app.runner.compose()
                with app.store._database.writing() as connection:
                    connection.execute(deliveries.update().values(state=DeliveryState.SENT, settled_at=morning(_DAY)))
                start, worked = time.perf_counter(), time.process_time()
                app.reporter.status(morning(_DAY))
                return (time.perf_counter() - start) * 1000, (time.process_time() - worked) * 1000


def _write_topics(
    environment: Environment, papers: Sequence[Paper], count: int, categories: Callable[[], list[str]]
) -> None:
    """A subscriber by mail for each of so many topics."""
    drawn = list(islice(corpus.topics(papers, papers), count))
    environment.config["topics"] = {
        t.name: {"title": t.title, "categories": categories(), "keywords": list(t.keywords)} for t in drawn
    }
    environment.config["subscribers"] = {
        f"s{t.name}": {"mail": f"{t.name}@example.org", "topics": [t.name]} for t in drawn
    }


async def _measured(topics: int, mailings: int, items: int) -> tuple[float, ...]:
    """Milliseconds to load the configuration, for a run with nothing new, and for one with a new mailing.

    Of each run how long it took, and how long the CPU worked for it.
    """
    papers = corpus.invented(2 * items)
    with TemporaryDirectory() as folder, _mail_server() as port:
        async with opened_environment(Path(folder)) as environment:
            _write_topics(environment, papers, topics, lambda: ["cs.CV"])
            environment.config["channels"]["mail"]["port"] = port
            _ = environment.settings  # writes the YAML
            loaded = 1000 * seconds(lambda: load(environment.folder / "config.yaml", {}))
            _fill(environment, papers[:items], mailings)
            environment.announce(_DAY, *papers[:items])
            await environment.once(morning(_DAY))
            nothing = await _once(environment, morning(_DAY, 7))
            tuesday = _DAY + timedelta(days=1)
            environment.announce(tuesday, *papers[items:])
            return loaded, *nothing, *await _once(environment, morning(tuesday))


async def _once(environment: Environment, at: datetime) -> tuple[float, float]:
    environment.clock.set(at)
    start, worked = time.perf_counter(), time.process_time()
    async with opened(load(environment.folder / "config.yaml", {}), environment.clock) as app:
        await app.runner.once()
    return (time.perf_counter() - start) * 1000, (time.process_time() - worked) * 1000


@contextmanager
def _mail_server() -> Iterator[int]:
    """Its port; it takes every mail."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield int(child.stdout.readline())
        finally:
            child.terminate()


async def _take_mail() -> None:
    async with SmtpReceiver() as receiver:
        say(str(receiver.port))
        await asyncio.Event().wait()


def _fill(environment: Environment, papers: Sequence[Paper], mailings: int) -> None:
    """So many mailings before `_DAY`, each of papers of its own, of which everybody was told."""
    settings = environment.settings
    store = Store(settings.store)
    day = _DAY
    for number in range(mailings):
        day = calendar.previous_mailing_day(day)
        entries = tuple(
            FeedItem(replace(paper, identifier=f"{2000 + number}.{place:05d}"), AnnounceType.NEW)
            for place, paper in enumerate(papers, 1)
        )
        store.papers.record(Mailing("cs.CV", day, entries), Verdict(MailingState.COMPLETE, ""), morning(day))
        told = [entry.paper.identifier for entry in entries[:_TOLD]]
        _tell(store, list(settings.subscribers.values()), told, morning(day))
    store.close()


def _tell(store: Store, readers: Sequence[Subscriber], papers: Sequence[str], at: datetime) -> None:
    """A digest of its own for each, as they stand in a store once they are sent."""
    ids = [f"{at:%Y%m%d}{reader.name}" for reader in readers]
    channel = {"channel": "mail"}
    sent = {
        **channel,
        "part": 1,
        "plain": False,
        "parts": 1,
        "state": DeliveryState.SENT,
        "tries": 1,
        "deaths": 0,
        "created_at": at,
    }
    rows: dict[Table, list[dict[str, object]]] = {
        digests: [{**channel, "id": each, "title": "", "created_at": at} for each in ids],
        messages: [{"digest_id": each, "part": 1, "payload": "{}", "plain": "{}", "reply": False} for each in ids],
        digest_papers: [
            {"digest_id": each, "identifier": paper, "version": 0, "topic": "", "shown": True, "hits": []}
            for each in ids
            for paper in papers
        ],
        deliveries: [
            {**sent, "id": each, "digest_id": each, "subscriber": reader.name, "recipient": reader.recipients[0]}
            for each, reader in zip(ids, readers, strict=True)
        ],
    }
    with store._database.writing() as connection:
        for where, some in rows.items():
            connection.execute(where.insert(), some)


if __name__ == "__main__":
    asyncio.run(_take_mail())
