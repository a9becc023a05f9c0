"""The roster: all subscribers and topics of a moment, the YAML's and the self-service ones, as frozen values.

    YAML + self-service subscribers - suppressed addresses -> the settings that a verb starts from

The YAML overrides readers: they can stop their own mail, but change nothing that is in it. A verb reads only the part
of the roster that it needs, because few of very many self-service subscribers have something to do. Only reads.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.arxiv import calendar
from bot.channels import CHANNELS
from bot.channels.defaults import decided, room_for
from bot.model import Topic, shard_of
from bot.settings import Address, Secret, Subscriber, SuppressedAddress, fingerprint
from bot.store.members import day_begins, own_topic
from bot.store.suppressions import SuppressionReason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bot.model import Shard
    from bot.settings import Settings
    from bot.store import Store
    from bot.store.keys import ReaderKeys
    from bot.store.members import RosterRow
    from bot.store.suppressions import Suppression
    from bot.store.transaction import Transaction

_LONGEST_NAME = 64
"""The most characters of a topic's name in the store."""
_OWNER = re.compile("[/:]")
"""What stands behind the key of its subscriber in the name of an own topic."""
_MAILBOX = "mailbox"
"""The label of a self-service reader's address."""


class RosterReader:
    """Reads the roster or a part of it, as settings with the subscribers and topics of this moment."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Take the store, and the settings as the YAML has them."""
        self._store = store
        self._settings = settings
        self._keys = store.reader_keys(settings.secrets)

    def whole(self, now: datetime) -> Settings:
        """The roster with all self-service subscribers."""
        with self._store.snapshot() as view:
            return self._read(view, now, None)

    def of_yaml(self, now: datetime) -> Settings:
        """The roster with the YAML's subscribers only."""
        return self.of((), now)

    def of(self, keys: Collection[str], now: datetime) -> Settings:
        """With these self-service subscribers, as far as they are there; what else is in `keys` does not matter."""
        with self._store.snapshot() as view:
            return self._read(view, now, keys)

    def waited_for(self, now: datetime, shard: Shard | None = None) -> Settings:
        """The roster with the self-service subscribers that have deliveries in the outbox; of one shard, if given."""
        keys = {lane.subscriber for lane in self._store.outbox.lanes(shard)}
        with self._store.snapshot() as view:
            return self._read(view, now, keys, shard)

    def to_compose(self, now: datetime, *, any_hour: bool = False, shard: Shard | None = None) -> Settings:
        """The roster with the self-service subscribers for which there may be something to compose.

        Args:
            now: the moment, UTC.
            any_hour: whether all are wanted, due or not.
            shard: whose subscribers alone are read, the YAML's too; all if there is none.
        """
        upto = self._store.papers.last_seq()
        with self._store.snapshot() as view:
            keys = None if any_hour else view.members.to_compose(upto, _midnight(now), now, shard)
            return self._read(view, now, keys, shard)

    def shards_to_compose(self, now: datetime) -> frozenset[int]:
        """The numbers of the shards for which there may be something to compose: with the YAML's subscribers, too."""
        upto = self._store.papers.last_seq()
        with self._store.snapshot() as view:
            keys = view.members.to_compose(upto, _midnight(now), now)
        return frozenset(shard_of(name) for name in (*self._settings.subscribers, *keys))

    def _read(
        self, view: Transaction, now: datetime, only: Collection[str] | None, shard: Shard | None = None
    ) -> Settings:
        """A part of the roster; a shard's names no categories to collect, because those take a look at everybody."""
        with _no_collection():
            rows = {
                row.key: row
                for some in view.members.rows(only, shard)
                for row in some
                if row.channel in self._settings.channels and row.key not in self._settings.subscribers
            }
        configured = [each for each in self._settings.subscribers.values() if shard is None or each.name in shard]
        known = view.suppressions.all() if shard is None else self._suppressions(view, configured, rows.values())
        by_key = {found.key: found for found in known}
        part = _Part(self._settings, self._keys, by_key, self._settings.named_categories, now)
        subscribers = {each.name: part.of_yaml(each) for each in configured}
        members = _Members(part, rows)
        return replace(
            self._settings,
            subscribers=_Subscribers(subscribers, members) if rows else subscribers,
            topics=_Topics(self._settings.topics, members) if rows else self._settings.topics,
            self_service_categories=() if shard else self._categories(view.members.reads()),
        )

    def _suppressions(
        self, view: Transaction, configured: Iterable[Subscriber], rows: Iterable[RosterRow]
    ) -> Collection[Suppression]:
        """Those of these subscribers' mailboxes."""
        of_yaml = (address.mailbox for each in configured for address in each.addresses)
        mailboxes = {mailbox for mailbox in (*of_yaml, *(row.mailbox for row in rows)) if mailbox}
        keys = {key for mailbox in mailboxes for key in self._keys.suppression(mailbox)}
        return view.suppressions.among(keys).values()

    def _categories(self, reads: Collection[str]) -> tuple[str, ...]:
        """The categories of own topics, if the YAML's still name them, and of the YAML's that are followed."""
        followed = (self._settings.topics.get(each.removeprefix("@")) for each in reads if each.startswith("@"))
        own = self._settings.named_categories.intersection(reads)
        return tuple(sorted(own.union(*(topic.categories for topic in followed if topic))))


