"""The second verb: announcements x topics -> digest -> messages and deliveries.

    cursors -> announcements since -> select per topic -> rank, limit -> digest -> render -> outbox
                                                                        one transaction per subscriber

Each subscriber stands alone: its own cursor, its own hour, its own templates. Nothing in here sends, and nothing
asks arXiv. Equal digests are rendered once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from bot import hours, text
from bot.arxiv import calendar
from bot.errors import RenderError
from bot.model import Digest, Link, Note, Section
from bot.settings import WhenEmpty
from bot.store.outbox import Packet, ToldPaper
from bot.store.readers import ReaderState, StateChangedError
from bot.topics.ranking import rank
from bot.topics.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from bot.channels.channel import Channel
    from bot.model import Announcement, DigestEntry, Match, Message, Paper, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.topics.matcher import Matcher
    from bot.topics.selection import Selected

_MOST_LINKS = 5


class Outcome(StrEnum):
    """What compose came to for one subscriber."""

    DIGEST = "digest"
    EMPTY = "empty"
    SAID_EMPTY = "said-empty"
    NOT_DUE = "not-due"
    PAUSED = "paused"
    FAILED = "failed"
    """A template is broken: its own, so its own trouble."""
    ELSEWHERE = "elsewhere"
    """Another process composed for it in the meantime."""


@dataclass(frozen=True, slots=True)
class Composed:
    """What compose did for one subscriber."""

    subscriber: str
    outcome: Outcome
    matched: int = 0
    messages: int = 0
    """Deliveries written."""
    reason: str = ""
    next_slot: datetime | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A digest before it is rendered, with what telling it settles, and the subscriber's state afterwards."""

    digest: Digest | None
    papers: tuple[ToldPaper, ...]
    silence: Note | None
    """Why there is no digest, where a closed mailing had announcements and nothing for the subscriber."""
    state: ReaderState


