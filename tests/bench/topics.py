"""A mailing against very many topics: the index, beside a scan of each topic alone with compiled expressions.

The scan reads texts that were made ready before; the index makes them ready itself. What both find in the sample is
compared, term and field of every match.
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
from tests.topics.alone import Alone, Text

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
    heads = ["papers", "topics", "build s", "index MB", "matches a topic", "index s", "scan s", "ratio"]
    return table(f"Topics of 1-8 terms (Zipf, exponent 1) against {announced} announcements", heads, rows)


def _measured(topics: Sequence[Topic], mailing: Sequence[Paper], sample: int) -> tuple[float, ...]:
    flatten_tex.cache_clear()
    gc.collect()
    start = time.perf_counter()
    matcher = Matcher(topics)
    built = time.perf_counter() - start
    flatten_tex.cache_clear()
    matches, some = 0, topics[:: max(1, len(topics) // sample)][:sample]
    names = {topic.name for topic in some}
    answers, took = [], 0.0
    for paper in mailing:
        start = time.perf_counter()
        answer = matcher.hits(paper)
        took += time.perf_counter() - start
        matches += len(answer)
        answers.append({name: Match(name, answer[name]) for name in names & answer.keys()})
    scan = _scanned(some, mailing, answers) / len(some) * len(topics)
    return built, _memory(topics), matches / len(topics), took, scan, scan / took


def _scanned(topics: Sequence[Topic], mailing: Sequence[Paper], answers: Sequence[object]) -> float:
    """Seconds that the scan takes; a first paper compiles the expressions outside of them.

    Raises:
        AssertionError: it finds anything else.
    """
    scans = {topic.name: Alone(topic) for topic in topics}
    took = 0.0
    for paper, expected in zip(mailing, answers, strict=True):
        text = Text(paper)
        start = time.perf_counter()
        found = {name: scan.claim(text) for name, scan in scans.items()}
        took += time.perf_counter() - start
        assert {name: claim for name, claim in found.items() if claim} == expected
    return took


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
