"""Explains one paper, as values: where it was announced, which topics match it, who was told, and why. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot import text
from bot.model import DeliveryState, MatchMode, Order
from bot.report.hits import hits_in_words
from bot.report.liked import votes_on
from bot.report.standing import standing
from bot.store.subscribers import SubscriberState
from bot.topics import ranking
from bot.topics.found_as import found_as
from bot.topics.matched_papers import MatchedPapers
from bot.topics.query import Not, Or, spelled
from bot.topics.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bot.compose.digests import DigestPlanner
    from bot.model import Announcement, DigestEntry, Hit, Paper, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.outbox.queries import ToldRecord
    from bot.topics.matcher import Matcher
    from bot.topics.query import Node
    from bot.topics.selection import Selected

    Select = Callable[..., list[Selected]]
    """`selection.select`, with all versions of this paper."""


_LONGEST_PART = 200
"""The most characters of a part of a query that are shown."""


@dataclass(frozen=True, slots=True)
class TopicExplanation:
    """Why one topic matched the paper or did not; one explanation per mailing in which it matched."""

    topic: str
    claimed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class SubscriberExplanation:
    """What one subscriber was told of the paper."""

    subscriber: str
    told: tuple[ToldRecord, ...]
    topics: tuple[TopicExplanation, ...]
    why_not: str
    """Why it was not told although a topic matches it; empty otherwise."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one paper. Without announcements it was in no collected mailing."""

    identifier: str
    title: str
    announcements: tuple[Announcement, ...]
    subscribers: tuple[SubscriberExplanation, ...]
    site: tuple[TopicExplanation, ...]
    """For the topics that have pages."""


def explain(
    identifier: str, store: Store, settings: Settings, planner: DigestPlanner, matcher: Matcher
) -> Explanation:
    """Explains where and when the paper was announced, and whether each subscriber was told, and why."""
    announcements = store.papers.announcements_of(identifier)
    versions = store.papers.versions(identifier)
    told = store.queries.told_of(identifier)
    papers = {(paper.identifier, paper.version): paper for paper in versions}
    matched = MatchedPapers(lambda: matcher)
    select_for = partial(select, papers=papers, matched=matched)
    claims = {
        name: _claims(topic, announcements, papers, matcher, select_for) for name, topic in settings.topics.items()
    }
    in_one = {
        name: _claims(topic, announcements, papers, matcher, select_for, at_once=True)
        for name, topic in settings.topics.items()
    }
    stands_in = partial(standing, identifier, store=store, matched=matched, learned=planner.learned)
    explanations = []
    for subscriber in settings.subscribers.values():
        topics = tuple(explanation for name in subscriber.topics for explanation in claims[name])
        mine = tuple(record for record in told if record.subscriber == subscriber.name)
        # A digest composed over several mailings: no single one explains what was claimed.
        if mine and not any(explanation.claimed for explanation in topics):
            topics = tuple(explanation for name in subscriber.topics for explanation in in_one[name])
        claimed = {
            explanation.topic: settings.topics[explanation.topic] for explanation in topics if explanation.claimed
        }
        was_told = any(set(record.states) != {DeliveryState.WITHDRAWN} for record in mine)
        why_not = (
            ""
            if was_told or not claimed
            else _why_not(
                subscriber, claimed.values(), announcements, store, planner, select_for=select_for, in_one=in_one
            )
        )
        stands = _stands(claimed.values(), announcements, partial(stands_in, subscriber=subscriber))
        if subscriber.liked:
            why_not = votes_on(identifier, subscriber, store, planner)
        explanations.append(SubscriberExplanation(subscriber.name, mine, (*topics, *stands), why_not))
    title = versions[-1].title if versions else ""
    site = tuple(
        explanation for name in (settings.site.topics if settings.site else ()) for explanation in claims[name]
    )
    return Explanation(identifier, title, announcements, tuple(explanations), site)


def _stands(
    topics: Iterable[Topic], announcements: Sequence[Announcement], stands_in: Callable[..., str]
) -> Iterator[TopicExplanation]:
    """Where the paper stands for one subscriber in topics whose order is learned, in its latest mailing."""
    for topic in topics:
        days = [each.mailing_date for each in announcements if each.category in topic.categories]
        if topic.order is Order.LEARNED and days and (sentence := stands_in(day=max(days), topic=topic)):
            yield TopicExplanation(topic.name, claimed=True, sentence=sentence)


