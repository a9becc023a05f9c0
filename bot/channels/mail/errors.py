"""What a mail relay's answers mean: https://www.rfc-editor.org/rfc/rfc5321#section-4.2. Pure."""

from __future__ import annotations

import re

from bot.errors import DeliveryError, FailureKind
from bot.text import clean, truncate

# The first digit of a reply, and the codes that say more: https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1
POSITIVE_COMPLETION, POSITIVE_INTERMEDIATE, TRANSIENT_NEGATIVE, PERMANENT_NEGATIVE = 2, 3, 4, 5
CLOSING, REFUSED_FOR_POLICY = 421, 550
NOT_LOGGED_IN = 530

END_OF_DATA = "the mail"
"""The step that ends with the final dot."""


class RelayError(DeliveryError):
    """A delivery failed at a named step of the conversation with the relay."""

    def __init__(
        self, step: str, kind: FailureKind, reason: str, *, code: int = 0, affects_credential: bool = False
    ) -> None:
        super().__init__(kind, f"{step}: {reason}", affects_credential=affects_credential)
        self.step = step
        """connect, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, or `END_OF_DATA`."""
        self.code = code
        """The relay's reply code, 0 where it gave none."""


_REFUSED = {
    "MAIL": FailureKind.CREDENTIAL,
    "RCPT": FailureKind.DESTINATION_GONE,
    "DATA": FailureKind.DESTINATION_GONE,
    END_OF_DATA: FailureKind.REJECTED,
    "AUTH": FailureKind.CREDENTIAL,
    "STARTTLS": FailureKind.CREDENTIAL,
}
"""What a 5yz means, by the step it answers; before MAIL it is a problem of the relay, not of our mail."""

_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_MAILBOX = re.compile(r"[^\s<>@]+@[^\s<>@:;,]+")
_LOGIN_CODES = frozenset({NOT_LOGGED_IN, 534, 535, 538})
_ABOUT_ONE_MAILBOX = frozenset({"5.7.2", "5.7.13", "5.7.17"})
"""Codes of the 5.7 family that speak of one mailbox: https://www.iana.org/assignments/smtp-enhanced-status-codes."""


def refusal(step: str, code: int, text: str) -> RelayError:
    """What a relay's no at that step means.

    https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1 (4yz, 5yz), rfc3463 (5.7.x: security or policy).
    """
    found = _ENHANCED.search(text)
    enhanced = found.group() if found else ""
    # AUTH's answer may repeat the password; the others repeat addresses, which the store does not keep. (Logs name a
    # destination by its label, which for a mailbox is its address.)
    said = enhanced if step == "AUTH" else truncate(_MAILBOX.sub("(address)", clean(text)), 200)
    reason = f"{code} {said}".strip()
    before_mail = step not in ("MAIL", "RCPT", "DATA", END_OF_DATA, "RSET")
    if code // 100 == PERMANENT_NEGATIVE:
        policy = enhanced.startswith("5.7.") and enhanced not in _ABOUT_ONE_MAILBOX
        ours = code in _LOGIN_CODES or (policy and (code == REFUSED_FOR_POLICY or step == "RCPT"))
        kind = FailureKind.CREDENTIAL if ours else _REFUSED.get(step, FailureKind.TRANSIENT)
        return RelayError(step, kind, reason, code=code, affects_credential=before_mail)
    if code // 100 == TRANSIENT_NEGATIVE:
        return RelayError(
            step, FailureKind.TRANSIENT, reason, code=code, affects_credential=before_mail or code == CLOSING
        )
    # No reply that the protocol knows here: after the dot it leaves the outcome open.
    kind = FailureKind.UNKNOWN if step == END_OF_DATA else FailureKind.TRANSIENT
    return RelayError(step, kind, f"{reason} (not understood)", affects_credential=before_mail)
