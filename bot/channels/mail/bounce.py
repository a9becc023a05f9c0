"""Parses bounces and complaints. They prove nothing: anybody can write such a mail.

    bytes -> Report, or None if it is neither

https://www.rfc-editor.org/rfc/rfc3464 (delivery status), rfc6533 (non-ASCII addresses), rfc5965 (complaints),
rfc6522 (the container). Pure. Mails that are larger or more deeply nested than a report are refused.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser, HeaderParser, Parser
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.errors import UnreadableReportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from email.message import Message

MOST_BYTES = 1_000_000
"""The largest report; our mails have a fifth of that, and a bounce adds little to the mail."""
MOST_CONTAINERS = 50
"""The most parts that contain parts, because the standard library parses them by recursion."""
LONGEST_CONTENT_TYPE = 10_000
"""Bytes; the standard library parses parameters in quadratic time."""

_CONTENT_TYPE = re.compile(rb"^content-type:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_CONTAINERS = (b"multipart/", b"message/")
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_COMPLAINT_TYPE = "message/feedback-report"
_ORIGINAL_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
"""The other types are about viruses, signatures, or say that it was no spam: https://www.iana.org/assignments/marf-parameters."""
_RECIPIENTS = ("Original-Recipient", "Final-Recipient")
_FAILED = ("fail", "error")
"""How the Action of a permanent failure begins: `failed` in the RFC, `failure` or `error` by some servers."""
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
"""Headers in which servers name the recipient of a mail."""

# https://www.rfc-editor.org/rfc/rfc3463#section-2; no part of an IPv4 address
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?![\d.])")
_NON_ASCII = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
"""A non-ASCII letter of an address, as https://www.rfc-editor.org/rfc/rfc6533#section-3 writes it."""
_MOST_ADDRESS = 400


class ReportKind(StrEnum):
    """The kind of a report."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Failure:
    """A mailbox that permanently refused the mail, or whose reader complained."""

    address: str = field(repr=False)
    """As in the report; empty if it names none."""
    status: str
    """The most specific enhanced status code in the report, such as `5.1.1`; empty for a complaint."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a mail server or mail provider about one of our mails."""

    kind: ReportKind
    failures: tuple[Failure, ...] | None
    """None if the report has no structured part that names a mailbox; its free text may (`guess_failures`)."""
    message_id: str = field(repr=False)
    """The Message-ID of the mail that it is about; empty if that mail is not included."""
    addressed_to: tuple[str, ...] = field(repr=False)
    """Addresses to which the report was sent; our return address may be among them."""


def read_report(data: bytes) -> Report | None:
    """Parses a mail as a report; None if it is another mail, such as an auto-reply.

    Raises:
        UnreadableReportError: it is larger or more deeply nested than a report, or cannot be parsed.
    """
    _check_size(data)
    with _readable():
        return _report(Parser().parsestr(data.decode("utf-8", "replace")))


def guess_failures(data: bytes) -> tuple[Failure, ...]:
    """The failures in a bounce without a structured report, in free text. Only for a mail known to be a bounce.

    Raises:
        UnreadableReportError: see `read_report`.
    """
    from flufl.bounce import all_failures  # noqa: PLC0415 - 160 ms, for few bounces

    _check_size(data)
    with _readable():
        _, permanent = all_failures(BytesParser().parsebytes(data))
        return tuple(Failure(address.decode("utf-8", "replace"), "5.0.0") for address in sorted(permanent))


