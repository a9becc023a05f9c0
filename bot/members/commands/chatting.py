"""Subscribing from a chat. It needs no confirmation, because the platform vouches for who asks."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.members.commands.preferences import following_too
from bot.members.values import Changed, Refusal, Refused
from bot.settings import Secret
from bot.store.members import Member
from bot.store.request_limits import Rate

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from bot.members.context import Context
    from bot.members.own_topics import Wanted
    from bot.members.places import ChatPlace

_KEY_BYTES = 8


def follow_in(
    context: Context,
    place: ChatPlace,
    wanted: str | Wanted,
    timezone: str,
    now: datetime,
    *,
    person: str | None = None,
) -> Changed | Refused:
    """Makes a place follow one more topic; the first makes it a subscriber, which gets the latest mailing at once.

    Args:
        context: the store and the configuration.
        place: the channel, or the direct messages of whoever asks.
        wanted: one of the YAML's topics by name, or an own topic as typed.
        timezone: the IANA time zone for a new subscriber.
        now: the moment, UTC.
        person: of direct messages, the key of whom they are with: `context.keys.person`.
    """
    if place.configured(context) is not None:
        return Refused(Refusal.NO_MEMBER)
    with context.store.transaction() as transaction:
        transaction.hold_reader(place.recipient)
        known = transaction.members.of_recipient(place.channel, place.recipient)
        member = replace(known or _newcomer(place, timezone, now), person=person)
        changed = following_too(context, member, wanted)
        if isinstance(changed, Refused):
            return changed
        stored = changed if changed == known else transaction.members.put(changed)
        return Changed(stored, changed=known is None or changed.topics != known.topics)


def carry_out_once(context: Context, event: str, within: timedelta, now: datetime) -> bool:
    """Whether this command or click was not carried out before: several machines may receive the same one.

    Call it in the transaction of the command, see `Store.shared_transaction`.

    Args:
        context: the store.
        event: the platform's id of it, after the platform's name.
        within: how long it is remembered.
        now: the moment, UTC.
    """
    with context.store.transaction() as transaction:
        return not transaction.take(f"once:{event}", Rate(1, within), now)


def _newcomer(place: ChatPlace, timezone: str, now: datetime) -> Member:
    return Member(
        key=f"m-{secrets.token_hex(_KEY_BYTES)}",
        channel=place.channel,
        destination=Secret(place.destination),
        recipient=place.recipient,
        mailbox=None,
        timezone=timezone,
        how=place.channel,
        confirmed_at=now,
    )
