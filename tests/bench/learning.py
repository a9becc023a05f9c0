"""What learning an order takes: for one reader and for many, and in a process that composes for one."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from bot.arxiv import calendar
from bot.config import load
from bot.store import Store
from bot.store.feedback import FeedbackRecord, Opinion
from bot.topics.features import Document
from bot.topics.interest import Examples, Interest
from bot.topics.paper_space import PaperSpace
from bot.topics.similarity_table import SimilarityTable
from tests.bench.corpus import invented
from tests.bench.measure import process, table
from tests.bench.startup import configuration, record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Done = TypeVar("Done")


def cost(announced: int = 4000, mailing: int = 700, readers: int = 10_000, tried: int = 200) -> str:
    """What learning takes: once a run, and for each reader; papers are invented, of 200 to 400 features.

    All readers together have all announced papers as examples. So many readers are `tried`, and all are reckoned from
    those; each gets the reasons for ten papers.
    """
    every = [Document.of(paper) for paper in invented(announced + mailing)]
    papers, new = every[:announced], every[announced:]
    once, space = _timed(lambda: PaperSpace(papers))
    shared, similarities = _timed(lambda: _with_mailing(SimilarityTable(space, papers), papers[0], new))
    rows = []
    for likes in (5, 20, 100):
        examples = [_examples(papers, likes, number) for number in range(tried)]
        alone, _ = _timed(partial(_alone, space, examples[0], new))
        parts = _parts(similarities, examples, new)
        rows.append((likes, alone, *(1000 * part for part in parts), once + shared + readers * sum(parts)))
    heads = ["likes", "one reader s", "learn ms", "score ms", "reasons ms", f"{readers:,} readers s"]
    title = f"Learned order of {mailing} papers, {announced} announced before, seconds of the CPU"
    return table(
        f"{title}; of all readers together {once:.1f} for the space, {shared:.1f} for the table", heads, rows
    )


def preview(announced: int = 4000, mailing: int = 700, likes: int = 100) -> str:
    """What a process takes that composes a mailing for one subscriber, with and without a learned order."""
    rows = []
    for order in ("relevance", "learned"):
        with TemporaryDirectory() as folder:
            config = _store(Path(folder), order, announced, mailing, likes)
            done = process("-m", "bot", "preview", "alice", "--config", str(config))
        rows.append((order, done.wall, done.cpu, done.peak))
    title = f"paperboy preview of {mailing} papers, {announced} announced before, {likes} likes"
    return table(title, ["order", "wall s", "CPU s", "peak MB"], rows)


def _store(folder: Path, order: str, announced: int, mailing: int, likes: int) -> Path:
    """The configuration of a store with a mailing of today that nobody was told of yet."""
    config, now = configuration(folder, order, ()), datetime.now(UTC)
    today, papers = calendar.mailing_date(now), invented(announced + mailing)
    with closing(Store(load(config, {}).store)) as store:
        record(store, calendar.previous_mailing_day(today), papers[:announced])
        record(store, today, papers[announced:])
        with store.transaction() as transaction:
            for paper in papers[:likes]:
                liked = FeedbackRecord("alice", "p", paper.identifier, Opinion.MORE, "web", now, "birds")
                transaction.feedback.put(liked)
    return config


def _examples(papers: Sequence[Document], likes: int, number: int) -> Examples:
    """Of one reader; some have the same papers."""
    chosen = tuple(papers[(number * 37 + 7 * each) % len(papers)] for each in range(likes + 10))
    return Examples(chosen[:likes], chosen[likes:], ("bab",))


def _with_mailing(table: SimilarityTable, example: Document, mailing: Sequence[Document]) -> SimilarityTable:
    table.of(mailing, table.rows([example]))
    return table


def _alone(space: PaperSpace, examples: Examples, mailing: Sequence[Document]) -> None:
    interest = Interest.alone(space, examples)
    interest.scores(mailing)
    interest.reasons(mailing[:10])


def _parts(table: SimilarityTable, readers: Sequence[Examples], mailing: Sequence[Document]) -> list[float]:
    """Seconds for one reader: learning, scores, reasons."""
    learning, interests = _timed(lambda: [Interest(each, table) for each in readers])
    scoring, _ = _timed(lambda: [interest.scores(mailing) for interest in interests])
    why, _ = _timed(lambda: [interest.reasons(mailing[:10]) for interest in interests])
    return [part / len(readers) for part in (learning, scoring, why)]


def _timed(work: Callable[[], Done]) -> tuple[float, Done]:
    """Seconds of the CPU, for this machine may have other work; and what came of it."""
    started = time.process_time()
    done = work()
    return time.process_time() - started, done
