"""What a reader wants, learned from what they liked: orders the papers of a mailing, and says why.

Pure and deterministic: the same votes and the same space give the same order. A model is made for a mailing and
thrown away.

A score says how far a paper is wanted: 0 is what announced papers are in general, 1 what the reader likes. It is the
mean of a Gaussian process (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, equation 2.23; the
same as ridge regression on the papers' features) that was observed, with noise, to be 1 at what was liked and a bit
below 0 at what was not. So it is a sum over the papers that the reader spoke of: how alike each is to it, times
a weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bot.text import normalise
from bot.topics.likeness import Likeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.topics.features import Document
    from bot.topics.paper_space import PaperSpace
    from bot.topics.vectors import Floats, Places

_PSEUDO_LIKES = 8
"""So many announced papers that fit a keyword best stand in for likes."""
_PSEUDO_WEIGHT = 2.0
"""All of them together weigh as so many likes."""
_UNWANTED = -0.2
"""What a paper is that the reader did not like; what most announced papers are is 0."""
_NOISE = 0.6
"""The variance of what a reader says: the more, the more alike must several likes be to count."""
_MOST_LIKES = 1000
"""The latest count: a library may have many thousands."""
_LATEST = 6
"""So many likes tell that an interest has moved, if at least as many came before."""
_FITS = 0.03
"""Likes that would have scored less than this without having been said are of another interest."""
_TRIED = 12
"""So many likes are left out, one at a time, to see what a like scores that was not said."""
_LEAST_FORETOLD = np.float32(0.1)
"""Less is not believed: there are few likes then."""
_TERMS_SAID = 3
_TERMS_LOOKED_AT = 12


@dataclass(frozen=True, slots=True)
class Said:
    """What one reader said, and looks for."""

    likes: tuple[Document, ...]
    """The latest last."""
    dislikes: tuple[Document, ...] = ()
    keywords: tuple[str, ...] = ()
    """Alone they are enough."""

    def documents(self, space: PaperSpace) -> tuple[Document, ...]:
        """The papers that are learned from."""
        return (*self.likes[-_MOST_LIKES:], *space.best_for(self.keywords, _PSEUDO_LIKES), *self.dislikes)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a paper stands where it does."""

    like: Document | None
    """Of the papers that the reader liked the one that speaks most for it; none where only keywords speak."""
    terms: tuple[str, ...]
    """Up to three, the weightiest first."""


