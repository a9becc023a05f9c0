"""`paperboy run` as a real process: started, reloaded, refused a bad configuration, stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine, text

from bot.app.daemon import GRACE
from bot.cli.daemon_process import LOCK_WAIT_AT_END
from bot.web.server import STOP_SECONDS
from tests.app.test_monitoring_service import text_at
from tests.builders import paper
from tests.daemon_process import PATIENCE_SECONDS, Daemon, rewrite
from tests.ports import free_port
from tests.servers.arxiv import Answer, ArxivServer
from tests.world import TUESDAY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import Environment


OTHER = {"slack": "C0123456780", "topics": ["birds"]}

pytestmark = pytest.mark.timeout(3 * PATIENCE_SECONDS)


def test_what_it_waits_for_at_its_end_comes_to_less_than_ten_seconds() -> None:
    """The processes of these tests wait for a part of it."""
    assert GRACE + LOCK_WAIT_AT_END + STOP_SECONDS < 10


@pytest.fixture
async def daemon(environment: Environment, tmp_path: Path) -> AsyncIterator[Daemon]:
    daemon = Daemon(environment, tmp_path / "notify")
    environment.config["metrics"] = f"127.0.0.1:{free_port()}"
    environment.announce(TUESDAY, paper())
    await daemon.start()
    yield daemon
    await daemon.close()


async def test_it_is_started_reloaded_refused_and_stopped(daemon: Daemon, environment: Environment) -> None:
    await daemon.wait_for(lambda: '"event": "round done"' in daemon.log, "the first round")
    assert environment.received()["slack"] == 1

    daemon.send(signal.SIGHUP)
    await daemon.wait_for(lambda: daemon.log.count("configuration reloaded") == 1, "a reload on SIGHUP")
    rewrite(environment, topics={"birds": {"categories": ["cs.CVV"]}})
    await daemon.wait_for(lambda: "the changed configuration is refused" in daemon.log, "a refusal")
    assert "did you mean cs.CV?" in daemon.log
    rewrite(environment)
    await daemon.wait_for(lambda: daemon.log.count("configuration reloaded") == 2, "a reload of the mended file")

    rewrite(environment, subscribers={**environment.config["subscribers"], "other": OTHER})
    await daemon.wait_for(lambda: daemon.log.count('"event": "delivered"') == 2, "a newcomer's digest")
    # One was counted before the reloads, one after them.
    assert 'paperboy_send_seconds_count{channel="slack"} 2.0' in await text_at(environment.config["metrics"])

    code, seconds = await daemon.stop()
    assert (code, seconds < 10) == (0, True)
    daemon.listen()
    told = daemon.told_systemd
    assert told[0] == "READY=1"
    assert told[-1] == "STOPPING=1"
    assert told.count("WATCHDOG=1") > 2
    assert sum(message.startswith("RELOADING=1") for message in told) == 4
    assert environment.slack.token not in daemon.log


async def test_it_ends_within_ten_seconds_on_sigint_while_arxiv_hangs(
    environment: Environment, tmp_path: Path
) -> None:
    environment.arxiv.feeds["cs.CV"] = Answer(b"", delay=120)
    daemon = Daemon(environment, tmp_path / "notify")
    await daemon.start()
    await daemon.wait_for(lambda: bool(environment.arxiv.requests), "a request")
    code, seconds = await daemon.stop(signal.SIGINT)
    await daemon.close()
    assert (code, seconds < 10) == (0, True)


async def test_it_ends_while_another_process_holds_the_store_locked(environment: Environment, tmp_path: Path) -> None:
    daemon = Daemon(environment, tmp_path / "notify")
    await daemon.start()
    await daemon.wait_for(lambda: '"event": "round done"' in daemon.log, "the first round")
    holder = (
        "import sqlite3, sys; s = sqlite3.connect(sys.argv[1], isolation_level=None); s.execute('BEGIN IMMEDIATE')"
    )
    command = (sys.executable, "-c", f"{holder}; print('held', flush=True); sys.stdin.read()")
    pipe = asyncio.subprocess.PIPE
    other = await asyncio.create_subprocess_exec(
        *command, str(environment.folder / "paperboy.db"), stdin=pipe, stdout=pipe
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert await other.stdout.readline() == b"held\n"
    rewrite(environment)  # a round at once, which waits for the lock
    await daemon.wait_for(lambda: "configuration reloaded" in daemon.log, "a reload")
    code, seconds = await daemon.stop()
    await daemon.close()
    assert (code, seconds < 10) == (0, True)
    assert "the store cannot be used" in daemon.log
    assert "what is in flight could not be noted" in daemon.log
    other.stdin.close()
    assert await other.wait() == 0


async def test_a_health_url_is_called_and_appears_in_no_log(environment: Environment, tmp_path: Path) -> None:
    async with ArxivServer(environment.clock) as watcher:
        environment.config["health_url"] = watcher.url.replace("{category}", "planted-secret")
        daemon = Daemon(environment, tmp_path / "notify")
        await daemon.start()
        await daemon.wait_for(lambda: bool(watcher.requests), "a ping")
        await daemon.wait_for(lambda: "the health URL answered" in daemon.log, "the watcher's 400")
        await daemon.stop()
        await daemon.close()
        assert [request.category for request in watcher.requests] == ["planted-secret"]
        assert "planted-secret" not in daemon.log


async def test_sigterm_ends_it_within_ten_seconds_while_another_session_holds_a_lock_of_postgres(
    environment: Environment, tmp_path: Path, postgres_url: str
) -> None:
    environment.config["store"] = postgres_url
    daemon = Daemon(environment, tmp_path / "notify")
    await daemon.start()
    try:
        await daemon.wait_for(lambda: '"event": "round done"' in daemon.log, "the first round")
        with create_engine(postgres_url, poolclass=NullPool).connect() as other:
            other.execute(text("LOCK TABLE leases, gates, deliveries, subscribers IN ACCESS EXCLUSIVE MODE"))
            daemon.send(signal.SIGHUP)
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            await daemon.wait_for(lambda: bool(other.execute(waits).scalar()), "a round that waits")
            code, seconds = await daemon.stop()
        assert (code, seconds < 10) == (0, True)
    finally:
        await daemon.close()
