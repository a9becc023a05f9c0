"""A place in a chat that can subscribe: a channel, or a person's direct messages; and its subscriber."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from bot.channels import CHANNELS
from bot.settings import fingerprint

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.members.context import Context
    from bot.settings import Address, Subscriber
    from bot.store.members import Member

_PERSON = "person"
"""The kind of an address that stands for a person's direct messages."""


@dataclass(frozen=True)
class ChatPlace:
    """A place in a chat; it has at most one subscriber."""

    channel: str
    """Slack or Discord, by the channel's name."""
    destination: str = field(repr=False)
    """A channel's id, or the platform's id for direct messages to a person."""
    names: tuple[str, ...] = ()
    """Other names of the destination in a configuration: `#papers`."""

    @cached_property
    def address(self) -> Address:
        """The destination as an address of its channel.

        Raises:
            ValueError: the channel cannot write to such a destination.
        """
        kind = CHANNELS[self.channel]
        (address,) = kind.addresses(self.destination, kind.Options())
        return address

    @property
    def recipient(self) -> str:
        """The key of the address: a hash."""
        return self.address.key

    def configured(self, context: Context) -> Subscriber | None:
        """The YAML's subscriber with this destination; None if none has it.

        Of several the first; one that gets what was liked there only if there is no other.
        """
        found = filter(self.receives, context.settings.subscribers.values())
        return min(found, key=lambda each: each.liked, default=None)

    def receives(self, subscriber: Subscriber) -> bool:
        """Whether a subscriber's digests come to this place."""
        mine = {fingerprint(name) for name in (self.destination, *self.names)}
        return subscriber.channel == self.channel and not mine.isdisjoint(subscriber.recipients)

    def member(self, context: Context) -> Member | None:
        """The self-service subscriber of this place.

        Raises:
            StoreError: the store cannot be read.
        """
        with context.store.snapshot() as view:
            return view.members.of_recipient(self.channel, self.recipient)


def own_subscriber(context: Context, platform: str, persons: Collection[str]) -> str | None:
    """The key of the subscriber whose digests come to a person's direct messages; None if there is none.

    Args:
        context: the store and the configuration.
        platform: Slack or Discord, by the channel's name.
        persons: the person's keys under every secret that counts: `context.keys.person`.
    """
    for subscriber in context.settings.subscribers.values():
        for address in subscriber.addresses if subscriber.channel == platform else ():
            theirs = context.keys.person(platform, address.value.reveal()) if address.kind == _PERSON else ()
            if not set(theirs).isdisjoint(persons):
                return subscriber.name
    with context.store.snapshot() as view:
        member = view.members.of_person(platform, persons)
    return member.key if member else None
