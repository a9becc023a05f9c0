"""Reading feeds into the store, beside what feedparser alone takes for the same bytes: CPU per item, peak memory.

Each in a process of its own: `python -m tests.bench.collect WAY FOLDER`.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.model import AnnounceType, FeedItem, Mailing
from tests.bench.measure import Process, process, table

_CATEGORIES = ("cs.CV", "cs.CL", "cs.LG", "cs.AI", "cs.RO", "stat.ML", "eess.IV", "math.OC")
_DAY = date(2026, 4, 20)


def run(*, categories: int = 8, items: int = 500) -> str:
    """The table."""
    from tests.bench import corpus  # noqa: PLC0415 - imported only in the process that is measured
    from tests.servers.arxiv import render_rss  # noqa: PLC0415 - the processes that are measured do not import it

    with TemporaryDirectory() as name:
        folder = Path(name)
        papers = corpus.invented(categories * items)
        for place, category in enumerate(_CATEGORIES[:categories]):
            mine = [replace(p, categories=(category,)) for p in papers[place * items : (place + 1) * items]]
            mailing = Mailing(category, _DAY, tuple(FeedItem(p, AnnounceType.NEW) for p in mine))
            (folder / f"{category}.xml").write_bytes(render_rss(mailing, datetime(2026, 4, 20, 4, tzinfo=UTC)))
        done = {way: process("-m", "tests.bench.collect", way, name) for way in ("nothing", *_WAYS)}
    total = categories * items
    base = done.pop("nothing")
    bare = _per_item(done["feedparser"], total)
    rows = [
        [way, _per_item(each, total) * 1e6, _per_item(each, total) / bare, each.peak, each.peak - base.peak]
        for way, each in done.items()
    ]
    heads = ["way", "CPU us an item", "ratio", "peak MB", "above imports MB"]
    return table(f"{categories} feeds of {items} items", heads, rows)


def _per_item(done: Process, items: int) -> float:
    return float(done.output) / items


def _bare(feeds: dict[str, bytes], _folder: Path) -> None:
    import feedparser  # noqa: PLC0415 - imported only in the process that is measured

    for body in feeds.values():
        feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)


def _parsed(feeds: dict[str, bytes], _folder: Path) -> None:
    from bot.arxiv import feed  # noqa: PLC0415 - imported only in the process that is measured

    for category, body in feeds.items():
        feed.parse(body, category)


def _stored(feeds: dict[str, bytes], folder: Path) -> None:
    from bot.arxiv import feed  # noqa: PLC0415 - imported only in the process that is measured
    from bot.collect.verdict import judge  # noqa: PLC0415 - imported only in the process that is measured
    from bot.store import Store  # noqa: PLC0415 - imported only in the process that is measured

    store = Store(f"sqlite:///{folder / 'bench.db'}")
    for category, body in feeds.items():
        mailing = feed.parse(body, category)
        history = store.papers.history(category, {entry.paper.identifier for entry in mailing.entries})
        store.papers.record(mailing, judge(mailing, history), datetime(2026, 4, 20, 5, tzinfo=UTC))
    store.close()


_WAYS = {"feedparser": _bare, "feed.parse": _parsed, "parse, judge, store": _stored}


def _main(way: str, folder: Path) -> None:
    for each in ("bot.collect", "bot.store", "feedparser"):
        import_module(each)  # what is imported costs all ways the same
    feeds = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.xml"))}
    start = time.process_time()
    if way in _WAYS:
        _WAYS[way](feeds, folder)
    sys.stdout.write(f"{time.process_time() - start}")


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
