"""Compares papers by what they have in common beyond what announced papers have in common anyway.

    similarity(x, y) = words(x) * words(y) + topics(x) * topics(y) - projection(x) * projection(y)

The words are features weighted by rarity; latent topics add a little similarity of papers that say the same in other
words. Nearly all announced papers are unwanted, whoever reads. So a Gaussian process whose covariance are the first
two products was observed, with noise, to be 0 at a sample of them, and the similarity is its covariance after that
(Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, equation 2.24).

The "background" is the announced papers; "topics" in this module are latent ones. All is learned without votes. Pure
and deterministic. Needs numpy, whose import takes time and memory, so this module is imported only when it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bot.topics.features import terms
from bot.topics.latent_topics import LatentTopics
from bot.topics.vectors import ByColumn, Vectors, Vocabulary, at, concatenated, products

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bot.topics.features import Document
    from bot.topics.vectors import Floats

MOST_BACKGROUND = 4000
"""The most announced papers to learn from; more take longer and change little."""
_TOPICS_WEIGHT = 0.1
"""The mean scalar product of a paper's topics with themselves; that of its words is 1."""
_SAMPLE = 1000
"""The size of the sample of announced papers; more take longer and change little."""
_SAMPLE_NOISE = 2.0
"""The variance of the noise of an observation at the sample: the lower, the more surely these are unwanted."""
_OTHER_KEYWORDS = 0.05
"""How much the fit to all keywords counts beside the fit to one."""


@dataclass(frozen=True)
class Placed:
    """Documents in a space."""

    words: Vectors
    """Of length 1, not counting authors of no announced paper."""
    topics: Floats
    """Coordinates in the latent topics, one row for each document."""
    projection: Floats
    """Coordinates of what the sample tells of each document, one row for each document."""


class PaperSpace:
    """Learned from the announced papers alone, without votes; made once, and shared by all readers."""

    def __init__(self, background: Sequence[Document], vocabulary: Vocabulary | None = None) -> None:
        """Learns from the latest `MOST_BACKGROUND` of the announced papers, which are sorted with the latest last."""
        self.vocabulary = Vocabulary() if vocabulary is None else vocabulary
        self.documents = tuple(background[-MOST_BACKGROUND:])
        read = list(map(self.vocabulary.read, self.documents))
        count = len(read)
        self._found_in = np.bincount(concatenated([columns for columns, _ in read], np.int32))
        self._idf = np.log((count + 1) / (self._found_in + 1)).astype(np.float32)
        self._idf_of_unknown = float(np.log(count + 1))
        self._background = self.words(self.documents)
        self._latent = LatentTopics(self._background)
        self._best: dict[tuple[tuple[str, ...], int], tuple[Document, ...]] = {}
        self._sample = self._background.some(np.arange(0, count, max(1, count // _SAMPLE)))
        self._sample_topics = self._topics(self._sample)
        covariance = self._covariance(self._sample, self._sample_topics) + _SAMPLE_NOISE * np.eye(len(self._sample))
        self._projector = np.linalg.inv(np.linalg.cholesky(covariance)).T.astype(np.float32)

    def words(self, documents: Sequence[Document]) -> Vectors:
        """The documents' features as vectors, weighted by rarity.

        Words that are in no announced paper are left out: most are in this document only, and would just reduce the
        weights of its other words. Authors of no announced paper stay, because they may have written several of these
        documents, but the vectors' lengths are computed without them.
        """
        read = list(map(self.vocabulary.read, documents))
        rows = np.repeat(np.arange(len(read)), [len(columns) for columns, _ in read])
        columns = concatenated([columns for columns, _ in read], np.int32)
        known = at(self._found_in, columns, 0) > 0
        values = concatenated([weights for _, weights in read], np.float32) * at(
            self._idf, columns, self._idf_of_unknown
        )
        values /= _lengths(rows[known], values[known], len(read))[rows]
        counts = known | self.vocabulary.are_authors(columns)
        return Vectors(rows, columns, values, len(read)).only(counts)

    def place(self, documents: Sequence[Document]) -> Placed:
        """The documents' coordinates in this space."""
        words = self.words(documents)
        topics = self._topics(words)
        return Placed(words, topics, self._covariance(words, topics) @ self._projector)

    def similarities(self, one: Placed, other: Placed) -> Floats:
        """The similarity of each of these documents to each of the others, one row for each of these."""
        projected: Floats = one.projection @ other.projection.T
        return products(one.words, other.words) + one.topics @ other.topics.T - projected

    def _topics(self, words: Vectors) -> Floats:
        return self._latent.points(words) * np.float32(np.sqrt(_TOPICS_WEIGHT))

    def _covariance(self, words: Vectors, topics: Floats) -> Floats:
        """With the sample, before the observations."""
        return products(words, self._sample) + topics @ self._sample_topics.T

    def best_for(self, keywords: tuple[str, ...], most: int) -> tuple[Document, ...]:
        """For each keyword, the announced papers with most of its words and pairs, where rare ones count more.

        Among papers that fit a keyword equally, those that fit the other keywords too come first.
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
        """The mean of the background's words."""
        count = max(1, len(self.documents))
        return self._background.combined(np.full(count, 1 / count, np.float32), len(self._found_in))


def _lengths(rows: NDArray[np.intp], values: Floats, count: int) -> Floats:
    """The length of each row; 1 for an empty row."""
    squares = np.bincount(rows, (values * values).astype(np.float64), count)
    return np.sqrt(np.where(squares > 0, squares, 1)).astype(np.float32)