class Composer:
    """One run of compose over one reading of the store."""

    def __init__(self, store: Store, settings: Settings, channels: Mapping[str, Channel], matcher: Matcher) -> None:
        self._store = store
        self._settings = settings
        self._channels = channels
        self._matcher = matcher
        self._upto = store.papers.last_seq()
        self._matches: dict[tuple[str, int], Mapping[str, Match]] = {}
        self._rendered: dict[tuple[object, ...], tuple[Message, ...]] = {}

    def compose(self, now: datetime, *, any_hour: bool = False) -> tuple[Composed, ...]:
        """Compose for every subscriber whose hour has come (or for all, with `any_hour`)."""
        return tuple(self._compose_one(each, now, any_hour=any_hour) for each in self._settings.subscribers.values())

    # -- one subscriber ------------------------------------------------------------------------------------------

    def _compose_one(self, subscriber: Subscriber, now: datetime, *, any_hour: bool) -> Composed:
        if subscriber.paused:
            return Composed(subscriber.name, Outcome.PAUSED)
        before = self._store.readers.state(subscriber.name)
        newcomer = before is None
        state = self.follow(subscriber, before or ReaderState(subscriber.name, slot=_served(subscriber, now)))
        due = _due(subscriber, state, now)
        if not (due or any_hour):
            if newcomer:
                self._store.outbox.enqueue(state, None, (), now)
            return Composed(subscriber.name, Outcome.NOT_DUE, next_slot=_next(subscriber, now))
        if due:
            state = replace(state, slot=_served(subscriber, now))
        draft = self.draft(subscriber, state, now)
        matched = draft.digest.matched if draft.digest else 0
        try:
            packet = self._packet(subscriber, draft)
            written = 0
            if newcomer or packet or draft.state != before:
                written = self._store.outbox.enqueue(draft.state, packet, subscriber.recipients, now)
        except RenderError as error:
            # Its own template's trouble is its own: the cursor stays, the next run composes it again.
            return Composed(subscriber.name, Outcome.FAILED, reason=str(error))
        except StateChangedError:
            return Composed(subscriber.name, Outcome.ELSEWHERE)
        outcome = Outcome.DIGEST if draft.digest else Outcome.SAID_EMPTY if packet else Outcome.EMPTY
        return Composed(subscriber.name, outcome, matched, written, next_slot=_next(subscriber, now))

    def preview(self, subscriber: Subscriber, now: datetime, *, as_newcomer: bool) -> Digest | None:
        """What the subscriber would be told now, whatever its hour; a newcomer gets the latest mailing."""
        known = None if as_newcomer else self._store.readers.state(subscriber.name)
        nobody = ReaderState(name="")
        return self.draft(subscriber, self.follow(subscriber, known or nobody), now).digest

    def follow(self, subscriber: Subscriber, state: ReaderState) -> ReaderState:
        """The state with a cursor for each of its topics' categories: a new one starts with the latest mailing."""
        wanted = [
            (name, category) for name in subscriber.topics for category in self._settings.topics[name].categories
        ]
        cursors = {}
        for name, category in wanted:
            key = f"{name}/{category}"
            known = state.cursors.get(key)
            cursors[key] = self._store.papers.start_of_latest_mailing(category) if known is None else known
        return replace(state, cursors=cursors)

    def draft(self, subscriber: Subscriber, state: ReaderState, now: datetime) -> Draft:
        """What the subscriber would be told now. Reads only."""
        windows = {name: self._window(name, state) for name in subscriber.topics}
        announcements = {a.seq: a for window in windows.values() for a in window}
        told = self._store.readers.told(state.name, {a.identifier for a in announcements.values()})
        papers = self._store.papers.load({(a.identifier, a.version) for a in announcements.values()})
        sections, told_papers = self._sections(subscriber, windows, papers, told)
        dates = tuple(sorted({a.mailing_date for a in announcements.values()}, reverse=True))
        categories = self._categories(subscriber)
        digest = None
        if sections:
            digest = Digest(
                sections=sections,
                mailing_dates=dates,
                announced=self._store.papers.announced(categories, dates),
                missing=self._missing(categories, dates, now),
            )
        after = replace(state, cursors=dict.fromkeys(state.cursors, self._upto))
        if digest:
            return Draft(digest, told_papers, None, _told(after, dates[0]))
        silent_on, silence = self._silence(subscriber, state)
        return Draft(None, (), silence, _told(after, silent_on))

    def _window(self, topic: str, state: ReaderState) -> tuple[Announcement, ...]:
        cursors = {
            category: state.cursors[f"{topic}/{category}"] for category in self._settings.topics[topic].categories
        }
        return self._store.papers.announcements_after(cursors, self._upto)

    def _sections(
        self,
        subscriber: Subscriber,
        windows: Mapping[str, Sequence[Announcement]],
        papers: Mapping[tuple[str, int], Paper],
        told: frozenset[tuple[str, int]],
    ) -> tuple[tuple[Section, ...], tuple[ToldPaper, ...]]:
        """One section per topic that claims something; a paper stands in the first, the other topics are named."""
        topics = [self._settings.topics[name] for name in subscriber.topics]
        found = {t: select(t, windows[t.name], papers, partial(self._match, topic=t.name), told=told) for t in topics}
        claims: dict[str, list[Topic]] = {}
        for topic, selection in found.items():
            for selected in selection:
                claims.setdefault(selected.entry.paper.identifier, []).append(topic)
        sections: list[Section] = []
        settled: list[ToldPaper] = []
        for topic, selection in found.items():
            mine = [s for s in selection if claims[s.entry.paper.identifier][0] is topic]
            if mine:
                section = self._section(topic, [_also_in(s.entry, claims) for s in mine])
                sections.append(section)
                settled.extend(_told_papers(section, mine))
        return tuple(sections), tuple(settled)

    def _section(self, topic: Topic, entries: list[DigestEntry]) -> Section:
        ranked = rank(topic, entries)
        shown = ranked if topic.limit is None else ranked[: topic.limit]
        dates = sorted({entry.mailing_date for entry in entries}, reverse=True)
        return Section(
            topic=topic.name,
            title=topic.title,
            entries=tuple(shown),
            hidden=len(ranked) - len(shown),
            more=self._more(topic, dates),
        )

    def _match(self, paper: Paper, topic: str) -> Match | None:
        key = (paper.identifier, paper.version)
        if key not in self._matches:
            self._matches[key] = self._matcher.match(paper)
        return self._matches[key].get(topic)

    def _more(self, topic: Topic, dates: Iterable[date]) -> tuple[Link, ...]:
        """Where all of a topic's papers of these dates are: the site's pages, else arXiv's own listings."""
        site = self._settings.site
        if site and site.url and topic.name in site.topics:
            links = [Link(f"{day:%Y-%m-%d}", f"{site.url}/{topic.name}/{day:%Y-%m-%d}.md") for day in dates]
        else:
            links = [
                Link(f"{category} {day:%Y-%m-%d}", f"https://arxiv.org/catchup/{category}/{day:%Y-%m-%d}")
                for day in dates
                for category in topic.categories
            ]
        return tuple(links[:_MOST_LINKS])

    def _categories(self, subscriber: Subscriber) -> frozenset[str]:
        return frozenset(c for name in subscriber.topics for c in self._settings.topics[name].categories)

    def _missing(self, categories: Iterable[str], dates: Sequence[date], now: datetime) -> tuple[str, ...]:
        """Categories whose mailing of today is still open, if the digest is about today at all."""
        today = calendar.mailing_date(now)
        if not dates or dates[0] != today:
            return ()
        records = {category: self._store.papers.mailing(today, category) for category in sorted(categories)}
        return tuple(category for category, record in records.items() if record is None or not record.state.closed)

    # -- rendering -----------------------------------------------------------------------------------------------

    def _packet(self, subscriber: Subscriber, draft: Draft) -> Packet | None:
        channel = self._channels[subscriber.channel]
        if draft.digest:
            key = (subscriber.channel, draft.digest, subscriber.max_messages, subscriber.options)
            if key not in self._rendered:
                self._rendered[key] = channel.render(
                    draft.digest,
                    max_messages=subscriber.max_messages,
                    options=subscriber.options,
                )
            titles = " · ".join(section.title for section in draft.digest.sections)
            return Packet(subscriber.channel, titles, self._rendered[key], draft.papers)
        if draft.silence and subscriber.when_empty is WhenEmpty.SAY:
            return Packet(subscriber.channel, draft.silence.title, (channel.render_note(draft.silence),))
        return None

    def _silence(self, subscriber: Subscriber, state: ReaderState) -> tuple[date | None, Note | None]:
        """The newest mailing date, if it is closed and the subscriber has not heard of it, and what to say of it."""
        categories = self._categories(subscriber)
        day = max(filter(None, map(self._store.papers.latest_mailing, categories)), default=None)
        if day is None or (state.told_through is not None and day <= state.told_through):
            return None, None
        records = [self._store.papers.mailing(day, category) for category in categories]
        if not all(record is not None and record.state.closed for record in records):
            return None, None
        announced = self._store.papers.announced(categories, (day,))
        titles = ", ".join(self._settings.topics[name].title for name in subscriber.topics)
        where = ", ".join(sorted(categories))
        return day, Note(
            title=f"{titles}: no papers on {text.day(day)}",
            text=f"{announced} papers were announced on {text.day(day)} in {where}; none matched.",
        )


