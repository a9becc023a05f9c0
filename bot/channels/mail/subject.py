"""Decides what a relay's refusal is about: the mail's content, its recipient, or one of our settings. Pure.

A specific enhanced status code decides (RFC 3463, RFC 5248, https://www.iana.org/assignments/smtp-enhanced-status-codes;
Microsoft's codes:
https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online). Else the
text decides, as Postfix, Exim, Exchange, Gmail, SES, SendGrid and Mailgun write it; else the step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

END_OF_DATA = "the mail"
"""The name of the step that ends with the final dot."""


_WITH_THE_MAIL = ("DATA", END_OF_DATA)


class Subject(StrEnum):
    """What a refusal is about. Each but the first three is the name of a setting under `channels.mail`."""

    CONTENT = "content"
    """Only this mail: its form, its size, or a filter's opinion."""
    RECIPIENT = "recipient"
    """One mailbox."""
    RELAY = "relay"
    """Our account, quota or policy at the relay: it would refuse every mail."""
    HELLO = "hello"
    """Our greeting."""
    SENDER = "sender"
    """Our sender address."""
    LOGIN = "username"
    """Our login: missing, or not allowed to send."""

    @property
    def is_ours(self) -> bool:
        """Whether the relay would refuse every mail for the same reason."""
        return self not in (Subject.CONTENT, Subject.RECIPIENT)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a refusal is about, and whether that is certain."""

    subject: Subject
    certain: bool = True
    """False if the reply does not name the relay, or has a filter's words too: it may be about this mail only."""


_CODES: dict[Subject, tuple[str, ...]] = {
    Subject.CONTENT: ("2.3", "3.4", "7.7", "7.16", "7.350"),
    Subject.RECIPIENT: (
        *("1.1", "1.2", "1.3", "1.4", "1.6", "1.9", "1.10", "2.1", "2.2", "2.4"),
        *("7.2", "7.17", "7.18", "7.19", "7.124", "7.133", "7.134", "7.136"),
    ),
    Subject.RELAY: ("1.90", "4.5", "7.25", "7.28", "7.30"),
    Subject.SENDER: ("1.7", "1.8", "2.252", "7.20", "7.21", "7.22", "7.23", "7.24", "7.26", "7.27", "7.29", "7.60"),
    Subject.LOGIN: ("7.8", "7.9", "7.11", "7.12", "7.14", "7.57", "7.64"),
}
"""Specific codes, without their class."""
_SUBJECT_OF_CODE = {code: subject for subject, codes in _CODES.items() for code in codes}
_ACCOUNT_DISABLED = "7.13"
"""Account disabled: at RCPT the recipient's, after the final dot ours."""
_BLOCKED_BY_MICROSOFT = re.compile(r"7\.[567]\d\d")
"""A tenant, domain or network is blocked, even if the text mentions spam."""
_MEDIA = re.compile(r"6\.\d{1,3}")
"""The message's content or media: https://www.rfc-editor.org/rfc/rfc3463#section-3.7."""

_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
"""An enhanced status code that is not a part of an IPv4 address."""
_LOGIN_CODES = frozenset({530, 534, 535, 538})


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_HELLO = _words(r"\b(?:helo|ehlo|hello)\b", r"fully[ -]qualified host ?name")
_LOGIN = _words(
    r"\brelay(?:ing)?\b.{0,20}\b(?:denied|prohibited|not (?:permitted|allowed|authori[sz]ed))|\b(?:not|to) relay\b",
    r"\bauthentication (?:is )?(?:required|needed|failed)|\bnot (?:logged in|authenticated)",
    r"\b(?:log ?in|authenticate) (?:first|before|to send)|must issue a starttls",
)
_SENDER = _words(
    r"\bsender\b|\bsend(?:ing)? as\b|\bmail from\b|\breturn[ -]path\b|verification failed for",
    r"\bfrom:?[ -](?:address|header|domain|field|email)|['\"]from['\":]|\bheader[ -]from\b",
    r"\bidentit(?:y|ies)\b|\bnot verified\b|\bunverified\b|\bsignature on your account",
    r"\b(?:spf|dkim|dmarc|openspf)\b|\b(?:sending|sender|your|from) domain\b|\bdomain is\b",
)
_BLOCKLIST = _words(
    r"reputation|(?:black|block|deny) ?-?list|\b(?:rbl|dnsbl)\b|spamhaus|spamcop|barracudacentral",
    r"\bclient host\b|\b(?:your|sending) ip\b|\bip address\b",
)
_OUR_QUOTA = _words(
    r"\byour account\b|\b(?:sending|daily|hourly|monthly|messaging|rate|user) (?:sending |message )?(?:limit|quota)",
    r"\btoo many (?:messages|connections)\b|\b(?:messages|mails|emails) per (?:hour|day|month)\b",
)
_OUR_ACCOUNT = _words(
    r"\bquota\b|\bcredits?\b|\bthrottl|\blimits?\b|\btoo many\b|\bexceeded\b",
    r"\baccounts?\b|\bsubscription\b|\bpayment\b|\bbilling\b|\bsandbox\b|\btenant\b|\bdomain\b",
    r"\bsuspended\b|\bpaused\b|\bdisabled\b|\bunusual\b|\bpermissions?\b|\bnot (?:allowed|authori[sz]ed) to\b",
)
"""Words about an account: at RCPT the recipient's, after the final dot ours."""
_RECIPIENT = _words(
    r"\brecipients?\b|\bmailbox\b|\bunknown (?:user|address)\b|\b(?:user|address) unknown\b|\bunrouteable\b",
    r"\bno such (?:user|person|address)\b|\bdoes(?: not|n[o']t) exist\b|\bto post\b|\bgroup\b|\bmailing list\b",
)
_SENDER_ADDRESS = _words(r"\bsender (?:address|verify)")
_FULL = _words(r"\bstorage allocation\b|\bmailbox (?:is )?full\b|\bmailbox\b.{0,30}\bquota\b")
_TOO_LARGE = _words(
    r"\b(?:message|mail)?[ -]?size\b.{0,40}\b(?:exceed|limit|maximum|violation)|\bexceeds? .{0,40}\bsize\b",
    r"\b(?:message|mail|email) (?:is )?too (?:big|large|long)\b|\bline\b.{0,20}\b(?:length|too long)\b",
)
_FILTER = _words(
    r"\bspam|\bjunk\b|\bunsolicited\b|\bphish|\bgtube\b|\bvirus|\bmalware\b|\binfected\b|\bmalicious\b",
    r"\bcontents?\b|\battachments?\b|\bbody\b|\bheaders?\b|\bmime\b|\bmalformed\b|\bmessage-?id\b|\b(?:uri|sur)bl\b",
    r"\bexecutables?\b|\bforbidden (?:words?|files?)\b|\bfile ?(?:type|extension)s?\b",
    r"\brfc ?-?5?[28]22\b|\bbare (?:lf|cr|newline|line ?feed)|\bsecurity issue\b",
)

