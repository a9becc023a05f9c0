"""Checks the mail relay, and says which setting is probably wrong if it refuses. Sends no mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.channel import CheckResult
from bot.channels.mail.errors import RelayError
from bot.channels.mail.return_path import SAMPLE_TOKEN
from bot.channels.mail.smtp import command, connect, envelope, say_quit
from bot.channels.mail.subject import Subject
from bot.errors import FailureKind
from bot.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.channels.mail.settings import MailSettings
    from bot.settings import Address

CHECK_SECONDS = 15.0
"""The wait for the answer to one command; short, because a person is waiting."""


async def check_relay(settings: MailSettings, addresses: Sequence[Address]) -> AsyncIterator[CheckResult]:
    """Connects, logs in, and asks for each address whether the relay would take a mail for it."""
    try:
        smtp = await connect(settings, timeout=CHECK_SECONDS)
    except RelayError as error:
        yield _result(error, settings)
        return
    safety = {"tls": ", over TLS", "starttls": ", over STARTTLS", "none": ""}[settings.security]
    login = ", logged in" if settings.username is not None else ""
    yield CheckResult(
        "channels.mail.host", ok=True, message=f"{settings.host}:{settings.port} answers{safety}{login}"
    )
    sender = settings.envelope_sender(SAMPLE_TOKEN)
    try:
        await envelope(smtp, sender, None)
        await command(smtp, "RSET", b"RSET")
        yield CheckResult("channels.mail.sender", ok=True, message=f"the relay takes mail from {sender}")
        for address in addresses:
            try:
                await envelope(smtp, sender, address.value.reveal())
            except RelayError as error:
                yield _result(error, settings, address)
                if error.code and error.subject.is_ours:
                    break  # the relay would answer the same for every other address
            else:
                yield CheckResult(address.label, ok=True, message="the relay takes mail for it")
            await command(smtp, "RSET", b"RSET")
    except RelayError as error:
        yield _result(error, settings)
    finally:
        await say_quit(smtp)


def _result(error: RelayError, settings: MailSettings, address: Address | None = None) -> CheckResult:
    setting, advice = _diagnosis(error, settings)
    if setting == "address":
        return CheckResult(address.label if address else "channels.mail.host", ok=False, message=error.reason)
    return CheckResult(f"channels.mail.{setting}", ok=False, message=". ".join(filter(None, (error.reason, advice))))


def _diagnosis(error: RelayError, settings: MailSettings) -> tuple[str, str]:
    """The setting that is most likely wrong (or `address`), and what to do about it."""
    if error.step == "AUTH":
        return _about_login(error, settings)
    if error.step == "STARTTLS":
        local = is_loopback(settings.host)
        other = "A relay on this machine mostly wants security: none" if local else "Or port: 465 with security: tls"
        return "security", _about_certificate(error) or other
    if error.subject is Subject.HELLO and error.code:
        return "hello", ""
    if error.step in ("MAIL", "RCPT") and (error.code or error.subject is Subject.RECIPIENT):
        return _about_envelope(error)
    return _about_connection(error, settings)


def _about_envelope(error: RelayError) -> tuple[str, str]:
    if "STARTTLS" in error.reason.upper():
        return "security", "Set security: starttls"
    match error.subject:
        case Subject.LOGIN:
            return "username", "The relay forwards only for those who log in, or not for this sender"
        case Subject.SENDER:
            return "sender", "The relay takes no mail from this address"
        case Subject.RECIPIENT | Subject.CONTENT:
            return "address", ""
        case _:
            return "host", "The relay takes no mail from us at present"


_TLS_PORT, _SUBMISSION_PORT, _RELAY_PORT = 465, 587, 25


def _about_connection(error: RelayError, settings: MailSettings) -> tuple[str, str]:
    if settings.port == _TLS_PORT and settings.security != "tls":
        return "security", "Port 465 speaks TLS from the first byte: set security: tls"
    if settings.security == "tls":
        advice = _about_certificate(error)
        if advice:
            return "security", advice
        if settings.port in (_SUBMISSION_PORT, _RELAY_PORT) or "SSL" in error.reason:
            return "security", f"Port {settings.port} seems to start in clear: set security: starttls, or port: 465"
    if settings.port == _RELAY_PORT and not is_loopback(settings.host):
        return "host", "Many networks block port 25: try port: 587 with security: starttls"
    return "host", "Is this the relay's name, and is port the one it listens on?"


def _about_certificate(error: RelayError) -> str:
    if "CERTIFICATE_VERIFY_FAILED" not in error.reason:
        return ""
    return (
        "Name the host as its certificate does; if the certificate is from an authority of your own, point the "
        "environment variable SSL_CERT_FILE at it"
    )


def _about_login(error: RelayError, settings: MailSettings) -> tuple[str, str]:
    host = settings.host.lower()
    if not error.code:
        clear = settings.security == "none"
        return "username", "Perhaps only over TLS: set security" if clear else ""
    if error.kind is not FailureKind.CREDENTIAL:
        return "host", "The relay cannot check logins now"
    if any(name in host for name in ("gmail", "google")):
        return (
            "password",
            "Gmail takes no account password here but an app password: myaccount.google.com/apppasswords",
        )
    if "office365" in host:
        return "password", "The tenant has to allow SMTP AUTH, and Microsoft is ending it: ask your administrator"
    if any(name in host for name in ("outlook", "hotmail", "live.com")):
        return "password", "Microsoft has ended passwords for sending (basic authentication): use another relay"
    return "password", "The relay does not know this username and password"
