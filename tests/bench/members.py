"""Very many self-service subscribers, each with a topic of its own: the roster, and a run with nothing new.

Each is measured in a process of its own, `python -m tests.bench.members ROLE FOLDER`, beside one that only opens the
store. None of the topics claims a paper, so that compose is measured without rendering.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.app import opened
from bot.clock import SimulatedClock
from bot.config import load
from bot.model import AnnounceType, FeedItem, Mailing, MailingState
from bot.store import Store
from bot.store.database.tables import members
from bot.store.papers import Verdict
from tests.bench import self_service

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from bot.app import App

_NOW = datetime(2026, 4, 21, 7, tzinfo=UTC)
_TUESDAY = date(2026, 4, 21)
_YAML = """
contact: us@example.net
store: sqlite:///paperboy.db
arxiv: {rss_url: "http://127.0.0.1:9/{category}", oai_url: "http://127.0.0.1:9/oai", seconds_between_requests: 0}
topics: {birds: {categories: [cs.CV, cs.CL], keywords: [pigeon]}}
channels: {mail: {host: localhost, sender: us@example.net}}
web: {url: "http://localhost:9", secret: coocoocoocoocoocoocoocoocoocoocoocoo, signup: [birds]}
"""


def run(sizes: Sequence[int] = (1, 100_000), *, announced: int = 300) -> str:
    """The table; the target is a second for the roster and for the run, and 300 MB for the roster."""
    from tests.bench.measure import process, table  # noqa: PLC0415 - what is measured does without

    rows = []
    for size in sizes:
        with TemporaryDirectory() as folder:
            _fill(Path(folder), size, announced)
            for role, what in _ROLES.items():
                took = process("-m", "tests.bench.members", role, folder)
                rows.append([size, what, took.wall, took.cpu, took.peak])
    heads = ["self-service subscribers", "what", "wall s", "CPU s", "peak MB"]
    return table("Self-service subscribers with topics of their own", heads, rows)


_ROLES = {
    "open": "imports, the store opened",
    "compose": "compose a mailing of which nobody gets anything",
    "roster": "the roster read whole",
    "made": "and each subscriber and topic in it made",
    "once": "once with nothing new",
}


def _fill(folder: Path, size: int, announced: int) -> None:
    from tests.bench import corpus  # noqa: PLC0415 - as above

    (folder / "config.yaml").write_text(_YAML, encoding="utf-8")
    store = Store(f"sqlite:///{folder / 'paperboy.db'}")
    with store._database.writing() as connection:
        connection.execute(members.insert(), list(_rows(size)))
    entries = tuple(FeedItem(paper, AnnounceType.NEW) for paper in corpus.invented(announced))
    for category in ("cs.CV", "cs.CL"):
        mailing = Mailing(category, _TUESDAY, entries if category == "cs.CV" else ())
        store.papers.record(mailing, Verdict(MailingState.COMPLETE, ""), _NOW)
    store.close()


def _rows(size: int) -> Iterator[dict[str, Any]]:
    for number in range(size):
        keywords = [f"nobodysaid{number}", f"nor this {number}", f"nor that {number % 977}"]
        yield self_service.row(
            number,
            {"keywords": keywords, "exclude": ["surely not this"]},
            at=f"{number % 24:02}:00" if number % 2 else None,
            timezone=("Europe/Berlin", "Asia/Tokyo", "UTC")[number % 3],
        )


async def _play(role: str, folder: Path) -> None:
    app: App
    async with opened(load(folder / "config.yaml", {}), SimulatedClock(_NOW)) as app:
        match role:
            case "compose":
                assert len(await app.runner.compose())
            case "roster":
                assert len(app.roster.whole(app.clock.now()).subscribers)
            case "made":
                roster = app.roster.whole(app.clock.now())
                assert all(each.topics for each in roster.subscribers.values())
            case "once":
                assert (await app.runner.once()).composed == ()
            case _:
                pass


if __name__ == "__main__":
    asyncio.run(_play(sys.argv[1], Path(sys.argv[2])))
