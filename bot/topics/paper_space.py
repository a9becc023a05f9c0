"""Turns papers into vectors, with weights learned from all announced papers: rarity of features, latent topics.

"Topics" in this module are latent topics, the directions in which papers vary most, not the topics that subscribers
follow. The "background" is the announced papers. Pure and deterministic. Needs numpy, whose import takes time and
memory, so this module is imported only when it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bot.topics.features import AUTHOR, features, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bot.topics.features import Document

    Floats = NDArray[np.float32]
    Columns = NDArray[np.int32]

_Number = TypeVar("_Number", bound=np.generic)

MOST_BACKGROUND = 4000
"""The most announced papers to learn from; more take longer and change little."""
_TOPICS = 150
"""The most latent topics; with few papers, one for every ten."""
_TOPIC_FEATURES = 5000
"""Latent topics are made of at most so many features, the most frequent ones."""
_RAREST, _COMMONEST = 6, 0.2
"""Such a feature is in at least so many papers, and in at most this share of them."""
_SAMPLE = 1000
_OTHER_KEYWORDS = 0.05
"""How much the fit to all keywords counts beside the fit to one."""
_OVERSAMPLED, _POWER_ITERATIONS = 20, 2
"""Parameters of the randomised SVD: Halko, Martinsson and Tropp, https://arxiv.org/abs/0909.4061, section 1.6."""


