"""What a mail relay's replies mean for a delivery: https://www.rfc-editor.org/rfc/rfc5321#section-4.2. Pure."""

from __future__ import annotations

import re

from bot.channels.mail.subject import END_OF_DATA, Subject, enhanced_code, subject_of
from bot.errors import DeliveryError, FailureKind
from bot.text import clean, truncate

# The first digits of reply codes: https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1
POSITIVE_COMPLETION, POSITIVE_INTERMEDIATE, TRANSIENT_NEGATIVE, PERMANENT_NEGATIVE = 2, 3, 4, 5
CLOSING = 421


class RelayError(DeliveryError):
    """A delivery failed at a certain step of the SMTP session."""

    def __init__(
        self,
        step: str,
        kind: FailureKind,
        reason: str,
        *,
        code: int = 0,
        subject: Subject = Subject.RELAY,
        affects_credential: bool = False,
        about_message: bool = False,
    ) -> None:
        super().__init__(
            kind, f"{step}: {reason}", affects_credential=affects_credential, about_message=about_message
        )
        self.step = step
        """connect, EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, RSET, or `END_OF_DATA`."""
        self.code = code
        """The relay's reply code; 0 if there was none."""
        self.subject = subject
        """What the reply is about."""


_KIND_OF = {Subject.CONTENT: FailureKind.REJECTED, Subject.RECIPIENT: FailureKind.DESTINATION_GONE}
"""The meaning of a 5yz by subject; for others the delivery waits until the setting or the relay is mended."""
_ADVICE = {
    Subject.HELLO: "; set channels.mail.hello to this machine's full name",
    Subject.SENDER: "; is channels.mail.sender right, and may this login send for it?",
}
_MAILBOX = re.compile(r"[^\s<>@]+@[^\s<>@:;,]+")
_TRANSACTION = ("MAIL", "RCPT", "DATA", END_OF_DATA, "RSET")


def refusal(step: str, code: int, text: str) -> RelayError:
    """The error for a negative or unknown reply at that step, with addresses (and AUTH's text) taken out.

    https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1 (4yz, 5yz). The module `subject` decides what it is about.
    """
    text = _MAILBOX.sub("(address)", text)
    found = subject_of(step, code, text)
    # AUTH's answer may repeat the password; the others repeat addresses, which the store does not keep. (Logs name a
    # destination by its label, which for a mailbox is its address.)
    said = enhanced_code(text) if step == "AUTH" else truncate(clean(text), 200)
    reason = f"{code} {said}".strip()
    before_mail = step not in _TRANSACTION
    if code // 100 not in (TRANSIENT_NEGATIVE, PERMANENT_NEGATIVE):
        # No reply that the protocol knows here: after the dot it leaves the outcome open.
        kind = FailureKind.UNKNOWN if step == END_OF_DATA else FailureKind.TRANSIENT
        reason = f"{said} (not understood)".strip()
        return RelayError(step, kind, reason, affects_credential=before_mail, about_message=not before_mail)
    reason += _ADVICE.get(found.subject, "")
    about_message = step not in ("MAIL", "RSET") and not before_mail and not (found.subject.is_ours and found.certain)
    kind = FailureKind.TRANSIENT
    if code // 100 == PERMANENT_NEGATIVE and step not in ("connect", "RSET"):
        kind = _KIND_OF.get(found.subject, FailureKind.CREDENTIAL)
    return RelayError(
        step,
        kind,
        reason,
        code=code,
        subject=found.subject,
        affects_credential=before_mail or (code == CLOSING and kind is FailureKind.TRANSIENT),
        about_message=about_message,
    )
