"""What may be followed: topics that the YAML offers, by name, and topics that a reader writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.config.reader import join
from bot.errors import Problem
from bot.members.own_topics import MOST_TOPICS, read_topic
from bot.members.values import Refusal, Refused
from bot.model import Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.config.reader import Place
    from bot.members.context import Context
    from bot.members.own_topics import Wanted
    from bot.store.members import Followed, Member


def offered(context: Context, channel: str) -> tuple[str, ...]:
    """The names of the YAML's topics that may be followed on this channel: by mail those of `web.signup`."""
    if channel != "mail":
        return tuple(context.settings.topics)
    return context.settings.web.signup if context.settings.web else ()


def read_followed(context: Context, channel: str, wanted: Sequence[str | Wanted]) -> Followed | Refused:
    """The topics that somebody on this channel wants to follow, validated; own topics get names by `numbered`."""
    if not wanted:
        return Refused(Refusal.NO_TOPIC)
    if len(wanted) > MOST_TOPICS:
        return too_many()
    found: list[str | Topic] = []
    for place, each in enumerate(wanted):
        topic = _read(context, channel, each, ("topics", place))
        if isinstance(topic, Refused):
            return topic
        found.append(topic)
    return tuple(dict.fromkeys(found))


def _read(context: Context, channel: str, wanted: str | Wanted, place: Place) -> str | Topic | Refused:
    if not isinstance(wanted, str):
        web = context.settings.web
        if channel == "mail" and web is not None and not web.own_topics:
            return Refused(Refusal.OWN_TOPICS)
        return read_topic(wanted, place, read=context.settings.named_categories)
    if wanted not in offered(context, channel):
        return Refused(Refusal.TOPIC, (Problem(join(place), "there is no such topic to follow"),))
    return wanted


def numbered(member: Member, followed: Followed) -> tuple[Member, Followed]:
    """The topics with names for own ones, and the member with its count of own topics raised."""
    named: list[str | Topic] = []
    for topic in followed:
        if isinstance(topic, Topic):
            member = replace(member, own_topics_made=member.own_topics_made + 1)
            named.append(replace(topic, name=f"{member.key}/{member.own_topics_made}"))
        else:
            named.append(topic)
    return member, tuple(named)


def too_many() -> Refused:
    """The refusal of more topics than a subscriber may follow."""
    return Refused(Refusal.TOO_MANY_TOPICS, (Problem("topics", f"at most {MOST_TOPICS} are expected"),))
