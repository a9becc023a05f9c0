"""The learned order beside the keyword order, a tf-idf centroid and arxiv-sanity-lite's support vector machine.

`Learned` is what the ranking benchmark takes, a folder with benchmark.py and scorers.py: ../shared/ranking_bench, or
the one that PAPERBOY_RANKING_BENCH names. Its papers are in ../shared/data/metadata, or where PAPERBOY_METADATA says.
`run` prints its tables, with 95 % intervals over readers. The centroid and the machine need scikit-learn, which
`make bench` installs.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from errno import ENOENT
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bot.topics.features import Document
from bot.topics.interest import Examples, Interest
from bot.topics.paper_space import PaperSpace
from bot.topics.vectors import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

BENCH, METADATA = "PAPERBOY_RANKING_BENCH", "PAPERBOY_METADATA"
_MEASURES = ("ndcg10", "recall20")


def run(protocols: Sequence[str] = (), sizes: Sequence[int] = ()) -> str:
    """What learning takes, and how well it ranks beside others: in all protocols and sizes if none is named."""
    from tests.bench import learning  # noqa: PLC0415 - what is kept back takes `Learned` where all this is not

    return "\n\n".join([learning.cost(), learning.preview(), *quality(protocols, sizes)])


def quality(protocols: Sequence[str] = (), sizes: Sequence[int] = ()) -> list[str]:
    """The benchmark's tables; or what is missing for them."""
    try:
        benchmark, scorers = _benchmark()
        papers = benchmark.load(str(_metadata()))
    except FileNotFoundError as error:
        return [
            f"How well it ranks was not measured: there is no {error.filename}; {BENCH} and {METADATA} say where."
        ]
    setting = replace(benchmark.DEV, **({"sizes": tuple(sizes), "library": tuple(sizes)} if sizes else {}))
    cases = benchmark.Cases(papers, setting)
    wanted = (case for name in protocols for case in getattr(cases, name)()) if protocols else cases
    tried = [Learned(), *(make() for make in _bars(scorers))]
    rows = benchmark.run(wanted, tried)
    ratios = [benchmark.overall(rows, each.name) for each in tried[1:]]
    without = (
        [] if find_spec("sklearn") else ["Without scikit-learn neither the centroid nor the machine can be shown."]
    )
    return [*(benchmark.table(rows, measure) for measure in _MEASURES), *ratios, *without]


def _benchmark() -> tuple[ModuleType, ModuleType]:
    """The benchmark and its scorers.

    Raises:
        FileNotFoundError: it is not where it is looked for.
    """
    folder = _found(Path(os.environ.get(BENCH) or _shared() / "ranking_bench"), "benchmark.py")
    sys.path.insert(0, str(folder))
    return import_module("benchmark"), import_module("scorers")


def _metadata() -> Path:
    return _found(Path(os.environ.get(METADATA) or _shared() / "data/metadata"), "*.jsonl.gz")


def _shared() -> Path:
    return Path(__file__).resolve().parents[2].parent / "shared"


def _found(folder: Path, pattern: str) -> Path:
    if not any(folder.glob(pattern)):
        raise FileNotFoundError(ENOENT, "No such file", str(folder / pattern))
    return folder


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
        self._interest = Interest.alone(
            self._space, Examples(_documents(likes), _documents(dislikes), tuple(keywords))
        )

    def score(self, papers: Sequence[BenchPaper]) -> list[float]:
        """One number a paper, the higher the better."""
        scores: list[float] = self._interest.scores(_documents(papers)).tolist()
        return scores


def _documents(papers: Sequence[BenchPaper]) -> tuple[Document, ...]:
    return tuple(Document(p.key, p.title, p.abstract, p.authors, p.categories) for p in papers)
