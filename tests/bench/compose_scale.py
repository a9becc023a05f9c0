"""Compose for very many self-service subscribers of mail, each with a digest of its own, on either database.

Each is measured in a process of its own, `python -m tests.bench.compose_scale FOLDER`, with the CPU seconds of its
children: how many digests a second and a CPU second, with one process and with two; and what a subscriber costs among
few and among many.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING, Any

from bot.app import opened
from bot.clock import SimulatedClock
from bot.config import load
from bot.model import AnnounceType, FeedItem, Mailing, MailingState
from bot.settings import ComposeSettings, fingerprint
from bot.store import Store
from bot.store.database.tables import members
from bot.store.papers import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.app import App
    from bot.model import Topic

_AT, NOW = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 21, 7, tzinfo=UTC)
_TUESDAY = date(2026, 4, 21)
_CATEGORIES = ["cs.CV", "cs.CL"]


def fill(folder: Path, store_url: str, size: int, announced: int, day: date = _TUESDAY) -> None:
    """A store with a mailing and so many readers who follow a topic of their own."""
    from tests.bench import corpus  # noqa: PLC0415 - what is measured does without

    (folder / "config.yaml").write_text(
        f"""
contact: us@example.net
store: "{store_url}"
arxiv: {{rss_url: "http://127.0.0.1:9/{{category}}", oai_url: "http://127.0.0.1:9/oai", seconds_between_requests: 0}}
topics: {{birds: {{categories: [cs.CV, cs.CL], keywords: [pigeon]}}}}
channels: {{mail: {{host: localhost, sender: us@example.net}}}}
web: {{url: "http://localhost:9", secret: coocoocoocoocoocoocoocoocoocoocoocoo, signup: [birds]}}
""",
        encoding="utf-8",
    )
    papers = corpus.invented(announced)
    store = Store(store_url)
    topics = corpus.topics(papers, papers, most=20)
    with store._database.writing() as connection:
        connection.execute(members.insert(), list(_rows(islice(topics, size))))
    entries = tuple(FeedItem(paper, AnnounceType.NEW) for paper in papers)
    for category in _CATEGORIES:
        mailing = Mailing(category, day, entries if category == "cs.CV" else ())
        store.papers.record(mailing, Verdict(MailingState.COMPLETE, ""), NOW)
    store.close()


def _rows(topics: Iterator[Topic]) -> Iterator[dict[str, Any]]:
    for number, topic in enumerate(topics):
        key, address = f"m-{number:016x}", f"reader{number}@example.org"
        own = {"name": f"{key}/1", "title": f"Topic {number}", "categories": _CATEGORIES, "keywords": topic.keywords}
        yield {
            "key": key,
            "channel": "mail",
            "destination": address,
            "recipient": fingerprint(address),
            "mailbox": fingerprint(address),
            "topics": [own],
            "muted": [],
            "own_topics_made": 1,
            "reads": "cs.CL cs.CV",
            "weekdays": 127,
            "timezone": "UTC",
            "paused": False,
            "confirmed_at": _AT,
            "how": "web",
            "revision": 1,
        }


async def _play(folder: Path, processes: int) -> None:
    app: App
    start = time.perf_counter()
    settings = replace(load(folder / "config.yaml", {}), compose=ComposeSettings(processes))
    async with opened(settings, SimulatedClock(NOW)) as app:
        composed = await app.runner.compose()
        wall = time.perf_counter() - start
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    digests = sum(bool(each.messages) for each in composed)
    papers = sum(each.matched for each in composed)
    sys.stdout.write(json.dumps([digests, wall, cpu, papers, *(each.ru_maxrss / 1024 for each in used)]))


if __name__ == "__main__":
    asyncio.run(_play(Path(sys.argv[1]), int(sys.argv[2])))
