"""Compose in several processes comes to the same as in one, and loses nothing when one of them is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from bot.app import App, compose_process, composing, opened
from bot.app.compose_process import ComposeRun
from bot.clock import SimulatedClock
from bot.config import load
from bot.model import Order
from bot.settings import Address, ComposeSettings, Interest, Secret, Settings, Subscriber
from tests.app.hanging_children import DIGESTS, PROGRAM, start_such_children
from tests.bench.compose_scale import NOW, fill
from tests.forks import start
from tests.store.conftest import sqlite_url

if TYPE_CHECKING:
    from bot.model import Composed
    from bot.store import Store

__all__ = ["sqlite_url"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
READERS, PAPERS = 40, 10
DIGESTS_PER_PROCESS = READERS // 2
Child = asyncio.subprocess.Process


on_both_databases = pytest.mark.parametrize("url", ["sqlite_url", "postgres_url"], indirect=True)
also_on_postgres_on_request = pytest.mark.parametrize(
    "url", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.on_request)], indirect=True
)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """SQLite's, where a test does not ask for both."""
    return str(request.getfixturevalue(getattr(request, "param", "sqlite_url")))


@pytest.fixture
def settings(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Readers who all get another digest, and so many in two processes."""
    fill(tmp_path, url, READERS, PAPERS)
    monkeypatch.setattr(composing, "DIGESTS_PER_PROCESS", DIGESTS_PER_PROCESS)
    return replace(load(tmp_path / "config.yaml", {}), compose=ComposeSettings(2))


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    """Every child that was started."""
    started: list[Child] = []
    start = asyncio.create_subprocess_exec

    async def noting(*command: str, **how: Any) -> Child:
        started.append(await start(*command, **how))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noting)
    return started


@pytest.mark.parametrize(
    ("wanted", "cores", "due", "expected"),
    [
        (None, 2, (10_000, 10_000), 2),
        (None, 64, (10_000, 10_000), composing.MOST_BY_DEFAULT),
        (12, 2, (10_000, 10_000), 12),
        (None, 8, (10_000, 800), 3),
        (None, 8, (10_000, 499), 1),
        (1, 8, (10_000, None), 1),
        (None, 1, (10_000, None), 1),
        (None, 8, (499, None), 1),
    ],
)
def test_as_many_processes_as_are_worth_it(
    monkeypatch: pytest.MonkeyPatch, wanted: int | None, cores: int, due: tuple[int, int | None], expected: int
) -> None:
    """Of so many readers and digests that are due; where it is clear before, no digests are counted."""
    monkeypatch.setattr(composing, "usable_cores", lambda: cores)
    settings: Any = SimpleNamespace(compose=ComposeSettings(wanted))
    roster: Any = SimpleNamespace(subscribers=range(due[0]))
    composer: Any = SimpleNamespace(most_digests=lambda _now, *, any_hour: due[1])  # noqa: ARG005 - as it is called
    nobody: Any = None
    composing_there = composing.Composing(settings, nobody, nobody)
    assert (composing_there._processes(roster, composer, ComposeRun(NOW)) or 1) == expected


def payloads(app: App) -> list[str]:
    return sorted(str(app.store.queries.detail(each.id, texts=True).payload) for each in app.store.queries.all())


def assert_each_has_one(store: Store) -> None:
    told = Counter(record.subscriber for record in store.queries.all())
    assert (len(told), set(told.values())) == (READERS, {1})
    assert len(store.subscribers.states()) == READERS


@also_on_postgres_on_request
async def test_two_processes_write_what_one_writes(settings: Settings, children: list[Child], tmp_path: Path) -> None:
    async with opened(settings, SimulatedClock(NOW)) as app:
        composed = await app.runner.compose()
        assert [child.returncode for child in children] == [0, 0]
        written = payloads(app)
        assert_each_has_one(app.store)
        assert not any(each.messages for each in await app.runner.compose())
        assert len(children) == 2, "with nothing new there is no process"
    fill(tmp_path, f"sqlite:///{tmp_path}/alone.db", READERS, PAPERS)
    async with opened(load(tmp_path / "config.yaml", {}), SimulatedClock(NOW)) as app:
        alone: tuple[Composed, ...] = await app.runner.compose(any_hour=False, shard=None)
        assert written == payloads(app)
    assert sorted(composed, key=str) == sorted(alone, key=str)


@pytest.fixture
def _hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose_process, "_PROGRAM", PROGRAM)


async def both_hang(store: Store) -> None:
    """Until each of two children has written its first digests."""
    while len(store.outbox.lanes()) < 2 * DIGESTS:  # noqa: ASYNC110 - another process writes them
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("_hanging")
@on_both_databases
async def test_processes_that_are_killed_are_stood_in_for(settings: Settings, children: list[Child]) -> None:
    async with opened(settings, SimulatedClock(NOW)) as app:
        run = asyncio.create_task(app.runner.compose())
        await both_hang(app.store)
        for child in children:
            child.kill()
        with capture_logs() as logs:
            await run
        assert {line["event"] for line in logs} == {"a shard is composed here, its process failed"}
        assert_each_has_one(app.store)


async def test_what_goes_wrong_in_a_process_is_said_by_this_one(
    settings: Settings, children: list[Child], tmp_path: Path
) -> None:
    """A template of the operator's own, a library that cannot be read, and what was logged."""
    (tmp_path / "looks/mail").mkdir(parents=True)
    (tmp_path / "looks/mail/digest.html.j2").write_text("{{ no.such.thing }}", encoding="utf-8")
    alice = Subscriber(
        "alice",
        "mail",
        (Address(Secret("alice@example.org"), "mailbox", "alice"),),
        ("birds",),
        settings.timezone,
        interest=Interest(bibtex=Path("no\0file")),
    )
    settings = replace(
        settings,
        templates=tmp_path / "looks",
        topics={"birds": replace(settings.topics["birds"], keywords=(), order=Order.LEARNED)},
        subscribers={"alice": alice},
    )
    async with opened(settings, SimulatedClock(NOW)) as app:
        with capture_logs() as logs:
            composed = await app.runner.compose()
        assert len(children) == 2
        assert ("alice", True) in {(each.subscriber, "no" in each.reason) for each in composed}
        assert "The library of alice cannot be read: ValueError." in {
            each.text for each in app.runner._alerts.values()
        }
    (line,) = [line for line in logs if line["event"] == "the library could not be read"]
    assert (line["log_level"], line["subscriber"]) == ("error", "alice")
    assert "ValueError: embedded null" in line["exception"]


async def test_where_no_process_can_start_all_is_composed_here(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    async with opened(settings, SimulatedClock(NOW)) as app:
        assert len(await app.runner.compose()) == READERS
        assert_each_has_one(app.store)


@pytest.mark.usefixtures("_hanging")
async def test_who_is_to_end_kills_its_processes_at_once(settings: Settings, children: list[Child]) -> None:
    async with opened(settings, SimulatedClock(NOW)) as app:
        run = asyncio.create_task(app.runner._until_the_end(app.runner.compose()))
        await both_hang(app.store)
        app.runner.end_soon()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert len(children) == 2
        assert all(child.returncode is not None for child in children)
    async with opened(replace(settings, compose=ComposeSettings(1)), SimulatedClock(NOW)) as app:
        await app.runner.compose()
        assert_each_has_one(app.store)


def children_of(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))


def is_running(pid: int) -> bool:
    """Whether it has not ended; one that has may still wait for its parent to ask, as a zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False


@pytest.mark.parametrize("ending", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.on_request)])
async def test_a_child_ends_with_its_parent_however_that_ends(
    settings: Settings, tmp_path: Path, ending: signal.Signals
) -> None:
    config = tmp_path / "config.yaml"
    with config.open("a", encoding="utf-8") as file:
        file.write("compose: {processes: 2}\n")
    hanging = partial(start_such_children, NOW, DIGESTS_PER_PROCESS)
    parent = start(
        "once", "--config", str(config), prepare=hanging, log=tmp_path / "parent.log", environ=dict(os.environ)
    )
    async with opened(replace(settings, compose=ComposeSettings(1)), SimulatedClock(NOW)) as app:
        await both_hang(app.store)
        assert parent.pid is not None
        found = children_of(parent.pid)
        assert len(found) == 2
        os.kill(parent.pid, ending)
        parent.join()
        assert parent.exitcode == -ending
        while any(map(is_running, found)):  # noqa: ASYNC110 - they are no children of ours
            await asyncio.sleep(0.01)
        assert len(app.store.outbox.lanes()) == 2 * DIGESTS
        await app.runner.compose()
        assert_each_has_one(app.store)
