"""No means no: from a page, a mail program's button, a bounce, a complaint or the operator. And the reader's own yes.

A mailbox is named by its hash, so that a link of a lost store still works, and a mailbox that nobody knows too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.members.values import Counted, Lifted, Refusal, Refused, Suppressed
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
    """The reader's own no. What waits for the mailbox, at whatever subscriber, is not sent.

    Args:
        context: the store and the configuration.
        mailbox: whose link or mail it was, as a hash in hex; it need not be known.
        how: how we heard of it.
        now: the moment, UTC.
        subscriber: to whom the mail went that led to it, if that is known.
    """
    with context.store.transaction() as transaction:
        transaction.hold_reader(mailbox)
        member = transaction.members.of_mailbox(mailbox)
        was_only_asked = member is not None and member.confirmed_at is None and not context.subscriber_of(mailbox)
        reason = SuppressionReason.DECLINED if was_only_asked else SuppressionReason.UNSUBSCRIBED
        no = _no(context, mailbox, reason, how, subscriber, now=now)
        return _suppress(context, transaction, mailbox, no)


def count_being_sent(context: Context, mailbox: str) -> int:
    """How many messages to the mailbox are on their way: what a no can wait for, but not stop. Reads only."""
    with context.store.snapshot() as view:
        return view.count_being_sent(context.lanes(mailbox, view.members.of_mailbox(mailbox)))


def complained(context: Context, mailbox: str, now: datetime, *, subscriber: str | None = None) -> Suppressed:
    """The reader called a mail of ours unwanted, and the mail provider told us: RFC 5965."""
    with context.store.transaction() as transaction:
        transaction.hold_reader(mailbox)
        no = _no(context, mailbox, SuppressionReason.COMPLAINED, Via.COMPLAINT, subscriber, now=now)
        return _suppress(context, transaction, mailbox, no)


def bounced(
    context: Context, mailbox: str, delivery: str, status: str, *, now: datetime, subscriber: str | None = None
) -> Suppressed | Counted:
    """A mail came back. 5.1.x suppresses at once, any other 5.x.x at the third within 14 days, 4.x.x never.

    What is refused because of us counts towards the operator's alert alone, else one wrong DNS record of ours would
    take every reader's mail away.

    Args:
        context: the store and the configuration.
        mailbox: who did not get it, as a hash in hex.
        delivery: which delivery; the same one counts once.
        status: the enhanced status code, as RFC 3463 has it.
        now: the moment, UTC.
        subscriber: to whom it went, if that is known.
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
        no = _no(context, mailbox, SuppressionReason.BOUNCED, Via.BOUNCE, subscriber, now=now)
        return _suppress(context, transaction, mailbox, no)


def resubscribe(context: Context, mailbox: str) -> Lifted | Refused:
    """The reader takes their no back; after a bounce or a complaint that is not enough."""
    keys = context.keys.suppression(mailbox)
    with context.store.transaction() as transaction:
        transaction.hold_reader(mailbox)
        found = transaction.suppressions.find(keys)
        if found and found.reason in (SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED):
            return Refused(Refusal.SUPPRESSED)
        return Lifted(transaction.suppressions.lift(keys))


def lift(context: Context, key: str) -> Lifted:
    """The operator lifts a suppression, by its own key, because the reader said so."""
    with context.store.transaction() as transaction:
        return Lifted(transaction.suppressions.lift([key]))


def _suppress(context: Context, transaction: Transaction, mailbox: str, no: Suppression) -> Suppressed:
    """Store it, unless a stronger one is there, and stop what waits for the mailbox."""
    known = transaction.suppressions.find(context.keys.suppression(mailbox))
    if known is None or known.reason.strength < no.reason.strength:
        transaction.suppressions.put(no)
    member = transaction.members.of_mailbox(mailbox)
    stopped = transaction.stop(context.lanes(mailbox, member), f"its mailbox is suppressed: {no.reason}", no.since)
    if member is not None and member.confirmed_at is None:
        transaction.members.delete(member.key)
    elif member is not None and member.asked_topics is not None:
        transaction.members.put(replace(member, asked_topics=None))
    found = known or no
    return Suppressed(found.reason, found.since, known is not None, stopped.dropped, stopped.being_sent)


def _no(
    context: Context, mailbox: str, reason: SuppressionReason, how: Via, subscriber: str | None, *, now: datetime
) -> Suppression:
    """The suppression of a mailbox, under the present secret."""
    return Suppression(
        key=context.keys.suppression(mailbox)[0],
        secret=context.keys.names[0],
        reason=reason,
        how=how,
        subscriber=subscriber or context.subscriber_of(mailbox),
        since=now,
    )
