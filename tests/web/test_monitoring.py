"""The monitor's listener: alive, ready, metrics; one read of the store for many who ask."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from bot.clock import SimulatedClock
from bot.errors import StoreError
from bot.store.figures import Figures
from bot.web.monitoring import ALIVE_SECONDS, READ_SECONDS, Monitoring
from tests.members.driver import NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

    from bot.store import Store


class Watch:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def monitored(store: Store, watch: Watch) -> AsyncIterator[tuple[Monitoring, aiohttp.ClientSession]]:
    monitoring = Monitoring(store, SimulatedClock(NOW), subscribers=1, monotonic=watch)
    await monitoring.start("127.0.0.1:0")
    (address,) = monitoring.addresses
    assert isinstance(address, tuple)
    async with aiohttp.ClientSession(f"http://{address[0]}:{address[1]}") as session:
        yield monitoring, session
    await monitoring.stop()


async def asked(session: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with session.get(path) as answer:
        return answer.status, await answer.text()


async def test_alive_is_who_ticked_within_a_minute(store: Store) -> None:
    watch = Watch()
    async with monitored(store, watch) as (monitoring, session):
        assert await asked(session, "/livez") == (200, "ok\n")
        watch.seconds += ALIVE_SECONDS
        assert await asked(session, "/livez") == (503, "no tick for 60 s\n")
        monitoring.beat()
        assert await asked(session, "/livez") == (200, "ok\n")


async def test_ready_is_who_can_read_the_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StoreError("sqlite:////home/somebody/paperboy.db", "disk I/O error")

    async with monitored(store, Watch()) as (_, session):
        assert await asked(session, "/readyz") == (200, "ok\n")
        monkeypatch.setattr(Figures, "schema", broken)
        monkeypatch.setattr(Figures, "read", broken)
        expected = (503, "the store cannot be used: disk I/O error\n")
        assert await asked(session, "/readyz") == expected
        assert await asked(session, "/metrics") == expected


async def test_the_store_is_read_once_for_all_who_ask_within_some_seconds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = Figures.read, []

    def counted(self: Figures, now: object) -> object:
        reads.append(now)
        return read(self, NOW)

    monkeypatch.setattr(Figures, "read", counted)
    watch = Watch()
    async with monitored(store, watch) as (_, session):
        status, text = await asked(session, "/metrics")
        assert status == 200
        assert "paperboy_polls_total 1.0" in text
        await asked(session, "/metrics")
        assert len(reads) == 1
        watch.seconds += READ_SECONDS
        await asked(session, "/metrics")
        assert len(reads) == 2


async def test_a_store_that_is_slow_to_read_is_read_more_seldom(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads, watch = Figures.read, [], Watch()

    def slow(self: Figures, now: object) -> object:
        reads.append(now)
        watch.seconds += 10.0
        return read(self, NOW)

    monkeypatch.setattr(Figures, "read", slow)
    async with monitored(store, watch) as (_, session):
        await asked(session, "/metrics")
        watch.seconds += 199.0
        await asked(session, "/metrics")
        assert len(reads) == 1
        watch.seconds += 1.0
        await asked(session, "/metrics")
        assert len(reads) == 2


async def test_it_shows_no_other_page_and_takes_no_other_method(store: Store) -> None:
    async with monitored(store, Watch()) as (_, session):
        assert (await asked(session, "/"))[0] == 404
        async with session.post("/metrics") as answer:
            assert answer.status == 405


async def test_it_listens_on_a_unix_socket(store: Store, tmp_path: Path) -> None:
    monitoring = Monitoring(store, SimulatedClock(NOW), subscribers=1)
    await monitoring.start(f"unix:{tmp_path / 'm.sock'}")
    async with aiohttp.ClientSession(
        "http://m", connector=aiohttp.UnixConnector(str(tmp_path / "m.sock"))
    ) as session:
        assert await asked(session, "/readyz") == (200, "ok\n")
    await monitoring.stop()
    assert not (tmp_path / "m.sock").exists()
