"""`python -m tests.app.fleet.show`, or `make fleet`: three workers share a morning, and one is killed in the middle.

On a PostgreSQL of its own, with receivers on loopback; everything is gone afterwards. Prints what is seen.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app.fleet.queue import prepare
from bot.store import Store
from tests import world
from tests.builders import paper
from tests.postgres import running_server
from tests.world import TUESDAY, opened_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.world import Environment

CHANNELS, MAILBOXES = 60, 240
WORKERS = ("first", "second", "third")
LONGEST_SECONDS = 300.0
PROGRAM = """
import sys
from datetime import timedelta
from bot.clock import SystemClock
ahead, now = timedelta(seconds=float(sys.argv.pop(1))), SystemClock.now
SystemClock.now = lambda clock: now(clock) + ahead
from bot.cli import main
main()
"""
"""As `python -m bot`, but that its clock is so many seconds ahead: to it, it is a morning with a mailing."""


@dataclass
class Started:
    """One worker, and how often its log says what it did."""

    name: str
    process: asyncio.subprocess.Process
    did: Counter[str] = field(default_factory=Counter)

    async def read(self) -> None:
        """Reads its log, to its end."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            event = json.loads(line)["event"] if line.startswith(b"{") else line.decode().rstrip()
            self.did[event] += 1
            if event == "jobs of dead workers were taken back":
                say(f"The {self.name} worker noticed that one is dead, and gave its jobs to the others.")


async def main() -> None:
    ahead = world.morning(TUESDAY) - datetime.now(UTC)
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        url = server.get_uri().replace("postgresql:", "postgresql+psycopg:")
        async with opened_environment(Path(folder)) as environment:
            morning(environment, url)
            prepare(url)
            async with AsyncExitStack() as stack:
                config = Path(folder) / "config.yaml"
                starting = (stack.enter_async_context(started(name, config, ahead)) for name in WORKERS)
                workers = [await each for each in starting]
                say(f"{len(workers)} workers share a morning of {CHANNELS} Slack channels and {MAILBOXES} mailboxes.")
                with closing(Store(url)) as store:
                    await watch(environment, store, workers)
            for worker in workers:
                did = worker.did
                say(f"The {worker.name} worker composed for {did['composed']} and delivered {did['delivered']}.")


def morning(environment: Environment, url: str) -> None:
    """Announces papers about birds, and writes the configuration of everybody who is told of them."""
    titles = ("Pigeons Read Maps", "Pigeons Draw Maps", "Pigeons Fold Maps")
    papers = (paper(f"2604.0000{number}", title=title) for number, title in enumerate(titles, 1))
    environment.announce(TUESDAY, *papers)
    slack = {f"lab{number}": {"slack": f"C{number:010}", "topics": ["birds"]} for number in range(CHANNELS)}
    mail = {f"reader{number}": {"mail": f"r{number}@example.org", "topics": ["birds"]} for number in range(MAILBOXES)}
    environment.config |= {"store": url, "fleet": True, "subscribers": slack | mail}
    assert environment.settings is not None  # writes the file


@asynccontextmanager
async def started(name: str, config: Path, ahead: timedelta) -> AsyncIterator[Started]:
    """A worker, ended at the end."""
    program = (sys.executable, "-c", PROGRAM, str(ahead.total_seconds()))
    command = (*program, "worker", "--config", str(config), "--log-format", "json")
    environ = {**os.environ, "NO_PROXY": "127.0.0.1"}
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=environ)
    worker = Started(name, process)
    reading = asyncio.create_task(worker.read())
    yield worker
    if process.returncode is None:
        process.terminate()
    await reading
    await process.wait()


async def watch(environment: Environment, store: Store, workers: list[Started]) -> None:
    """Watches until everybody was told; kills the busiest worker on the way."""
    began, killed, everybody = time.monotonic(), False, CHANNELS + MAILBOXES
    while len(told := received(environment)) < everybody or store.job_queue.left():
        if time.monotonic() - began > LONGEST_SECONDS:
            raise TimeoutError(f"{len(told)} of {everybody} were told")
        if not killed and len(told) > everybody / 3:
            killed = kill_the_busiest(store, workers)
        await asyncio.sleep(0.1)
    twice = Counter(place.partition(" ")[0] for place, count in told.items() if count > 1)
    say(f"Everybody was told, {time.monotonic() - began:.0f} s after the start.")
    say(f"Twice: {twice['slack']} channels, for Slack can be asked what it has; {twice['mail']} mailboxes.")


def received(environment: Environment) -> Counter[str]:
    """How often each channel and mailbox was told."""
    slack = (f"slack {message.channel}" for message in environment.slack.messages)
    return Counter([*slack, *(f"mail {address}" for mail in environment.mail.messages for address in mail.rcpt)])


def kill_the_busiest(store: Store, workers: list[Started]) -> bool:
    """Kills the worker that has most jobs; returns whether any had one."""
    figures = store.job_queue.figures()
    busiest = max(figures.workers if figures else (), key=lambda worker: len(worker.doing), default=None)
    if busiest is None or not busiest.doing:
        return False
    (dead,) = (worker for worker in workers if worker.process.pid == busiest.pid)
    dead.process.kill()
    say(f"The {dead.name} worker is killed while it does {', '.join(busiest.doing)}.")
    return True


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - its output


if __name__ == "__main__":
    asyncio.run(main())
