"""A mail that came back stops the mails to its mailbox, and nobody can have a stranger's stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.mail.settings import MailSettings
from bot.members.bounces import Ignored, MailboxOutcome, process_report
from bot.members.context import Context
from bot.members.links import bounce_token
from bot.members.values import Counted, Suppressed
from bot.model import Limit, Limits, Receipt
from bot.store.keys import ReaderKeys
from bot.store.outbox.claim import Claimed
from bot.store.outbox.policy import Lane
from bot.store.suppressions import SuppressionReason
from tests.channels.mail.test_bounce import OUR_MESSAGE, sample
from tests.members.conftest import OLD_SECRET, SECRET, PlainMails, mailbox, settings
from tests.members.driver import DAY, NOW, member, suppression, wait_for
from tests.store.one_lane import settle_sent
from tests.store.outbox.test_outbox import claim

if TYPE_CHECKING:
    from bot.store import Store

EVE = "Eve@example.edu"
RETURN_PATH = "bounces+{token}@example.org"
LIMITS = Limits(Limit("d", 0), Limit("c", 0))


def with_return_path(context: Context, return_path: str | None = RETURN_PATH) -> Context:
    channels = {"mail": MailSettings(return_path=return_path)}
    return replace(context, settings=replace(context.settings, channels=channels))


def sent(store: Store, subscriber: str = "seminar", address: str = EVE, message_id: str = "") -> str:
    """Have a mail sent there; the delivery's id."""
    wait_for(store, subscriber, mailbox(address).key)
    claimed = claim(store, lane=Lane(subscriber, mailbox(address).key), limits=LIMITS)
    assert isinstance(claimed, Claimed)
    receipt = Receipt(message_id or f"<{claimed.delivery.id}@example.org>")
    settle_sent(store.outbox, claimed.delivery, receipt, LIMITS, owner=store.owner, now=NOW)
    return claimed.delivery.id


def bounce(to: str = "bounces@example.org", *, status: str = "5.1.1", recipient: str = EVE, about: str = "") -> bytes:
    return (
        f"Return-Path: <>\nTo: {to}\nContent-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
        "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.edu\n\n"
        f"Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: {status}\n\n"
        f"--B\nContent-Type: text/rfc822-headers\n\nMessage-ID: {about}\n\n--B--\n"
    ).encode()


def to(context: Context, delivery: str) -> str:
    return RETURN_PATH.replace("{token}", bounce_token(context.keys, delivery))


def outcome(found: tuple[MailboxOutcome, ...] | Ignored) -> Suppressed | Counted:
    assert isinstance(found, tuple)
    (one,) = found
    assert one.subscriber == "seminar"
    return one.outcome


# -- with a token ------------------------------------------------------------------------------------------------


def test_an_unknown_user_is_suppressed_at_once_whatever_address_the_report_names(context: Context) -> None:
    context = with_return_path(context)
    data = bounce(to(context, sent(context.store)), recipient="eve@forwarded.example.net")
    assert outcome(process_report(context, data, NOW)) == Suppressed(SuppressionReason.BOUNCED, NOW)
    assert suppression(context, EVE)
    assert not suppression(context, "eve@forwarded.example.net")


def test_the_address_that_the_mail_server_names_is_enough(context: Context) -> None:
    context = with_return_path(context)
    recipient = to(context, sent(context.store)).upper()
    assert outcome(process_report(context, bounce(), NOW, recipient=recipient)) == Suppressed(
        SuppressionReason.BOUNCED, NOW
    )


def test_a_forged_bounce_suppresses_nobody(context: Context) -> None:
    context = with_return_path(context)
    delivery = sent(context.store)
    forged = bounce_token(ReaderKeys([b"another one's key"]), delivery)
    for data in (
        bounce(),
        bounce(RETURN_PATH.replace("{token}", forged)),
        bounce(RETURN_PATH.replace("{token}", "a" * 36)),
        bounce(RETURN_PATH.replace("{token}", "1" * 36)),
        bounce(about=f"<{delivery}@example.org>"),
        sample("complaint"),
    ):
        assert process_report(context, data, NOW) is Ignored.NOT_OURS
    assert not suppression(context, EVE)


def test_a_token_of_a_delivery_that_is_not_there_is_about_nobody(context: Context) -> None:
    context = with_return_path(context)
    assert process_report(context, bounce(to(context, "ab" * 16)), NOW) is Ignored.NOT_OURS


def test_the_third_mail_that_is_refused_for_good_suppresses_and_the_same_bounce_counts_once(context: Context) -> None:
    context = with_return_path(context)
    mails = [bounce(to(context, sent(context.store)), status="5.2.1") for _ in range(3)]
    found = [
        outcome(process_report(context, data, NOW)) for data in (mails[0], mails[0], mails[1], mails[1], mails[2])
    ]
    assert found == [Counted(1), Counted(1), Counted(2), Counted(2), Suppressed(SuppressionReason.BOUNCED, NOW)]


def test_a_full_mailbox_and_a_delay_change_nothing(context: Context) -> None:
    context = with_return_path(context)
    for _ in range(5):
        found = process_report(context, bounce(to(context, sent(context.store)), status="4.2.2"), NOW)
        assert outcome(found) == Counted()
    assert process_report(context, sample("postfix-delayed"), NOW) is Ignored.NOT_FOR_GOOD
    assert not suppression(context, EVE)


