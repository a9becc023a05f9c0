"""Plans a subscriber's digest: from its cursors to a digest before rendering.

    cursors -> announcements since -> select per topic -> rank, limit -> digest

Only reads the store; knows no hour, channel or template. One planner serves many subscribers: papers are read and
matched once, and equal plans are one object.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

from bot import text
from bot.arxiv import calendar
from bot.compose.learned import LearnedOrder
from bot.compose.liked import LikedPapers
from bot.compose.listings import listings
from bot.compose.picks import with_picks
from bot.model import Digest, Link, Note, Section
from bot.settings import WhenEmpty
from bot.store.outbox import DigestPaper
from bot.topics.matched_papers import MatchedPapers
from bot.topics.ranking import rank
from bot.topics.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from bot.model import Announcement, DigestEntry, Paper, Shard, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.subscribers import SubscriberState, Told
    from bot.topics.matcher import Matcher
    from bot.topics.selection import Selected

_LONGEST_LOOK_BACK = timedelta(days=14)
"""How far back a digest names mailings that never came in."""


@dataclass(frozen=True, slots=True, eq=False)
class DigestPlan:
    """A digest before rendering, and the subscriber's state after it.

    Compared by identity, since many subscribers share one plan.
    """

    digest: Digest | None
    papers: tuple[DigestPaper, ...]
    silence: Note | None
    """Says why there is no digest, if a closed mailing had announcements, none matched, and the subscriber wants to
    be told so; else None."""
    upto: int
    """The last announcement that was considered."""
    heard_until: date | None
    counted_until: datetime | None = None
    """Up to when votes were counted, where the digest is of what was liked; the next one goes on from there."""

    def after(self, state: SubscriberState) -> SubscriberState:
        """The state of a subscriber that was told."""
        cursors = dict.fromkeys(state.cursors, self.upto)
        return replace(state, cursors=cursors, heard_until=self.heard_until)


@dataclass(frozen=True, slots=True)
class _News:
    """What was announced after certain cursors, and what of it each subscriber was told."""

    announcements: tuple[Announcement, ...]
    dates: frozenset[date]
    told: tuple[Mapping[str, Told], ...]
    """By subscriber; one mapping for each category with anything told."""


class DigestPlanner:
    """Plans digests over one snapshot of the store; caches what it read, and returns one object for equal plans."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        compiled: Callable[[Collection[str]], Matcher],
        shard: Shard | None = None,
    ) -> None:
        """Take what planning needs.

        Args:
            store: only read.
            settings: the roster.
            compiled: makes the matcher of named topics, once it is needed.
            shard: the shard that all subscribers of the roster are in, if they are one's.
        """
        self._shard = shard
        self.learned = LearnedOrder(store, settings)
        self._store = store
        self._settings = settings
        self._expected: Collection[str] = settings.topics
        self._matched = MatchedPapers(lambda: compiled(self._expected))
        self.liked = LikedPapers(store, settings, self._matched)
        self._upto = store.papers.last_seq()
        self._papers: dict[tuple[str, int], Paper] = {}
        self._news: dict[tuple[tuple[str, int], ...], _News] = {}
        """By categories and their cursors."""
        self._plans: dict[tuple[object, ...], DigestPlan] = {}
        self._start = cache(store.papers.start_of_latest_mailing)
        self._latest = cache(store.papers.latest_mailing)
        self._mailing = cache(store.papers.mailing)
        self._identifiers = cache(store.papers.identifiers_on)
        self._announced = cache(self._count_announced)
        self._read = cache(self._read_category)
        self._union = cache(_union)

    def expect(self, topics: Collection[str]) -> None:
        """Plan for subscribers of these topics alone, by name: of many few may be due, and compiling takes long."""
        self._expected = topics

    def forget_plans(self) -> None:
        """Drops the plans made so far, of which very many would fill the memory."""
        self._plans.clear()

    async def prepare(self, served: Iterable[tuple[Subscriber, SubscriberState]]) -> None:
        """Learns together what the orders of these subscribers share, if there is any paper to order."""
        learners = [(each, state) for each, state in served if self.learned.may_learn(each)]
        await self.learned.prepare([each for each, state in learners if self._has_news(each, state)])

    def _has_news(self, subscriber: Subscriber, state: SubscriberState) -> bool:
        """Whether a topic of the subscriber matches a paper that was announced since."""
        return any(
            announcement.identifier in self._matched.claimed_by(name)
            for name in subscriber.topics
            for announcement in self._news_of(name, state).announcements
        )

    def add_missing_cursors(self, subscriber: Subscriber, state: SubscriberState) -> SubscriberState:
        """The state with a cursor for each of its topics' categories: a new one starts with the latest mailing."""
        cursors = {}
        for name in subscriber.topics:
            for category in self._settings.topics[name].categories:
                key = f"{name}/{category}"
                known = state.cursors.get(key)
                cursors[key] = self._start(category) if known is None else known
        return replace(state, cursors=cursors)

    def plan(self, subscriber: Subscriber, state: SubscriberState, now: datetime) -> DigestPlan:
        """What the subscriber would be told now; the same object for all subscribers that would be told the same."""
        if subscriber.liked:
            return self._plan_liked(subscriber, state, now)
        news = {name: self._news_of(name, state) for name in subscriber.topics}
        told = {name: self._told_to(state.name, each) for name, each in news.items()}
        own_order = subscriber.name if self.learned.learns(subscriber) else None
        read: tuple[object, ...] = (*told.values(), subscriber.topics, subscriber.picks, own_order)
        if subscriber.when_empty is WhenEmpty.SILENT and not any(map(self._matched.claimed_by, subscriber.topics)):
            read = tuple(self._settings.topics[name].categories for name in subscriber.topics)  # nothing else matters
        key = (*read, *state.cursors.values(), state.heard_until, subscriber.is_weekly, now)
        if key not in self._plans:
            self._plans[key] = self._plan(subscriber, state, now, news, told)
        return self._plans[key]

    def _plan_liked(self, subscriber: Subscriber, state: SubscriberState, now: datetime) -> DigestPlan:
        """What was liked at the subscriber's destination. Nothing of it counts as told."""
        found = self.liked.since_last(subscriber, state, now)
        return DigestPlan(
            digest=self.liked.digest(subscriber, found),
            papers=(),
            silence=self.liked.silence(subscriber, found),
            upto=self._upto,
            heard_until=state.heard_until,
            counted_until=found.until,
        )

    def _plan(
        self,
        subscriber: Subscriber,
        state: SubscriberState,
        now: datetime,
        news: Mapping[str, _News],
        told: Mapping[str, Told],
    ) -> DigestPlan:
        sections, told_papers = self._sections(subscriber, news, told)
        dates = tuple(sorted({day for each in news.values() for day in each.dates}, reverse=True))
        categories = self._categories(subscriber)
        if sections:
            digest = Digest(
                sections=sections,
                mailing_dates=dates,
                announced=self._announced(categories, dates),
                missing=self._missing(categories, self._span(state, dates), now),
                across_days=subscriber.is_weekly and len(dates) > 1,
            )
            return DigestPlan(digest, told_papers, None, self._upto, _later(state.heard_until, dates[0]))
        silent_on, silence = self._silence(subscriber, state, dates, now)
        return DigestPlan(None, (), silence, self._upto, _later(state.heard_until, silent_on))

    @staticmethod
    def _span(state: SubscriberState, dates: Sequence[date]) -> tuple[date, ...]:
        """The mailing days that a digest covers: all since the last one that the subscriber was told of."""
        before = calendar.previous_mailing_day(dates[-1])
        first = max(min(state.heard_until or before, before), dates[0] - _LONGEST_LOOK_BACK)
        return calendar.mailing_days(first, dates[0])

    def _news_of(self, topic: str, state: SubscriberState) -> _News:
        categories = self._settings.topics[topic].categories
        key = tuple((category, state.cursors[f"{topic}/{category}"]) for category in categories)
        if key not in self._news:
            found = [self._read(category, cursor) for category, cursor in key]
            announcements = sorted(chain.from_iterable(each.announcements for each in found), key=attrgetter("seq"))
            self._news[key] = _News(
                tuple(announcements),
                frozenset().union(*(each.dates for each in found)),
                tuple(chain.from_iterable(each.told for each in found)),
            )
        return self._news[key]

    def _read_category(self, category: str, cursor: int) -> _News:
        """One category's news; cached by category and cursor, as most topics share both."""
        announcements = self._store.papers.announcements_after(category, cursor, self._upto)
        if not announcements:
            return _News((), frozenset(), ())
        unread = {(a.identifier, a.version) for a in announcements} - self._papers.keys()
        for key, paper in self._store.papers.load(unread).items():
            self._papers[key] = paper
            self._matched.add(paper)
        told = self._store.subscribers.told({a.identifier for a in announcements}, self._shard)
        return _News(announcements, frozenset(a.mailing_date for a in announcements), (told,) if told else ())

    def _told_to(self, subscriber: str, news: _News) -> Told:
        """What of this news the subscriber was told; the same object for all that were told the same."""
        return self._union(*(told[subscriber] for told in news.told if subscriber in told))

    def _sections(
        self,
        subscriber: Subscriber,
        news: Mapping[str, _News],
        told: Mapping[str, Told],
    ) -> tuple[tuple[Section, ...], tuple[DigestPaper, ...]]:
        """One section per topic with matches. A paper is shown in its first topic, which names the others."""
        topics = [self._settings.topics[name] for name in subscriber.topics]
        windows = {name: self._claimed_by(name, each.announcements) for name, each in news.items()}
        found = {t: select(t, windows[t.name], self._papers, self._matched, told=told[t.name]) for t in topics}
        claims: dict[str, list[Topic]] = {}
        for topic, selection in found.items():
            for selected in selection:
                claims.setdefault(selected.entry.paper.identifier, []).append(topic)
        sections: list[Section] = []
        settled: list[DigestPaper] = []
        scores: dict[str, float] = {}
        for topic, selection in found.items():
            mine = [s for s in selection if claims[s.entry.paper.identifier][0] is topic]
            if mine:
                entries = [_also_in(s.entry, claims) for s in mine]
                scored = self.learned.scored(subscriber, topic, entries)
                scores |= scored.scores
                entries = [
                    replace(e, reason=why) if (why := scored.reasons.get(e.paper.identifier)) else e for e in entries
                ]
                ranked = rank(topic, entries, scored.scores or None, across_days=subscriber.is_weekly)
                section = self._section(topic, ranked, windows[topic.name])
                sections.append(section)
                settled.extend(_digest_papers(section, mine))
        return with_picks(sections, subscriber.picks, scores), tuple(settled)

    def _section(self, topic: Topic, ranked: list[DigestEntry], window: Iterable[Announcement]) -> Section:
        shown = ranked if topic.limit is None else ranked[: topic.limit]
        return Section(
            topic=topic.name,
            title=topic.title,
            entries=tuple(shown),
            hidden=len(ranked) - len(shown),
            more=self._pages(topic, ranked, "the page of {}") or listings(ranked, window),
            pages=self._pages(topic, ranked, "{}"),
        )

    def _claimed_by(self, topic: str, announcements: Iterable[Announcement]) -> list[Announcement]:
        """The announcements of papers that the topic matches."""
        claimed = self._matched.claimed_by(topic)
        if not claimed:
            return []
        return [announcement for announcement in announcements if announcement.identifier in claimed]

    def _pages(self, topic: Topic, entries: Sequence[DigestEntry], label: str) -> tuple[Link, ...]:
        """The site's pages that have these papers; none where there is no published site with the topic.

        Args:
            topic: the topic.
            entries: its papers.
            label: the links' label, with `{}` for the date.
        """
        site = self._settings.site
        if not (site and site.url and topic.name in site.topics):
            return ()
        days = sorted({entry.mailing_date for entry in entries}, reverse=True)
        return tuple(
            Link(label.format(text.day(day)), f"{site.url}/{topic.name}/{day:%Y-%m-%d}.{site.ending}") for day in days
        )

    def _count_announced(self, categories: frozenset[str], dates: tuple[date, ...]) -> int:
        """How many different papers were announced in these categories on these dates."""
        return len(set().union(*(self._identifiers(day, category) for day in dates for category in categories)))

    def _categories(self, subscriber: Subscriber) -> frozenset[str]:
        return frozenset(c for name in subscriber.topics for c in self._settings.topics[name].categories)

    def _missing(self, categories: Iterable[str], days: Iterable[date], now: datetime) -> tuple[str, ...]:
        """The mailings of these days that are not collected yet: today's by category, older ones with their date."""
        today = calendar.mailing_date(now)
        return tuple(
            category if day == today else f"{category} of {text.day(day)} (missed)"
            for day, category in self._open(categories, days, now)
        )

    def late(self, subscriber: Subscriber, now: datetime) -> tuple[str, ...]:
        """The subscriber's categories whose mailing of today is expected by now and still open."""
        today = calendar.mailing_date(now)
        days = (today,) if calendar.is_mailing_day(today) else ()
        return tuple(category for _, category in self._open(self._categories(subscriber), days, now))

    def _open(self, categories: Iterable[str], days: Iterable[date], now: datetime) -> list[tuple[date, str]]:
        """Which mailings of these days are expected by now and still open, newest first."""
        due = [day for day in days if calendar.expected(day) <= now and not calendar.deferred(day)]
        return [
            (day, category)
            for day in sorted(due, reverse=True)
            for category in sorted(categories)
            if not ((record := self._mailing(day, category)) and record.state.closed)
        ]

    def _silence(
        self,
        subscriber: Subscriber,
        state: SubscriberState,
        dates: Iterable[date],
        now: datetime,
    ) -> tuple[date | None, Note | None]:
        """The newest mailing date, if it is closed and the subscriber has not heard of it, and what to say, if so.

        The note is about all mailings since the last one that it was told of; `dates` has those with announcements.
        """
        categories = self._categories(subscriber)
        day = max(filter(None, map(self._latest, categories)), default=None)
        if day is None or (state.heard_until is not None and day <= state.heard_until):
            return None, None
        if self._open(categories, (day,), now) or not calendar.is_mailing_day(calendar.mailing_date(now)):
            return None, None
        days = tuple(sorted(d for d in {*dates, day} if state.heard_until is None or d > state.heard_until))
        if subscriber.when_empty is WhenEmpty.SILENT:
            return day, None
        announced = self._announced(categories, days)
        titles = ", ".join(self._settings.topics[name].title for name in subscriber.topics)
        papers = "1 paper was" if announced == 1 else f"{announced} papers were"
        said = ", ".join(map(text.day, days))
        return day, Note(
            title=f"{titles}: no papers on {said}",
            text=f"{papers} announced on {said} in {', '.join(sorted(categories))}; none matched.",
        )


def _also_in(entry: DigestEntry, claims: Mapping[str, Sequence[Topic]]) -> DigestEntry:
    """The entry with the titles of its other topics."""
    return replace(entry, also_in=tuple(topic.title for topic in claims[entry.paper.identifier][1:]))


def _digest_papers(section: Section, selection: Iterable[Selected]) -> list[DigestPaper]:
    """The papers that count as told once this section is in the outbox, shown or counted."""
    shown = {entry.paper.identifier for entry in section.entries}
    return [
        DigestPaper(identifier, version, section.topic, shown=identifier in shown, hits=selected.entry.match.hits)
        for selected in selection
        for identifier, version in selected.settles
    ]


def _union(*told: Told) -> Told:
    return frozenset[tuple[str, int]]().union(*told)


def _later(known: date | None, through: date | None) -> date | None:
    """The later of two dates, where there are any."""
    return max(filter(None, (known, through)), default=None)