def _midnight(now: datetime) -> datetime:
    """When the mailing date began."""
    return datetime.combine(calendar.mailing_date(now), time(), tzinfo=calendar.EASTERN)


@dataclass(frozen=True, slots=True)
class _Part:
    """Makes the subscribers of a part of the roster."""

    settings: Settings
    keys: ReaderKeys
    suppressions: Mapping[str, Suppression]
    """By key."""
    read: frozenset[str]
    """The categories that own topics may have."""
    now: datetime

    def of_yaml(self, subscriber: Subscriber) -> Subscriber:
        """The YAML's subscriber without its suppressed addresses."""
        found = [(address, self._suppression(address.mailbox)) for address in subscriber.addresses]
        if not any(suppression for _, suppression in found):
            return subscriber
        return replace(
            subscriber,
            addresses=tuple(address for address, suppression in found if not suppression),
            suppressed=tuple(_suppressed(address, suppression) for address, suppression in found if suppression),
        )

    def subscriber(self, row: RosterRow, topics: tuple[str, ...]) -> Subscriber:
        """A self-service subscriber that follows these topics."""
        suppression = self._suppression(row.mailbox) if self.suppressions else None
        asks_again = suppression is not None and row.asks and suppression.reason is SuppressionReason.UNSUBSCRIBED
        is_silent = suppression is not None and not asks_again
        unconfirmed = asks_again or not row.is_confirmed
        address = _address(row)
        resumes_at = day_begins(row.paused_until, row.timezone) if row.paused and row.paused_until else None
        chat = self.settings.chat
        buttons = chat is not None and chat.has_buttons(row.channel)
        return Subscriber(
            name=row.key,
            channel=row.channel,
            addresses=() if is_silent else (address,),
            topics=() if unconfirmed else topics,
            timezone=_zone(row.timezone),
            at=_time(row.at),
            on=_weekdays(row.weekdays),
            paused=bool(row.paused) and (resumes_at is None or self.now < resumes_at),
            resumes_at=resumes_at,
            options=_decided(row.channel, address.kind, buttons),
            **_room(row.channel),
            suppressed=(_suppressed(address, suppression),) if suppression and is_silent else (),
            revision=row.revision,
            unconfirmed=unconfirmed,
        )

    def followed(self, row: RosterRow) -> list[Topic]:
        """The existing topics that it follows, without what it mutes."""
        raw = json.loads(row.topics)
        topics = [self._own(each) if isinstance(each, dict) else self.settings.topics.get(each) for each in raw]
        found = [topic for topic in topics if topic is not None]
        return found if row.muted == "[]" else [_muting(topic, row.key, json.loads(row.muted)) for topic in found]

    def _own(self, raw: Mapping[str, Any]) -> Topic | None:
        """The own topic in the categories that are still read; None if none of them is."""
        topic = own_topic(raw)
        if self.read.issuperset(topic.categories):
            return topic
        left = tuple(category for category in topic.categories if category in self.read)
        return replace(topic, categories=left) if left else None

    def _suppression(self, mailbox: str | None) -> Suppression | None:
        if mailbox is None:
            return None
        found = (self.suppressions.get(key) for key in self.keys.suppression(mailbox))
        return max(filter(None, found), key=lambda each: each.reason.strength, default=None)


