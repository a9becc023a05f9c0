"""Self-service subscribers as stored: who asked, who confirmed, and what they want. Works inside a transaction.

Nothing in here shows an address: it is a `Secret`, read only to be written to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, Text, and_, case, cast, func, or_, select, type_coerce

from bot.model import Topic
from bot.settings import ALL_WEEK, Secret
from bot.store.database import batched
from bot.store.database.dialect import in_shard
from bot.store.database.tables import members, subscribers
from bot.store.database.values import row_of, value_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

    from sqlalchemy import ColumnElement, Connection, Row

    from bot.model import Shard

Followed = tuple[str | Topic, ...]
"""What a subscriber follows: a topic of the YAML by its name, or one of its own."""

_ROWS = 5000
"""How many are fetched at once."""
_FARTHEST_EAST = timedelta(hours=14)
"""Where a day begins first: https://en.wikipedia.org/wiki/UTC%2B14:00."""
_FARTHEST_WEST = timedelta(hours=12)
"""Where it begins last."""
_COLUMNS = (
    members.c.key,
    members.c.channel,
    members.c.destination,
    members.c.mailbox,
    cast(members.c.topics, Text),
    cast(members.c.muted, Text),
    members.c.at,
    members.c.weekdays,
    members.c.timezone,
    type_coerce(members.c.paused, Integer),
    members.c.paused_until,
    type_coerce(members.c.confirmed_at.is_not(None), Integer),
    type_coerce(members.c.asked_topics.is_not(None), Integer),
    members.c.revision,
)
"""Those of a `RosterRow`. SQLAlchemy would make each boolean anew, which takes longer than to fetch them."""
_WORDS = ("keywords", "exclude", "authors")
"""The lists of words that an own topic may have."""


@dataclass(frozen=True, slots=True)
class Member:
    """One self-service subscriber."""

    key: str
    """Its name as a subscriber; random, so that it says nothing of who it is."""
    channel: str
    destination: Secret
    recipient: str
    mailbox: str | None
    timezone: str
    how: str
    """Where it was asked for: web, slack, discord."""
    topics: Followed = ()
    muted: tuple[str, ...] = ()
    """What none of its topics shows, beside what they exclude themselves."""
    own_topics_made: int = 0
    """How many own topics it ever had: they are numbered, and no number is given twice."""
    asked_topics: Followed | None = None
    """Of a request that waits for its confirmation; None if none does."""
    asked_at: datetime | None = None
    """When that was made last."""
    at: time | None = None
    weekdays: frozenset[int] = ALL_WEEK
    paused: bool = False
    paused_until: date | None = None
    """The first day, in its zone, that is not paused any more."""
    confirmed_at: datetime | None = None
    person: str | None = None
    """A keyed hash of whose direct messages it is for; None if it is a channel or a mailbox, or that is not known."""
    revision: int = field(default=0, compare=False)
    """0: not stored yet."""


class RosterRow(NamedTuple):
    """What the roster needs of a self-service subscriber; very many tuples are read faster than as many `Member`s."""

    key: str
    channel: str
    destination: str
    mailbox: str | None
    topics: str
    """JSON."""
    muted: str
    """JSON."""
    at: str | None
    weekdays: int
    timezone: str
    paused: bool
    paused_until: date | None
    is_confirmed: bool
    asks: bool
    """Whether a request waits for its confirmation."""
    revision: int


@dataclass(frozen=True, slots=True)
class MemberCounts:
    """How many self-service subscribers there are."""

    subscribed: int
    """Who confirmed, paused ones among them."""
    paused: int
    unconfirmed: int
    """Who asked and did not confirm yet."""


