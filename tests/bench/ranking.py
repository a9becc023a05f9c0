"""The learned order beside the keyword order, a tf-idf centroid and arxiv-sanity-lite's support vector machine.

`Learned` is what the benchmark in ../shared/ranking_bench takes; where that folder is, `run` prints its tables, with
95 % intervals over readers. The centroid and the machine need scikit-learn and are left out without it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bot.topics.features import Document
from bot.topics.interest import Interest
from bot.topics.paper_space import PaperSpace, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType


SHARED = Path(__file__).parents[3] / "shared"
BENCHMARK = SHARED / "ranking_bench"


def cost(announced: int = 4000, mailing: int = 700) -> str:
    """What learning takes: once a run, and for each reader; papers are invented, of 200 to 400 features."""
    from tests.bench.corpus import invented  # noqa: PLC0415 - what is kept back imports `Learned` without all this
    from tests.bench.measure import table  # noqa: PLC0415

    papers = [Document.of(paper) for paper in invented(announced + mailing)]
    once = _seconds(partial(PaperSpace, papers[:announced]))
    space = PaperSpace(papers[:announced])
    placed = space.vectors(papers[announced:])
    rows = []
    for likes in (5, 20, 100):
        learn = partial(Interest, space, papers[:likes], keywords=["bab"])
        _seconds(learn)  # what is made once for all readers of these keywords
        learning, scoring = _seconds(learn), _seconds(partial(learn().scores, placed))
        rows.append((likes, once, learning, scoring, 10_000 * (learning + scoring)))
    heads = ["likes", "once s", "learn s", "score s", "10,000 readers s"]
    return table(f"Learned order of {mailing} papers, {announced} announced before, seconds of the CPU", heads, rows)


def _seconds(work: Callable[[], object]) -> float:
    """Of the CPU: this machine may have other work."""
    started = time.process_time()
    work()
    return time.process_time() - started


def run(protocols: Sequence[str] = (), sizes: Sequence[int] = (5, 10, 30, 100)) -> str:
    """What it costs, and the benchmark's tables, of all protocols if none is named, where the folder is there."""
    return "\n\n".join([cost(), *(_quality(protocols, sizes) if BENCHMARK.is_dir() else ())])


def _quality(protocols: Sequence[str], sizes: Sequence[int]) -> list[str]:
    sys.path.insert(0, str(BENCHMARK))
    benchmark = import_module("benchmark")
    scorers = [Learned(), *(make() for make in _bars(import_module("scorers")))]
    setting = replace(benchmark.DEV, sizes=tuple(sizes))
    cases = benchmark.Cases(
        benchmark.load(str(SHARED / "data/metadata"), setting.train_from, setting.test_to), setting
    )
    wanted = (case for name in protocols for case in getattr(cases, name)()) if protocols else cases
    rows = benchmark.run(wanted, scorers, progress=False)
    tables = [benchmark.table(rows, measure) for measure in ("ndcg10", "recall20")]
    return [*tables, *(benchmark.overall(rows, each.name) for each in scorers[1:])]


def _bars(scorers: ModuleType) -> tuple[type, ...]:
    """Those that can run here."""
    bars: tuple[type, ...] = scorers.ALL
    return bars if find_spec("sklearn") else (scorers.KeywordOrder,)


class BenchPaper(Protocol):
    """A paper as the benchmark gives it."""

    key: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]


class Learned:
    """The program's own order: `fit` learns one reader, `score` ranks one mailing."""

    name = "learned"

    def __init__(self) -> None:
        self._vocabulary = Vocabulary()
        self._keys: tuple[str, ...] | None = None
        self._space = PaperSpace((), self._vocabulary)

    def fit(
        self,
        likes: Sequence[BenchPaper],
        dislikes: Sequence[BenchPaper],
        background: Sequence[BenchPaper],
        keywords: Sequence[str] = (),
    ) -> None:
        """Learn a reader; the space is kept as long as the background is the same."""
        keys = tuple(paper.key for paper in background)
        if keys != self._keys:
            self._keys, self._space = keys, PaperSpace(_documents(background), self._vocabulary)
        self._interest = Interest(self._space, _documents(likes), _documents(dislikes), keywords)

    def score(self, papers: Sequence[BenchPaper]) -> list[float]:
        """One number a paper, the higher the better."""
        scores: list[float] = self._interest.scores(self._space.vectors(_documents(papers))).tolist()
        return scores


def _documents(papers: Sequence[BenchPaper]) -> list[Document]:
    return [Document(p.key, p.title, p.abstract, p.authors, p.categories) for p in papers]
