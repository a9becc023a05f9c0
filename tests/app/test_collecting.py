"""One process at a time collects: it renews its lease while it asks, and another one sees who has it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.app.collecting import LEASE_TERM, MISSED_LEASE, TODAY_LEASE, Collector
from bot.clock import SimulatedClock
from bot.collect import Collection
from bot.errors import FetchError
from bot.store import Store
from bot.store.leases import LeaseTakenError
from bot.store.worker import WorkerId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import date
    from pathlib import Path

NOON = datetime(2026, 4, 21, 16, tzinfo=UTC)  # a Tuesday, in New York
ELSEWHERE = replace(WorkerId.current(), host="elsewhere")


class SlowArxiv:
    """Answers every request after some time, and with an error."""

    has_catchup = False

    def __init__(self, clock: SimulatedClock, takes: timedelta) -> None:
        self._clock = clock
        self._takes = takes

    async def fetch_rss(self, category: str) -> bytes:
        await self._clock.sleep(self._takes.total_seconds())
        raise FetchError(f"no feed of {category}")

    async def fetch_oai(self, _arguments: Any) -> bytes:
        await self._clock.sleep(self._takes.total_seconds())
        raise FetchError("no records")

    async def fetch_catchup(self, category: str, _day: Any, _page: int = 1) -> bytes:
        raise FetchError(f"no page of {category}")


class Process:
    """A collector with a store object of its own."""

    def __init__(self, url: str, owner: WorkerId | None = None, *, takes: timedelta = timedelta(minutes=20)) -> None:
        self.clock = SimulatedClock(NOON)
        self.store = Store(url, owner)
        self.arxiv = SlowArxiv(self.clock, takes)
        self.opened: list[tuple[str, dict[str, float]]] = []
        self.collector = Collector(self.store, self.clock, self.open_arxiv)

    def collection(self, categories: list[str], *, since: date | None = None) -> Collection:
        return Collection(self.store.papers, categories, self.clock, since=since)

    @asynccontextmanager
    async def open_arxiv(self, lease: str, **limits: float) -> AsyncIterator[SlowArxiv]:
        self.opened.append((lease, limits))
        self.store.leases.acquire(lease, self.clock.now(), LEASE_TERM)
        yield self.arxiv
        self.store.leases.release(lease)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'p.db'}"


@pytest.fixture
def mine(url: str) -> Iterator[Process]:
    process = Process(url)
    yield process
    process.store.close()


@pytest.fixture
def theirs(url: str) -> Iterator[Process]:
    process = Process(url, ELSEWHERE)
    yield process
    process.store.close()


async def test_a_process_that_collects_renews_its_lease_at_every_mailing(mine: Process, theirs: Process) -> None:
    free: list[str] = []

    def step(name: str, _steps: int) -> None:
        try:
            theirs.store.leases.acquire(TODAY_LEASE, mine.clock.now(), LEASE_TERM)
        except LeaseTakenError:
            return
        free.append(name)

    collection = mine.collection(["cs.AI", "cs.CL", "cs.CV", "cs.LG"])  # 20 minutes each
    assert await mine.collector.collect_today(collection, step) == ""
    assert free == []


async def test_who_collects_today_s_mailing_is_seen_by_another_process(mine: Process, theirs: Process) -> None:
    assert mine.collector.collecting_elsewhere() == ""
    theirs.store.leases.acquire(TODAY_LEASE, NOON, LEASE_TERM)
    who = f"collect is held by process {ELSEWHERE.pid} on elsewhere"
    assert mine.collector.collecting_elsewhere() == who
    assert await mine.collector.collect_today(mine.collection(["cs.CV"]), print) == who


async def test_catching_up_briefly_does_not_wait_for_arxiv(mine: Process) -> None:
    collection = mine.collection(["cs.CV"], since=NOON.date() - timedelta(days=1))
    assert await mine.collector.collect_missed(collection, print, briefly=True) == (0, "")
    assert mine.opened == [(MISSED_LEASE, {"max_wait": 0.0})]


async def test_catching_up_leaves_today_s_mailing_to_others(mine: Process, theirs: Process) -> None:
    theirs.store.leases.acquire(MISSED_LEASE, NOON, LEASE_TERM)
    who = f"catch up is held by process {ELSEWHERE.pid} on elsewhere"
    collection = mine.collection(["cs.CV"])
    assert await mine.collector.collect_missed(collection, print, briefly=False) == (0, who)
    assert mine.collector.collecting_elsewhere() == ""
