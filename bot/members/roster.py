"""The roster: all subscribers and topics of a moment, the YAML's and the self-service ones, as frozen values.

    YAML + members - suppressed addresses -> the settings that a verb starts from

The YAML wins: a reader can have their own mail stopped, but changes nothing that stands in it. A verb reads as much
as it needs, for of very many self-service subscribers hardly any has something to do. Changes nothing.
"""

from __future__ import annotations

import gc
import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import time
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.channels import CHANNELS
from bot.settings import Address, Secret, Subscriber, SuppressedAddress, fingerprint
from bot.store.members import own_topic
from bot.store.suppressions import SuppressionReason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Row

    from bot.model import Topic
    from bot.settings import Settings
    from bot.store import Store
    from bot.store.keys import ReaderKeys
    from bot.store.suppressions import Suppression
    from bot.store.transaction import Transaction

_LONGEST_NAME = 64
"""Characters of a topic's name, in the store."""
_AT_ONCE = 5000
"""Rows."""
_MAILBOX = "mailbox"
"""What may be shown of a self-service reader's address."""


class RosterReader:
    """Reads the roster, or a part of it: settings with the subscribers and topics of this moment."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Take the store, and the settings as the YAML has them."""
        self._store = store
        self._settings = settings
        self._keys = store.reader_keys(settings.secrets)

    def whole(self, now: datetime) -> Settings:
        """With all self-service subscribers."""
        with self._store.snapshot() as view:
            return self._read(view, now, None)

    def of_yaml(self, now: datetime) -> Settings:
        """With the YAML's subscribers alone."""
        return self.of((), now)

    def of(self, keys: Collection[str], now: datetime) -> Settings:
        """With these self-service subscribers, as far as they are there; what else is in `keys` does not matter."""
        with self._store.snapshot() as view:
            return self._read(view, now, keys)

    def waited_for(self, now: datetime) -> Settings:
        """With the self-service subscribers that something in the outbox is for."""
        return self.of({lane.subscriber for lane in self._store.outbox.lanes()}, now)

    def to_compose(self, now: datetime, *, any_hour: bool = False) -> Settings:
        """With the self-service subscribers for which there may be something to compose."""
        upto = self._store.papers.last_seq()
        with self._store.snapshot() as view:
            return self._read(view, now, None if any_hour else view.members.to_compose(upto, now))

    def _read(self, view: Transaction, now: datetime, only: Collection[str] | None) -> Settings:
        known = {found.key: found for found in view.suppressions.all()}
        part = _Part(self._settings, self._keys, known, now)
        subscribers = {name: part.of_yaml(each) for name, each in self._settings.subscribers.items()}
        own: dict[str, Topic] = {}
        with _no_collection():
            for row, raw in _parsed(view.members.rows(only)):
                if row.channel in self._settings.channels and row.key not in subscribers:
                    followed = part.followed(row, raw)
                    subscribers[row.key] = part.subscriber(row, tuple(topic.name for topic in followed))
                    own.update((topic.name, topic) for topic in followed if topic.name not in self._settings.topics)
        return replace(
            self._settings,
            subscribers=subscribers,
            topics={**self._settings.topics, **own} if own else self._settings.topics,
            self_service_categories=self._categories(view.members.reads()),
        )

    def _categories(self, reads: Collection[str]) -> tuple[str, ...]:
        """The categories of own topics, and of the YAML's that are followed."""
        followed = (self._settings.topics.get(each.removeprefix("@")) for each in reads if each.startswith("@"))
        own = {each for each in reads if not each.startswith("@")}
        return tuple(sorted(own.union(*(topic.categories for topic in followed if topic))))


