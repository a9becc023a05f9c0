"""`paperboy run` or `worker` as a real process, for tests: started, listened to, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import yaml

from bot.arxiv.calendar import expected, previous_mailing_day
from bot.clock import SystemClock
from bot.model import FeedItem, Mailing, MailingState
from bot.store import Store
from bot.store.papers import Verdict
from tests.builders import paper
from tests.world import NEW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.world import Environment

PROGRAM = "from bot.app import daemon; daemon.TICK = 0.5; from bot.cli import main; main()"
"""As `python -m bot`, but that it looks ten times as often whether its file has changed."""
HURRIED_WORKER = "from tests.app.fleet.hurry import hurry_workers; hurry_workers(); from bot.cli import main; main()"
"""The same with a worker's heartbeats, too."""
PATIENCE_SECONDS = 100
"""Until a thing that has to come about is given up: on a busy machine a process takes its time to start."""


class Daemon:
    """The process, its log, and the datagrams that systemd would get."""

    def __init__(self, environment: Environment, socket_path: Path, *command: str) -> None:
        self._environment = environment
        self._command = command or ("run",)
        self._address = socket_path
        self._log = bytearray()
        self.told_systemd: list[str] = []
        self.process: asyncio.subprocess.Process
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener.bind(str(socket_path))
        self._listener.settimeout(0)

    async def start(self) -> None:
        assert self._environment.settings is not None  # writes the file
        config = str(self._environment.folder / "config.yaml")
        program = HURRIED_WORKER if "worker" in self._command else PROGRAM
        command = (sys.executable, "-c", program, *self._command, "--config", config, "--log-format", "json")
        environ = {**os.environ, "NOTIFY_SOCKET": str(self._address), "NO_PROXY": "127.0.0.1"}
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*command, stderr=pipe, env=environ)
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self._log += line

    @property
    def log(self) -> str:
        return self._log.decode()

    def listen(self) -> None:
        """Read what systemd was told; its queue is short."""
        while True:
            try:
                self.told_systemd.append(self._listener.recv(4096).decode())
            except BlockingIOError:
                return

    async def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(10 * PATIENCE_SECONDS):
            self.listen()
            if condition():
                return
            await asyncio.sleep(0.1)
        pytest.fail(f"{what} did not come about:\n{self.log}")

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """The exit code, and the seconds it took."""
        started = time.monotonic()
        self.process.send_signal(how)
        try:
            code = await asyncio.wait_for(self.process.wait(), timeout=20)
        except TimeoutError:
            pytest.fail(f"it did not end:\n{self.log}")
        await self._reader
        return code, time.monotonic() - started

    async def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        await self._reader
        self._listener.close()


def rewrite(environment: Environment, **change: object) -> None:
    """Edit the file as an editor does: a new one in the old one's place."""
    fresh = environment.folder / "config.yaml.new"
    fresh.write_text(yaml.safe_dump({**environment.config, **change}, sort_keys=False), encoding="utf-8")
    fresh.replace(environment.folder / "config.yaml")


@asynccontextmanager
async def with_the_last_mailing(environment: Environment, folder: Path) -> AsyncIterator[Daemon]:
    """The process, with a paper of the last mailing in its store."""
    day = previous_mailing_day(SystemClock().now().date())
    store = Store(f"sqlite:///{environment.folder / 'paperboy.db'}")
    verdict = Verdict(MailingState.COMPLETE, "whole")
    store.papers.record(Mailing("cs.CV", day, (FeedItem(paper(), NEW),)), verdict, expected(day))
    store.close()
    daemon = Daemon(environment, folder / "notify")
    await daemon.start()
    yield daemon
    await daemon.close()
