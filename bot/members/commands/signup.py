"""Signing up by mail, and deleting a self-service subscriber.

    subscribe -> a request and its confirmation mail -> confirm -> subscriber -> delete

The answer is the same for every address; an address gets at most one mail a day because of sign-ups.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.config import value_types
from bot.errors import Problem
from bot.members.commands.following import numbered, read_followed
from bot.members.mailbox import domain_of, read_address, reader_key
from bot.members.values import Refusal, Refused
from bot.store.members import Member
from bot.store.outbox.policy import Lane
from bot.store.request_limits import Rate
from bot.store.suppressions import SuppressionReason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.members.context import Context
    from bot.members.own_topics import Wanted
    from bot.settings import Address
    from bot.store.members import Followed
    from bot.store.transaction import Transaction

MAILS = Rate(1, timedelta(days=1))
"""The most mails that an address gets because somebody typed it."""
MAILS_TO_WHO_LEFT = Rate(1, timedelta(days=7))
"""The rate for an address whose reader unsubscribed, because whoever types it may be a stranger."""

_KEY_BYTES = 8


def subscribe(
    context: Context, address: str, topics: Sequence[str | Wanted], zone: str, now: datetime
) -> Refused | None:
    """Stores a request to subscribe a mailbox, and asks its reader by mail to confirm.

    Args:
        context: the store and the configuration.
        address: the address as typed.
        topics: topics of the YAML by name, or own topics as typed.
        zone: the reader's IANA time zone.
        now: the moment, UTC.

    Returns:
        None for every address that may sign up, known or not, so that nobody learns who is subscribed. A refusal is
        about the input only.
    """
    web = context.settings.web
    if web is None or not web.signup:
        return Refused(Refusal.NOT_OPEN)
    try:
        found = read_address(address)
    except ValueError as error:
        return Refused(Refusal.ADDRESS, (Problem("address", str(error)),))
    if web.signup_domains and domain_of(found) not in web.signup_domains:
        return Refused(Refusal.DOMAIN, (Problem("address", f"one of {', '.join(web.signup_domains)} is expected"),))
    try:
        newcomer = _newcomer(found, value_types.zone(zone).key)
    except ValueError as error:
        return Refused(Refusal.ZONE, (Problem("zone", str(error)),))
    wanted = read_followed(context, "mail", topics)
    if isinstance(wanted, Refused):
        return wanted
    with context.store.transaction() as transaction:
        transaction.hold_reader(str(newcomer.mailbox))
        _ask(context, transaction, newcomer, wanted, now)
    return None


def _newcomer(address: Address, zone: str) -> Member:
    return Member(
        key=f"m-{secrets.token_hex(_KEY_BYTES)}",
        channel="mail",
        destination=address.value,
        recipient=address.key,
        mailbox=address.mailbox,
        timezone=zone,
        how="web",
    )


def _ask(context: Context, transaction: Transaction, newcomer: Member, wanted: Followed, now: datetime) -> None:
    """Stores the request and enqueues the mail, if the mailbox may be written to."""
    mailbox = str(newcomer.mailbox)
    member = transaction.members.of_mailbox(mailbox) or newcomer
    found = transaction.suppressions.find(context.keys.suppression(mailbox))
    if found and found.reason is not SuppressionReason.UNSUBSCRIBED:
        return
    if member.confirmed_at is None or found:
        if member.confirmed_at is None:
            member = replace(member, timezone=newcomer.timezone)
        member, asked = numbered(member, wanted)
        transaction.members.put(replace(member, asked_topics=asked, asked_at=now))
        mail = context.confirmation(mailbox, now)
    else:
        mail = context.reminder(mailbox)
    lane = Lane(member.key, member.recipient)
    if found:  # a digest that was being composed at the moment of their no; while they are asked, nothing is checked
        transaction.stop([lane], "its mailbox is suppressed", now)
    limits = {"signup": MAILS, **({"return": MAILS_TO_WHO_LEFT} if found else {})}
    # those of former secrets first: where one of them is empty, nothing is taken from the present one's
    buckets = context.keys.person("signup", reader_key(newcomer.destination))[::-1]
    if not any(transaction.take(f"{name}:{key}", rate, now) for name, rate in limits.items() for key in buckets):
        transaction.enqueue(mail, lane, now)


def confirm(context: Context, mailbox: str, now: datetime) -> Member | Refused:
    """Confirms a request: the reader gets what was asked for, and a suppression is lifted. Returns the subscriber.

    Args:
        context: the store and the configuration.
        mailbox: the mailbox of the link, as a hash in hex.
        now: the moment, UTC.
    """
    with context.store.transaction() as transaction:
        transaction.hold_reader(mailbox)
        keys = context.keys.suppression(mailbox)
        member = transaction.members.of_mailbox(mailbox)
        if member is None:
            return Refused(Refusal.NOT_ASKED)
        if member.asked_topics is None:
            is_subscribed = member.confirmed_at is not None and transaction.suppressions.find(keys) is None
            return member if is_subscribed else Refused(Refusal.NOT_ASKED)
        transaction.suppressions.lift(keys)
        asked = replace(member, topics=member.asked_topics, asked_topics=None, confirmed_at=now)
        return transaction.members.put(replace(asked, paused=False, paused_until=None))


def delete(context: Context, key: str, now: datetime, persons: tuple[str, ...] = ()) -> None:
    """Deletes a self-service subscriber: its address, topics and feedback. What waits for it is not sent.

    What it was told stays under its key, which identifies nobody any more; a suppression of its mailbox stays, too.

    Args:
        context: the store and the configuration.
        key: the subscriber's.
        now: the moment, UTC.
        persons: whose feedback goes, too: `context.keys.person` of who reads it alone. A mailbox' reader is known.
    """
    with context.store.transaction() as transaction:
        member = transaction.members.get(key)
        if member is not None:
            _delete(context, transaction, member, now, persons)


def forget(context: Context, mailbox: str, now: datetime) -> None:
    """Deletes all that is known of a mailbox's reader: their feedback and their self-service subscriber.

    A subscriber of the YAML stays, because it is the operator's.
    """
    with context.store.transaction() as transaction:
        transaction.hold_reader(mailbox)
        persons = context.keys.person("mail", mailbox)
        member = transaction.members.of_mailbox(mailbox)
        transaction.feedback.forget("", persons)
        if member is not None:
            _delete(context, transaction, member, now, persons)


def _delete(
    context: Context, transaction: Transaction, member: Member, now: datetime, persons: tuple[str, ...]
) -> None:
    transaction.stop([Lane(member.key, member.recipient)], "its subscriber was deleted", now)
    of_mailbox = context.keys.person(member.channel, member.mailbox) if member.mailbox else ()
    transaction.feedback.forget(member.key, (*persons, *of_mailbox))
    transaction.members.delete(member.key)