class Interest:
    """One reader's."""

    def __init__(self, said: Said, likeness: Likeness) -> None:
        """Learn from what the reader said; `likeness` is of all these papers, and may be of others."""
        self._likeness = likeness
        self._likes = said.likes[-_MOST_LIKES:]
        documents = said.documents(likeness.space)
        self._rows = likeness.rows(documents)
        liked, disliked = len(self._likes), len(said.dislikes)
        pseudo = len(documents) - liked - disliked
        self._sources = {"likes": slice(0, liked), "keywords": slice(liked, liked + pseudo)}
        self._sources["dislikes"] = slice(liked + pseudo, None)
        self._wanted = np.repeat(np.array([1, 1, _UNWANTED], np.float32), (liked, pseudo, disliked))
        noise = np.array([_NOISE, _NOISE * max(1, pseudo / _PSEUDO_WEIGHT), _NOISE], np.float32)
        among = likeness.among(self._rows) + np.diag(np.repeat(noise, (liked, pseudo, disliked)))
        self._weights = self._learned(among)

    @classmethod
    def alone(cls, space: PaperSpace, said: Said) -> Interest:
        """One that shares no work with other readers'."""
        return cls(said, Likeness(space, said.documents(space)))

    def scores(self, papers: Sequence[Document]) -> Floats:
        """How far each paper is wanted; of two interests of the reader, as the better fit says."""
        scores: Floats = self._likeness.weighted(papers, self._rows, self._weights).max(0)
        return scores

    def parts(self, paper: Document) -> dict[str, float]:
        """Of which parts the paper's score is the sum, by what the reader said."""
        (shares,) = self._shares([paper])[0].T
        return {source: float(shares[part].sum()) for source, part in self._sources.items() if shares[part].size}

    def reasons(self, papers: Sequence[Document]) -> list[Reason]:
        """Why each of the papers stands where it does."""
        shares, chosen = self._shares(papers)
        likes = shares[: len(self._likes)]
        nearest = likes.argmax(0) if likes.size else [0] * len(papers)
        speaks = likes.max(0, initial=0) > 0
        terms = self._terms(papers, chosen)
        return [
            Reason(self._likes[like] if any_like else None, said)
            for like, any_like, said in zip(nearest, speaks, terms, strict=True)
        ]

    def _shares(self, papers: Sequence[Document]) -> tuple[Floats, Places]:
        """What each paper that the reader spoke of gives to these papers' scores; of which interest they are."""
        alike = self._likeness.of(papers, self._rows)
        chosen = (self._weights.T @ alike).argmax(0)
        return alike * self._weights[:, chosen], chosen

    def _terms(self, papers: Sequence[Document], chosen: Places) -> list[tuple[str, ...]]:
        """What speaks most for each of the papers."""
        likeness = self._likeness
        words = likeness.space.words(papers)
        shares = np.zeros(len(words.columns), np.float32)
        for number, weights in enumerate(self._weights.T):
            here = chosen[words.rows] == number
            shares[here] = words.values[here] * likeness.words(self._rows, weights, words.columns[here])
        speaking = np.flatnonzero(shares > 0)
        ranked = speaking[np.lexsort((-shares[speaking], words.rows[speaking]))]
        starts = np.searchsorted(words.rows[ranked], range(len(papers) + 1)).tolist()
        names = [
            map(likeness.space.vocabulary.name, words.columns[ranked[start : min(end, start + _TERMS_LOOKED_AT)]])
            for start, end in pairwise(starts)
        ]
        return list(map(_said, names, papers))

    # -- learning ------------------------------------------------------------------------------------------------

    def _learned(self, among: Floats) -> Floats:
        """The weight of each paper in the score, in one column for each interest."""
        every = np.arange(len(among))
        fit = self._fit(among, every)
        split = len(self._likes) - _LATEST
        if split < _LATEST or np.median(fit.foretold_together(_LATEST)) >= _FITS:
            return fit.scaled_weights()[:, None]
        latest = every[split : split + _LATEST]
        apart = (np.delete(every, latest), every[split:])
        return np.column_stack([self._fit(among, some).scaled_weights() for some in apart])

    def _fit(self, among: Floats, some: Places) -> _Fit:
        """What is learned if nothing but of some papers had been said."""
        tried = some[some < len(self._likes)][-_TRIED:]
        sides = np.zeros((len(among), 1 + len(tried)), np.float32)
        sides[some, 0] = self._wanted[some]
        sides[tried, range(1, 1 + len(tried))] = 1
        sides[some] = np.linalg.solve(among[np.ix_(some, some)], sides[some])
        return _Fit(sides[:, 0], tried, sides[tried, 1:])


@dataclass(frozen=True)
class _Fit:
    """What was learned, and what it would be without some of the likes (Rasmussen and Williams, equation 5.12)."""

    weights: Floats
    tried: Places
    """The likes to leave out, the latest last."""
    inverse: Floats
    """The part of the matrix of likeness and noise, inverted, that is of these likes alone."""

    def foretold_together(self, count: int) -> Floats:
        """What the latest likes, so many, would score if they had not been said."""
        latest: Floats = 1 - np.linalg.solve(self.inverse[-count:, -count:], self.weights[self.tried[-count:]])
        return latest

    def scaled_weights(self) -> Floats:
        """Such weights that a like which had not been said would score 1 in the mean.

        So the scores of few and of many likes can be compared.
        """
        foretold = 1 - self.weights[self.tried] / np.diag(self.inverse)
        mean = foretold.mean() if foretold.size else np.float32(1)
        scaled: Floats = self.weights / max(mean, _LEAST_FORETOLD)
        return scaled


def _said(names: Iterable[str], document: Document) -> tuple[str, ...]:
    """The first few that do not say again what another one said; authors as the paper spells them."""
    chosen: list[str] = []
    for name in names:
        kind, colon, value = name.partition(":")
        term = _spelled(value, document.authors) if colon else name
        if kind != "category" and not any(term in other or other in term for other in chosen):
            chosen.append(term)
        if len(chosen) == _TERMS_SAID:
            break
    return tuple(chosen)


def _spelled(author: str, authors: Iterable[str]) -> str:
    return next((each for each in authors if normalise(each) == author), author)
