"""Learns from likes and dislikes what a reader is interested in; scores papers by that, and gives reasons.

Pure and deterministic: the same examples and the same space give the same scores. A model is made for one run and not
stored.

A score is 0 for what announced papers are in general, and 1 for what the reader likes. It is the mean of a Gaussian
process (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, equation 2.23), which is the same as
ridge regression on the papers' features: with noise, 1 was observed at each liked paper, and a little less than 0 at
each disliked one. So a score is a weighted sum of the paper's similarities to these examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bot.text import normalise
from bot.topics.features import Document
from bot.topics.similarity_table import SimilarityTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.topics.paper_space import PaperSpace
    from bot.topics.vectors import Floats, Places

_PSEUDO_LIKES = 8
"""For each keyword, so many announced papers that fit it best are pseudo-likes, and so is the keyword itself."""
_PSEUDO_WEIGHT = 2.0
"""The weight of all pseudo-likes together, in likes."""
_DISLIKED = -0.1
"""The observation at a disliked paper."""
_NOISE = 0.6
"""The variance of the noise of an observation; the similarity of a paper to itself is about 1."""
_MOST_LIKES = 1000
"""The latest likes that count: a library may have many thousands."""
_LATEST = 6
"""So many latest likes can show that the interest has moved, if there are at least as many earlier ones."""
_FITS = 0.03
"""Latest likes with a lower median score under the other examples count as another interest."""
_LEFT_OUT = 12
"""So many likes are left out, one at a time, to see how a like scores that is not among the examples."""
_LOWEST_SCALE = np.float32(0.1)
"""Scores are divided by at least this: the estimate from a few likes may be near 0, or below."""
_EXAMPLES_OF_TERMS = 20
"""The terms of reasons are those of so many examples, the ones that add most to the scores."""
_TERMS, _CANDIDATES = 3, 12
"""The most terms of a reason, and of how many they are chosen."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What the interest of one reader is learned from."""

    likes: tuple[Document, ...]
    """The liked papers, the latest last."""
    dislikes: tuple[Document, ...] = ()
    keywords: tuple[str, ...] = ()
    """Of the reader's topic; enough to learn from without any vote."""

    def documents(self, space: PaperSpace) -> tuple[Document, ...]:
        """All papers to learn from: the likes, the pseudo-likes for the keywords, the dislikes."""
        keywords = (Document(f"keyword:{keyword}", keyword) for keyword in self.keywords)
        pseudo_likes = (*space.best_for(self.keywords, _PSEUDO_LIKES), *keywords)
        return (*self.likes[-_MOST_LIKES:], *pseudo_likes, *self.dislikes)


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason for a paper's score."""

    like: Document | None
    """The liked paper that adds most to the score; None if none does, because only keywords count."""
    terms: tuple[str, ...]
    """The terms that add most to the score, at most three, the first adds most."""