class Members:
    """The self-service subscribers, in one transaction."""

    def __init__(self, connection: Connection, *, lock: bool) -> None:
        """Take the transaction, and whether what is read one by one is to be locked, since it will be changed."""
        self._connection = connection
        self._lock = lock

    def get(self, key: str) -> Member | None:
        """The one of that key."""
        return self._one(members.c.key == key)

    def of_mailbox(self, mailbox: str) -> Member | None:
        """The one whose mailbox it is."""
        return self._one(members.c.mailbox == mailbox)

    def of_recipient(self, channel: str, recipient: str) -> Member | None:
        """The one that is written to there: on a channel there is one to each address, named by its hash."""
        return self._one((members.c.channel == channel) & (members.c.recipient == recipient))

    def of_person(self, channel: str, persons: Collection[str]) -> Member | None:
        """The one that is for a person's direct messages; `persons` are its keys under every secret that counts."""
        statement = select(members).where(members.c.channel == channel, members.c.person.in_(persons))
        row = self._connection.execute(statement.order_by(members.c.key)).first()
        return None if row is None else _member(row)

    def all(self) -> Iterator[Member]:
        """Every one, in the order of their keys."""
        return map(_member, self._connection.execute(select(members).order_by(members.c.key)))

    def rows(self, only: Collection[str] | None = None, shard: Shard | None = None) -> Iterator[list[RosterRow]]:
        """What the roster needs of them, many at a time, in no certain order.

        Args:
            only: their keys; all if there are none.
            shard: without keys, only those in it.
        """
        every = select(*_COLUMNS)
        if shard is not None and only is None:
            every = every.where(in_shard(self._connection, members.c.key, shard))
        some = (every.where(members.c.key.in_(keys)) for keys in batched(only or ()))
        for statement in [every] if only is None else some:
            for rows in self._connection.execute(statement).partitions(_ROWS):
                yield list(map(RosterRow._make, rows))

    def counts(self) -> MemberCounts:
        """How many there are."""
        confirmed = members.c.confirmed_at.is_not(None)
        columns = (confirmed, confirmed & members.c.paused, ~confirmed)
        sums = (func.coalesce(func.sum(case((column, 1), else_=0)), 0) for column in columns)
        return MemberCounts(*map(int, self._connection.execute(select(*sums).select_from(members)).one()))

    def reads(self) -> frozenset[str]:
        """What is to be collected for them: categories, and names of the YAML's topics after an @."""
        statement = select(members.c.reads).where(members.c.confirmed_at.is_not(None)).distinct()
        return frozenset(each for text in self._connection.scalars(statement) for each in text.split())

    def to_compose(self, upto: int, midnight: datetime, now: datetime, shard: Shard | None = None) -> tuple[str, ...]:
        """The keys of those for whom composing may come to anything; the others need not even be read.

        Args:
            upto: the last announcement there is.
            midnight: when the mailing date began; whose hour was served since is told at once of what is late.
            now: the moment, UTC.
            shard: only those in it; all if there is none.
        """
        state = subscribers.c
        news = or_(state.seen.is_(None), state.seen < upto, state.told_through.is_(None))
        anything = or_(
            state.name.is_(None),
            state.composed_as != members.c.revision,
            state.due_at <= now,
            and_(news, or_(state.due_at.is_(None), and_(state.slot >= midnight, state.told_through.is_not(None)))),
        )
        joined = members.outerjoin(subscribers, state.name == members.c.key)
        statement = select(members.c.key).select_from(joined).where(_is_listening(now), anything)
        if shard is not None:
            statement = statement.where(in_shard(self._connection, members.c.key, shard))
        return tuple(self._connection.scalars(statement))

    def next_due(self, now: datetime) -> datetime | None:
        """When the next hour of any of them comes, or its pause ends."""
        joined = members.join(subscribers, subscribers.c.name == members.c.key)
        later = subscribers.c.due_at > now
        statement = select(func.min(subscribers.c.due_at)).select_from(joined).where(_is_listening(now), later)
        due: datetime | None = self._connection.scalar(statement)
        return min((*self._ends_of_pauses(now), *([] if due is None else [due])), default=None)

    def _ends_of_pauses(self, now: datetime) -> Iterator[datetime]:
        """When pauses end that have not ended yet: as the day begins, in each one's own zone."""
        days = (members.c.paused_until, members.c.timezone)
        later = members.c.paused & (members.c.paused_until >= (now - _FARTHEST_WEST).date())
        there = members.c.confirmed_at.is_not(None) & (members.c.reads != "")
        for day, zone in self._connection.execute(select(*days).where(later, there).distinct()):
            begins = day_begins(day, zone)
            if begins > now:
                yield begins

    def put(self, member: Member) -> Member:
        """Store it, new or changed; as it is stored now."""
        row = _row(member)
        mine = members.update().where(members.c.key == member.key)
        self._connection.execute((mine if member.revision else members.insert()).values(row))
        return _member(self._connection.execute(select(members).where(members.c.key == member.key)).one())

    def delete(self, key: str) -> None:
        """Forget it."""
        self._connection.execute(members.delete().where(members.c.key == key))

    def has_requests(self, before: datetime) -> bool:
        """Whether there are requests from before that moment."""
        stale = (members.c.asked_at < before) & members.c.asked_topics.is_not(None)
        return self._connection.scalar(select(members.c.key).where(stale).limit(1)) is not None

    def forget_requests(self, before: datetime) -> int:
        """Forget requests that nobody confirmed and who was asked about before that moment. How many.

        Who never confirmed one is deleted.
        """
        stale = members.c.asked_at < before
        never = stale & members.c.confirmed_at.is_(None)
        deleted = self._connection.execute(members.delete().where(never)).rowcount
        old = stale & members.c.asked_topics.is_not(None)
        closed = members.update().where(old).values(asked_topics=None, revision=members.c.revision + 1)
        return deleted + self._connection.execute(closed).rowcount

    def _one(self, where: Any) -> Member | None:  # noqa: ANN401 - SQLAlchemy's own expression type
        statement = select(members).where(where)
        row = self._connection.execute(statement.with_for_update() if self._lock else statement).one_or_none()
        return None if row is None else _member(row)