class Vocabulary:
    """Numbers features in the order in which they are read, and caches each document's features by its key."""

    def __init__(self) -> None:
        self._columns: dict[str, int] = {}
        self._names: list[str] = []
        self._authors = bytearray()
        self._read: dict[str, tuple[Columns, Floats]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def name(self, column: int) -> str:
        """The feature's name."""
        return self._names[column]

    def column(self, name: str) -> int:
        """The feature's number; a new feature gets the next one."""
        column = self._columns.setdefault(name, len(self._names))
        if column == len(self._names):
            self._names.append(name)
            self._authors.append(name.startswith(AUTHOR))
        return column

    def are_authors(self, columns: Columns) -> NDArray[np.bool]:
        """Which of these features are authors."""
        return np.array(self._authors, np.bool)[columns]

    def read(self, document: Document) -> tuple[Columns, Floats]:
        """The numbers of the document's features, and their weights without the inverse document frequency."""
        if document.key not in self._read:
            weights = features(document)
            columns = np.fromiter(map(self.column, weights), np.int32, len(weights))
            self._read[document.key] = columns, np.fromiter(weights.values(), np.float32, len(weights))
        return self._read[document.key]


@dataclass(frozen=True)
class Vectors:
    """Documents as rows of a sparse matrix, each of length 1, and as coordinates in the latent topics."""

    rows: NDArray[np.intp]
    """The document of each value, ascending."""
    columns: Columns
    values: Floats
    topics: Floats
    """One row for each document; zeros if the space has no topics."""

    def __len__(self) -> int:
        return len(self.topics)

    def times(self, weights: Floats) -> NDArray[np.float64]:
        """Each document's scalar product with the weights; features beyond their end count as 0."""
        shares = (at(weights, self.columns, 0) * self.values).astype(np.float64)
        scores: NDArray[np.float64] = np.bincount(self.rows, shares, len(self)).astype(np.float64)
        return scores

    def combined(self, shares: Floats, size: int) -> Floats:
        """The sum of the rows, each multiplied by its share, as a dense vector of that size."""
        return np.bincount(self.columns, self.values * shares[self.rows], size).astype(np.float32)

    def some(self, wanted: Sequence[int] | NDArray[np.intp]) -> Vectors:
        """Only these documents, in their own order."""
        place = np.full(len(self), -1)
        chosen = np.unique(np.asarray(wanted, np.intp))
        place[chosen] = np.arange(len(chosen))
        kept = place[self.rows] >= 0
        return Vectors(place[self.rows[kept]], self.columns[kept], self.values[kept], self.topics[chosen])


class PaperSpace:
    """Learned from the announced papers alone, without votes; made once, and shared by all readers."""

    def __init__(self, background: Sequence[Document], vocabulary: Vocabulary | None = None) -> None:
        """Learns from the latest `MOST_BACKGROUND` of the announced papers, which are sorted with the latest last."""
        self.vocabulary = Vocabulary() if vocabulary is None else vocabulary
        self.documents = tuple(background[-MOST_BACKGROUND:])
        read = list(map(self.vocabulary.read, self.documents))
        count = len(read)
        met = _joined([columns for columns, _ in read], np.int32)
        self._found_in = np.bincount(met, minlength=len(self.vocabulary))
        self._idf = np.log((count + 1) / (self._found_in + 1)).astype(np.float32)
        self._idf_of_unknown = float(np.log(count + 1))
        self._topics: _Topics | None = None
        self._best: dict[tuple[tuple[str, ...], int], Vectors] = {}
        self.background = self.vectors(self.documents)
        frequent = _frequent(self._found_in, count)
        if topics := min(_TOPICS, count // 10, frequent.size // 4):
            self._topics = _Topics(self.background, frequent, topics)
            self.background = self.vectors(self.documents)

    def vectors(self, documents: Sequence[Document]) -> Vectors:
        """The documents' vectors in this space.

        Words that are in no announced paper are left out: most are in this document only, and would just reduce the
        weights of its other words. Authors of no announced paper stay, because they may have written several of these
        documents, but the vectors' lengths are computed without them.
        """
        read = list(map(self.vocabulary.read, documents))
        rows = np.repeat(np.arange(len(read)), [len(columns) for columns, _ in read])
        columns = _joined([columns for columns, _ in read], np.int32)
        known = at(self._found_in, columns, 0) > 0
        values = _joined([weights for _, weights in read], np.float32) * at(self._idf, columns, self._idf_of_unknown)
        values /= _lengths(rows[known], values[known], len(read))[rows]
        values[~(known | self.vocabulary.are_authors(columns))] = 0
        if self._topics is None:
            return Vectors(rows, columns, values, np.zeros((len(read), 1), np.float32))
        return Vectors(rows, columns, values, self._topics.points(rows, columns, values, len(read)))

    def best_for(self, keywords: tuple[str, ...], most: int) -> Vectors:
        """For each keyword, the announced papers with most of its words and pairs, where rare ones count more.

        Among papers that fit a keyword equally, those that fit the other keywords too come first.
        """
        if (keywords, most) not in self._best:
            fits = [self._fits(keyword) for keyword in keywords]
            best = np.zeros(0, np.intp)
            for fit in fits:
                ranked = np.argsort(-(fit + _OTHER_KEYWORDS * sum(fits)), kind="stable")[:most]
                best = np.append(best, ranked[fit[ranked] > 0])
            self._best[keywords, most] = self.background.some(best)
        return self._best[keywords, most]

    def _fits(self, keyword: str) -> NDArray[np.float64]:
        """How well each announced paper fits the keyword."""
        columns = np.array([self.vocabulary.column(term) for term in terms(keyword)], np.int32)
        weights = np.bincount(columns, at(self._idf, columns, self._idf_of_unknown), len(self.vocabulary))
        return self.background.times(weights.astype(np.float32))

    @cached_property
    def sampled(self) -> range:
        """The positions of evenly chosen documents, enough to estimate the background's mean and deviation."""
        return range(0, len(self.documents), max(1, len(self.documents) // _SAMPLE))

    @cached_property
    def sample(self) -> Vectors:
        """The vectors of the `sampled` documents."""
        return self.background.some(self.sampled)

    @cached_property
    def mean(self) -> Floats:
        """The background's mean vector."""
        count = max(1, len(self.documents))
        return self.background.combined(np.full(count, 1 / count, np.float32), len(self.vocabulary))

    @cached_property
    def spread(self) -> Floats:
        """The variance of the background in each topic."""
        return self.background.topics.var(0) if self.documents else np.zeros(1, np.float32)


class _Topics:
    """Latent semantic analysis: the directions in which the background's frequent features vary most."""

    def __init__(self, background: Vectors, frequent: NDArray[np.intp], count: int) -> None:
        self._place = np.full(frequent.max() + 1, -1, np.int32)
        self._place[frequent] = np.arange(frequent.size)
        self._size = frequent.size
        matrix = self._dense(background.rows, background.columns, background.values, len(background))
        self._directions = _main_directions(matrix, count)
        self._centre = (matrix @ self._directions.T).mean(0)

    def points(self, rows: NDArray[np.intp], columns: Columns, values: Floats, count: int) -> Floats:
        """The documents' coordinates in the topics; the background's mean is zero."""
        points: Floats = self._dense(rows, columns, values, count) @ self._directions.T - self._centre
        return points

    def _dense(self, rows: NDArray[np.intp], columns: Columns, values: Floats, count: int) -> Floats:
        place = at(self._place, columns, -1)
        known = place >= 0
        matrix = np.zeros((count, self._size), np.float32)
        matrix[rows[known], place[known]] = values[known]
        length = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
        matrix /= np.where(length > 0, length, 1)[:, None]
        return matrix


def _frequent(found_in: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """The columns of the features that topics are made of, the most frequent first."""
    columns = np.flatnonzero((found_in >= _RAREST) & (found_in <= _COMMONEST * count))
    return columns[np.argsort(-found_in[columns], kind="stable")][:_TOPIC_FEATURES]


def _main_directions(matrix: Floats, count: int) -> Floats:
    """The first right singular vectors, by a random projection with a fixed seed."""
    drawn = np.random.default_rng(0).standard_normal((matrix.shape[1], count + _OVERSAMPLED), np.float32)
    base = matrix @ drawn
    for _ in range(_POWER_ITERATIONS):
        base = _orthogonal(base)
        base = matrix @ _orthogonal(matrix.T @ base)
    _, _, directions = np.linalg.svd(_orthogonal(base).T @ matrix, full_matrices=False)
    found: Floats = directions[:count]
    return found


def _orthogonal(matrix: Floats) -> Floats:
    base: Floats = np.linalg.qr(matrix)[0]
    return base


def _lengths(rows: NDArray[np.intp], values: Floats, count: int) -> Floats:
    """The length of each row; 1 for an empty row."""
    squares = np.bincount(rows, (values * values).astype(np.float64), count)
    return np.sqrt(np.where(squares > 0, squares, 1)).astype(np.float32)


def _joined(arrays: Sequence[NDArray[_Number]], kind: type[_Number]) -> NDArray[_Number]:
    return np.concatenate([np.zeros(0, kind), *arrays])


def at(table: NDArray[_Number], columns: Columns, beyond: float) -> NDArray[_Number]:
    """The table's values at these columns; `beyond` for columns after its end."""
    return np.append(table, np.array([beyond], table.dtype))[np.minimum(columns, len(table))]
