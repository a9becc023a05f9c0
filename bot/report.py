"""Status and explain, as values: why today is silent, and what became of one paper. Reads only.

What is said here is derived from the stored states every time; no other module keeps a sentence for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import hours, text
from bot.arxiv import calendar
from bot.model import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from bot.channels.channel import Channel
    from bot.model import Announcement, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.gates import GateState
    from bot.store.ledger import DeliveryRecord, ToldRecord
    from bot.topics.matcher import Matcher

_TROUBLE_DAYS = 7


@dataclass(frozen=True, slots=True)
class CategoryStatus:
    """One category's mailing of today, in a state and a sentence."""

    category: str
    state: str
    reason: str
    announced: int
    tries: int


@dataclass(frozen=True, slots=True)
class SubscriberStatus:
    """Where one subscriber stands."""

    name: str
    channel: str
    sentence: str
    waiting: int
    """Deliveries still to go out."""
    held: int
    last_sent: datetime | None
    next_slot: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole of it."""

    now: datetime
    mailing_date: date
    summary: str
    next_mailing: datetime
    arxiv_waits_until: datetime | None
    categories: tuple[CategoryStatus, ...]
    subscribers: tuple[SubscriberStatus, ...]
    unfinished: tuple[DeliveryRecord, ...]
    dead: tuple[DeliveryRecord, ...]
    """Dead or dropped in the last seven days."""


@dataclass(frozen=True, slots=True)
class TopicStory:
    """Why one topic of a subscriber did or did not claim the paper."""

    topic: str
    sentence: str


@dataclass(frozen=True, slots=True)
class SubscriberStory:
    """What one subscriber was told of the paper."""

    subscriber: str
    told: tuple[ToldRecord, ...]
    topics: tuple[TopicStory, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One paper's whole story. Without announcements, the paper never came in."""

    identifier: str
    title: str
    announcements: tuple[Announcement, ...]
    subscribers: tuple[SubscriberStory, ...]