_BY_STEP = {
    "EHLO": Subject.HELLO,
    "HELO": Subject.HELLO,
    "AUTH": Subject.LOGIN,
    "MAIL": Subject.SENDER,
    "RCPT": Subject.RECIPIENT,
    "DATA": Subject.RECIPIENT,
}
"""What an unspecific refusal is about, by step; for other steps, the relay."""


def enhanced_code(text: str) -> str:
    """The enhanced status code in a reply's text, such as `5.7.1`; empty if there is none."""
    found = _ENHANCED.search(text)
    return found.group() if found else ""


def subject_of(step: str, code: int, text: str) -> Finding:
    """Decides what a 4yz or 5yz reply is about.

    Args:
        step: the command, or `END_OF_DATA`.
        code: the reply code.
        text: the reply's text, without mail addresses, which may contain any word.
    """
    detail, words = enhanced_code(text).partition(".")[2], " ".join(text.split())
    if code in _LOGIN_CODES:
        return Finding(Subject.LOGIN)
    if named := _by_code(step, detail):
        return Finding(named)
    if step in _WITH_THE_MAIL:
        return _with_the_mail(words) or Finding(_BY_STEP.get(step, Subject.RELAY), certain=False)
    if step == "RCPT":
        return Finding(_at_rcpt(words, is_policy=detail.startswith("7.") and detail != _ACCOUNT_DISABLED))
    return Finding(_first(words, _HELLO, _LOGIN) or _BY_STEP.get(step, Subject.RELAY))


def _by_code(step: str, detail: str) -> Subject | None:
    if step in _WITH_THE_MAIL:
        if _MEDIA.fullmatch(detail):
            return Subject.CONTENT
        if detail == _ACCOUNT_DISABLED:
            return Subject.LOGIN
    if _BLOCKED_BY_MICROSOFT.fullmatch(detail):
        return Subject.RELAY
    return _SUBJECT_OF_CODE.get(detail)


def _with_the_mail(words: str) -> Finding | None:
    """Our settings if the text mentions them; the mail's content if it mentions only a filter or a size."""
    if _TOO_LARGE.search(words):
        return Finding(Subject.CONTENT)
    if _FULL.search(words):
        return Finding(Subject.RECIPIENT)
    ours = _first(words, _HELLO, _LOGIN, _SENDER, _BLOCKLIST, _OUR_ACCOUNT)
    is_filter = bool(_FILTER.search(words))
    if ours:
        return Finding(ours, certain=not is_filter)
    if is_filter:
        return Finding(Subject.CONTENT)
    if _RECIPIENT.search(words):
        return Finding(Subject.RECIPIENT)
    return None


def _at_rcpt(words: str, *, is_policy: bool) -> Subject:
    """The recipient, unless the text mentions our settings, because one mailbox must not block the others."""
    if named := _first(words, _HELLO, _LOGIN):
        return named
    if _RECIPIENT.search(words) and not _SENDER_ADDRESS.search(words):
        return Subject.RECIPIENT
    # A policy (5.7.x) that names no mailbox is mostly that we may not send there.
    return _first(words, _SENDER, _BLOCKLIST, _OUR_QUOTA) or (Subject.LOGIN if is_policy else Subject.RECIPIENT)


_NAMED_BY = {
    _HELLO: Subject.HELLO,
    _LOGIN: Subject.LOGIN,
    _SENDER: Subject.SENDER,
    _BLOCKLIST: Subject.RELAY,
    _OUR_QUOTA: Subject.RELAY,
    _OUR_ACCOUNT: Subject.RELAY,
}


def _first(words: str, *patterns: re.Pattern[str]) -> Subject | None:
    return next((_NAMED_BY[pattern] for pattern in patterns if pattern.search(words)), None)