def _also_in(entry: DigestEntry, claims: Mapping[str, Sequence[Topic]]) -> DigestEntry:
    """The entry, naming the topics behind the first that claim it too."""
    return replace(entry, also_in=tuple(topic.title for topic in claims[entry.paper.identifier][1:]))


def _told_papers(section: Section, selection: Iterable[Selected]) -> list[ToldPaper]:
    """What the section settles, shown or counted."""
    shown = {entry.paper.identifier for entry in section.entries}
    return [
        ToldPaper(identifier, version, section.topic, shown=identifier in shown, hits=selected.entry.match.hits)
        for selected in selection
        for identifier, version in selected.settles
    ]


def _told(state: ReaderState, through: date | None) -> ReaderState:
    """The state that has heard of the mailings up to that date."""
    if through is None or (state.told_through is not None and state.told_through >= through):
        return state
    return replace(state, told_through=through)


def _due(subscriber: Subscriber, state: ReaderState, now: datetime) -> bool:
    if subscriber.at is None:
        return True
    if state.slot is None or hours.latest_slot(now, subscriber.at, subscriber.on, subscriber.timezone) > state.slot:
        return True
    # Its hour of this mailing date was served already: what comes in late follows at once. A newcomer still waits.
    return state.told_through is not None and calendar.mailing_date(state.slot) == calendar.mailing_date(now)


def _served(subscriber: Subscriber, now: datetime) -> datetime | None:
    """The slot that counts as served from now on."""
    if subscriber.at is None:
        return None
    return hours.latest_slot(now, subscriber.at, subscriber.on, subscriber.timezone)


def _next(subscriber: Subscriber, now: datetime) -> datetime | None:
    if subscriber.at is None:
        return None
    return hours.next_slot(now, subscriber.at, subscriber.on, subscriber.timezone)
