"""How alike papers are to those that readers said something about, worked out once for many readers.

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


_MOST_MAILINGS = 100
"""Of so many lists of papers it is remembered where they are: most readers of a topic have the same."""


class Likeness:
    """A table with a row for each paper that somebody said something about, and a column for each paper to rank."""

    def __init__(self, space: PaperSpace, said: Iterable[Document]) -> None:
        self.space = space
        documents = {document.key: document for document in said}
        self._row = {key: row for row, key in enumerate(documents)}
        self._said = space.place(tuple(documents.values()))
        self._among = space.alike(self._said, self._said)
        self._column: dict[str, int] = {}
        self._columns_of: dict[tuple[str, ...], Places] = {}
        self._table = np.zeros((len(documents), 0), np.float32)

    def rows(self, said: Iterable[Document]) -> Places:
        """Where these are in the table."""
        return np.array([self._row[document.key] for document in said], np.intp)

    def among(self, rows: Places) -> Floats:
        """How alike those in these rows are to each other."""
        return self._among[np.ix_(rows, rows)]

    def of(self, papers: Sequence[Document], rows: Places) -> Floats:
        """How alike those in these rows are to each of the papers, one column for each paper."""
        columns = self._columns(papers)
        return self._table[np.ix_(rows, columns)]

    def weighted(self, papers: Sequence[Document], rows: Places, weights: Floats) -> Floats:
        """The sum of these rows, each times its weight, at the papers; several if weights have several columns."""
        columns = self._columns(papers)
        sums: Floats = (weights.T @ self._table[rows])[..., columns]
        return sums

    def words(self, rows: Places, weights: Floats, features: Columns) -> Floats:
        """How much those in these rows have of these features, each times its weight, and less what is usual."""
        here = self._said.words.some(rows)
        sums = np.bincount(here.columns, here.values * weights[here.rows], len(self.space.vocabulary))[features]
        words: Floats = sums.astype(np.float32) - weights.sum() * at(self.space.mean, features, 0)
        return words

    def _columns(self, papers: Sequence[Document]) -> Places:
        keys = tuple(paper.key for paper in papers)
        if keys not in self._columns_of:
            self._place([paper for paper in papers if paper.key not in self._column])
            if len(self._columns_of) >= _MOST_MAILINGS:
                self._columns_of.clear()
            self._columns_of[keys] = np.array([self._column[key] for key in keys], np.intp)
        return self._columns_of[keys]

    def _place(self, papers: Sequence[Document]) -> None:
        """Make columns for papers that have none."""
        new = tuple({paper.key: paper for paper in papers}.values())
        if new:
            self._column |= {paper.key: len(self._column) + number for number, paper in enumerate(new)}
            added = self.space.alike(self._said, self.space.place(new))
            self._table = np.concatenate([self._table, added], axis=1)
