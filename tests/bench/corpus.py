"""Papers and topics to measure with: invented ones, and real titles where ../shared/data is at hand.

Everything is drawn with a fixed seed. Words of invented papers follow Zipf's law (the word of rank k is drawn with
weight 1/k), as words of a language do.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from bot.model import Author, Paper, Topic
from bot.topics.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHARED = Path(__file__).parents[3] / "shared/data/metadata"
MOST_MATCHES = 100
"""Of one topic in one mailing."""
_SYLLABLES = [consonant + vowel for consonant in "bdklmnr" for vowel in "aeiou"]
_CATEGORIES = ("cs.CV", "cs.CL", "cs.LG", "cs.AI", "cs.RO", "stat.ML", "eess.IV", "math.OC")


def invented(count: int, *, seed: int = 1) -> list[Paper]:
    """That many papers: titles of 6-14 words, abstracts of 120-200, out of 30,000 words."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(30_000)]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))

    def text(least: int, most: int) -> str:
        return " ".join(rng.choices(words, cum_weights=weights, k=rng.randint(least, most))).capitalize()

    return [
        Paper(
            identifier=f"2604.{number:05d}",
            version=1,
            title=text(6, 14).title(),
            abstract=f"{text(60, 100)}. {text(60, 100)}.",
            authors=tuple(Author(text(2, 2).title()) for _ in range(rng.randint(1, 8))),
            categories=tuple(rng.sample(_CATEGORIES, rng.randint(1, 3))),
        )
        for number in range(1, count + 1)
    ]


def shared(count: int) -> list[Paper]:
    """The last so many real papers, or none where there are no data."""
    rows = {}
    for path in sorted(SHARED.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows.update({row["id"]: row for row in map(json.loads, lines)})
    return [
        Paper(
            identifier=row["id"],
            version=1,
            title=row["title"],
            abstract=row["summary"],
            authors=tuple(map(Author, row["authors"])),
            categories=tuple(row["categories"]),
        )
        for row in list(rows.values())[-count:]
    ]


def n_grams(papers: Sequence[Paper]) -> list[str]:
    """One to four words in a row of their titles, the most frequent first."""
    counts: Counter[str] = Counter()
    for paper in papers:
        words = paper.title.split()
        runs = (" ".join(words[at : at + n]) for n in range(1, 5) for at in range(len(words) - n + 1))
        counts.update(list(dict.fromkeys(runs)))  # not a set: each run of the bench draws the same topics
    return [n_gram for n_gram, _ in counts.most_common() if any(map(str.isalnum, n_gram))]


def topics(
    titles: Sequence[Paper], mailing: Sequence[Paper], *, seed: int = 2, most: int = MOST_MATCHES
) -> Iterator[Topic]:
    """Topics without end, of 1-8 title n-grams, the n-gram of rank k drawn with weight 1/k.

    Left out are those that stand in more than `most` papers of the mailing, and a topic whose terms stand in more
    than that together is drawn again: no topic matches more.
    """
    rng = random.Random(seed)
    frequency: Counter[str] = Counter()
    candidates = n_grams(titles)
    matcher = Matcher([Topic(n_gram, "", (), keywords=(n_gram,)) for n_gram in candidates])
    for paper in mailing:
        frequency.update(matcher.match(paper).keys())
    vocabulary = [n_gram for n_gram in candidates if frequency[n_gram] <= most]
    weights = list(accumulate(1 / rank for rank in range(1, len(vocabulary) + 1)))
    number = 0
    while True:
        terms = tuple(rng.choices(vocabulary, cum_weights=weights, k=rng.randint(1, 8)))
        if sum(frequency[term] for term in terms) <= most:
            number += 1
            yield Topic(f"t{number}", f"Topic {number}", _CATEGORIES, keywords=terms)
