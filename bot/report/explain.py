"""Explains one paper, as values: where it was announced, which topics match it, who was told, and why. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot import text
from bot.compose.learned import in_words
from bot.model import DeliveryState, MatchMode, Order
from bot.report.evaluation import mailing_entries
from bot.report.hits import hits_in_words
from bot.report.liked import votes_on
from bot.store.subscribers import SubscriberState
from bot.topics import ranking
from bot.topics.features import Document
from bot.topics.found_as import found_as
from bot.topics.matched_papers import MatchedPapers
from bot.topics.query import Not, Or, spelled
from bot.topics.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.compose.digests import DigestPlanner
    from bot.compose.learned import LearnedOrder
    from bot.model import Announcement, DigestEntry, Hit, Paper, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.outbox.queries import ToldRecord
    from bot.store.subscribers import Told
    from bot.topics.matcher import Matcher
    from bot.topics.query import Node
    from bot.topics.selection import Selected


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
    return _Explainer(identifier, store, settings, planner, matcher).explanation()


class _Explainer:
    """Explains one paper, over one reading of the store."""

    def __init__(
        self, identifier: str, store: Store, settings: Settings, planner: DigestPlanner, matcher: Matcher
    ) -> None:
        self._identifier = identifier
        self._store = store
        self._settings = settings
        self._planner = planner
        self._matcher = matcher
        self._matched = MatchedPapers(lambda: matcher)
        self._announcements = store.papers.announcements_of(identifier)
        self._versions = store.papers.versions(identifier)
        self._papers = {(paper.identifier, paper.version): paper for paper in self._versions}
        self._told = store.queries.told_of(identifier)
        self._each = {name: self._claims(topic) for name, topic in settings.topics.items()}
        """By topic, as if there were a digest for each mailing."""
        self._at_once = {name: self._claims(topic, at_once=True) for name, topic in settings.topics.items()}
        """By topic, as if there were one digest of all mailings."""

    def explanation(self) -> Explanation:
        """The whole story."""
        site = self._settings.site.topics if self._settings.site else ()
        return Explanation(
            identifier=self._identifier,
            title=self._versions[-1].title if self._versions else "",
            announcements=self._announcements,
            subscribers=tuple(map(self._subscriber, self._settings.subscribers.values())),
            site=tuple(explanation for name in site for explanation in self._each[name]),
        )

    def _subscriber(self, subscriber: Subscriber) -> SubscriberExplanation:
        topics = [explanation for name in subscriber.topics for explanation in self._each[name]]
        told = tuple(record for record in self._told if record.subscriber == subscriber.name)
        # A digest composed over several mailings: no single one explains what was claimed.
        if told and not any(explanation.claimed for explanation in topics):
            topics = [explanation for name in subscriber.topics for explanation in self._at_once[name]]
        claimed = [
            self._settings.topics[name] for name in dict.fromkeys(each.topic for each in topics if each.claimed)
        ]
        why_not = ""
        if subscriber.liked:
            why_not = votes_on(self._identifier, subscriber, self._store, self._planner)
        elif claimed and all(set(record.states) == {DeliveryState.WITHDRAWN} for record in told):
            why_not = self._why_not(subscriber, claimed)
        stands = self._stands(subscriber, claimed)
        return SubscriberExplanation(subscriber.name, told, (*topics, *stands), why_not)

    def _stands(self, subscriber: Subscriber, topics: Iterable[Topic]) -> Iterator[TopicExplanation]:
        """Where the paper stands for one subscriber in topics whose order is learned, in its latest mailing."""
        for topic in topics:
            days = [each.mailing_date for each in self._announcements if each.category in topic.categories]
            if topic.order is Order.LEARNED and days:
                entries = mailing_entries(max(days), topic, self._store, self._matched)
                if sentence := _standing(self._identifier, entries, subscriber, topic, self._planner.learned):
                    yield TopicExplanation(topic.name, claimed=True, sentence=sentence)

    def _why_not(self, subscriber: Subscriber, topics: Sequence[Topic]) -> str:
        """Why a paper that these topics match was not told."""
        if not subscriber.addresses:
            return "nobody is left to write to"
        state = self._store.subscribers.state(subscriber.name)
        cursors = self._planner.add_missing_cursors(subscriber, state or SubscriberState(subscriber.name)).cursors
        ahead = any(
            self._select(
                topic,
                [a for a in self._announcements if a.seq > cursors.get(f"{topic.name}/{a.category}", a.seq)],
            )
            for topic in topics
        )
        if ahead and subscriber.paused:
            return "waits: the subscriber is paused"
        if ahead:
            return "waits for its hour" if subscriber.at and state else "waits for the next run"
        explanations = [explanation for topic in topics for explanation in self._at_once[topic.name]]
        if not any(explanation.claimed for explanation in explanations):  # True for a digest of several mailings, too
            return f"its mailings were told together, and by then: {explanations[0].sentence}"
        return "announced before the subscriber, or its topic as it is now, was there"

    def _claims(self, topic: Topic, *, at_once: bool = False) -> tuple[TopicExplanation, ...]:
        """Why the topic matches the paper or not: for a digest per mailing, or one of all mailings (`at_once`)."""
        mine = [a for a in self._announcements if a.category in topic.categories]
        days = sorted({a.mailing_date for a in mine})
        told: frozenset[tuple[str, int]] = frozenset()
        entries: list[DigestEntry] = []
        for window in [days] if at_once else [[day] for day in days]:
            found = self._select(topic, [a for a in mine if a.mailing_date in window], told)
            told = told.union(*(selected.settles for selected in found))
            entries += [selected.entry for selected in found]
        if not entries:
            sentence = _why_unclaimed(topic, mine, self._papers, self._matcher)
            return (TopicExplanation(topic.name, claimed=False, sentence=sentence),)
        return tuple(_claimed(topic, entry, several=len(entries) > 1) for entry in entries)

    def _select(
        self, topic: Topic, announcements: Iterable[Announcement], told: Told = frozenset()
    ) -> list[Selected]:
        return select(topic, announcements, self._papers, self._matched, told=told)


def _standing(
    identifier: str, entries: Sequence[DigestEntry], subscriber: Subscriber, topic: Topic, learned: LearnedOrder
) -> str:
    """A paper's place in an order that was learned, its score's parts, the nearest like; empty if none was learned.

    As it is learned at the moment of asking: no model is stored, and what was said since a digest counts here.
    """
    scored = learned.scored(subscriber, topic, entries)
    if identifier not in scored.scores:
        return " ".join(learned.problems)
    ranked = ranking.rank(topic, entries, scored.scores)
    place = next(place for place, entry in enumerate(ranked, start=1) if entry.paper.identifier == identifier)
    interest, votes = learned.interest(subscriber, topic), learned.votes(subscriber, topic)
    document = Document.of(ranked[place - 1].paper)
    parts = ", ".join(f"{name} {part:+.2f}" for name, part in interest.parts(document).items())
    (reason,) = interest.reasons([document])
    return (
        f"learned from {len(votes.likes)} likes and {len(votes.dislikes)} dislikes: place {place} of {len(ranked)}"
        f" on {ranked[0].mailing_date:%Y-%m-%d}, score {scored.scores[identifier]:.2f} ({parts}), {in_words(reason)}"
    )


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
        exclusion = matcher.verdict(topic.name, papers[announcements[0].identifier, newest]).excluded_by
        if exclusion is not None:
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