class _Members:
    """Self-service subscribers with their topics, each made when it is asked for: of very many few are."""

    def __init__(self, part: _Part, rows: dict[str, RosterRow]) -> None:
        """Take how they are made, and their rows by key."""
        self._part = part
        self.keys = tuple(rows)
        self._rows = rows
        """Of those that are not made yet."""
        self._made: dict[str, tuple[Subscriber, dict[str, Topic]]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._made or key in self._rows

    def subscriber(self, key: str) -> Subscriber:
        """The one of that key."""
        return self._of(key)[0]

    def topics(self, key: str) -> Mapping[str, Topic]:
        """What it follows, by name."""
        return self._of(key)[1]

    def _of(self, key: str) -> tuple[Subscriber, dict[str, Topic]]:
        if key not in self._made:
            row = self._rows.pop(key)
            followed = {topic.name: topic for topic in self._part.followed(row)}
            self._made[key] = (self._part.subscriber(row, tuple(followed)), followed)
        return self._made[key]


class _Subscribers(Mapping[str, Subscriber]):
    """The YAML's subscribers, and then the self-service ones."""

    def __init__(self, configured: Mapping[str, Subscriber], members: _Members) -> None:
        """Take both; no key is in both."""
        self._configured = configured
        self._members = members

    def __getitem__(self, name: str) -> Subscriber:
        found = self._configured.get(name)
        return self._members.subscriber(name) if found is None else found

    def __contains__(self, name: object) -> bool:
        return name in self._configured or name in self._members

    def __iter__(self) -> Iterator[str]:
        return chain(self._configured, self._members.keys)

    def __len__(self) -> int:
        return len(self._configured) + len(self._members.keys)


class _Topics(Mapping[str, Topic]):
    """The YAML's topics, and then those of self-service subscribers' own, whose names begin with their keys."""

    def __init__(self, configured: Mapping[str, Topic], members: _Members) -> None:
        """Take both."""
        self._configured = configured
        self._members = members

    def __getitem__(self, name: str) -> Topic:
        found = self._configured.get(name)
        return self._members.topics(_OWNER.split(name, 1)[0])[name] if found is None else found

    def __iter__(self) -> Iterator[str]:
        own = (name for key in self._members.keys for name in self._members.topics(key))
        return chain(self._configured, (name for name in own if name not in self._configured))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _suppressed(address: Address, suppression: Suppression) -> SuppressedAddress:
    why = f"{suppression.reason} on {suppression.since:%Y-%m-%d} ({suppression.how})"
    return SuppressedAddress(address, why, suppression.key)


def _address(row: RosterRow) -> Address:
    if row.mailbox is not None:
        return Address(Secret(row.destination), "mailbox", _MAILBOX)
    (address,) = CHANNELS[row.channel].addresses(row.destination, _options(row.channel))
    return address


@cache
def _options(channel: str) -> Any:  # noqa: ANN401 - each channel has its own
    return CHANNELS[channel].Options()


@cache
def _room(channel: str) -> dict[str, Any]:
    return room_for(CHANNELS[channel], None, None)


@cache
def _decided(channel: str, kind: str, buttons: bool) -> Any:  # noqa: ANN401, FBT001 - as `_options`; of a cache
    return decided(_options(channel), (Address(Secret(""), kind, ""),), buttons=buttons)


_zone = cache(ZoneInfo)


@cache
def _time(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)


@cache
def _weekdays(bits: int) -> frozenset[int]:
    return frozenset(day for day in range(7) if bits >> day & 1)


def _muting(topic: Topic, key: str, muted: Iterable[str]) -> Topic:
    """The topic with the subscriber's muted words excluded; one of the YAML's becomes a topic of its own."""
    exclude = tuple(dict.fromkeys((*topic.exclude, *muted)))
    name = topic.name if topic.name.startswith(f"{key}/") else f"{key}:{topic.name}"
    if len(name) > _LONGEST_NAME:
        name = f"{key}:{fingerprint(topic.name)}"
    return replace(topic, name=name, exclude=exclude)


@contextmanager
def _no_collection() -> Iterator[None]:
    """While much is made that stays, Python's collector looks through it again and again: a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