@pytest.mark.parametrize("status", ["5.1.8", "5.7.26"])
def test_what_is_refused_because_of_us_takes_no_readers_mail_away(context: Context, status: str) -> None:
    context = with_return_path(context)
    for _ in range(5):
        found = process_report(context, bounce(to(context, sent(context.store)), status=status), NOW)
        assert outcome(found) == Counted()
    assert not suppression(context, EVE)
    assert context.store.queries.bounced_since(NOW - DAY) == (5, 5)


def test_old_servers_words_count_behind_a_token_alone(context: Context) -> None:
    data = sample("qmail")
    assert process_report(context, data, NOW) is Ignored.NO_REPORT
    context = with_return_path(context)
    assert process_report(context, data, NOW) is Ignored.NOT_OURS
    ours = to(context, sent(context.store)).encode()
    known = data.replace(b"bounces+mzzwg43pobzwk4tun5zxi33yn5rgkzlq6q3a@example.org", ours)
    assert outcome(process_report(context, known, NOW)) == Counted(1)


def test_an_auto_reply_to_the_return_address_is_no_bounce(context: Context) -> None:
    context = with_return_path(context)
    ours = to(context, sent(context.store)).encode()
    away = sample("vacation").replace(b"bounces+mzzwg43pobzwk4tun5zxi33yn5rgkzlq6q3a@example.org", ours)
    assert process_report(context, away, NOW) is Ignored.NOT_OURS
    assert not suppression(context, EVE)


def test_a_complaint_suppresses_at_once(context: Context) -> None:
    context = with_return_path(context)
    ours = to(context, sent(context.store)).encode()
    data = sample("complaint").replace(b"bounces+mzzwg43pobzwk4tun5zxi33yn5rgkzlq6q3a@example.org", ours)
    assert outcome(process_report(context, data, NOW)) == Suppressed(SuppressionReason.COMPLAINED, NOW)


def test_a_self_service_subscriber_is_found_and_what_waits_for_it_is_dropped(context: Context) -> None:
    context = with_return_path(context)
    dora = member(context)
    delivery = context.store.queries.all()[0].id
    wait_for(context.store, dora.key, dora.recipient)
    found = process_report(context, bounce(to(context, delivery)), NOW)
    assert isinstance(found, tuple)
    assert found[0] == MailboxOutcome(dora.key, Suppressed(SuppressionReason.BOUNCED, NOW, dropped=2))
    assert suppression(context)


def test_a_subscriber_that_is_gone_is_suppressed_by_its_address_all_the_same(context: Context) -> None:
    context = with_return_path(context)
    delivery = sent(context.store, "seminar", "bob@example.edu")
    gone = replace(context, settings=replace(context.settings, subscribers={}))
    assert outcome(process_report(gone, bounce(to(context, delivery)), NOW)) == Suppressed(
        SuppressionReason.BOUNCED, NOW
    )
    assert suppression(context, "Bob@example.edu")


def test_a_token_outlives_a_change_of_secrets(store: Store) -> None:
    old, new = (
        with_return_path(Context(store, settings(), store.reader_keys(secrets), PlainMails()))
        for secrets in ([OLD_SECRET], [SECRET, OLD_SECRET])
    )
    assert isinstance(process_report(new, bounce(to(old, sent(store))), NOW), tuple)


# -- by address --------------------------------------------------------------------------------------------------


def test_without_tokens_the_address_decides_if_we_wrote_to_it_lately(context: Context) -> None:
    assert process_report(context, bounce(), NOW) is Ignored.NOT_OURS
    sent(context.store)
    assert process_report(context, bounce(recipient="gil@example.edu"), NOW) is Ignored.NOT_OURS
    assert process_report(context, bounce(recipient="postmaster"), NOW) is Ignored.NOT_OURS
    assert process_report(context, bounce(), NOW + 15 * DAY) is Ignored.NOT_OURS
    assert outcome(process_report(context, bounce(recipient="EVE@Example.edu"), NOW + DAY)) == Suppressed(
        SuppressionReason.BOUNCED, NOW + DAY
    )
    assert not suppression(context, "bob@example.edu")


def test_a_plain_return_path_is_no_token(context: Context) -> None:
    context = with_return_path(context, "bounces@example.org")
    sent(context.store)
    assert outcome(process_report(context, bounce(), NOW)) == Suppressed(SuppressionReason.BOUNCED, NOW)


def test_the_mail_that_came_back_is_known_by_its_message_id_and_counts_once(context: Context) -> None:
    sent(context.store, message_id=OUR_MESSAGE)
    sent(context.store)
    first, last = bounce(status="5.2.1", about=OUR_MESSAGE), bounce(status="5.2.1", about="<renamed@relay.example>")
    found = [outcome(process_report(context, data, NOW)) for data in (first, first, last, last)]
    assert found == [Counted(1), Counted(1), Counted(2), Counted(2)]


def test_a_complaint_without_tokens_is_about_whom_it_names(context: Context) -> None:
    sent(context.store)
    data = sample("complaint").replace(b"gil@example.net", b"eve@example.edu")
    assert outcome(process_report(context, data, NOW)) == Suppressed(SuppressionReason.COMPLAINED, NOW)


def test_anything_else_is_no_report(context: Context) -> None:
    sent(context.store)
    assert process_report(context, b"Subject: hello\n\nHow do I unsubscribe?\n", NOW) is Ignored.NO_REPORT
    assert process_report(context, sample("answer"), NOW) is Ignored.NO_REPORT
