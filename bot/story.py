"""Explain, as values: where a paper was announced, which topics claimed it, whom it was told, and why. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import DigestEntry
from bot.store.readers import ReaderState
from bot.topics import ranking

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.drafts import Drafter
    from bot.model import Announcement, Paper, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.ledger import ToldRecord
    from bot.topics.matcher import Matcher


@dataclass(frozen=True, slots=True)
class TopicStory:
    """Why one topic of a subscriber did or did not claim the paper."""

    topic: str
    claimed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class SubscriberStory:
    """What one subscriber was told of the paper."""

    subscriber: str
    told: tuple[ToldRecord, ...]
    topics: tuple[TopicStory, ...]
    why_not: str
    """Why it was not told although a topic claims it; empty otherwise."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One paper's whole story. Without announcements, the paper never came in."""

    identifier: str
    title: str
    announcements: tuple[Announcement, ...]
    subscribers: tuple[SubscriberStory, ...]


def explain(identifier: str, store: Store, settings: Settings, drafter: Drafter, matcher: Matcher) -> Explanation:
    """Where and when the paper was announced, and what came of it for every subscriber, and why."""
    announcements = store.papers.announcements_of(identifier)
    versions = store.papers.versions(identifier)
    told = store.ledger.told_of(identifier)
    stories = []
    for subscriber in settings.subscribers.values():
        topics = [settings.topics[name] for name in subscriber.topics]
        claims = {topic.name: _claim(topic, announcements, versions, matcher) for topic in topics}
        mine = tuple(record for record in told if record.subscriber == subscriber.name)
        claimed = [topic for topic in topics if claims[topic.name].claimed]
        why_not = "" if mine or not claimed else _why_not(subscriber, claimed, announcements, store, drafter)
        stories.append(SubscriberStory(subscriber.name, mine, tuple(claims.values()), why_not))
    title = versions[-1].title if versions else ""
    return Explanation(identifier, title, announcements, tuple(stories))


def _why_not(
    subscriber: Subscriber,
    topics: Iterable[Topic],
    announcements: Iterable[Announcement],
    store: Store,
    drafter: Drafter,
) -> str:
    """Why a paper that a topic claims was not told."""
    if subscriber.paused:
        return "waits: the subscriber is paused"
    state = store.readers.state(subscriber.name)
    cursors = drafter.follow(subscriber, state or ReaderState(subscriber.name)).cursors
    ahead = any(
        announcement.seq > cursors.get(f"{topic.name}/{announcement.category}", announcement.seq)
        for topic in topics
        for announcement in announcements
    )
    if ahead:
        return "waits for its hour" if subscriber.at and state else "waits for the next run"
    return "announced before the subscriber, or its topic as it is now, was there"


def _claim(
    topic: Topic,
    announcements: Iterable[Announcement],
    versions: Sequence[Paper],
    matcher: Matcher,
) -> TopicStory:
    """Why the topic does or does not claim the paper, judged as a digest does: the newest version first."""
    mine = [a for a in announcements if a.category in topic.categories]
    if not mine:
        return TopicStory(topic.name, claimed=False, sentence="not announced in its categories")
    if not any(a.type in topic.announce for a in mine):
        types = ", ".join(sorted({a.type.value for a in mine}))
        return TopicStory(
            topic.name, claimed=False, sentence=f"announced as {types}, which the topic does not ask for"
        )
    newest, *older = reversed([paper for paper in versions if paper.version in {a.version for a in mine}])
    verdict = matcher.verdict(topic.name, newest)
    if (stop := verdict.stopped_by) is not None:
        sentence = f"stopped by the exclusion {stop.term!r} in its {stop.field}"
        return TopicStory(topic.name, claimed=False, sentence=sentence)
    match = verdict.match or next((m for p in older if (m := matcher.verdict(topic.name, p).match)), None)
    if match is None:
        return TopicStory(topic.name, claimed=False, sentence="no term of the topic is in it")
    reasons = ", ".join(f"{hit.term!r} in {hit.field}" for hit in match.hits)
    told_as = max((a for a in mine if a.type in topic.announce), key=lambda a: a.type.strength)
    rank = ranking.reasons(topic, DigestEntry(newest, told_as.type, told_as.mailing_date, match))
    sentence = f"claimed: {reasons or 'the topic takes everything in its categories'}; ranked by: {rank}"
    return TopicStory(topic.name, claimed=True, sentence=sentence)
