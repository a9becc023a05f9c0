"""Status, as values: the state of today's mailing and of every subscriber, and why. Only reads.

Every sentence is derived from the stored states each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import text
from bot.arxiv import calendar
from bot.collect import backlog
from bot.compose.slots import next_slot
from bot.model import DeliveryState, MailingState
from bot.report import explain, snapshot
from bot.report.chat_outages import SOON, chat_outages
from bot.report.failing import closed_addresses, configured, failing, shared_troubles
from bot.report.liked import votes_in_words
from bot.report.readers import Readers, readers
from bot.report.renamed import renamed
from bot.report.workers import fleet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from bot.channels.channel import Channel
    from bot.compose.digests import DigestPlanner
    from bot.model import MailingRecord
    from bot.report.chat_outages import ChatOutage
    from bot.report.explain import Explanation
    from bot.report.failing import FailingSubscriber, SharedTrouble
    from bot.report.snapshot import Snapshot
    from bot.report.workers import Fleet
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.outbox.queries import DeliveryRecord
    from bot.topics.matcher import Matcher

_RECENT_DAYS = 7

_IN_WORDS = {
    MailingState.PENDING: "not out",
    MailingState.UNEXPECTED_EMPTY: "empty",
    MailingState.SUSPECT_STALE: "stale",
    MailingState.TRUNCATED: "cut short",
    MailingState.INCOMPLETE: "incomplete",
    MailingState.FAILED: "not to be had",
}


@dataclass(frozen=True, slots=True)
class CategoryStatus:
    """One category's mailing of today, in a state and a sentence."""

    category: str
    state: str
    sentence: str
    """Why it is in that state; for an open one also since when, how often it was asked for, and when again."""
    announced: int = 0
    tries: int = 0
    due: datetime | None = None
    """When it is asked for again; None once it is closed."""

    @property
    def reason(self) -> str:
        """The sentence without its times, so that equal reasons of several categories can share a line."""
        return self.sentence.partition(": ")[2] or self.sentence.partition(",")[0]


@dataclass(frozen=True, slots=True)
class SubscriberStatus:
    """The state of one subscriber."""

    name: str
    channel: str
    sentence: str
    waiting: int
    """The number of deliveries to be sent."""
    held: int
    last_sent: datetime | None
    next_slot: datetime | None
    suppressed: tuple[str, ...] = ()
    """A sentence about each of its suppressed addresses."""


@dataclass(frozen=True, slots=True)
class Status:
    """The whole status."""

    now: datetime
    mailing_date: date
    summary: str
    next_mailing: datetime
    arxiv_waits_until: datetime | None
    categories: tuple[CategoryStatus, ...]
    subscribers: tuple[SubscriberStatus, ...]
    missed: tuple[MailingRecord, ...]
    """Mailings of earlier days that are still open."""
    unfinished: tuple[DeliveryRecord, ...]
    dead: tuple[DeliveryRecord, ...]
    """Dead or dropped in the last seven days."""
    readers: Readers
    renamed: Mapping[str, str]
    """By name, a sentence about each subscriber that was probably renamed."""
    failing: tuple[FailingSubscriber, ...] = ()
    """Subscribers of the YAML whose oldest message has failed for longer than `alert_after`."""
    self_service: tuple[SharedTrouble, ...] = ()
    """What keeps messages from self-service subscribers, and from how many."""
    chat_outages: tuple[ChatOutage, ...] = ()
    """Chat platforms that nobody listens to."""
    fleet: Fleet | None = None
    """The workers and their jobs, where many share the work."""


