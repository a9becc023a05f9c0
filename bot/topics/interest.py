"""Learns from likes and dislikes what a reader is interested in; scores papers by that, and gives reasons.

Pure and deterministic: the same votes and the same space give the same scores. A model is made for one run and not
stored. The score is the sum of two parts, each in standard deviations over the background:

- Rocchio's method over words, authors and categories: the mean of the likes minus the mean of the background, minus a
  small share of what the dislikes have more than the background.
- linear discriminant analysis over latent topics, with a shrunk covariance: finds papers that say the same in other
  words.

From 10 likes on, a logistic regression of the likes against the background is a third part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bot.text import normalise
from bot.topics.logistic import regression
from bot.topics.paper_space import at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bot.topics.features import Document
    from bot.topics.paper_space import Floats, PaperSpace, Vectors

_PSEUDO_LIKES = 8
"""For each keyword, so many announced papers that fit it best are added as pseudo-likes."""
_PSEUDO_WEIGHT = 2.0
"""The weight of all pseudo-likes together, in likes."""
_DISLIKED, _HALF_OF_IT_AT = 0.3, 5
"""The most that dislikes count, and the number of dislikes that count half of it."""
_TOPICS_WEIGHT, _REGRESSION_WEIGHT = 0.5, 2.0
"""The weights of the second and the third part; the first has 1."""
_ROUNDNESS = 0.5
"""How far the covariance is shrunk towards a multiple of the identity."""
_ENOUGH_FOR_REGRESSION = 10
_LATEST = 6
"""So many latest likes can show that the interest has moved, if there are at least as many earlier ones."""
_FITS = 1.0
"""Latest likes with a lower median score under the earlier ones count as another interest."""
_TERMS_SAID = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason for a paper's score."""

    like: Document | None
    """The most similar of the liked papers; None if there is none, because only keywords count."""
    terms: tuple[str, ...]
    """The terms that add most to the score, at most three, the first adds most."""


@dataclass(frozen=True)
class _Profile:
    """One interest as weights of features and of latent topics."""

    features: Floats
    topics: Floats
    offset: float

    def scores(self, papers: Vectors) -> NDArray[np.float64]:
        return papers.times(self.features) + papers.topics @ self.topics - self.offset

    def times(self, factor: float) -> _Profile:
        by = np.float32(factor)
        return _Profile(self.features * by, self.topics * by, self.offset * factor)


