"""`paperboy worker` as real processes on a real PostgreSQL: started, killed, reloaded, stopped, refused."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine, text

from bot.app.fleet.worker import CONCURRENCY
from bot.cli.commands.worker import VERBS, worker
from bot.store.jobs import Verb
from tests.app.fleet.rows import fall_silent, rows
from tests.builders import paper
from tests.daemon_process import PATIENCE_SECONDS, Daemon, rewrite
from tests.servers.slack import FaultScript
from tests.world import TUESDAY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.cli.conftest import Terminal
    from tests.world import Environment

pytestmark = pytest.mark.timeout(3 * PATIENCE_SECONDS)

_numbers = count()


@pytest.fixture
def fleet(environment: Environment, postgres_url: str) -> Environment:
    environment.config |= {"store": postgres_url, "fleet": True}
    environment.announce(TUESDAY, paper())
    return environment


def test_its_help_names_the_verbs_and_the_jobs_at_once_that_there_are() -> None:
    assert tuple(Verb) == VERBS
    assert (worker.__kwdefaults__ or {})["concurrency"] == CONCURRENCY


@asynccontextmanager
async def started(fleet: Environment, folder: Path, *commands: tuple[str, ...]) -> AsyncIterator[list[Daemon]]:
    daemons = [Daemon(fleet, folder / f"notify{next(_numbers)}", *command) for command in commands]
    await asyncio.gather(*(daemon.start() for daemon in daemons))
    try:
        yield daemons
        for daemon in daemons:
            assert "Traceback" not in daemon.log, daemon.log
    finally:
        for daemon in daemons:
            await daemon.close()


async def ended_well(daemon: Daemon) -> None:
    code, seconds = await daemon.stop()
    assert (code, seconds < 10) == (0, True), daemon.log


async def test_two_workers_share_a_morning_and_status_names_them(fleet: Environment, tmp_path: Path) -> None:
    verbs = ("worker", "--concurrency", "2", "--verbs", "collect, compose"), ("worker", "--verbs", "deliver,prune")
    async with started(fleet, tmp_path, *verbs) as (first, second):
        await first.wait_for(lambda: fleet.received()["slack"] == 1, "the digest")
        assert '"event": "composed"' in first.log
        await second.wait_for(lambda: '"event": "delivered"' in second.log, "a note of the delivery")
        await ended_well(first)
        await ended_well(second)


async def test_a_worker_killed_while_it_sends_is_noticed_and_its_job_done_by_another(
    fleet: Environment, tmp_path: Path, postgres_url: str
) -> None:
    fleet.slack.script.append(FaultScript(hangs=600))
    async with started(fleet, tmp_path, ("worker",)) as (first,):
        await first.wait_for(lambda: any("postMessage" in path for _, path in fleet.slack.requests), "a message")
        first.send(signal.SIGKILL)
        await first.ended()
        assert any(row.key.startswith("deliver") and row.state == "doing" for row in rows(postgres_url))
        fall_silent(postgres_url)
        async with started(fleet, tmp_path, ("worker",)) as (second,):
            await second.wait_for(lambda: fleet.received()["slack"] == 1, "the message")
            assert "jobs of dead workers were taken back" in second.log
            await ended_well(second)


async def test_a_changed_file_is_read_by_a_worker_and_a_wrong_one_refused(fleet: Environment, tmp_path: Path) -> None:
    async with started(fleet, tmp_path, ("worker",)) as (worker,):
        await worker.wait_for(lambda: '"event": "running"' in worker.log, "the start")
        rewrite(fleet, topics={"birds": {"categories": ["cs.CVV"]}})
        await worker.wait_for(lambda: "the changed configuration is refused" in worker.log, "a refusal")
        rewrite(fleet, fleet=False)
        await worker.wait_for(lambda: "restart Paperboy to change it" in worker.log, "another refusal")
        rewrite(
            fleet, subscribers={**fleet.config["subscribers"], "other": {"slack": "C0123456780", "topics": ["birds"]}}
        )
        await worker.wait_for(lambda: "configuration reloaded" in worker.log, "a reload")
        await worker.wait_for(lambda: fleet.received()["slack"] == 2, "the digest of a subscriber that is new")
        worker.send(signal.SIGHUP)
        await worker.wait_for(lambda: worker.log.count("configuration reloaded") == 2, "a reload on SIGHUP")
        await ended_well(worker)


async def test_a_worker_ends_within_ten_seconds_while_it_sends_and_hands_its_job_back(
    fleet: Environment, tmp_path: Path, postgres_url: str
) -> None:
    fleet.slack.script.append(FaultScript(hangs=600))
    async with started(fleet, tmp_path, ("worker",)) as (worker,):
        await worker.wait_for(lambda: any("postMessage" in path for _, path in fleet.slack.requests), "a message")
        await ended_well(worker)
    assert any(
        row.key.startswith("deliver") and (row.state, row.seconds) == ("todo", 0) for row in rows(postgres_url)
    )
    with create_engine(postgres_url, poolclass=NullPool).connect() as connection:
        assert connection.execute(text("SELECT state FROM deliveries")).scalar() == "unknown"


async def test_run_is_a_worker_where_many_share_the_work(fleet: Environment, tmp_path: Path) -> None:
    async with started(fleet, tmp_path, ("run",)) as (daemon,):
        await daemon.wait_for(lambda: fleet.received()["slack"] == 1, "the digest")
        await ended_well(daemon)


async def refused(paperboy: Terminal, *command: str) -> str:
    """What is said where the command is refused."""
    answer = await paperboy(*command)
    assert (answer.code, answer.out) == (2, "")
    return " ".join(answer.err.split())


async def test_a_worker_needs_a_configuration_for_many(fleet: Environment, paperboy: Terminal) -> None:
    fleet.config["fleet"] = False
    assert "workers need `fleet: true`, and a store on PostgreSQL" in await refused(paperboy, "worker")


@pytest.mark.usefixtures("fleet")
async def test_many_workers_need_procrastinate(paperboy: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "procrastinate", None)  # as if it were not installed
    for command in ("worker", "run"):
        said = await refused(paperboy, command)
        assert "fleet: true needs an extra that is not installed: pip install 'paperboy-digest[fleet]'" in said


@pytest.mark.usefixtures("fleet")
async def test_a_verb_that_there_is_not_is_refused(paperboy: Terminal) -> None:
    for verbs, unknown in (("compose,sing", "'sing'"), ("", "''")):
        said = await refused(paperboy, "worker", "--verbs", verbs)
        assert f"{unknown} is none of collect, compose, deliver, publish, prune" in said