def day_begins(day: date, zone: str) -> datetime:
    """When the day begins in the zone, UTC; where a change of the clocks skips midnight, when that is."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _is_listening(now: datetime) -> ColumnElement[bool]:
    """Confirmed, with a topic, and not paused; a pause may seem to be over some hours too early."""
    awake = or_(members.c.paused.is_(False), members.c.paused_until <= (now + _FARTHEST_EAST).date())
    return and_(members.c.confirmed_at.is_not(None), members.c.reads != "", awake)


def _row(member: Member) -> dict[str, Any]:
    return row_of(
        member,
        destination=member.destination.reveal(),
        topics=_to_json(member.topics),
        reads=_reads(member.topics),
        asked_topics=None if member.asked_topics is None else _to_json(member.asked_topics),
        at=member.at and f"{member.at:%H:%M}",
        weekdays=sum(1 << day for day in member.weekdays),
        revision=member.revision + 1,
    )


def _member(row: Row[Any]) -> Member:
    return value_of(
        Member,
        row,
        destination=Secret(row.destination),
        topics=_from_json(row.topics),
        muted=tuple(row.muted),
        asked_topics=None if row.asked_topics is None else _from_json(row.asked_topics),
        at=row.at and time.fromisoformat(row.at),
        weekdays=frozenset(day for day in range(7) if row.weekdays >> day & 1),
    )


def _reads(topics: Followed) -> str:
    """What is to be collected for these topics: categories, and names of the YAML's topics after an @."""
    own = {category for topic in topics if isinstance(topic, Topic) for category in topic.categories}
    return " ".join(sorted(own | {f"@{topic}" for topic in topics if isinstance(topic, str)}))


def _to_json(topics: Followed) -> list[Any]:
    return [each if isinstance(each, str) else _own(each) for each in topics]


def _own(topic: Topic) -> dict[str, Any]:
    words = {name: list(found) for name in _WORDS if (found := getattr(topic, name))}
    query = {"query": topic.query} if topic.query else {}
    return {"name": topic.name, "title": topic.title, "categories": list(topic.categories), **words, **query}


def _from_json(raw: Iterable[Any]) -> Followed:
    return tuple(each if isinstance(each, str) else own_topic(each) for each in raw)


def own_topic(raw: Mapping[str, Any]) -> Topic:
    """A topic of a subscriber's own, from the JSON in which it is stored."""
    return Topic(
        name=raw["name"],
        title=raw["title"],
        categories=tuple(raw["categories"]),
        keywords=tuple(raw.get("keywords", ())),
        exclude=tuple(raw.get("exclude", ())),
        authors=tuple(raw.get("authors", ())),
        query=raw.get("query"),
    )
