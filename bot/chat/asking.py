"""Who asks, where, and what a command is given. Values, and what they read from the store."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from bot.members.places import ChatPlace
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
    """A person who asks, in a channel or in direct messages."""

    platform: str
    """Slack or discord, by the channel's name."""
    person: str = field(repr=False)
    """The platform's id of who asks."""
    destination: str = field(repr=False)
    """What digests for this place are sent to: the channel's id, or what stands for a person's direct messages."""
    is_direct: bool = False
    """Whether it is about the person and not about a channel."""
    names: tuple[str, ...] = ()
    """How else a configuration may name the destination: `#papers`."""
    own: str = field(default="", repr=False)
    """What the person's own direct messages are sent to, where the platform says so beside the channel."""
    timezone: str | None = None
    """Where the person lives, by its IANA name, if the platform says so."""

    @property
    def has_fields(self) -> bool:
        """Whether the platform has a field for each argument, so that nobody types a whole line."""
        return self.platform == "discord"

    @property
    def place(self) -> ChatPlace:
        """Where the answer's subscription is."""
        return ChatPlace(self.platform, self.destination, self.names)


@dataclass(frozen=True, slots=True)
class Request:
    """One command or click, as a platform's listener read it."""

    id: str
    """The platform's own id of it: what comes twice with the same is carried out once."""
    asker: Asker
    command: str
    """Its name in the table."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Its arguments, read: see `arguments.read`."""
    shown_to: str = ""
    """Of a click: the subscriber whose digest it is under; else this place's own is meant."""


@dataclass(frozen=True)
class Ask:
    """What a command is given. What it reads is read once, when it is first needed."""

    context: Context
    asker: Asker
    now: datetime
    shown_to: str = ""
    """Of a click: the subscriber whose digest it is under; else this place's own is meant."""

    @property
    def persons(self) -> tuple[str, ...]:
        """What feedback knows who asks by."""
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
        """The key of the subscriber that is meant; empty if there is none.

        Of a click it is whom the button names, if their digests come here: nobody asks about, or speaks for, the
        subscriber of another place. Else it is this place's own, also under a digest of what was liked here: what is
        said there counts for the subscriber that brings papers.
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
        """The key of the subscriber of who asks: what comes to their direct messages. None if there is none."""
        place = ChatPlace(self.asker.platform, self.asker.own) if self.asker.own else None
        configured = place.configured(self.context) if place else None
        if configured is not None:
            return configured.name
        with self.context.store.snapshot() as view:
            member = view.members.of_person(self.asker.platform, self.persons)
        member = member or (place.member(self.context) if place else None)
        return member.key if member else None

    @cached_property
    def roster(self) -> Settings:
        """The settings with this place's subscriber alone, and with the topics that it follows."""
        names = [self.subject] if self.subject else []
        whole = RosterReader(self.context.store, self.context.settings).of(names, self.now)
        mine = {name: whole.subscribers[name] for name in names if name in whole.subscribers}
        followed = {topic: whole.topics[topic] for each in mine.values() for topic in each.topics}
        return replace(whole, subscribers=mine, topics=followed, site=None)

    @property
    def subscriber(self) -> Subscriber | None:
        """This place's subscriber as the verbs know it."""
        return next(iter(self.roster.subscribers.values()), None)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What it follows, without what it mutes."""
        return tuple(self.roster.topics.values())

    def again(self) -> Ask:
        """The same after something was changed."""
        return replace(self)
