"""Tries the learned order on what readers said later: does it put first what they liked, and does relevance?

    likes, oldest first -> the earlier ones are learned from -> the mailings of the later ones are ranked -> compared

Reads only.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import TYPE_CHECKING, ClassVar

from bot.compose.learned import FEWEST_LIKES, NEEDS_NUMPY
from bot.compose.votes import Votes
from bot.errors import PaperboyError
from bot.model import Order
from bot.topics.ranking import rank
from bot.topics.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from bot.compose.learned import LearnedOrder
    from bot.model import DigestEntry, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.topics.matched_papers import MatchedPapers

_LEARNED_FROM = 0.7
"""Of the likes; the rest is kept back to try the order on."""
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How two orders did for one topic of one subscriber, on the same mailings."""

    subscriber: str
    topic: str
    likes: int
    """What was learned from."""
    mailings: int
    """Those with papers that were liked later; none: there is too little to say anything."""
    learned: float
    """nDCG@10 over the mailings, from 0 (no liked paper among the first ten) to 1 (they are the first)."""
    relevance: float
    likes_needed: ClassVar[int] = FEWEST_LIKES + 1


class NotInstalledError(PaperboyError):
    """An extra that learning needs is not installed."""


def evaluate(store: Store, settings: Settings, matched: MatchedPapers, learned: LearnedOrder) -> Iterator[Evaluation]:
    """One for each topic of each subscriber whose order is to be learned.

    Raises:
        NotInstalledError: numpy is missing.
    """
    for subscriber in settings.subscribers.values():
        for name in subscriber.topics:
            if settings.topics[name].order is Order.LEARNED:
                try:
                    yield _evaluate(subscriber, settings.topics[name], store, matched, learned)
                except ImportError as error:
                    raise NotInstalledError(NEEDS_NUMPY) from error


def _evaluate(
    subscriber: Subscriber, topic: Topic, store: Store, matched: MatchedPapers, learned: LearnedOrder
) -> Evaluation:
    votes = learned.votes(subscriber, topic)
    known = ceil(len(votes.likes) * _LEARNED_FROM)
    earlier, later = votes.likes[:known], frozenset(votes.likes[known:])
    if len(earlier) < FEWEST_LIKES or not later:
        return Evaluation(subscriber.name, topic.name, len(votes.likes), 0, 0.0, 0.0)
    interest = learned.interest(subscriber, topic, Votes(earlier, votes.dislikes))
    both = []
    for day in _days(later, topic, store):
        entries = mailing_entries(day, topic, store, matched)
        if later & {entry.paper.identifier for entry in entries}:
            scores = learned.scores(interest, entries)
            both.append((_ndcg(rank(topic, entries, scores), later), _ndcg(rank(topic, entries), later)))
    ours, theirs = (sum(each) / len(both) for each in zip(*both, strict=True)) if both else (0.0, 0.0)
    return Evaluation(subscriber.name, topic.name, len(earlier), len(both), ours, theirs)


def _days(identifiers: frozenset[str], topic: Topic, store: Store) -> list[date]:
    found = (each for identifier in identifiers for each in store.papers.announcements_of(identifier))
    return sorted({each.mailing_date for each in found if each.category in topic.categories})


def mailing_entries(day: date, topic: Topic, store: Store, matched: MatchedPapers) -> list[DigestEntry]:
    """The entries of one mailing that the topic matches."""
    announcements = store.papers.announcements_on(day, topic.categories)
    papers = store.papers.load({(each.identifier, each.version) for each in announcements})
    return [selected.entry for selected in select(topic, announcements, papers, matched)]


def _ndcg(ranked: Sequence[DigestEntry], wanted: frozenset[str]) -> float:
    """Normalised discounted cumulative gain: https://en.wikipedia.org/wiki/Discounted_cumulative_gain."""
    gains = [entry.paper.identifier in wanted for entry in ranked]
    best = sum(1 / log2(place + 2) for place in range(min(_DEPTH, sum(gains))))
    return sum(gain / log2(place + 2) for place, gain in enumerate(gains[:_DEPTH])) / best