def _check_size(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise UnreadableReportError(f"it has more than {MOST_BYTES:,} bytes")
    kinds = [found[1].strip() for found in _CONTENT_TYPE.finditer(data)]
    if any(len(kind) > LONGEST_CONTENT_TYPE for kind in kinds):
        raise UnreadableReportError(f"it has a Content-Type of more than {LONGEST_CONTENT_TYPE:,} bytes")
    if sum(kind.lower().startswith(_CONTAINERS) for kind in kinds) > MOST_CONTAINERS:
        raise UnreadableReportError(f"it has more than {MOST_CONTAINERS} parts that hold parts")


@contextmanager
def _readable() -> Iterator[None]:
    """Turns all exceptions of parsers, which hostile input may cause, into `UnreadableReportError`."""
    try:
        yield
    except Exception as error:
        raise UnreadableReportError(f"it cannot be parsed: {type(error).__name__}") from error


def _report(message: Message) -> Report | None:
    has_null_sender = _value(message, "Return-Path").replace(" ", "") == "<>"
    if message.get_content_type() != "multipart/report" and not has_null_sender:
        return None
    parts = list(_parts(message))
    original = next((part for part in parts if part.get_content_type() in _ORIGINAL_TYPES), None)
    returned = _headers_of(original) if original is not None else None
    for part in parts:
        kind = part.get_content_type()
        if kind == _COMPLAINT_TYPE:
            return _complaint(message, next(_blocks(part), None), returned)
        if kind in _STATUS_TYPES:
            return Report(ReportKind.BOUNCE, _failures(part), *_traces(message, returned))
    return Report(ReportKind.BOUNCE, None, *_traces(message, returned)) if has_null_sender else None


def _complaint(message: Message, fields: Message | None, returned: Message | None) -> Report | None:
    if fields is None or _value(fields, "Feedback-Type").lower() not in _COMPLAINTS:
        return None
    address = _address(_value(fields, "Original-Rcpt-To")) or (_address(_value(returned, "To")) if returned else "")
    message_id, addressed_to = _traces(message, returned)
    traces = (*addressed_to, _value(fields, "Original-Mail-From"))
    return Report(ReportKind.COMPLAINT, (Failure(address, ""),), message_id, traces)


def _failures(part: Message) -> tuple[Failure, ...] | None:
    """The failures in a delivery status; None if it names no mailbox; the free text may."""
    recipients = [block for block in _blocks(part) if any(name in block for name in _RECIPIENTS)]
    return tuple(dict.fromkeys(filter(None, map(_failure, recipients)))) if recipients else None


def _failure(fields: Message) -> Failure | None:
    """The failure in one block, which is about one mailbox; None if the mail was delivered or is tried again."""
    action = _value(fields, "Action").lower()
    if action and not action.startswith(_FAILED):
        return None
    status = _status(_value(fields, "Status"), _value(fields, "Diagnostic-Code"))
    if not status and not action:
        return None
    named = (_address(_value(fields, name)) for name in _RECIPIENTS)
    return Failure(next(filter(None, named), ""), status or "5.0.0")


def _status(status: str, diagnostic: str) -> str:
    """The Status; if it is only a class (x.0.0, as Exim always writes), the code in the Diagnostic-Code."""
    given, said = (found[0] if (found := _STATUS.search(text)) else "" for text in (status, diagnostic))
    if said and (not given or (given.endswith(".0.0") and given[0] == said[0])):
        return said
    if given:
        return given
    reply = _REPLY.search(diagnostic)
    return f"{reply[1]}.0.0" if reply else ""


def _traces(message: Message, returned: Message | None) -> tuple[str, tuple[str, ...]]:
    """The returned mail's Message-ID, and the addresses that may include our return address."""
    outside = [str(value) for name in _DELIVERED_TO for value in message.get_all(name, ())]
    inside = [str(value) for value in returned.get_all("Return-Path", ())] if returned else []
    return _value(returned, "Message-ID") if returned else "", (*outside, *inside)


def _parts(message: Message) -> Iterator[Message]:
    """The parts of a mail, without those of the returned mail."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in _inside(message):
            yield from _parts(part)
    else:
        yield message


def _blocks(part: Message) -> Iterator[Message]:
    """The blocks of fields in a part. The standard library splits them, except for non-ASCII ones."""
    inside = list(_inside(part)) if part.is_multipart() else []
    yield from inside
    rest = inside[-1].get_payload() if inside else part.get_payload(decode=True)
    text = rest.decode("utf-8", "replace") if isinstance(rest, bytes) else rest
    if isinstance(text, str):
        yield from map(HeaderParser().parsestr, re.split(r"\r?\n[ \t]*\r?\n", text.strip()))


def _headers_of(original: Message) -> Message:
    if original.is_multipart():
        return next(iter(_inside(original)))
    payload = original.get_payload(decode=True)
    return HeaderParser().parsestr(payload.decode("utf-8", "replace") if isinstance(payload, bytes) else "")


def _inside(message: Message) -> Iterable[Message]:
    payload = message.get_payload()
    return [part for part in payload if not isinstance(part, str)] if isinstance(payload, list) else []


def _value(message: Message, name: str) -> str:
    """A field's text on one line; empty if there is none."""
    return " ".join(str(message.get(name, "")).split())


def _address(text: str) -> str:
    """The address in `rfc822; alice@example.org`, in `Alice <alice@example.org>` or alone; empty if there is none.

    https://www.rfc-editor.org/rfc/rfc3464#section-2.3.1
    """
    whole = text.rpartition(";")[2].strip()
    if "<" in whole:
        whole = whole.rpartition("<")[2].partition(">")[0]
    whole = _NON_ASCII.sub(_letter, whole.partition("(")[0].strip())
    return whole if "@" in whole and len(whole) <= _MOST_ADDRESS else ""


def _letter(found: re.Match[str]) -> str:
    try:
        return chr(int(found[1], 16))
    except (OverflowError, ValueError):
        return ""
