"""A mailing against very many topics: the index, beside a scan of each topic alone with compiled expressions.

Seconds are those of the wall and, in parentheses, of the CPU, which are fewer where the machine had other work; the
ratio is the CPU's. The scan reads texts that were made ready before; the index makes them ready itself. What both
find in the sample is compared, term and field of every match.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from itertools import islice
from typing import TYPE_CHECKING

from bot.model import Match
from bot.text import flatten_tex
from bot.topics.matcher import Matcher
from tests.bench import corpus
from tests.bench.measure import table
from tests.topics.alone import ReferenceMatcher, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Paper, Topic


def run(sizes: Sequence[int] = (10_000, 100_000), *, announced: int = 700, sample: int = 200) -> str:
    """The table: one row per corpus and number of topics."""
    rows = []
    pool = corpus.invented(9 * announced)
    sources = [("invented", pool, pool[-announced:])]
    if real := corpus.shared(9 * announced):
        sources.append(("real titles", real, real[-announced:]))
    for name, titles, mailing in sources:
        drawn = list(islice(corpus.topics(titles, mailing), max(sizes)))
        rows += [[name, size, *_measured(drawn[:size], mailing, sample)] for size in sizes]
    heads = [
        "papers",
        "topics",
        "build s (CPU)",
        "index MB",
        "matches a topic",
        "index s (CPU)",
        "scan s (CPU)",
        "ratio",
    ]
    return table(f"Topics of 1-8 terms (Zipf, exponent 1) against {announced} announcements", heads, rows)


class _Watch:
    """Adds up the seconds of what runs under it."""

    wall = cpu = 0.0

    def __enter__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = self._started
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu

    def shown(self, times: float = 1) -> str:
        """For a table, that many times as much."""
        return f"{self.wall * times:,.2f} ({self.cpu * times:,.2f})"


def _measured(topics: Sequence[Topic], mailing: Sequence[Paper], sample: int) -> tuple[object, ...]:
    build, index, scan = _Watch(), _Watch(), _Watch()
    flatten_tex.cache_clear()
    gc.collect()
    with build:
        matcher = Matcher(topics)
    flatten_tex.cache_clear()
    matches, some = 0, topics[:: max(1, len(topics) // sample)][:sample]
    names = {topic.name for topic in some}
    answers = []
    for paper in mailing:
        with index:
            answer = matcher.hits(paper)
        matches += len(answer)
        answers.append({name: Match(name, answer[name]) for name in names & answer.keys()})
    _scan(some, mailing, answers, scan)
    times = len(topics) / len(some)
    ratio = scan.cpu * times / index.cpu
    memory = _memory(topics)
    return build.shown(), memory, matches / len(topics), index.shown(), scan.shown(times), ratio


def _scan(topics: Sequence[Topic], mailing: Sequence[Paper], answers: Sequence[object], watch: _Watch) -> None:
    """Find the same without the index; the expressions are compiled before the watch runs.

    Raises:
        AssertionError: anything else is found.
    """
    scans = {topic.name: ReferenceMatcher(topic) for topic in topics}
    for scan in scans.values():
        scan.claim(Text(mailing[0]))
    for paper, expected in zip(mailing, answers, strict=True):
        text = Text(paper)
        with watch:
            found = {name: scan.claim(text) for name, scan in scans.items()}
        assert {name: claim for name, claim in found.items() if claim} == expected


def _memory(topics: Sequence[Topic]) -> float:
    """MB that Python allocates for the index; measured apart, because measuring is slow."""
    if len(topics) > 20_000:
        some = topics[:20_000]
        return _memory(some) * len(topics) / len(some)
    tracemalloc.start()
    matcher = Matcher(topics)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del matcher
    return size / 1e6
