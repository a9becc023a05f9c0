"""Finds a person's own subscriber: what comes to their direct messages in a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.members.context import Context

_PERSON = "person"
"""The kind of an address that stands for a person's direct messages."""


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
