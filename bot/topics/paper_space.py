"""Papers as vectors, and what is learned from all announced papers together, without any reader's votes.

    alike(x, y) = words(x) * words(y) - usual(x) * usual(y) + topics(x) * topics(y)

How alike two papers are is the scalar product of their features, weighted by rarity, less what they have in common
with the announced papers in general (of those nearly all are unwanted, whoever reads), and of their places among
latent topics, which finds papers that say the same in other words. So a reader's votes are all that remains to be
learned, with `interest`.

In other words: a Gaussian process over the words was observed, with noise, to be 0 at a sample of the announced
papers, and `words * words - usual * usual` is its covariance after that (Rasmussen and Williams, Gaussian Processes
for Machine Learning, 2006, equation 2.24). Deterministic, no I/O. Needs numpy, which takes time and memory to import,
so import this module late.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bot.topics.features import terms
from bot.topics.latent_topics import LatentTopics
from bot.topics.vectors import ByColumn, Vectors, Vocabulary, at, joined, products

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bot.topics.features import Document
    from bot.topics.vectors import Floats

MOST_BACKGROUND = 4000
"""Announced papers to learn from; more take longer and change little."""
_TOPICS_WEIGHT = 0.03
"""How alike by its topics a paper is to itself in the mean; by its words it is 1."""
_SAMPLE = 1000
"""So many announced papers tell what is usual; more take longer and change little."""
_SAMPLE_NOISE = 2.0
"""The variance of what was observed at those: the less, the more surely they are unwanted."""
_OTHER_KEYWORDS = 0.05
"""How much of a keyword's fit the fit of all keywords counts beside."""


@dataclass(frozen=True)
class Placed:
    """Documents in a space."""

    words: Vectors
    """Of length 1, authors of no announced paper left aside."""
    topics: Floats
    """One row a document."""
    usual: Floats
    """What they have in common with the announced papers in general; one row a document."""

    def __len__(self) -> int:
        return len(self.words)


class PaperSpace:
    """Made once for a run, shared by all readers."""

    def __init__(self, background: Sequence[Document], vocabulary: Vocabulary | None = None) -> None:
        """Take the announced papers, the latest last, of which the latest `MOST_BACKGROUND` count."""
        self.vocabulary = Vocabulary() if vocabulary is None else vocabulary
        self.documents = tuple(background[-MOST_BACKGROUND:])
        read = list(map(self.vocabulary.read, self.documents))
        count = len(read)
        self._found_in = np.bincount(joined([columns for columns, _ in read], np.int32))
        self._idf = np.log((count + 1) / (self._found_in + 1)).astype(np.float32)
        self._idf_of_unknown = float(np.log(count + 1))
        self._background = self.words(self.documents)
        self._latent = LatentTopics(self._background)
        self._best: dict[tuple[tuple[str, ...], int], tuple[Document, ...]] = {}
        self._sample = self._background.some(np.arange(0, count, max(1, count // _SAMPLE)))
        covariance = products(self._sample, self._sample) + _SAMPLE_NOISE * np.eye(len(self._sample))
        self._to_usual = np.linalg.inv(np.linalg.cholesky(covariance)).T.astype(np.float32)

    def words(self, documents: Sequence[Document]) -> Vectors:
        """The documents' features, weighted by rarity.

        Words that no announced paper has count nothing: most are of this document alone and would only make its other
        words count less. Authors of no announced paper count, because they may have written several of these
        documents, but the vectors' lengths are computed without them.
        """
        read = list(map(self.vocabulary.read, documents))
        rows = np.repeat(np.arange(len(read)), [len(columns) for columns, _ in read])
        columns = joined([columns for columns, _ in read], np.int32)
        known = at(self._found_in, columns, 0) > 0
        values = joined([weights for _, weights in read], np.float32) * at(self._idf, columns, self._idf_of_unknown)
        values /= _lengths(rows[known], values[known], len(read))[rows]
        counts = known | self.vocabulary.are_authors(columns)
        return Vectors(rows, columns, values, len(read)).only(counts)

    def place(self, documents: Sequence[Document]) -> Placed:
        """These documents in this space."""
        words = self.words(documents)
        topics = self._latent.points(words) * np.float32(np.sqrt(_TOPICS_WEIGHT))
        return Placed(words, topics, products(words, self._sample) @ self._to_usual)

    def alike(self, one: Placed, other: Placed) -> Floats:
        """How alike each of these is to each of those, one row for each of these."""
        usual: Floats = one.usual @ other.usual.T
        return products(one.words, other.words) + one.topics @ other.topics.T - usual

    def best_for(self, keywords: tuple[str, ...], most: int) -> tuple[Document, ...]:
        """For each keyword the announced papers that have the most, and the rarest, of its words and pairs.

        Of papers that fit one keyword equally, those that fit the others too come first.
        """
        if (keywords, most) not in self._best:
            fits = [self._fits(keyword) for keyword in keywords]
            best: set[int] = set()
            for fit in fits:
                ranked = np.argsort(-(fit + _OTHER_KEYWORDS * sum(fits)), kind="stable")[:most]
                best.update(ranked[fit[ranked] > 0].tolist())
            self._best[keywords, most] = tuple(self.documents[place] for place in sorted(best))
        return self._best[keywords, most]

    def _fits(self, keyword: str) -> NDArray[np.float64]:
        """How well each announced paper fits the keyword."""
        columns = np.array([self.vocabulary.column(term) for term in terms(keyword)], np.int32)
        weights = at(self._idf, columns, self._idf_of_unknown)
        return self._by_column.weighted(columns, weights)

    @cached_property
    def _by_column(self) -> ByColumn:
        return ByColumn.of(self._background)

    @cached_property
    def mean(self) -> Floats:
        """The background's mean words."""
        count = max(1, len(self.documents))
        return self._background.combined(np.full(count, 1 / count, np.float32), len(self._found_in))


def _lengths(rows: NDArray[np.intp], values: Floats, count: int) -> Floats:
    """Of each row; 1 of an empty one."""
    squares = np.bincount(rows, (values * values).astype(np.float64), count)
    return np.sqrt(np.where(squares > 0, squares, 1)).astype(np.float32)
