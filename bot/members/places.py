"""A place in a chat that can subscribe: a channel, or a person's direct messages; and its subscriber."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from bot.channels import CHANNELS
from bot.settings import Secret, fingerprint

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.settings import Address, Subscriber
    from bot.store.members import Member


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

    @property
    def secret(self) -> Secret:
        """The destination as it is stored."""
        return Secret(self.destination)

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
