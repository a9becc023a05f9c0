"""Documents as sparse vectors over numbered features.

Pure. Needs numpy, which takes time and memory to import, so import this module late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bot.topics.features import AUTHOR, features

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bot.topics.features import Document

    Floats = NDArray[np.float32]
    Columns = NDArray[np.int32]
    Places = NDArray[np.intp]

_Number = TypeVar("_Number", bound=np.generic)

_COMMON = 0.02
"""Features in more than this share of the documents are multiplied as a dense matrix, the others as a sparse one; at
about this share both take the same time."""
_BLOCK = 256
"""So many documents are multiplied at a time, which limits the memory."""


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
    """Documents as rows of a sparse matrix."""

    rows: Places
    """The document of each value, ascending."""
    columns: Columns
    values: Floats
    count: int
    """The number of documents."""

    def __len__(self) -> int:
        return self.count

    def combined(self, shares: Floats, size: int) -> Floats:
        """The sum of the rows, each multiplied by its share, as a dense vector of that size."""
        return np.bincount(self.columns, self.values * shares[self.rows], size).astype(np.float32)

    def some(self, wanted: Places) -> Vectors:
        """These documents only, in this order."""
        first, end = np.searchsorted(self.rows, wanted), np.searchsorted(self.rows, wanted, side="right")
        rows, values = ranges(first, end - first)
        return Vectors(rows, self.columns[values], self.values[values], len(wanted))

    def only(self, kept: NDArray[np.bool]) -> Vectors:
        """The same documents with only these of their values."""
        return Vectors(self.rows[kept], self.columns[kept], self.values[kept], len(self))

    def blocks(self) -> Iterator[Vectors]:
        """The documents, `_BLOCK` at a time."""
        for first in range(0, len(self), _BLOCK):
            count = min(_BLOCK, len(self) - first)
            start, end = np.searchsorted(self.rows, (first, first + count))
            yield Vectors(self.rows[start:end] - first, self.columns[start:end], self.values[start:end], count)

    def dense(self, place: Places) -> Floats:
        """A dense matrix with the features that have a place among its columns; `place` is -1 for the others."""
        places = at(place, self.columns, -1)
        known = places >= 0
        matrix = np.zeros((len(self), int(place.max(initial=-1)) + 1), np.float32)
        matrix[self.rows[known], places[known]] = self.values[known]
        return matrix


def products(one: Vectors, other: Vectors) -> Floats:
    """The scalar product of each of these documents with each of the others, one row for each of these.

    A dense product of the common features, plus a sparse one of the others.
    """
    found_in = np.bincount(other.columns)
    place = np.full(len(found_in), -1)
    common = np.flatnonzero(found_in > _COMMON * len(other))
    place[common] = np.arange(len(common))
    dense = other.dense(place).T
    rare = ByColumn.of(other.only(at(place, other.columns, -1) < 0))
    found = [block.dense(place) @ dense + rare.products(block) for block in one.blocks()]
    return np.concatenate([np.zeros((0, len(other)), np.float32), *found])


@dataclass(frozen=True)
class ByColumn:
    """Documents as a sparse matrix that is sorted by column, to look up those that have a feature."""

    starts: Places
    """Where each column's values begin; the last number is where they end."""
    rows: Places
    values: Floats
    count: int
    """The number of documents."""

    @classmethod
    def of(cls, documents: Vectors) -> ByColumn:
        """Sorts the documents' values by column."""
        order = np.argsort(documents.columns, kind="stable")
        ends = np.cumsum(np.bincount(documents.columns))
        return cls(np.append(0, ends), documents.rows[order], documents.values[order], len(documents))

    def products(self, others: Vectors) -> Floats:
        """The scalar product of each of the others with each of these documents."""
        other, here = self._pairs(others.columns)
        cells = others.rows[other] * self.count + self.rows[here]
        sums = np.bincount(cells, others.values[other] * self.values[here], len(others) * self.count)
        return sums.astype(np.float32).reshape(len(others), self.count)

    def weighted(self, columns: Columns, weights: Floats) -> NDArray[np.float64]:
        """Each document's scalar product with these few features' weights."""
        one, here = self._pairs(columns)
        sums = np.bincount(self.rows[here], weights[one] * self.values[here], self.count)
        return sums.astype(np.float64)

    def _pairs(self, columns: Columns) -> tuple[Places, Places]:
        """All pairs of one of these columns and a value in it, by their positions."""
        first, end = (at(self.starts, columns + step, self.starts[-1]) for step in (0, 1))
        return ranges(first, end - first)


def ranges(first: Places, sizes: Places) -> tuple[Places, Places]:
    """The numbers of all ranges with these beginnings and sizes, and before them the range that each is in."""
    one = np.repeat(np.arange(len(sizes)), sizes)
    return one, np.arange(len(one)) + np.repeat(first - (np.cumsum(sizes) - sizes), sizes)


def concatenated(arrays: Sequence[NDArray[_Number]], kind: type[_Number]) -> NDArray[_Number]:
    """The arrays one after the other; an empty one of this type if there is none."""
    return np.concatenate([np.zeros(0, kind), *arrays])


def at(table: NDArray[_Number], columns: Columns, beyond: float) -> NDArray[_Number]:
    """The table's values at these columns; `beyond` for columns after its end."""
    inside = columns < len(table)
    if inside.all():
        return table[columns]
    found = np.full(len(columns), beyond, table.dtype)
    found[inside] = table[columns[inside]]
    return found
