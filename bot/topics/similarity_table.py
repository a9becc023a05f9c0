"""A table of similarities between the papers to rank and the examples of many readers, computed once for all of them.

Deterministic, no I/O. Needs numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.topics.vectors import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.topics.features import Document
    from bot.topics.paper_space import PaperSpace
    from bot.topics.vectors import Columns, Floats, Places

_MOST_LISTS = 100
"""The columns of so many lists of papers are cached: most readers of a topic have the same list."""


class SimilarityTable:
    """One row for each example, and one column for each paper, which is added when it is asked for."""

    def __init__(self, space: PaperSpace, examples: Iterable[Document]) -> None:
        """Compares all the examples with each other: takes time and memory with the square of their number."""
        self.space = space
        documents = {document.key: document for document in examples}
        self._row = {key: row for row, key in enumerate(documents)}
        self._examples = space.place(tuple(documents.values()))
        self._among = space.similarities(self._examples, self._examples)
        self._column: dict[str, int] = {}
        self._lists: dict[tuple[str, ...], Places] = {}
        self._table = np.zeros((len(documents), 0), np.float32)

    def rows(self, examples: Iterable[Document]) -> Places:
        """The rows of these examples."""
        return np.array([self._row[document.key] for document in examples], np.intp)

    def among(self, rows: Places) -> Floats:
        """The similarities of the examples in these rows to each other."""
        return self._among[np.ix_(rows, rows)]

    def of(self, papers: Sequence[Document], rows: Places) -> Floats:
        """The similarities of the examples in these rows to the papers, one column for each paper."""
        columns = self._columns(papers)
        return self._table[np.ix_(rows, columns)]

    def weighted(self, papers: Sequence[Document], rows: Places, weights: Floats) -> Floats:
        """The sums of these rows at the papers, each row multiplied by its weight; one sum per column of weights."""
        columns = self._columns(papers)
        sums: Floats = (weights.T @ self._table[rows])[..., columns]
        return sums

    def words(self, rows: Places, weights: Floats, features: Columns) -> Floats:
        """The sum of these features in the examples in these rows, multiplied by their weights, minus the mean's."""
        here = self._examples.words.some(rows)
        sums = np.bincount(here.columns, here.values * weights[here.rows], len(self.space.vocabulary))[features]
        words: Floats = sums.astype(np.float32) - weights.sum() * at(self.space.mean, features, 0)
        return words

    def _columns(self, papers: Sequence[Document]) -> Places:
        keys = tuple(paper.key for paper in papers)
        if keys not in self._lists:
            self._add([paper for paper in papers if paper.key not in self._column])
            if len(self._lists) >= _MOST_LISTS:
                self._lists.clear()
            self._lists[keys] = np.array([self._column[key] for key in keys], np.intp)
        return self._lists[keys]

    def _add(self, papers: Sequence[Document]) -> None:
        """Add a column for each of these papers."""
        new = tuple({paper.key: paper for paper in papers}.values())
        if new:
            self._column |= {paper.key: len(self._column) + number for number, paper in enumerate(new)}
            added = self.space.similarities(self._examples, self.space.place(new))
            self._table = np.concatenate([self._table, added], axis=1)
