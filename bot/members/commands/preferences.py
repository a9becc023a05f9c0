"""What a self-service subscriber gets, and when: topics, muted words, hour, zone, weekdays, pause.

A subscriber is named by its key. A command that changes nothing says so in its result.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bot.config import value_types
from bot.errors import Problem
from bot.members.commands.following import numbered, read_followed, too_many
from bot.members.own_topics import MOST_TOPICS, read_terms
from bot.members.values import Changed, Refusal, Refused
from bot.model import Topic
from bot.settings import ALL_WEEK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date, time

    from bot.members.context import Context
    from bot.members.own_topics import Wanted
    from bot.store.members import Member

    Change = Callable[[Member], "Member | Refused"]
    Command = Callable[[str], Changed | Refused]


def follow(context: Context, key: str, wanted: str | Wanted) -> Changed | Refused:
    """Follows one more topic: one of the YAML's by name, or an own topic as typed."""
    return _change(context, key, lambda member: following_too(context, member, wanted))


def unfollow(context: Context, key: str, topic: str) -> Changed | Refused:
    """Stops following a topic, by name."""
    return _change(
        context, key, lambda member: _with_topics(member, *(t for t in member.topics if _name(t) != topic))
    )


def rewrite(context: Context, key: str, topic: str, wanted: Wanted) -> Changed | Refused:
    """Changes an own topic, by name; the change holds for coming mailings, as in the YAML."""

    def change(member: Member) -> Member | Refused:
        followed = read_followed(context, member.channel, [wanted])
        if isinstance(followed, Refused):
            return followed
        if not any(isinstance(own, Topic) and own.name == topic for own in member.topics):
            return Refused(Refusal.TOPIC, (Problem("topic", "there is no such topic of your own"),))
        (new,) = (replace(each, name=topic) for each in followed if isinstance(each, Topic))
        return _with_topics(member, *(new if _name(each) == topic else each for each in member.topics))

    return _change(context, key, change)


def mute(context: Context, key: str, terms: Sequence[str]) -> Changed | Refused:
    """Excludes papers with these words from all topics, in addition to words muted before."""

    def change(member: Member) -> Member | Refused:
        found = read_terms(tuple(dict.fromkeys((*member.muted, *terms))), "muted")
        return found if isinstance(found, Refused) else replace(member, muted=found)

    return _change(context, key, change)


def unmute(context: Context, key: str, terms: Collection[str]) -> Changed | Refused:
    """Includes papers with these words again."""
    gone = {term.strip().casefold() for term in terms}
    return _change(
        context, key, lambda m: replace(m, muted=tuple(term for term in m.muted if term.casefold() not in gone))
    )


def hour(context: Context, key: str, at: time | None) -> Changed | Refused:
    """Sets the time of day for digests, in the subscriber's zone; None for as soon as the mailing is in."""

    def change(member: Member) -> Member:
        # weekdays mean nothing without an hour, as in the YAML
        return replace(member, at=at, weekdays=member.weekdays if at else ALL_WEEK)

    return _change(context, key, change)


def weekdays(context: Context, key: str, days: Collection[int]) -> Changed | Refused:
    """Sets the weekdays for digests (Monday is 0); mailings in between are included. It needs an hour."""
    wanted = frozenset(days) & ALL_WEEK

    def change(member: Member) -> Member | Refused:
        if not wanted or (member.at is None and wanted != ALL_WEEK):
            return Refused(Refusal.WEEKDAYS)
        return replace(member, weekdays=wanted)

    return _change(context, key, change)


def zone(context: Context, key: str, name: str) -> Changed | Refused:
    """Sets the time zone, by its IANA name."""
    try:
        found = value_types.zone(name)
    except ValueError as error:
        return Refused(Refusal.ZONE, (Problem("zone", str(error)),))
    return _change(context, key, lambda member: replace(member, timezone=found.key))


def pause(context: Context, key: str, until: date | None = None) -> Changed | Refused:
    """Pauses digests until that day, or until `resume`. What comes in meanwhile is sent then."""
    return _change(context, key, lambda member: replace(member, paused=True, paused_until=until))


def resume(context: Context, key: str) -> Changed | Refused:
    """Ends a pause."""
    return _change(context, key, lambda member: replace(member, paused=False, paused_until=None))


class _RefusedError(Exception):
    """One of several commands was refused, so that the transaction is rolled back."""

    def __init__(self, refusal: Refused) -> None:
        super().__init__(refusal.why)
        self.refusal = refusal


def all_or_none(context: Context, key: str, wanted: Sequence[Command]) -> Changed | Refused:
    """Carries out several commands on a subscriber, each called with its key; none of them if one is refused."""
    as_it_is: Command = partial(_change, context, change=lambda member: member)
    try:
        with context.store.shared_transaction():
            done = [_carried_out(command, key) for command in (as_it_is, *wanted)]
    except _RefusedError as error:
        return error.refusal
    return Changed(done[-1].member, any(each.changed for each in done))


def _carried_out(command: Command, key: str) -> Changed:
    done = command(key)
    if isinstance(done, Refused):
        raise _RefusedError(done)
    return done


def _change(context: Context, key: str, change: Change) -> Changed | Refused:
    """Reads the subscriber, changes it, and stores it if it is different now, in one transaction."""
    with context.store.transaction() as transaction:
        member = transaction.members.get(key)
        if member is None or member.confirmed_at is None:
            return Refused(Refusal.NO_MEMBER)
        changed = change(member)
        if isinstance(changed, Refused):
            return changed
        return Changed(member, changed=False) if changed == member else Changed(transaction.members.put(changed))


def following_too(context: Context, member: Member, wanted: str | Wanted) -> Member | Refused:
    """The subscriber with one more topic; unchanged if it follows that already."""
    followed = read_followed(context, member.channel, [wanted])
    if isinstance(followed, Refused):
        return followed
    new = tuple(topic for topic in followed if topic not in map(_nameless, member.topics))
    if len(member.topics) + len(new) > MOST_TOPICS:
        return too_many()
    counted, named = numbered(member, new)
    return _with_topics(counted, *member.topics, *named)


def _with_topics(member: Member, *topics: str | Topic) -> Member:
    return replace(member, topics=topics)


def _name(topic: str | Topic) -> str:
    return topic if isinstance(topic, str) else topic.name


def _nameless(topic: str | Topic) -> str | Topic:
    return topic if isinstance(topic, str) else replace(topic, name="")