class Interest:
    """The interests of one reader: one, or two if it has moved."""

    def __init__(self, examples: Examples, table: SimilarityTable) -> None:
        """Learns from the examples. The table has all their documents, and may have other readers' too."""
        self._table = table
        self._likes = examples.likes[-_MOST_LIKES:]
        documents = examples.documents(table.space)
        self._rows = table.rows(documents)
        likes, dislikes = len(self._likes), len(examples.dislikes)
        pseudo_likes = len(documents) - likes - dislikes
        counts = (likes, pseudo_likes, dislikes)
        names, ends = ("likes", "keywords", "dislikes"), np.cumsum((0, *counts)).tolist()
        self._sources = {name: slice(*part) for name, part in zip(names, pairwise(ends), strict=True)}
        self._observed = np.repeat(np.array([1, 1, _DISLIKED], np.float32), counts)
        noise = np.array([_NOISE, _NOISE * max(1, pseudo_likes / _PSEUDO_WEIGHT), _NOISE], np.float32)
        self._weights = self._learned(table.among(self._rows) + np.diag(np.repeat(noise, counts)))

    @classmethod
    def alone(cls, space: PaperSpace, examples: Examples) -> Interest:
        """The interest of a reader who shares no table with others."""
        return cls(examples, SimilarityTable(space, examples.documents(space)))

    def scores(self, papers: Sequence[Document]) -> Floats:
        """The score of each paper; of two interests, the higher one."""
        scores: Floats = self._table.weighted(papers, self._rows, self._weights).max(0)
        return scores

    def parts(self, paper: Document) -> dict[str, float]:
        """The parts of the paper's score by the kind of examples that they come from."""
        (shares,) = self._shares([paper])[0].T
        return {source: float(shares[part].sum()) for source, part in self._sources.items() if shares[part].size}

    def reasons(self, papers: Sequence[Document]) -> list[Reason]:
        """The reason for the score of each paper."""
        shares, interests = self._shares(papers)
        likes = shares[self._sources["likes"]]
        best = [self._likes[row] for row in likes.argmax(0)] if likes.size else [None] * len(papers)
        counts = likes.max(0, initial=0) > 0
        strongest = np.argsort(-shares.max(1, initial=0), kind="stable")[:_EXAMPLES_OF_TERMS]
        terms = self._terms(papers, interests, strongest)
        return [
            Reason(like if any_like else None, of) for like, any_like, of in zip(best, counts, terms, strict=True)
        ]

    def _shares(self, papers: Sequence[Document]) -> tuple[Floats, Places]:
        """How much each example adds to the score of each paper, and by which of the interests."""
        similarities = self._table.of(papers, self._rows)
        interests = (self._weights.T @ similarities).argmax(0)
        return similarities * self._weights[:, interests], interests

    def _terms(self, papers: Sequence[Document], interests: Places, examples: Places) -> list[tuple[str, ...]]:
        """The terms of these examples that add most to the score of each paper."""
        words = self._table.space.words(papers)
        shares = np.zeros(len(words.columns), np.float32)
        for number, weights in enumerate(self._weights[examples].T):
            here = interests[words.rows] == number
            shares[here] = words.values[here] * self._table.words(self._rows[examples], weights, words.columns[here])
        positive = np.flatnonzero(shares > 0)
        ranked = positive[np.lexsort((-shares[positive], words.rows[positive]))]
        starts = np.searchsorted(words.rows[ranked], range(len(papers) + 1)).tolist()
        name = self._table.space.vocabulary.name
        names = (
            map(name, words.columns[ranked[start : min(end, start + _CANDIDATES)]]) for start, end in pairwise(starts)
        )
        return list(map(_distinct, names, papers))

    # -- learning ------------------------------------------------------------------------------------------------

    def _learned(self, covariance: Floats) -> Floats:
        """The weight of each example, with one column for each interest."""
        every = np.arange(len(covariance))
        fit = self._fit(covariance, every)
        split = len(self._likes) - _LATEST
        if split < _LATEST or np.median(fit.left_out_together(_LATEST)) >= _FITS:
            return fit.scaled_weights()[:, None]
        latest = every[split : split + _LATEST]
        apart = (np.delete(every, latest), every[split:])
        return np.column_stack([self._fit(covariance, some).scaled_weights() for some in apart])

    def _fit(self, covariance: Floats, some: Places) -> _Fit:
        """What some of the examples teach; the weights of the others are 0."""
        likes = some[some < len(self._likes)][-_LEFT_OUT:]
        sides = np.zeros((len(covariance), 1 + len(likes)), np.float32)
        sides[some, 0] = self._observed[some]
        sides[likes, range(1, 1 + len(likes))] = 1
        sides[some] = np.linalg.solve(covariance[np.ix_(some, some)], sides[some])
        return _Fit(sides[:, 0], likes, sides[likes, 1:])


@dataclass(frozen=True)
class _Fit:
    """Weights of examples, and what is needed to score likes as if they were not among these.

    That is leave-one-out prediction: Rasmussen and Williams, equation 5.12.
    """

    weights: Floats
    likes: Places
    """The examples that can be left out: the latest likes, the last one last."""
    inverse: Floats
    """Their rows and columns of the inverted covariance."""

    def left_out_together(self, count: int) -> Floats:
        """The scores of so many latest likes if none of them was an example."""
        scores: Floats = 1 - np.linalg.solve(self.inverse[-count:, -count:], self.weights[self.likes[-count:]])
        return scores

    def scaled_weights(self) -> Floats:
        """The weights, scaled so that a like that is not an example scores about 1.

        Without this, scores learned from few likes would be lower than those from many, and could not be compared.
        """
        left_out = 1 - self.weights[self.likes] / np.diag(self.inverse)
        mean = left_out.mean() if left_out.size else np.float32(1)
        scaled: Floats = self.weights / max(mean, _LOWEST_SCALE)
        return scaled


def _distinct(names: Iterable[str], document: Document) -> tuple[str, ...]:
    """The first terms, without those that contain or repeat another; authors as the paper spells them."""
    chosen: list[str] = []
    for name in names:
        kind, colon, value = name.partition(":")
        term = _spelled(value, document.authors) if colon else name
        if kind != "category" and not any(term in other or other in term for other in chosen):
            chosen.append(term)
        if len(chosen) == _TERMS:
            break
    return tuple(chosen)


def _spelled(author: str, authors: Iterable[str]) -> str:
    return next((each for each in authors if normalise(each) == author), author)
