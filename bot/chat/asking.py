"""The argument of a command: the person who asks, the place, and what is read from the store for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from bot.members.places import ChatPlace, own_subscriber
from bot.members.roster import RosterReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from bot.members.context import Context
    from bot.model import Topic
    from bot.settings import Settings, Subscriber
    from bot.store.members import Member


@dataclass(frozen=True, slots=True)
class Asker:
    """A person who gives a command, and the place: a channel or direct messages."""

    platform: str
    """Slack or discord, by the channel's name."""
    person: str = field(repr=False)
    """The platform's id of the person."""
    destination: str = field(repr=False)
    """The address of digests for this place: the channel's id, or the id for the person's direct messages."""
    is_direct: bool = False
    """Whether the command is about the person, not about a channel."""
    names: tuple[str, ...] = ()
    """Other names that the YAML may have for the destination: `#papers`."""
    own: str = field(default="", repr=False)
    """The address of the person's direct messages, if the platform names it in a channel too."""
    timezone: str | None = None
    """The person's time zone by its IANA name, if the platform knows it."""

    @property
    def has_fields(self) -> bool:
        """Whether the platform has a field for each argument, instead of one typed line."""
        return self.platform == "discord"

    @property
    def place(self) -> ChatPlace:
        """The place whose subscription the command is about."""
        return ChatPlace(self.platform, self.destination, self.names)


@dataclass(frozen=True, slots=True)
class Request:
    """One command or click, as a platform's listener read it."""

    id: str
    """The platform's id; a request that comes twice with the same id is carried out once."""
    asker: Asker
    command: str
    """Its name in `COMMANDS`."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The values of its arguments, from `arguments.read`."""
    shown_to: str = ""
    """For a click: the subscriber to whom the paper was shown; if empty, this place's own subscriber."""


@dataclass(frozen=True)
class Ask:
    """The argument of a command. Everything is read from the store once, when it is first needed."""

    context: Context
    asker: Asker
    now: datetime
    shown_to: str = ""
    """For a click: the subscriber to whom the paper was shown; if empty, this place's own subscriber."""

    @property
    def persons(self) -> tuple[str, ...]:
        """The keyed hashes under which the person's feedback is stored."""
        return self.context.keys.person(self.asker.platform, self.asker.person)

    @cached_property
    def configured(self) -> Subscriber | None:
        """The YAML's subscriber of this place."""
        return self.asker.place.configured(self.context)

    @cached_property
    def member(self) -> Member | None:
        """The self-service subscriber of this place."""
        return None if self.configured else self.asker.place.member(self.context)

    @cached_property
    def subject(self) -> str:
        """The key of the subscriber that the command is about; empty if there is none.

        For a click it is the subscriber that the button names, but only if its digests come to this place: nobody may
        ask about, or give feedback for, the subscriber of another place. Otherwise it is this place's own subscriber,
        also for a click under a digest of liked papers: the feedback counts for the subscriber that gets the papers.
        """
        named = self.context.settings.subscribers.get(self.shown_to)
        if named is not None and not named.liked and self.asker.place.receives(named):
            return named.name
        own = self.asker.place.member(self.context)
        if own is not None and own.key == self.shown_to:
            return own.key
        return self.configured.name if self.configured else self.member.key if self.member else ""

    @cached_property
    def own(self) -> str | None:
        """The key of the person's own subscriber, whose digests come to their direct messages; None without one."""
        found = own_subscriber(self.context, self.asker.platform, self.persons)
        place = ChatPlace(self.asker.platform, self.asker.own) if self.asker.own and not found else None
        member = place.member(self.context) if place else None
        return member.key if member else found

    @cached_property
    def roster(self) -> Settings:
        """The settings with only this place's subscriber and the topics that it follows."""
        names = [self.subject] if self.subject else []
        whole = RosterReader(self.context.store, self.context.settings).of(names, self.now)
        mine = {name: whole.subscribers[name] for name in names if name in whole.subscribers}
        followed = {topic: whole.topics[topic] for each in mine.values() for topic in each.topics}
        return replace(whole, subscribers=mine, topics=followed, site=None)

    @property
    def subscriber(self) -> Subscriber | None:
        """This place's subscriber, as the four verbs get it."""
        return next(iter(self.roster.subscribers.values()), None)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics that it follows; their exclusions contain its muted words."""
        return tuple(self.roster.topics.values())
