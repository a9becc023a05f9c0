"""Explain, as values: where a paper was announced, which topics claimed it, whom it was told, and why. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.store.readers import ReaderState
from bot.topics import ranking
from bot.topics.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.drafts import Drafter
    from bot.model import Announcement, DigestEntry, Paper, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.ledger import ToldRecord
    from bot.topics.matcher import Matcher


@dataclass(frozen=True, slots=True)
class TopicStory:
    """Why one topic did or did not claim the paper. One that claims it in several mailings has as many."""

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
    site: tuple[TopicStory, ...]
    """Of the topics that have pages."""


def explain(identifier: str, store: Store, settings: Settings, drafter: Drafter, matcher: Matcher) -> Explanation:
    """Where and when the paper was announced, and what came of it for every subscriber, and why."""
    announcements = store.papers.announcements_of(identifier)
    versions = store.papers.versions(identifier)
    told = store.ledger.told_of(identifier)
    claims = {name: _claims(topic, announcements, versions, matcher) for name, topic in settings.topics.items()}
    stories = []
    for subscriber in settings.subscribers.values():
        topics = tuple(story for name in subscriber.topics for story in claims[name])
        mine = tuple(record for record in told if record.subscriber == subscriber.name)
        claimed = {story.topic: settings.topics[story.topic] for story in topics if story.claimed}
        why_not = "" if mine or not claimed else _why_not(subscriber, claimed.values(), announcements, store, drafter)
        stories.append(SubscriberStory(subscriber.name, mine, topics, why_not))
    title = versions[-1].title if versions else ""
    site = tuple(story for name in (settings.site.topics if settings.site else ()) for story in claims[name])
    return Explanation(identifier, title, announcements, tuple(stories), site)


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


def _claims(
    topic: Topic,
    announcements: Iterable[Announcement],
    versions: Iterable[Paper],
    matcher: Matcher,
) -> tuple[TopicStory, ...]:
    """Why the topic does or does not claim the paper, selected as a digest does that tells each mailing by itself."""
    mine = [a for a in announcements if a.category in topic.categories]
    papers = {(paper.identifier, paper.version): paper for paper in versions}
    told: frozenset[tuple[str, int]] = frozenset()
    entries: list[DigestEntry] = []
    for day in sorted({a.mailing_date for a in mine}):
        found = select(
            topic,
            [a for a in mine if a.mailing_date == day],
            papers,
            lambda paper: matcher.verdict(topic.name, paper).match,
            excluded=lambda paper: matcher.verdict(topic.name, paper).stopped_by is not None,
            told=told,
        )
        told = told.union(*(selected.settles for selected in found))
        entries += [selected.entry for selected in found]
    if not entries:
        return (TopicStory(topic.name, claimed=False, sentence=_why_unclaimed(topic, mine, papers, matcher)),)
    return tuple(_claimed(topic, entry, several=len(entries) > 1) for entry in entries)


def _claimed(topic: Topic, entry: DigestEntry, *, several: bool) -> TopicStory:
    by = ", ".join(f"{hit.term!r} in {hit.field}" for hit in entry.match.hits)
    if not by:
        by = "nothing that its query rules out" if topic.query else "the topic takes everything in its categories"
    when = f" on {entry.mailing_date:%Y-%m-%d}" if several else ""
    sentence = f"claimed{when}: {by}; ranked by: {ranking.reasons(topic, entry)}"
    return TopicStory(topic.name, claimed=True, sentence=sentence)


def _why_unclaimed(
    topic: Topic,
    announcements: Iterable[Announcement],
    papers: Mapping[tuple[str, int], Paper],
    matcher: Matcher,
) -> str:
    """Of a paper with these announcements in the topic's categories."""
    types = sorted({a.type for a in announcements}, key=lambda each: -each.strength)
    if not types:
        return "not announced in its categories"
    asked = {a.version: papers[a.identifier, a.version] for a in announcements if a.type in topic.announce}
    if not asked:
        return f"announced as {', '.join(types)}, which the topic does not ask for"
    verdict = matcher.verdict(topic.name, asked[max(asked)])
    if verdict.match is not None:  # new in one of its categories and cross-listed in another is new
        return f"announced as {types[0]}, which the topic does not ask for"
    if verdict.wanted is not None and (stop := verdict.stopped_by) is not None:
        return f"stopped by the exclusion {stop.term!r} in its {stop.field}"
    return "its query does not hold" if topic.query else "no term of the topic is in it"