class Reporter:
    """Reads status and explanations from the store."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        channels: Mapping[str, Channel],
        planner: DigestPlanner,
    ) -> None:
        self._store = store
        self._settings = settings
        self._channels = channels
        self._planner = planner

    def status(self, now: datetime) -> Status:
        """The status now: a sentence per category and per subscriber, and what is left to do."""
        known = configured(self._settings)
        self._planner.expect({topic for each in known.subscribers.values() for topic in each.topics})
        store = snapshot.take(self._store, known, now)
        categories = tuple(self._category(category, store, now) for category in self._settings.categories)
        waits_until = store.arxiv_waits_until
        ended = (DeliveryState.DEAD, DeliveryState.DROPPED)
        return Status(
            now=now,
            mailing_date=store.today,
            summary=_summary(store.today, categories),
            next_mailing=calendar.next_mailing(now),
            arxiv_waits_until=waits_until if waits_until and waits_until > now + timedelta(minutes=1) else None,
            categories=categories if calendar.is_mailing_day(store.today) else (),
            subscribers=tuple(self._subscriber(each, store, now) for each in known.subscribers.values()),
            missed=backlog.missed(self._store.papers, self._settings.categories, store.today),
            unfinished=store.unfinished,
            dead=self._store.queries.ended_since(now - timedelta(days=_RECENT_DAYS), *ended),
            readers=readers(self._store, self._settings),
            failing=failing(store.unfinished, store.open_circuits, known, self._channels, now),
            self_service=shared_troubles(store.unfinished, store.open_circuits, self._settings, self._channels, now),
            renamed=renamed(self._store, known),
            fleet=fleet(self._store, self._settings),
            chat_outages=chat_outages(self._store, self._settings, now, after=SOON),
        )

    def _category(self, category: str, store: Snapshot, now: datetime) -> CategoryStatus:
        record = store.mailings.get(category)
        due = backlog.next_attempt(record, calendar.expected(store.today), now)
        due = max(due, store.arxiv_waits_until or due)
        if record is None:
            expected = f", expected at {self._clock(due)}" if due > now else ""
            return CategoryStatus(category, "pending", f"not asked for yet today{expected}", due=due)
        sentence = record.reason
        if record.state.closed:
            return CategoryStatus(category, record.state.value, sentence, record.announced, record.tries)
        since = f" since {self._clock(record.first_asked_at)}" if record.first_asked_at else ""
        times = "once" if record.tries == 1 else f"{record.tries} times"
        sentence = f"{_IN_WORDS[record.state]}{since}, asked {times}, due again at {self._clock(due)}: {sentence}"
        return CategoryStatus(category, record.state.value, sentence, record.announced, record.tries, due)

    def _clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._settings.timezone):%H:%M}"

    def _subscriber(self, subscriber: Subscriber, store: Snapshot, now: datetime) -> SubscriberStatus:
        mine = store.unfinished_of.get(subscriber.name, [])
        held = [record for record in mine if record.state is DeliveryState.HELD]
        sentence = "paused" if subscriber.paused else "nobody is left to write to"
        if subscriber.addresses and not subscriber.paused:
            sentence = self._delivery_problem(subscriber, store) or self._silence(subscriber, store, now)
        return SubscriberStatus(
            name=subscriber.name,
            channel=subscriber.channel,
            sentence=sentence,
            waiting=len(mine) - len(held),
            held=len(held),
            last_sent=store.last_sent.get(subscriber.name),
            next_slot=next_slot(subscriber, now),
            suppressed=tuple(f"{each.address.label} is not written to: {each.why}" for each in subscriber.suppressed),
        )

    def _delivery_problem(self, subscriber: Subscriber, store: Snapshot) -> str | None:
        """Why its messages are not delivered, or None."""
        for address, circuit in closed_addresses(subscriber, store.open_circuits, self._channels):
            until = circuit.closed_until
            again = f"; next attempt after {self._clock(until)}" if until else ""
            return f"{address.label} is not reached: {circuit.reason}{again}"
        mine = store.unfinished_of.get(subscriber.name, [])
        waiting = [record for record in mine if record.state is not DeliveryState.HELD]
        if not waiting:
            return None
        first = waiting[0]
        why = f": {first.reason}" if first.reason else ""
        return f"{len(waiting)} to send; the first is {first.state.value}{why}"

    def _silence(self, subscriber: Subscriber, store: Snapshot, now: datetime) -> str:
        """Why it gets nothing now, although nothing is wrong; the first reason that applies."""
        if subscriber.liked:
            return votes_in_words(subscriber, self._store, self._planner, now)
        state = store.states.get(subscriber.name)
        if state is None:
            return "new: starts with the latest mailing"
        news = self._planner.plan(subscriber, self._planner.add_missing_cursors(subscriber, state), now).digest
        if news is not None:
            told = "waits for its hour" if subscriber.at else "the next run tells it"
            return f"{_papers(news.matched)} in for it; {told}"
        given_up = store.given_up_today.get(subscriber.name)
        if given_up:
            return f"{len(given_up)} of today's messages given up: {given_up[-1].reason}"
        return self._of_today(subscriber, store)

    def _of_today(self, subscriber: Subscriber, store: Snapshot) -> str:
        """A sentence about today's mailing for this subscriber."""
        if not calendar.is_mailing_day(store.today):
            return f"no announcement today: {_weekday_reason(store.today)}"
        categories = sorted({c for name in subscriber.topics for c in self._settings.topics[name].categories})
        records = {category: store.mailings.get(category) for category in categories}
        late = [category for category, record in records.items() if record is None or not record.state.closed]
        told = store.told_today.get(subscriber.name)
        said = f"told of {told} today; " if told else ""
        if late:
            record = records[late[0]]
            others = f" and {len(late) - 1} more" if len(late) > 1 else ""
            return f"{said}waits for {late[0]}{others}: {record.reason if record else 'not asked for yet today'}"
        announced = store.announced(categories)
        if not announced:
            reasons = [record.reason for record in records.values() if record]
            return f"no announcement today: {_empty_reason(store.today, reasons)}"
        return said.removesuffix("; ") or f"{announced} announced today, nothing matched"

    def explain(self, identifier: str, matcher: Matcher) -> Explanation:
        """What became of one paper, see `explain`."""
        return explain.explain(identifier, self._store, self._settings, self._planner, matcher)


def _papers(count: int) -> str:
    return "1 paper is" if count == 1 else f"{count} papers are"


def _summary(today: date, categories: tuple[CategoryStatus, ...]) -> str:
    if not calendar.is_mailing_day(today):
        return f"no announcement today: {_weekday_reason(today)}"
    done = [category for category in categories if category.state == "complete"]
    empty = [category for category in categories if category.state == "expected-empty"]
    if categories and len(empty) == len(categories):
        return f"no announcement today: {_empty_reason(today, [category.sentence for category in empty])}"
    announced = sum(category.announced for category in categories)
    closed = f"{len(done) + len(empty)} of {len(categories)} categories in"
    return f"mailing of {text.day(today)}: {closed}, {announced} announced"


def _empty_reason(today: date, reasons: Sequence[str]) -> str:
    """Why a working day had no mailing: a known holiday, else the reason found."""
    return "arXiv holiday" if calendar.deferred(today) else reasons[0]


def _weekday_reason(today: date) -> str:
    return f"weekend ({text.day(today)})"