def _why_not(
    subscriber: Subscriber,
    topics: Iterable[Topic],
    announcements: Iterable[Announcement],
    store: Store,
    planner: DigestPlanner,
    *,
    select_for: Select,
    in_one: Mapping[str, Sequence[TopicExplanation]],
) -> str:
    """Why a paper that a topic matches was not told."""
    if not subscriber.addresses:
        return "nobody is left to write to"
    topics = tuple(topics)
    state = store.subscribers.state(subscriber.name)
    cursors = planner.add_missing_cursors(subscriber, state or SubscriberState(subscriber.name)).cursors
    ahead = any(
        select_for(topic, [a for a in announcements if a.seq > cursors.get(f"{topic.name}/{a.category}", a.seq)])
        for topic in topics
    )
    if ahead and subscriber.paused:
        return "waits: the subscriber is paused"
    if ahead:
        return "waits for its hour" if subscriber.at and state else "waits for the next run"
    explanations = [explanation for topic in topics for explanation in in_one[topic.name]]
    if not any(explanation.claimed for explanation in explanations):  # True for a digest of several mailings, too
        return f"its mailings were told together, and by then: {explanations[0].sentence}"
    return "announced before the subscriber, or its topic as it is now, was there"


def _claims(
    topic: Topic,
    announcements: Iterable[Announcement],
    papers: Mapping[tuple[str, int], Paper],
    matcher: Matcher,
    select_for: Select,
    *,
    at_once: bool = False,
) -> tuple[TopicExplanation, ...]:
    """Why the topic matches the paper or does not: for one digest per mailing, or one of all mailings (`at_once`)."""
    mine = [a for a in announcements if a.category in topic.categories]
    days = sorted({a.mailing_date for a in mine})
    told: frozenset[tuple[str, int]] = frozenset()
    entries: list[DigestEntry] = []
    for window in [days] if at_once else [[day] for day in days]:
        found = select_for(topic, [a for a in mine if a.mailing_date in window], told=told)
        told = told.union(*(selected.settles for selected in found))
        entries += [selected.entry for selected in found]
    if not entries:
        return (TopicExplanation(topic.name, claimed=False, sentence=_why_unclaimed(topic, mine, papers, matcher)),)
    return tuple(_claimed(topic, entry, several=len(entries) > 1) for entry in entries)


def _claimed(topic: Topic, entry: DigestEntry, *, several: bool) -> TopicExplanation:
    by = hits_in_words(entry.match.hits, partial(_found_in_other_letters, paper=entry.paper))
    if not by:
        by = "nothing that its query rules out" if topic.query else "the topic takes everything in its categories"
    when = f" on {entry.mailing_date:%Y-%m-%d}" if several else ""
    sentence = f"claimed{when}: {by}; ranked by: {ranking.reasons(topic, entry)}"
    return TopicExplanation(topic.name, claimed=True, sentence=sentence)


def _found_in_other_letters(hit: Hit, paper: Paper) -> str:
    """How the paper spells the term, and by which rule that matched; empty if it is spelled as in the topic."""
    texts = {
        "title": paper.title,
        "abstract": paper.abstract,
        "comment": paper.comment,
        "journal_ref": paper.journal_ref,
    }
    asks = hit.mode is MatchMode.WORDS and not hit.term.endswith("*")
    return found_as(hit.term, texts.get(hit.field) or "") if asks else ""


def _why_unclaimed(
    topic: Topic,
    announcements: Sequence[Announcement],
    papers: Mapping[tuple[str, int], Paper],
    matcher: Matcher,
) -> str:
    """Why the topic does not match a paper with these announcements in its categories."""
    types = sorted({a.type for a in announcements}, key=lambda each: -each.strength)
    if not types:
        return "not announced in its categories"
    asked = {a.version: papers[a.identifier, a.version] for a in announcements if a.type in topic.announce}
    if not asked:
        return f"announced as {', '.join(types)}, which the topic does not ask for"
    verdict = matcher.verdict(topic.name, asked[max(asked)])
    if verdict.match is not None:
        newest = max(a.version for a in announcements)
        if (
            exclusion := matcher.verdict(topic.name, papers[announcements[0].identifier, newest]).excluded_by
        ) is not None:
            return f"its version {newest} is stopped by the exclusion {exclusion.term!r} in its {exclusion.field}"
        # New in one of its categories and cross-listed in another is new.
        kind = next(each for each in types if each not in topic.announce)
        return f"announced as {kind}, which the topic does not ask for"
    if verdict.wanted is not None and (exclusion := verdict.excluded_by) is not None:
        return f"stopped by the exclusion {exclusion.term!r} in its {exclusion.field}"
    return _unmet_in_words(verdict.unmet) if topic.query else "no term of the topic is in it"


def _unmet_in_words(parts: Iterable[Node]) -> str:
    """The parts of a query that do not match, as the query spells them."""
    said = []
    for part in parts:
        match part:
            case Not(inner):
                said.append(f"it rules out {_shortened(inner)}")
            case Or():
                said.append(f"nothing of {_shortened(part)}")
            case _:
                said.append(f"no {_shortened(part)}")
    return f"its query does not hold: {'; '.join(said)}"


def _shortened(node: Node) -> str:
    return text.truncate(spelled(node), _LONGEST_PART)