class Interest:
    """The interests of one reader, in one space."""

    def __init__(
        self,
        space: PaperSpace,
        likes: Sequence[Document],
        dislikes: Sequence[Document] = (),
        keywords: Sequence[str] = (),
    ) -> None:
        """Learns from votes.

        Args:
            space: learned from all announced papers.
            likes: the liked papers, the latest last.
            dislikes: the disliked papers.
            keywords: of the reader's topic; enough to learn from without any vote.
        """
        self._space = space
        self._likes = likes
        self._liked = space.vectors(likes)
        self._disliked = space.vectors(dislikes)
        self._pseudo = space.best_for(tuple(keywords), _PSEUDO_LIKES)
        self._size = len(space.vocabulary)
        self._profiles = self._learned_apart() or [self._learned(self._liked)]

    def scores(self, papers: Vectors) -> NDArray[np.float64]:
        """How well each paper fits, in standard deviations above the background; of two interests, the higher one."""
        scores: NDArray[np.float64] = np.max([profile.scores(papers) for profile in self._profiles], axis=0)
        return scores

    def reason(self, document: Document) -> Reason:
        """The reason for this paper's score."""
        paper = self._space.vectors([document])
        profile = max(self._profiles, key=lambda each: float(each.scores(paper)[0]))
        shares = paper.values * at(profile.features, paper.columns, 0)
        names = [self._space.vocabulary.name(column) for column in paper.columns]
        speaking = sorted((-share, name) for share, name in zip(shares.tolist(), names, strict=True) if share > 0)
        return Reason(self._nearest(paper), _said([name for _, name in speaking], document))

    def parts(self, document: Document) -> dict[str, float]:
        """The parts of the paper's score by name, each in standard deviations above the background."""
        paper = self._space.vectors([document])
        profile = max(self._profiles, key=lambda each: float(each.scores(paper)[0]))
        topics = float(paper.topics[0] @ profile.topics)
        return {"words and authors": float(profile.scores(paper)[0]) - topics, "topics": topics}

    def _nearest(self, paper: Vectors) -> Document | None:
        weights = np.zeros(self._size, np.float32)
        known = paper.columns < self._size
        weights[paper.columns[known]] = paper.values[known]
        near = self._liked.times(weights)
        return self._likes[int(near.argmax())] if near.size and near.max() > 0 else None

    # -- learning ------------------------------------------------------------------------------------------------

    def _learned_apart(self) -> list[_Profile]:
        """The profiles of the earlier and of the latest likes, if the latest hardly fit the earlier; else none."""
        split = len(self._liked) - _LATEST
        if split < _LATEST:
            return []
        earlier, latest = self._liked.some(range(split)), self._liked.some(range(split, len(self._liked)))
        if np.median(self._added(earlier).scores(latest)) >= _FITS:
            return []
        return [self._learned(earlier), self._learned(latest)]

    def _learned(self, liked: Vectors) -> _Profile:
        """The profile of these likes, scaled so that profiles of few and of many likes can be compared."""
        learned = self._added(liked)
        if len(liked) >= _ENOUGH_FOR_REGRESSION:
            learned = self._with_regression(learned, liked)
        return learned.times(1 / _spread(learned.scores(self._space.sample)))

    def _added(self, liked: Vectors) -> _Profile:
        """The profile of the two parts that need only a few likes."""
        words, topics = self._rocchio(liked), self._discriminant(liked)
        usual = self._space.sample
        word_scores, topic_scores = usual.times(words), usual.topics @ topics
        by_words, by_topics = 1 / _spread(word_scores), _TOPICS_WEIGHT / _spread(topic_scores)
        offset = by_words * word_scores.mean() + by_topics * topic_scores.mean()
        return _Profile(words * np.float32(by_words), topics * np.float32(by_topics), float(offset))

    def _with_regression(self, added: _Profile, liked: Vectors) -> _Profile:
        known = {document.key for document in self._likes}
        others = [place for place in self._space.sampled if self._space.documents[place].key not in known]
        weights = regression(liked, self._space.background.some(others), self._size)
        scores = self._space.sample.times(weights)
        by = _REGRESSION_WEIGHT / _spread(scores)
        offset = added.offset + by * float(scores.mean())
        return replace(added, features=added.features + weights * np.float32(by), offset=offset)

    def _rocchio(self, liked: Vectors) -> Floats:
        mean = _padded(self._space.mean, self._size)
        wanted = self._mixed(self._centroid(liked) - mean, self._centroid(self._pseudo) - mean, liked)
        return wanted - self._refusal * (self._centroid(self._disliked) - mean)

    def _discriminant(self, liked: Vectors) -> Floats:
        wanted = self._mixed(_middle(liked), _middle(self._pseudo), liked)
        direction: Floats = wanted - self._refusal * _middle(self._disliked)
        spread = self._space.spread
        direction /= spread + np.float32(_ROUNDNESS) * spread.mean() + np.float32(1e-9)
        return direction

    @property
    def _refusal(self) -> np.float32:
        return np.float32(_DISLIKED * len(self._disliked) / (len(self._disliked) + _HALF_OF_IT_AT))

    def _centroid(self, papers: Vectors) -> Floats:
        return papers.combined(np.full(len(papers), 1 / max(1, len(papers)), np.float32), self._size)

    def _mixed(self, likes: Floats, pseudo: Floats, liked: Vectors) -> Floats:
        """The weighted mean of the likes and the pseudo-likes."""
        weight = _PSEUDO_WEIGHT if len(self._pseudo) else 0.0
        total = max(1.0, len(liked) + weight)
        return likes * np.float32(len(liked) / total) + pseudo * np.float32(weight / total)


def _middle(papers: Vectors) -> Floats:
    return papers.topics.mean(0) if len(papers) else np.zeros(papers.topics.shape[1], np.float32)


def _spread(scores: NDArray[np.floating]) -> float:
    return float(scores.std()) + 1e-9 if scores.size else 1.0


def _padded(vector: Floats, size: int) -> Floats:
    return np.append(vector, np.zeros(size - len(vector), np.float32))


def _said(names: Sequence[str], document: Document) -> tuple[str, ...]:
    """The first terms, without those that contain or repeat another; authors as the paper spells them."""
    spelled = {normalise(author): author for author in document.authors}
    chosen: list[str] = []
    for name in names:
        kind, colon, value = name.partition(":")
        term = spelled.get(value, value) if colon else name
        if kind != "category" and not any(term in other or other in term for other in chosen):
            chosen.append(term)
        if len(chosen) == _TERMS_SAID:
            break
    return tuple(chosen)
