"""What `status` needs from the store, read once for all categories and subscribers.

A statement costs far more than a row, so the same number of statements serves one subscriber or a thousand.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.model import DeliveryState, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from bot.model import MailingRecord
    from bot.settings import Settings
    from bot.store import Store
    from bot.store.limits import LimitState
    from bot.store.outbox.queries import DeliveryRecord
    from bot.store.subscribers import SubscriberState


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store at one moment."""

    today: date
    """The mailing date of that moment."""
    arxiv_waits_until: datetime | None
    mailings: Mapping[str, MailingRecord]
    """Today's, by category."""
    states: Mapping[str, SubscriberState]
    """By subscriber; new ones have none."""
    unfinished: tuple[DeliveryRecord, ...]
    """Deliveries that are not final, in order."""
    unfinished_of: Mapping[str, list[DeliveryRecord]]
    """The same by subscriber."""
    given_up_today: Mapping[str, list[DeliveryRecord]]
    """By subscriber, deliveries that were given up since midnight in New York, in order."""
    told_today: Mapping[str, int]
    """By subscriber, how many papers it was told of since midnight in New York."""
    last_sent: Mapping[str, datetime]
    """By subscriber, when something was last delivered, UTC."""
    open_circuits: Mapping[str, LimitState]
    """By the limit's key."""
    _announced: Mapping[str, frozenset[str]]
    """By category, the papers that were announced today."""
    _counts: dict[frozenset[str], int] = field(default_factory=dict)

    def announced(self, categories: Iterable[str]) -> int:
        """How many different papers were announced today in these categories."""
        key = frozenset(categories)
        if key not in self._counts:
            self._counts[key] = len(frozenset().union(*(self._announced.get(each, frozenset()) for each in key)))
        return self._counts[key]


def take(store: Store, settings: Settings, now: datetime) -> Snapshot:
    """Reads the snapshot.

    Args:
        store: the store.
        settings: the subscribers and categories to read about.
        now: the moment, UTC.
    """
    today = calendar.mailing_date(now)
    midnight = datetime.combine(today, time(), tzinfo=calendar.EASTERN)
    unfinished = store.queries.unfinished()
    announced: defaultdict[str, set[str]] = defaultdict(set)
    for announcement in store.papers.announcements_on(today, settings.categories):
        announced[announcement.category].add(announcement.identifier)
    return Snapshot(
        today=today,
        arxiv_waits_until=store.arxiv_limits.waits_until(Service.FEEDS, now),
        mailings={
            record.category: record for record in store.papers.mailings_since(today) if record.mailing_date == today
        },
        states=store.subscribers.states(settings.subscribers),
        unfinished=unfinished,
        unfinished_of=_by_subscriber(unfinished),
        given_up_today=_by_subscriber(store.queries.ended_since(midnight, DeliveryState.DEAD, DeliveryState.DROPPED)),
        told_today=store.queries.told_since(midnight),
        last_sent=store.queries.last_sent(),
        open_circuits={limit.key: limit for limit in store.queries.open_circuits(now)},
        _announced={category: frozenset(found) for category, found in announced.items()},
    )


def _by_subscriber(records: Iterable[DeliveryRecord]) -> dict[str, list[DeliveryRecord]]:
    found: dict[str, list[DeliveryRecord]] = {}
    for record in records:
        found.setdefault(record.subscriber, []).append(record)
    return found
