"""What several processes on one PostgreSQL deliver, beside one: messages a second, commits and CPU time a message.

Each process is `python -m tests.bench.deliver_scale CONFIG SECONDS WAY`, with the real verb over a real server that
waits for its disk; only the channel's send is replaced by a wait. Three ways: every process looks at all lanes, as
`paperboy run` on several machines does; or each at its own shards alone, which costs no engine and has none; or each
is a `paperboy worker` that takes jobs.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import structlog
import yaml
from sqlalchemy import text

from bot.app import opened
from bot.app.fleet.worker import CONCURRENCY
from bot.channels.mail import MailChannel
from bot.cli.daemon_process import work
from bot.config import load
from bot.model import DeliveryState, Receipt, Shard
from bot.store import Store
from bot.store.jobs import Verb
from tests.bench.measure import table
from tests.proofs.crowd import gather, send_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.app import App
    from tests.proofs.crowd import Crowd

AT_ONCE = 10
"""Sends of one process at the same time."""
LANES = 120
WAYS = ("all lanes", "own shards", "jobs")
LONGEST = timedelta(minutes=5)
LOOK_AGAIN = 0.1
"""Seconds between two looks at whether all is sent."""
SETTLING = 3.0
"""Seconds until a worker has said that it is there and done what it does at its start."""
COUNTED = 1.0
"""Seconds until the database has counted a commit, at the latest: https://www.postgresql.org/docs/18/monitoring-stats.html."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What so many processes did with a full outbox."""

    messages: int
    seconds: float
    """From the word that they may begin to the end of the last."""
    commits: int
    """As PostgreSQL counts them, those of transactions that only read among them."""
    writes: int
    """Of transactions that wrote or locked a row: these wait for the disk."""
    cpu: float
    """Seconds of all processes together, from the same moment."""

    @property
    def rate(self) -> float:
        return self.messages / self.seconds


def run(
    sends: Sequence[tuple[float, int]] = ((1.0, 2), (0.05, 16)),
    processes: Sequence[int] = (1, 2, 4),
    *,
    lanes: int = LANES,
) -> str:
    """The table. Each pair is the seconds that a send takes and the messages of each lane."""
    rows = []
    for seconds, messages in sends:
        one = None
        for way in WAYS:
            for number in processes:
                done = measure(way, number, seconds, messages, lanes=lanes)
                one = one or done
                per_message = (each / done.messages for each in (done.commits, done.writes, 1000 * done.cpu))
                what = (f"{seconds:g} s", done.messages, way, number)
                rows.append([*what, done.rate, done.rate / one.rate, *per_message])
    heads = ["a send takes", "messages", "each looks at", "processes", "a second", "of one"]
    heads += ["commits a message", "that write", "CPU ms"]
    title = f"Delivering to {lanes} mailboxes from one PostgreSQL, {AT_ONCE} sends at once in each process"
    return table(title, heads, rows)


def measure(way: str, processes: int, seconds: float, messages: int, *, lanes: int = LANES) -> Delivered:
    """Fill an outbox while so many processes are there, and have them empty it."""
    from tests.postgres import running_server  # noqa: PLC0415 - what is measured does without

    with running_server() as server, TemporaryDirectory() as folder:
        url = server.get_uri().replace("postgresql:", "postgresql+psycopg:")
        crowd = _gather(Path(folder), url, lanes, fleet=way == "jobs")
        command = [sys.executable, "-m", "tests.bench.deliver_scale", str(crowd.config), str(seconds)]
        running = [_start(*command, _task(way, number, processes)) for number in range(processes)]
        for each in running:
            _hear(each)
        time.sleep(COUNTED)
        store, before, looks = Store(url, fleet=way == "jobs"), _transactions(url), 0
        send_to(store, crowd, crowd.addresses * messages)
        began = time.perf_counter()
        for each in running:
            _say(each, "begin")
        if way == "jobs":
            looks = _wait_until_sent(store)
            took = time.perf_counter() - began
            for each in running:
                each.terminate()
            cpu = sum(_hear(each) for each in running)
        else:
            cpu = sum(_hear(each) for each in running)
            took = time.perf_counter() - began
        for each in running:
            each.__exit__(None, None, None)
        store.close()
        time.sleep(COUNTED)
        commits, writes = (now - then for now, then in zip(_transactions(url), before, strict=True))
        assert [each.returncode for each in running] == [0] * processes
        _require_sent_once(url, lanes * messages)
        return Delivered(lanes * messages, took, commits - looks, writes, cpu)


def _task(way: str, number: int, processes: int) -> str:
    return f"{number}/{processes}" if way == "own shards" else way


def _gather(folder: Path, url: str, lanes: int, *, fleet: bool) -> Crowd:
    crowd = gather(folder, lanes, mail_port=9, store=url, waiting=0)
    written = yaml.safe_load(crowd.config.read_text(encoding="utf-8"))
    written["channels"]["mail"]["connections"] = AT_ONCE
    written["fleet"] = fleet
    crowd.config.write_text(yaml.safe_dump(written), encoding="utf-8")
    return crowd


def _wait_until_sent(store: Store) -> int:
    """How often it was looked."""
    looks = 1
    while store.outbox.lanes():
        time.sleep(LOOK_AGAIN)
        looks += 1
    return looks


def _start(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _say(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> float:
    """What it says: at its start nothing, at its end the CPU time that it took."""
    assert process.stdout is not None
    return float(json.loads(process.stdout.readline()))


def _transactions(url: str) -> tuple[int, int]:
    """How many were committed until now, and how many had a number of their own."""
    counted = text(
        "SELECT xact_commit, pg_snapshot_xmax(pg_current_snapshot())::text "
        "FROM pg_stat_database WHERE datname = current_database()"
    )
    store = Store(url)
    with store._database.reading() as connection:
        committed, numbered = connection.execute(counted).one()
    store.close()
    return int(committed), int(numbered)


def _require_sent_once(url: str, messages: int) -> None:
    store = Store(url)
    found = [(record.state, record.tries) for record in store.queries.all()]
    store.close()
    assert found == [(DeliveryState.SENT, 1)] * messages


def _send_by_waiting(seconds: float) -> None:
    async def send(_: MailChannel, *_message: Any) -> Receipt:
        await asyncio.sleep(seconds)
        return Receipt("taken")

    setattr(MailChannel, "send", send)  # noqa: B010 - mypy does not let a function stand for a method


async def _begin() -> float:
    """Say that all is ready, and wait for the word. The CPU time of this process until then, in seconds."""
    print(0, flush=True)  # noqa: T201 - for the parent
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return time.process_time()


async def _work(config: Path) -> None:
    working = asyncio.create_task(work(load(config, {}), config, (Verb.DELIVER,), CONCURRENCY))
    await asyncio.sleep(SETTLING)
    began = await _begin()
    await working
    print(time.process_time() - began, flush=True)  # noqa: T201 - for the parent


async def _deliver(config: Path, shard: Shard | None) -> None:
    app: App
    async with opened(load(config, {})) as app:
        began = await _begin()
        while app.store.outbox.backlog():
            await app.runner.deliver(ignore_backoff=False, max_wait=LONGEST, shard=shard)
            if shard is not None:
                break
        print(time.process_time() - began, flush=True)  # noqa: T201 - its CPU time


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    _send_by_waiting(float(sys.argv[2]))
    if sys.argv[3] == "jobs":
        asyncio.run(_work(Path(sys.argv[1])))
    else:
        number, _, of = sys.argv[3].partition("/")
        asyncio.run(_deliver(Path(sys.argv[1]), Shard(int(number), int(of)) if of else None))
