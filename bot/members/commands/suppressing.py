"""Suppressing mailboxes: after a click, a mail program's button, a bounce, a complaint or by the operator; lifting.

A mailbox is named by its hash, so that links work after the store was lost, and for unknown mailboxes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.members.values import Counted, Refusal, Refused, Suppressed
from bot.store.suppressions import Suppression, SuppressionReason, Via

if TYPE_CHECKING:
    from datetime import datetime

    from bot.members.context import Context
    from bot.store.transaction import Transaction

BOUNCES_COUNT_FOR = timedelta(days=14)
MOST_BOUNCES = 3
"""The third deliberate refusal within that time suppresses."""
ABOUT_US = frozenset({"5.1.7", "5.1.8", *(f"5.7.{detail}" for detail in range(20, 30))})
"""Statuses about our own address, SPF, DKIM, DMARC and network, which say nothing about a reader's mailbox:
https://www.iana.org/assignments/smtp-enhanced-status-codes."""


def unsubscribe(
    context: Context, mailbox: str, how: Via, now: datetime, *, subscriber: str | None = None
) -> Suppressed:
    """Suppresses a mailbox at its reader's wish. What waits for it, at any subscriber, is not sent.

    Args:
        context: the store and the configuration.
        mailbox: the mailbox of the link or mail, as a hash in hex; it need not be known.
        how: through what we learned of it.
        now: the moment, UTC.
        subscriber: the subscriber whose mail led to it, if known.
    """
    with context.store.transaction() as transaction:
        transaction.hold_reader(mailbox)
        member = transaction.members.of_mailbox(mailbox)
        was_only_asked = member is not None and member.confirmed_at is None and not context.subscriber_of(mailbox)
        reason = SuppressionReason.DECLINED if was_only_asked else SuppressionReason.UNSUBSCRIBED
        return _suppress(context, transaction, mailbox, reason, how, subscriber=subscriber, now=now)


def count_being_sent(context: Context, mailbox: str) -> int:
    """How many messages to the mailbox are being sent now, which cannot be stopped. Only reads."""
    with context.store.snapshot() as view:
        return view.count_being_sent(context.lanes(mailbox, view.members.of_mailbox(mailbox)))


def complained(context: Context, mailbox: str, now: datetime, *, subscriber: str | None = None) -> Suppressed:
    """Suppresses a mailbox after its reader complained to their mail provider (RFC 5965)."""
    with context.store.transaction() as transaction:
        transaction.hold_reader(mailbox)
        reason, how = SuppressionReason.COMPLAINED, Via.COMPLAINT
        return _suppress(context, transaction, mailbox, reason, how, subscriber=subscriber, now=now)


def bounced(
    context: Context, mailbox: str, delivery: str, status: str, *, now: datetime, subscriber: str | None = None
) -> Suppressed | Counted:
    """Counts a bounce. 5.1.x suppresses at once, any other 5.x.x at the third within 14 days, 4.x.x never.

    A refusal because of our own setup counts only for the operator's alert; else one wrong DNS record would suppress
    every reader.

    Args:
        context: the store and the configuration.
        mailbox: the mailbox that did not get it, as a hash in hex.
        delivery: the delivery's id; the same delivery counts once.
        status: the enhanced status code (RFC 3463).
        now: the moment, UTC.
        subscriber: the delivery's subscriber, if known.
    """
    if not status.startswith("5."):
        return Counted()
    keys = context.keys.suppression(mailbox)
    with context.store.transaction() as transaction:
        transaction.hold_reader(mailbox)
        transaction.suppressions.add_bounce(keys[0], delivery, status, now)
        count = transaction.suppressions.bounces_since(keys, now - BOUNCES_COUNT_FOR, but_for=ABOUT_US)
        if status in ABOUT_US or (count < MOST_BOUNCES and not status.startswith("5.1.")):
            return Counted(count)
        reason, how = SuppressionReason.BOUNCED, Via.BOUNCE
        return _suppress(context, transaction, mailbox, reason, how, subscriber=subscriber, now=now)


def resubscribe(context: Context, mailbox: str) -> int | Refused:
    """Lifts the reader's own suppressions, and returns how many; refused after a bounce or a complaint."""
    keys = context.keys.suppression(mailbox)
    with context.store.transaction() as transaction:
        transaction.hold_reader(mailbox)
        found = transaction.suppressions.find(keys)
        if found and found.reason in (SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED):
            return Refused(Refusal.SUPPRESSED)
        return transaction.suppressions.lift(keys)


def lift(context: Context, key: str) -> int:
    """Lifts a suppression by its key, for the operator at the reader's wish. Returns how many: 0 if there is none."""
    with context.store.transaction() as transaction:
        return transaction.suppressions.lift([key])


def _suppress(
    context: Context,
    transaction: Transaction,
    mailbox: str,
    reason: SuppressionReason,
    how: Via,
    *,
    subscriber: str | None,
    now: datetime,
) -> Suppressed:
    """Stores a suppression, unless a stronger one exists, and drops what waits for the mailbox."""
    keys, name = context.keys.suppression(mailbox), subscriber or context.subscriber_of(mailbox)
    no = Suppression(keys[0], context.keys.names[0], reason, how, name, now)
    known = transaction.suppressions.find(keys)
    if known is None or known.reason.strength < reason.strength:
        transaction.suppressions.put(no)
    member = transaction.members.of_mailbox(mailbox)
    stopped = transaction.stop(context.lanes(mailbox, member), f"its mailbox is suppressed: {reason}", now)
    if member is not None and member.confirmed_at is None:
        transaction.members.delete(member.key)
    elif member is not None and member.asked_topics is not None:
        transaction.members.put(replace(member, asked_topics=None))
    found = known or no
    return Suppressed(found.reason, found.since, known is not None, stopped.dropped, stopped.being_sent)
