"""What a mail relay's answers mean: https://www.rfc-editor.org/rfc/rfc5321#section-4.2. Pure."""

from __future__ import annotations

import re

from bot.errors import DeliveryError, Trouble
from bot.text import cut, tidy

# The first digit of a reply, and the codes that say more: https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1
YES, GO_ON, NOT_NOW, NO = 2, 3, 4, 5
CLOSING, REFUSED_FOR_POLICY = 421, 550
NOT_LOGGED_IN = 530

THE_MAIL = "the mail"
"""The step that ends with the final dot."""


class RelayError(DeliveryError):
    """A delivery failed at a named step of the conversation with the relay."""

    def __init__(self, step: str, trouble: Trouble, reason: str, *, code: int = 0, everywhere: bool = False) -> None:
        super().__init__(trouble, f"{step}: {reason}", everywhere=everywhere)
        self.step = step
        """connect, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, or `THE_MAIL`."""
        self.code = code
        """The relay's reply code, 0 where it gave none."""


_REFUSED = {
    "MAIL": Trouble.CREDENTIAL,
    "RCPT": Trouble.CLOSED,
    "DATA": Trouble.CLOSED,
    THE_MAIL: Trouble.MALFORMED,
    "AUTH": Trouble.CREDENTIAL,
    "STARTTLS": Trouble.CREDENTIAL,
}
"""What a 5yz means, by the step it answers; before MAIL it says something about the relay's day, not about us."""

_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_MAILBOX = re.compile(r"[^\s<>@]+@[^\s<>@:;,]+")
_LOGIN_TROUBLE = frozenset({NOT_LOGGED_IN, 534, 535, 538})
_THE_RECIPIENTS_OWN = frozenset({"5.7.2", "5.7.13", "5.7.17"})
"""Codes of the 5.7 family that speak of one mailbox: https://www.iana.org/assignments/smtp-enhanced-status-codes."""


def refusal(step: str, code: int, text: str) -> RelayError:
    """What a relay's no at that step means.

    https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1 (4yz, 5yz), rfc3463 (5.7.x: security or policy).
    """
    found = _ENHANCED.search(text)
    enhanced = found.group() if found else ""
    # AUTH's answer may repeat the password; the others repeat addresses, which the store does not keep. (Logs name a
    # destination by its label, which for a mailbox is its address.)
    said = enhanced if step == "AUTH" else cut(_MAILBOX.sub("(address)", tidy(text)), 200)
    reason = f"{code} {said}".strip()
    before_mail = step not in ("MAIL", "RCPT", "DATA", THE_MAIL, "RSET")
    if code // 100 == NO:
        policy = enhanced.startswith("5.7.") and enhanced not in _THE_RECIPIENTS_OWN
        ours = code in _LOGIN_TROUBLE or (policy and (code == REFUSED_FOR_POLICY or step == "RCPT"))
        trouble = Trouble.CREDENTIAL if ours else _REFUSED.get(step, Trouble.TRANSIENT)
        return RelayError(step, trouble, reason, code=code, everywhere=before_mail)
    if code // 100 == NOT_NOW:
        return RelayError(step, Trouble.TRANSIENT, reason, code=code, everywhere=before_mail or code == CLOSING)
    # No reply that the protocol knows here: after the dot it leaves the outcome open.
    trouble = Trouble.UNKNOWN if step == THE_MAIL else Trouble.TRANSIENT
    return RelayError(step, trouble, f"{reason} (not understood)", everywhere=before_mail)
