"""`paperboy run` or `worker` as a real process, for tests: started, listened to, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bot.arxiv.calendar import expected
from bot.clock import SystemClock
from bot.model import FeedItem, Mailing, MailingState
from bot.store import Store
from bot.store.papers import Verdict
from tests.app.fleet.hurry import LOOK_AGAIN, look_often
from tests.builders import paper
from tests.forks import start
from tests.world import MONDAY, NEW, TUESDAY, morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

    from tests.world import Environment

PATIENCE_SECONDS = 100
"""Until a thing that has to come about is given up: on a busy machine a process takes its time to start."""
GRACE = 0.3
"""Seconds that the process leaves to each thing that is in progress when it is asked to end."""
HURRIED: dict[str, dict[str, Any]] = {
    "bot.app.daemon": {"TICK": LOOK_AGAIN, "GRACE": GRACE},
    "bot.app.fleet.worker": {"GRACE": GRACE},
    "bot.cli.daemon_process": {"LOCK_WAIT_AT_END": GRACE},
    "bot.deliver.reconcile": {"VISIBLE_AFTER": timedelta(seconds=GRACE)},
    "bot.web.server": {"STOP_SECONDS": GRACE},
}
"""The constants of each module for which one would wait for seconds, and what they are in the process."""

_AHEAD = morning(TUESDAY) - datetime.now(UTC)
"""What the process's clock is ahead by: to it, it is a morning with a mailing, on whatever day and hour tests run."""


def now() -> datetime:
    """The moment by the process's clock."""
    return datetime.now(UTC) + _AHEAD


def hurry(ahead: timedelta) -> None:
    """Sets this process's clock, for good; what takes a daemon or a worker seconds takes a tenth of them."""
    setattr(SystemClock, "now", lambda _: datetime.now(UTC) + ahead)  # noqa: B010 - mypy lets none stand for a method
    look_often()
    for module, values in HURRIED.items():
        for name, value in values.items():
            setattr(import_module(module), name, value)


class Daemon:
    """The process, its log, and the datagrams that systemd would get."""

    def __init__(self, environment: Environment, socket_path: Path, *command: str) -> None:
        self._environment = environment
        self._command = command or ("run",)
        self._address = socket_path
        self._log = socket_path.with_suffix(".log")  # where tests/leaks.py looks for secrets
        self.told_systemd: list[str] = []
        self.process: ForkServerProcess
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener.bind(str(socket_path))
        self._listener.settimeout(0)

    async def start(self) -> None:
        assert self._environment.settings is not None  # writes the file
        command = (*self._command, "--config", str(self._environment.folder / "config.yaml"), "--log-format", "json")
        for platform in (self._environment.slack, self._environment.discord):
            platform.now = lambda: now().timestamp()
        environ = {**os.environ, "NOTIFY_SOCKET": str(self._address), "NO_PROXY": "127.0.0.1"}
        self.process = start(*command, prepare=partial(hurry, _AHEAD), log=self._log, environ=environ)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def listen(self) -> None:
        """Read what systemd was told; its queue is short."""
        while True:
            try:
                self.told_systemd.append(self._listener.recv(4096).decode())
            except BlockingIOError:
                return

    async def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(50 * PATIENCE_SECONDS):
            self.listen()
            if condition():
                return
            await asyncio.sleep(0.02)
        pytest.fail(f"{what} did not come about:\n{self.log}")

    def send(self, which: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, which)

    async def ended(self) -> int:
        """The exit code, at its end; below zero if a signal ended it."""
        await self.wait_for(lambda: self.process.exitcode is not None, "the end")
        assert self.process.exitcode is not None
        return self.process.exitcode

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """The exit code, and the seconds it took."""
        began = time.monotonic()
        self.send(how)
        return await self.ended(), time.monotonic() - began

    async def close(self) -> None:
        if self.process.exitcode is None:
            self.process.kill()
            await self.ended()
        self.process.close()
        self._listener.close()


def rewrite(environment: Environment, **change: object) -> None:
    """Edit the file as an editor does: a new one in the old one's place."""
    fresh = environment.folder / "config.yaml.new"
    fresh.write_text(yaml.safe_dump({**environment.config, **change}, sort_keys=False), encoding="utf-8")
    fresh.replace(environment.folder / "config.yaml")


@asynccontextmanager
async def with_the_last_mailing(environment: Environment, folder: Path) -> AsyncIterator[Daemon]:
    """The process, with a paper of the last mailing in its store."""
    store = Store(f"sqlite:///{environment.folder / 'paperboy.db'}")
    verdict = Verdict(MailingState.COMPLETE, "whole")
    store.papers.record(Mailing("cs.CV", MONDAY, (FeedItem(paper(), NEW),)), verdict, expected(MONDAY))
    store.close()
    daemon = Daemon(environment, folder / "notify")
    await daemon.start()
    yield daemon
    await daemon.close()
