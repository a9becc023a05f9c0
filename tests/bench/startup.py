"""What a process costs that has nothing to do: `--help`, `once` with nothing new, the daemon between two mailings."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from bot.arxiv import calendar
from bot.config import load
from bot.model import AnnounceType, FeedItem, Mailing, MailingState
from bot.store import Store
from bot.store.papers import Verdict
from tests.bench import corpus
from tests.bench.measure import Process, process, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from bot.model import Paper


def run(*, times: int = 5, idle: float = 30) -> str:
    """The table. `idle`: seconds over which the daemon is watched, after as many to settle as two ticks take."""
    with TemporaryDirectory() as folder:
        config = quiet(Path(folder))
        once = _best([process("-m", "bot", "once", "--config", str(config)) for _ in range(times + 1)][1:])
        shown = _best([process("-m", "bot", "--help") for _ in range(times)])
        bare = _best([process("-c", "pass") for _ in range(times)])
        share, resident = _daemon(config, idle)
    rows = [
        ["python -c pass", bare.wall, bare.peak, 1.0, ""],
        ["paperboy --help", shown.wall, shown.peak, shown.wall / bare.wall, "0.15 s"],
        ["paperboy once, nothing new", once.wall, once.peak, once.wall / bare.wall, "0.6 s, 80 MB"],
        ["paperboy run, idle", f"{share:.3%} CPU", resident, "", "0.1 % CPU, 130 MB"],
    ]
    return table("Nothing to do (the best of some runs)", ["process", "wall s", "peak MB", "ratio", "target"], rows)


def _best(runs: list[Process]) -> Process:
    return min(runs, key=lambda each: each.wall)


def quiet(folder: Path, order: str = "relevance") -> Path:
    """A configuration whose mailing of today is in, and is nothing for its subscriber."""
    config = configuration(folder, order, ["no such bird"])
    with closing(Store(load(config, {}).store)) as store:
        record(store, calendar.mailing_date(datetime.now(UTC)), corpus.invented(200))
    return config


def configuration(folder: Path, order: str, keywords: Sequence[str]) -> Path:
    """One with one topic and one subscriber; nothing outside is there."""
    config = folder / "config.yaml"
    settings = {
        "contact": "us@example.net",
        "store": "sqlite:///paperboy.db",
        "arxiv": {
            "rss_url": "http://127.0.0.1:9/{category}",
            "oai_url": "http://127.0.0.1:9/oai",
            "seconds_between_requests": 0,
        },
        "topics": {"birds": {"title": "Birds", "categories": ["cs.CV"], "keywords": list(keywords), "order": order}},
        "channels": {"mail": {"host": "127.0.0.1", "port": 9, "sender": "Paperboy <paperboy@example.org>"}},
        "subscribers": {"alice": {"mail": "alice@example.org", "topics": ["birds"]}},
    }
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config


def record(store: Store, day: date, papers: Iterable[Paper]) -> None:
    """Store a mailing of these papers."""
    mailing = Mailing("cs.CV", day, tuple(FeedItem(paper, AnnounceType.NEW) for paper in papers))
    store.papers.record(mailing, Verdict(MailingState.COMPLETE, "all are in"), datetime.now(UTC))


def _daemon(config: Path, idle: float) -> tuple[float, float]:
    """The share of one core, and MB resident."""
    command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            time.sleep(min(11.0, idle))
            before = _on_cpu(child.pid)
            time.sleep(idle)
            share = (_on_cpu(child.pid) - before) / idle
            lines = Path(f"/proc/{child.pid}/status").read_text(encoding="utf-8").splitlines()
            (resident,) = (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
        finally:
            child.terminate()
            child.wait(15)
    return share, resident


def _on_cpu(pid: int) -> float:
    """Seconds that a process's threads have run, https://docs.kernel.org/scheduler/sched-stats.html."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9