@dataclass(frozen=True, slots=True)
class _Part:
    """What subscribers are made with."""

    settings: Settings
    keys: ReaderKeys
    suppressions: Mapping[str, Suppression]
    """By key."""
    now: datetime

    def of_yaml(self, subscriber: Subscriber) -> Subscriber:
        """The YAML's subscriber without the addresses that are not written to."""
        found = [(address, self._suppression(address.mailbox)) for address in subscriber.addresses]
        if not any(suppression for _, suppression in found):
            return subscriber
        return replace(
            subscriber,
            addresses=tuple(address for address, suppression in found if not suppression),
            suppressed=tuple(_suppressed(address, suppression) for address, suppression in found if suppression),
        )

    def subscriber(self, row: Row[Any], topics: tuple[str, ...]) -> Subscriber:
        """A self-service subscriber that follows these topics."""
        suppression = self._suppression(row.mailbox)
        address = _address(row)
        zone = ZoneInfo(row.timezone)
        asks_again = row.asks and suppression is not None and suppression.reason is SuppressionReason.UNSUBSCRIBED
        unconfirmed = asks_again or not row.confirmed
        is_silent = suppression is not None and not asks_again
        return Subscriber(
            name=row.key,
            channel=row.channel,
            addresses=() if is_silent else (address,),
            topics=() if unconfirmed else topics,
            timezone=zone,
            at=_time(row.at),
            on=_weekdays(row.weekdays),
            paused=row.paused and (row.paused_until is None or self.now.astimezone(zone).date() < row.paused_until),
            options=_options(row.channel),
            suppressed=(_suppressed(address, suppression),) if suppression and is_silent else (),
            revision=row.revision,
            unconfirmed=unconfirmed,
        )

    def followed(self, row: Row[Any], raw: Any) -> list[Topic]:  # noqa: ANN401 - what JSON has
        """The topics that it follows, as far as they are there; without what it mutes."""
        muted = tuple(json.loads(row.muted)) if row.muted != "[]" else ()
        topics = (self.settings.topics.get(each) if isinstance(each, str) else own_topic(each) for each in raw)
        return [_muting(topic, row.key, muted) if muted else topic for topic in topics if topic is not None]

    def _suppression(self, mailbox: str | None) -> Suppression | None:
        if mailbox is None or not self.suppressions:
            return None
        found = (self.suppressions.get(key) for key in self.keys.suppression(mailbox))
        return max(filter(None, found), key=lambda each: each.reason.strength, default=None)


def _suppressed(address: Address, suppression: Suppression) -> SuppressedAddress:
    why = f"{suppression.reason} on {suppression.since:%Y-%m-%d} ({suppression.how})"
    return SuppressedAddress(address, why, suppression.key)


def _address(row: Row[Any]) -> Address:
    if row.mailbox is not None:
        return Address(Secret(row.destination), "mailbox", _MAILBOX)
    (address,) = CHANNELS[row.channel].addresses(row.destination, _options(row.channel))
    return address


@cache
def _options(channel: str) -> Any:  # noqa: ANN401 - each channel has its own
    return CHANNELS[channel].Options()


@cache
def _time(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)


@cache
def _weekdays(bits: int) -> frozenset[int]:
    return frozenset(day for day in range(7) if bits >> day & 1)


def _muting(topic: Topic, key: str, muted: tuple[str, ...]) -> Topic:
    """The topic without what one subscriber mutes; where it is the YAML's, a topic of that subscriber's own."""
    exclude = tuple(dict.fromkeys((*topic.exclude, *muted)))
    name = topic.name if topic.name.startswith(f"{key}/") else f"{key}:{topic.name}"
    if len(name) > _LONGEST_NAME:
        name = f"{key}:{fingerprint(topic.name)}"
    return replace(topic, name=name, exclude=exclude)


def _parsed(rows: Iterator[Row[Any]]) -> Iterator[tuple[Row[Any], Any]]:
    """Each row with its topics; many at a time, for to begin with one text takes longer than to read it."""
    while some := list(islice(rows, _AT_ONCE)):
        yield from zip(some, json.loads(f"[{','.join(row.topics for row in some)}]"), strict=True)


@contextmanager
def _no_collection() -> Iterator[None]:
    """While much is made that stays, Python's collector looks through it again and again: half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
