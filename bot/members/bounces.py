"""Processes a bounce or a complaint: finds the delivery and mailbox it is about, and runs the command for it.

    mail -> Report -> delivery: by the token in our return address, else by address, if we wrote to it lately
                   -> command: bounced or complained

If each mail has a return address of its own (`channels.mail.return_path` with `{token}`), only reports with a valid
token count, so that nobody can have a stranger suppressed. Else a report is believed for mailboxes that we wrote to
within 14 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

from bot.channels.mail.bounce import MOST_BYTES, Failure, Report, ReportKind, guess_failures, read_report
from bot.channels.mail.return_path import tokens_in
from bot.members.commands.suppressing import BOUNCES_COUNT_FOR, bounced, complained
from bot.members.links import read_bounce_token
from bot.members.mailbox import mailbox_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.channels.mail.settings import MailSettings
    from bot.members.context import Context
    from bot.members.values import Counted, Suppressed
    from bot.store.outbox.queries import SentRecord


class Ignored(StrEnum):
    """Why an incoming mail is ignored."""

    NO_REPORT = "no bounce and no complaint"
    NOT_OURS = "about no mail of ours that we know of"
    NOT_FOR_GOOD = "nothing failed for good"


@dataclass(frozen=True, slots=True)
class MailboxOutcome:
    """The result for one mailbox of a report."""

    subscriber: str
    """The subscriber to which the mail was sent."""
    outcome: Suppressed | Counted


@dataclass(frozen=True, slots=True)
class _Subject:
    """The delivery that a report is about, its mailbox, and the status (RFC 3463)."""

    delivery: SentRecord
    mailbox: str
    status: str


def process_report(
    context: Context, data: bytes, now: datetime, *, recipient: str = ""
) -> tuple[MailboxOutcome, ...] | Ignored:
    """Processes an incoming mail; the same mail again changes nothing.

    Args:
        context: the store and the configuration.
        data: the raw mail.
        now: the moment, UTC.
        recipient: the address to which it was delivered, if the mail server tells it; mostly it is in the mail, too.

    Raises:
        UnreadableReportError: it is longer or more deeply nested than a report.
        StoreError: the store cannot be used.
    """
    report = read_report(data)
    if report is None:
        return Ignored.NO_REPORT
    if report.failures == ():
        return Ignored.NOT_FOR_GOOD
    settings: MailSettings | None = context.settings.channels.get("mail")
    if settings is not None and settings.return_path is not None and settings.has_tokens:
        subjects = tuple(_by_token(context, settings.return_path, report, data, recipient))
    elif report.failures is None:
        return Ignored.NO_REPORT
    else:
        subjects = tuple(_by_address(context, report, now))
    return tuple(_act(context, report.kind, subject, now) for subject in subjects) or Ignored.NOT_OURS


def process_file(
    context: Context, file: BinaryIO, now: datetime, *, recipient: str = ""
) -> tuple[MailboxOutcome, ...] | Ignored:
    """The same for a mail in an open file, of which no more is read than a report may have."""
    return process_report(context, file.read(MOST_BYTES + 1), now, recipient=recipient)


def _by_token(context: Context, return_path: str, report: Report, data: bytes, recipient: str) -> Iterator[_Subject]:
    """The delivery whose token the report has, with the gravest status of its failures."""
    for token in tokens_in(return_path, (recipient, *report.addressed_to)):
        prefix = read_bounce_token(context.keys, token)
        delivery = context.store.queries.sent_as(prefix) if prefix else None
        if delivery is None:
            continue
        failures = guess_failures(data) if report.failures is None else report.failures
        if failures:
            status = min((failure.status for failure in failures), key=_gravity)
            yield _Subject(delivery, _mailbox_of(context, delivery), status)
        return


def _gravity(status: str) -> tuple[bool, bool]:
    return not status.startswith("5."), not status.startswith("5.1.")


def _mailbox_of(context: Context, delivery: SentRecord) -> str:
    addresses = (address for each in context.settings.subscribers.values() for address in each.addresses)
    found = next((each.mailbox for each in addresses if each.mailbox and each.key == delivery.recipient), None)
    if found is None:
        with context.store.snapshot() as view:
            member = view.members.get(delivery.subscriber)
        found = member.mailbox if member else None
    return found or delivery.recipient  # the same hash, if the address was in small letters


def _by_address(context: Context, report: Report, now: datetime) -> Iterator[_Subject]:
    for failure in report.failures or ():
        mailbox = _key(failure)
        if mailbox is None:
            continue
        with context.store.snapshot() as view:
            lanes = context.lanes(mailbox, view.members.of_mailbox(mailbox))
        since = now - BOUNCES_COUNT_FOR
        delivery = context.store.queries.sent_to(lanes, since, report.message_id) if lanes else None
        if delivery is not None:
            yield _Subject(delivery, mailbox, failure.status)


def _key(failure: Failure) -> str | None:
    try:
        return mailbox_key(failure.address)
    except ValueError:
        return None  # no mailbox, so none of ours


def _act(context: Context, kind: ReportKind, subject: _Subject, now: datetime) -> MailboxOutcome:
    name, mailbox = subject.delivery.subscriber, subject.mailbox
    if kind is ReportKind.COMPLAINT:
        return MailboxOutcome(name, complained(context, mailbox, now, subscriber=name))
    return MailboxOutcome(
        name, bounced(context, mailbox, subject.delivery.id, subject.status, now=now, subscriber=name)
    )
