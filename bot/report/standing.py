"""Explain where a paper stands in an order that was learned: its place, its score's parts, the nearest like.

As it is learned at the moment of asking: no model is stored, and what was said since a digest counts here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.compose.learned import in_words
from bot.topics.features import Document
from bot.topics.ranking import rank
from bot.topics.selection import select

if TYPE_CHECKING:
    from datetime import date

    from bot.compose.learned import LearnedOrder
    from bot.model import Topic
    from bot.settings import Subscriber
    from bot.store import Store
    from bot.topics.matched_papers import MatchedPapers


def standing(
    identifier: str,
    *,
    day: date,
    subscriber: Subscriber,
    topic: Topic,
    store: Store,
    matched: MatchedPapers,
    learned: LearnedOrder,
) -> str:
    """A sentence on one paper of a mailing in a topic that claims it; empty where the order is not learned."""
    announcements = store.papers.announcements_on(day, topic.categories)
    papers = store.papers.load({(each.identifier, each.version) for each in announcements})
    entries = [selected.entry for selected in select(topic, announcements, papers, matched)]
    scored = learned.scored(subscriber, topic, entries)
    if identifier not in scored.scores:
        return " ".join(learned.problems)
    ranked = rank(topic, entries, scored.scores)
    place = next(place for place, entry in enumerate(ranked, start=1) if entry.paper.identifier == identifier)
    interest, votes = learned.interest(subscriber, topic), learned.votes(subscriber, topic)
    document = Document.of(ranked[place - 1].paper)
    parts = ", ".join(f"{name} {part:+.2f}" for name, part in interest.parts(document).items())
    (reason,) = interest.reasons([document])
    return (
        f"learned from {len(votes.likes)} likes and {len(votes.dislikes)} dislikes: place {place} of {len(ranked)}"
        f" on {day:%Y-%m-%d}, score {scored.scores[identifier]:.2f} ({parts}), {in_words(reason)}"
    )