class Reporter:
    """Reads the store for people."""

    def __init__(self, store: Store, settings: Settings, channels: Mapping[str, Channel]) -> None:
        self._store = store
        self._settings = settings
        self._channels = channels

    # -- status --------------------------------------------------------------------------------------------------

    def status(self, now: datetime) -> Status:
        """Today in a sentence per category and per subscriber, and what is left to do."""
        today = calendar.mailing_date(now)
        categories = tuple(self._category(category, today) for category in self._settings.categories)
        unfinished = self._store.ledger.unfinished()
        shut = {gate.key: gate for gate in self._store.ledger.shut_gates(now)}
        last_sent = self._store.ledger.last_sent()
        opens_at = self._store.arxiv_gate.opens_at()
        ended = (DeliveryState.DEAD, DeliveryState.DROPPED)
        return Status(
            now=now,
            mailing_date=today,
            summary=_summary(today, categories),
            next_mailing=calendar.next_mailing(now),
            arxiv_waits_until=opens_at if opens_at and opens_at > now + timedelta(minutes=1) else None,
            categories=categories if calendar.is_mailing_day(today) else (),
            subscribers=tuple(
                self._subscriber(subscriber, now, today, unfinished, last_sent, shut)
                for subscriber in self._settings.subscribers.values()
            ),
            unfinished=unfinished,
            dead=self._store.ledger.ended_since(now - timedelta(days=_TROUBLE_DAYS), *ended),
        )

    def _category(self, category: str, today: date) -> CategoryStatus:
        record = self._store.papers.mailing(today, category)
        if record is None:
            return CategoryStatus(category, "pending", "not asked for yet today", 0, 0)
        return CategoryStatus(category, record.state.value, record.reason, record.announced, record.tries)

    def _subscriber(  # noqa: PLR0917 - one subscriber against everything that was read once for all
        self,
        subscriber: Subscriber,
        now: datetime,
        today: date,
        unfinished: tuple[DeliveryRecord, ...],
        last_sent: Mapping[str, datetime],
        shut: Mapping[str, GateState],
    ) -> SubscriberStatus:
        mine = [record for record in unfinished if record.subscriber == subscriber.name]
        held = [record for record in mine if record.state is DeliveryState.HELD]
        sentence = "paused"
        if not subscriber.paused:
            sentence = self._trouble(subscriber, mine, shut) or self._silence(subscriber, today)
        slot = None
        if subscriber.at is not None:
            slot = hours.next_slot(now, subscriber.at, subscriber.on, subscriber.timezone)
        return SubscriberStatus(
            name=subscriber.name,
            channel=subscriber.channel,
            sentence=sentence,
            waiting=len(mine) - len(held),
            held=len(held),
            last_sent=last_sent.get(subscriber.name),
            next_slot=slot,
        )

    def _trouble(
        self,
        subscriber: Subscriber,
        mine: list[DeliveryRecord],
        shut: Mapping[str, GateState],
    ) -> str | None:
        """What keeps its messages back, if anything does."""
        for address in subscriber.addresses:
            gates = self._channels[subscriber.channel].gates(address)
            gate = shut.get(gates.credential.key) or shut.get(gates.destination.key)
            if gate is not None:
                again = f"; next knock after {gate.closed_until:%H:%M} UTC" if gate.closed_until else ""
                return f"{address.label} is not reached: {gate.reason}{again}"
        if not mine:
            return None
        first = mine[0]
        why = f": {first.reason}" if first.reason else ""
        return f"{len(mine)} to send; the first is {first.state.value}{why}"

    def _silence(self, subscriber: Subscriber, today: date) -> str:
        """Why nothing is on its way to it, where nothing is wrong."""
        state = self._store.readers.state(subscriber.name)
        if state is None:
            return "new: starts with the latest mailing"
        if any(self._has_news(key, cursor) for key, cursor in state.cursors.items()):
            return "news is in; waits for its hour" if subscriber.at else "news is in; the next run tells it"
        if not calendar.is_mailing_day(today):
            return f"no announcement today: {_weekday_reason(today)}"
        if state.told_through == today:
            return "up to date with today's mailing"
        return "nothing of today's mailing is in for it yet"

    def _has_news(self, key: str, cursor: int) -> bool:
        category = key.rpartition("/")[2]
        return bool(self._store.papers.dates_after((category,), cursor))

    # -- explain -------------------------------------------------------------------------------------------------

    def explain(self, identifier: str, matcher: Matcher) -> Explanation:
        """Where and when the paper was announced, and what came of it for every subscriber, and why."""
        announcements = self._store.papers.announcements_of(identifier)
        versions = self._store.papers.versions(identifier)
        told = self._store.ledger.told_of(identifier)
        stories = tuple(
            SubscriberStory(
                subscriber=subscriber.name,
                told=tuple(record for record in told if record.subscriber == subscriber.name),
                topics=tuple(
                    TopicStory(name, self._topic_story(self._settings.topics[name], announcements, matcher))
                    for name in subscriber.topics
                ),
            )
            for subscriber in self._settings.subscribers.values()
        )
        title = versions[-1].title if versions else ""
        return Explanation(identifier, title, announcements, stories)

    def _topic_story(self, topic: Topic, announcements: tuple[Announcement, ...], matcher: Matcher) -> str:
        mine = [a for a in announcements if a.category in topic.categories]
        if not mine:
            return "not announced in its categories"
        if not any(a.type in topic.announce for a in mine):
            types = ", ".join(sorted({a.type.value for a in mine}))
            return f"announced as {types}, which the topic does not ask for"
        paper = self._store.papers.versions(mine[0].identifier)[-1]
        verdict = matcher.verdict(topic.name, paper)
        if verdict.stopped_by is not None:
            stop = verdict.stopped_by
            return f"stopped by the exclusion {stop.term!r} in its {stop.field}"
        if verdict.match is None:
            return "no term of the topic is in it"
        if not verdict.match.hits:
            return "claimed: the topic takes everything in its categories"
        hits = ", ".join(f"{hit.term!r} in {hit.field}" for hit in verdict.match.hits)
        return f"claimed: {hits}"


def _summary(today: date, categories: tuple[CategoryStatus, ...]) -> str:
    if not calendar.is_mailing_day(today):
        return f"no announcement today: {_weekday_reason(today)}"
    done = [category for category in categories if category.state == "complete"]
    empty = [category for category in categories if category.state == "expected-empty"]
    if categories and len(empty) == len(categories):
        return "no announcement today: arXiv holiday"
    announced = sum(category.announced for category in categories)
    closed = f"{len(done) + len(empty)} of {len(categories)} categories in"
    return f"mailing of {text.day(today)}: {closed}, {announced} announced"


def _weekday_reason(today: date) -> str:
    return f"weekend ({text.day(today)})"
