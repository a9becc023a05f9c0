"""The site as mailings pile up: to write all of it, to add one mailing to it, and what a reader's browser gets.

One topic of everything, published nowhere.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.model import AnnounceType, FeedItem, Mailing, MailingState, Topic
from bot.publish import Publisher, search_data
from bot.settings import SiteSettings
from bot.store import Store
from bot.store.papers import Verdict
from bot.text.templates import Templates
from bot.topics.matcher import Matcher
from tests.bench import corpus
from tests.bench.measure import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Paper

_LAST = date(2026, 4, 20)
_TOPIC = Topic("all", "Everything", ("cs.CV",))
_DIFFERENT = 10
"""Mailings of papers with texts of their own: more than the caches of the running program hold."""


def run(mailings: Sequence[int] = (30, 365), *, papers: int = 300) -> str:
    """Two tables: seconds, and sizes."""
    texts = corpus.invented(_DIFFERENT * papers)
    took, sizes = [], []
    for count in mailings:
        with TemporaryDirectory() as folder:
            took.append([count, *_measured(Path(folder), count, texts)])
            sizes.append([count, *_sizes(Path(folder) / "site")])
    of = f"{papers} papers each"
    heads = [
        "mailings",
        "write all s",
        "CPU s",
        "CPU ms a mailing",
        "one new mailing s",
        "CPU s",
        "a rerun s",
        "CPU s",
    ]
    return (
        table(f"Writing the site, {of}", heads, took)
        + "\n"
        + table(f"What is in it, KB, {of}", ["mailings", *_FILES, "all, MB"], sizes)
    )


def _measured(folder: Path, count: int, texts: Sequence[Paper]) -> list[float]:
    """Of all mailings but the last, of the last, and of nothing new: seconds by the clock and of the CPU."""
    store = Store(f"sqlite:///{folder / 'bench.db'}")
    days = _days(count + 1)
    _store(store, days[:1], texts)
    _publish(store, folder / "site")  # a new topic starts with the latest mailing
    _store(store, days[1:-1], texts)
    wall, cpu = _publish(store, folder / "site")
    _store(store, days[-1:], texts)
    new, rerun = _publish(store, folder / "site"), _publish(store, folder / "site")
    store.close()
    return [wall, cpu, 1000 * cpu / max(1, count - 1), *new, *rerun]


def _days(count: int) -> list[date]:
    """So many mailing days up to the last, oldest first."""
    days = [_LAST]
    while len(days) < count:
        days.append(calendar.previous_mailing_day(days[-1]))
    return days[::-1]


def _store(store: Store, days: Sequence[date], texts: Sequence[Paper]) -> None:
    size = len(texts) // _DIFFERENT
    for day in days:
        start = size * (day.toordinal() % _DIFFERENT)
        some = enumerate(texts[start : start + size], 1)
        entries = tuple(
            FeedItem(replace(paper, identifier=f"{day:%y%m}.{day.day:02}{place:03}"), AnnounceType.NEW)
            for place, paper in some
        )
        now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
        store.papers.record(Mailing("cs.CV", day, entries), Verdict(MailingState.COMPLETE, ""), now)


def _publish(store: Store, folder: Path) -> tuple[float, float]:
    """Seconds by the clock and of the CPU, as a run of its own."""
    publisher = Publisher(store, SiteSettings(folder, ("all",)), (_TOPIC,), Matcher([_TOPIC]), Templates())
    start, worked = time.perf_counter(), time.process_time()
    asyncio.run(publisher.publish())
    return time.perf_counter() - start, time.process_time() - worked


_FILES = {
    "index.html": "index.html",
    "README.md": "README.md",
    "mailings.js": "all/mailings.js",
    "a month's data": search_data.file_name(_LAST),
    "feed.xml": "all/feed.xml",
    "feed.json": "all/feed.json",
    "page.html": f"all/{_LAST}.html",
    "page.md": f"all/{_LAST}.md",
    "page.bib": f"all/{_LAST}.bib",
}
"""By what the table calls them."""


def _sizes(site: Path) -> list[float]:
    whole = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    return [*((site / path).stat().st_size / 1000 for path in _FILES.values()), whole / 1e6]
