"""Bounces and complaints in the shapes that mail servers write them, and everything that strangers could send."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.mail import bounce
from bot.channels.mail.bounce import Failure, ReportKind, guess_failures, read_report
from bot.errors import UnreadableReportError

FOLDER = Path(__file__).parents[2] / "data" / "bounces"
GIL = "gil@example.net"
TOKEN = "bounces+mzzwg43pobzwk4tun5zxi33yn5rgkzlq6q3a@example.org"
OUR_MESSAGE = "<7d5f3e0c9a1b4d2e8f6071829a3b4c5d@example.org>"
BOUNCES = {
    "postfix-unknown-user": [("Gil@example.net", "5.1.1")],
    "postfix-mailbox-full": [(GIL, "4.2.2")],
    "postfix-delayed": [],
    "exim": [(GIL, "5.1.1")],
    "exchange": [(GIL, "5.1.10")],
    "gmail": [(GIL, "5.1.1")],
    "ses": [(GIL, "5.1.1")],
    "sendmail-policy": [(GIL, "5.0.0")],
    "beyond-ascii": [("jürgen@example.net", "5.1.1"), ("jürg@example.net", "5.1.2")],
    "qmail": None,
    "vacation": None,
}
"""Each file with the mailboxes that failed; None where only its words say so."""
OTHERS = ("complaint", "no-spam", "answer")


def sample(name: str) -> bytes:
    return (FOLDER / f"{name}.eml").read_bytes()


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_names_its_mailboxes_and_the_most_telling_status(name: str) -> None:
    report, wanted = read_report(sample(name)), BOUNCES[name]
    assert report is not None
    assert report.kind is ReportKind.BOUNCE
    assert report.failures == (None if wanted is None else tuple(Failure(*each) for each in wanted))


@pytest.mark.parametrize(
    "name", ["postfix-unknown-user", "exim", "exchange", "postfix-delayed", "qmail", "complaint"]
)
def test_where_our_own_return_address_may_stand_is_handed_on(name: str) -> None:
    report = read_report(sample(name))
    assert report is not None
    assert any(TOKEN in text for text in report.addressed_to)


@pytest.mark.parametrize("name", ["gmail", "exim", "postfix-mailbox-full", "complaint", "beyond-ascii"])
def test_the_mail_that_came_back_is_named_whole_or_as_headers(name: str) -> None:
    report = read_report(sample(name))
    assert report is not None
    assert report.message_id == OUR_MESSAGE


def test_a_complaint_is_one() -> None:
    report = read_report(sample("complaint"))
    assert report is not None
    assert (report.kind, report.failures) == (ReportKind.COMPLAINT, (Failure(GIL, ""),))


def test_a_complaint_that_names_nobody_is_about_whom_the_mail_was_for() -> None:
    report = read_report(sample("complaint").replace(b"Original-Rcpt-To: <gil@example.net>\n", b""))
    assert report is not None
    assert report.failures == (Failure(GIL, ""),)


def test_that_a_mail_was_no_spam_is_no_complaint() -> None:
    assert read_report(sample("no-spam")) is None


def test_a_bounce_that_somebody_forwards_is_none() -> None:
    assert read_report(sample("answer")) is None


def test_an_answer_from_a_sender_is_no_bounce() -> None:
    assert read_report(sample("vacation").replace(b"Return-Path: <>", b"Return-Path: <gil@example.net>")) is None


def test_every_sample_is_used() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {*BOUNCES, *OTHERS}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("Action: failed\nStatus: 5.1.1 (bad destination mailbox address)", "5.1.1"),
        ("Action: failed\nStatus: 5.3.0\nDiagnostic-Code: smtp; 550 5.1.1 unknown", "5.3.0"),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 452 4.2.2 full", "5.0.0"),
        ("Action: failed\nDiagnostic-Code: smtp; 550 5.1.1 unknown", "5.1.1"),
        ("Action: failed\nDiagnostic-Code: smtp; 452 full", "4.0.0"),
        ("Action: failed\nDiagnostic-Code: smtp; 550 unknown [5.1.1.1]", "5.0.0"),
        ("Action: failed", "5.0.0"),
        ("Action: Failed (Bad destination mailbox address)\nStatus: 5.1.1", "5.1.1"),
        ("Action: failure\nStatus: 553 Exceeded maximum size", "5.0.0"),
        ("Action: error\nStatus: 5.0.0", "5.0.0"),
        ("Status: 5.1.1", "5.1.1"),
        ("Status: nonsense", None),
        ("Action: delivered\nStatus: 2.1.5", None),
        ("Action: expanded\nStatus: 5.1.1", None),
        ("Action: relayed\nStatus: 5.1.1", None),
    ],
)
def test_what_a_delivery_status_may_leave_out(fields: str, status: str | None) -> None:
    report = read_report(dsn(f"Final-Recipient: rfc822; gil@example.net\n{fields}\n".encode()))
    assert report is not None
    assert report.failures == (() if status is None else (Failure(GIL, status),))


def dsn(status: bytes) -> bytes:
    head = b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
    return head + b"--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n" + status + b"\n--B--\n"


def test_a_status_that_names_nobody_leaves_it_to_its_words() -> None:
    report = read_report(dsn(b"Arrival-Date: Tue, 21 Apr 2026 06:25:04 +0000"))
    assert report is not None
    assert report.failures is None


def test_the_same_mailbox_many_times_is_one() -> None:
    block = b"Final-Recipient: rfc822; gil@example.net\nAction: failed\nStatus: 5.1.1\n\n"
    report = read_report(dsn(block * 11))
    assert report is not None
    assert report.failures == (Failure(GIL, "5.1.1"),)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("rfc822;gil@example.net", GIL),
        ("RFC822; <gil@example.net>", GIL),
        ("gil@example.net", GIL),
        ("rfc822; gil@example.net (Gil)", GIL),
        ("X400; /S=gil/ADMD=x", ""),
        ("rfc822; " + "x" * 500 + "@example.net", ""),
        ("utf-8; g\\x{FFFFFF}il@example.net", GIL),
    ],
)
def test_a_recipient_is_read_however_it_is_written(written: str, address: str) -> None:
    report = read_report(dsn(f"Final-Recipient: {written}\nAction: failed\nStatus: 5.1.1\n".encode()))
    assert report is not None
    assert report.failures == (Failure(address, "5.1.1"),)


# -- what is said in prose ---------------------------------------------------------------------------------------


def test_old_servers_words_are_understood() -> None:
    assert guess_failures(sample("qmail")) == (Failure(GIL, "5.0.0"),)


@pytest.mark.parametrize("name", ["vacation", "postfix-delayed"])
def test_what_is_no_failure_for_good_is_not_taken_for_one(name: str) -> None:
    assert guess_failures(sample(name)) == ()


# -- what strangers could send -----------------------------------------------------------------------------------


def nested(depth: int, kind: str = "multipart/mixed") -> bytes:
    levels = "".join(f"Content-Type: {kind}; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return f"Return-Path: <>\n{levels}\nx\n".encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x" * 50_000_000, "more than 1,000,000 bytes"),
        (nested(1000), "more than 50 parts that hold parts"),
        (nested(1000, "multipart/digest"), "more than 50 parts that hold parts"),
        (b"Content-Type: message/rfc822\n\n" * 1000, "more than 50 parts that hold parts"),
        (b'Content-Type: multipart/report; x="' + b";" * 900_000, "a Content-Type of more than"),
        (b"Content-Type:" + b"\n \n x" * 10_000, "a Content-Type of more than"),
    ],
)
def test_what_is_longer_or_deeper_than_a_report_is_not_taken_apart(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableReportError, match=reason):
        read_report(data)
    with pytest.raises(UnreadableReportError, match=reason):
        guess_failures(data)


HEADS = st.sampled_from(
    [
        b"Return-Path: <>", b"Content-Type: multipart/report; boundary=B; report-type=delivery-status",
        b"Content-Type: message/delivery-status", b"Content-Type: message/feedback-report",
        b"Content-Type: message/rfc822", b"Content-Type: text/rfc822-headers", b"Content-Type: multipart/mixed",
        b"Content-Type: message/global-delivery-status", b"Content-Type: text/plain; charset=\x00\xff",
        b"Content-Type: multipart/report; boundary*=\xff''%00B", b"Content-Type: multipart/report; boundary*0*=x'y",
        b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"--B", b"--B--", b"",
        b"Final-Recipient: rfc822; gil@example.net", b"Action: failed", b"Status: 5.1.1", b"Feedback-Type: abuse",
        b"Diagnostic-Code: =?x?b?\xff?=", b"To: \xff\xfe", b"Message-ID: =?utf-8?q?=0A?=", b"=?unknown-8bit?q?=FF?=",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(HEADS | st.binary(max_size=30), max_size=30), st.sampled_from([b"\n", b"\r\n"]))
def test_any_bytes_are_a_report_or_none_or_our_own_error(lines: list[bytes], end: bytes) -> None:
    data = end.join(lines)
    for read in (read_report, guess_failures):
        with suppress(UnreadableReportError):
            read(data)


def test_what_the_parser_fails_on_is_our_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LookupError("secret@example.net")

    monkeypatch.setattr(bounce, "_traces", fail)
    with pytest.raises(UnreadableReportError) as caught:
        read_report(sample("exim"))
    assert "secret" not in str(caught.value)


def test_no_repr_shows_an_address() -> None:
    report = read_report(sample("exim"))
    assert "@" not in repr(report)
