"""Talks to the mail relay by SMTP, over a pool of connections.

Never retries, never falls back to a weaker connection, and never puts a password or the answer to AUTH into an error.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException

from bot.channels.mail.errors import (
    CLOSING,
    PERMANENT_NEGATIVE,
    POSITIVE_COMPLETION,
    POSITIVE_INTERMEDIATE,
    RelayError,
    refusal,
)
from bot.channels.mail.hello import hello_name
from bot.channels.mail.subject import END_OF_DATA, Subject
from bot.errors import FailureKind
from bot.text import clean, truncate

if TYPE_CHECKING:
    from aiosmtplib import SMTPResponse

    from bot.channels.mail.settings import MailSettings
    from bot.settings import Secret

COMMAND_SECONDS = 60.0
READY_SECONDS = 180.0
"""From asking for a connection to the relay's 354; together with `ANSWER_SECONDS` less than a claim's lease."""
ANSWER_SECONDS = 600.0
"""The wait after the final dot; a short one causes duplicates: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.2.6."""
IDLE_SECONDS = 15.0
MAILS_PER_CONNECTION = 100
_QUIT_SECONDS = 2.0
_UNKNOWN_COMMAND = (500, 502)


@dataclass(slots=True)
class _Connection:
    """A connection, and how much it was used."""

    smtp: SMTP
    mails: int = 0
    last_used: float = 0.0

    def is_fresh(self, now: float) -> bool:
        return self.smtp.is_connected and self.mails < MAILS_PER_CONNECTION and now - self.last_used <= IDLE_SECONDS


class SmtpPool:
    """A pool of connections, opened when needed and kept for a short time; each sends one mail at a time.

    It belongs to the event loop in which it is first used.
    """

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.connections)
        self._idle: list[_Connection] = []

    async def send(self, sender: str, recipient: str, data: bytes) -> None:
        """Sends a mail (lines end in CRLF) to one recipient; returns when the relay has accepted it.

        Raises:
            RelayError: UNKNOWN only if the final dot was sent and its answer was lost.
        """
        try:
            async with asyncio.timeout(READY_SECONDS) as limit, self._slots:
                connection = await self._connection()
                try:
                    await envelope(connection.smtp, sender, recipient)
                    await command(connection.smtp, "DATA", b"DATA", wanted=POSITIVE_INTERMEDIATE)
                    limit.reschedule(None)
                    await _send_data(connection.smtp, data)
                except RelayError as error:
                    if await _is_usable_after(connection.smtp, error):
                        self._return_to_pool(connection)
                    raise
                except BaseException:
                    connection.smtp.close()
                    raise
                self._return_to_pool(connection)
        except TimeoutError as error:
            reason = f"the relay was not ready within {READY_SECONDS:.0f} s"
            raise RelayError("connect", FailureKind.TRANSIENT, reason, affects_credential=True) from error

    async def aclose(self) -> None:
        """Sends QUIT and closes the connections; waits only shortly for the answers."""
        connections, self._idle = self._idle, []
        await asyncio.gather(*(say_quit(connection.smtp) for connection in connections))

    async def _connection(self) -> _Connection:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_fresh(now):
                return connection
            await say_quit(connection.smtp)
        return _Connection(await connect(self._settings))

    def _return_to_pool(self, connection: _Connection) -> None:
        connection.mails += 1
        connection.last_used = asyncio.get_running_loop().time()
        self._idle.append(connection)


async def _is_usable_after(smtp: SMTP, error: RelayError) -> bool:
    """Whether the connection can be used again after the error: after a clear refusal, if RSET works."""
    if error.code not in (0, CLOSING):
        try:
            await command(smtp, "RSET", b"RSET")
        except RelayError:
            pass  # the first error is the one to raise
        else:
            return True
    smtp.close()
    return False


async def connect(settings: MailSettings, timeout: float = COMMAND_SECONDS) -> SMTP:  # noqa: ASYNC109 - per command
    """Connects, greets, starts TLS as the settings say, and logs in.

    Raises:
        RelayError: TRANSIENT for all mails, or CREDENTIAL if STARTTLS or the login is refused.
    """
    smtp = SMTP(
        hostname=settings.host,
        port=settings.port,
        local_hostname=await hello_name(settings),
        timeout=timeout,
        use_tls=settings.security == "tls",
        start_tls=False,  # done below, because aiosmtplib's own does not tell why it failed
    )
    step = "connect"
    try:
        await smtp.connect()
        step = "EHLO"
        await _say_hello(smtp, settings)
        if settings.security == "starttls":
            step = "STARTTLS"
            await _start_tls(smtp)
        if settings.username is not None and settings.password is not None:
            step = "AUTH"
            await _log_in(smtp, settings.username, settings.password)
    except SMTPResponseException as error:
        smtp.close()
        # AUTH's answer may repeat what was sent, so it must not be in the traceback either.
        raise refusal(step, error.code, error.message) from (None if step == "AUTH" else error)
    except (SMTPException, OSError, UnicodeError) as error:
        smtp.close()
        raise RelayError(step, FailureKind.TRANSIENT, _words(error), affects_credential=True) from error
    except BaseException:
        smtp.close()
        raise
    return smtp


async def envelope(smtp: SMTP, sender: str, recipient: str | None) -> None:
    """Sends MAIL and RCPT; without a recipient, only MAIL.

    Raises:
        RelayError: the relay refuses, is gone, or takes no non-ASCII addresses.
    """
    beyond_ascii = recipient is not None and not recipient.isascii()
    if beyond_ascii and not smtp.supports_extension("smtputf8"):
        reason = "the relay takes no letters beyond ASCII before the @ (SMTPUTF8); nothing was sent"
        raise RelayError("RCPT", FailureKind.DESTINATION_GONE, reason, subject=Subject.RECIPIENT)
    # https://www.rfc-editor.org/rfc/rfc6531#section-3.4
    parameters = b" BODY=8BITMIME SMTPUTF8" if beyond_ascii else b""
    await command(smtp, "MAIL", b"MAIL FROM:<%b>%b" % (sender.encode(), parameters))
    if recipient is not None:
        await command(smtp, "RCPT", b"RCPT TO:<%b>" % recipient.encode())


async def command(smtp: SMTP, step: str, line: bytes, wanted: int = POSITIVE_COMPLETION) -> SMTPResponse:
    """Sends a command and returns its reply, whose code must begin with the digit `wanted`.

    Raises:
        RelayError: another answer, or none.
    """
    try:
        reply = await smtp.execute_command(line)
    except (SMTPException, OSError) as error:
        raise RelayError(step, FailureKind.TRANSIENT, _words(error)) from error
    if reply.code // 100 != wanted:
        raise refusal(step, reply.code, reply.message)
    return reply


async def say_quit(smtp: SMTP) -> None:
    """Sends QUIT and closes the connection."""
    with contextlib.suppress(SMTPException, OSError):  # an unanswered QUIT is no failure
        await smtp.execute_command(b"QUIT", timeout=_QUIT_SECONDS)
    smtp.close()


async def _send_data(smtp: SMTP, data: bytes) -> None:
    """Sends the mail and the final dot. `SMTP.data` is not used, as it does not tell whether the dot was sent."""
    protocol = smtp.protocol
    if protocol is None:
        raise RelayError("DATA", FailureKind.TRANSIENT, "the connection was lost")
    try:
        protocol.write(b"%b.\r\n" % _dot_stuffed(data))
    except SMTPException as error:
        raise RelayError("DATA", FailureKind.TRANSIENT, _words(error)) from error
    # From here on only the relay's answer tells whether it has the mail.
    try:
        reply = await protocol.read_response(timeout=ANSWER_SECONDS)
    except (SMTPException, OSError) as error:
        raise RelayError(END_OF_DATA, FailureKind.UNKNOWN, f"sent, but no answer came: {_words(error)}") from error
    if reply.code // 100 != POSITIVE_COMPLETION:
        raise refusal(END_OF_DATA, reply.code, reply.message)


def _dot_stuffed(data: bytes) -> bytes:
    """The data with dots at line starts doubled: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.2."""
    first = b"." if data.startswith(b".") else b""
    return first + data.replace(b"\r\n.", b"\r\n..")


async def _say_hello(smtp: SMTP, settings: MailSettings) -> None:
    """Sends EHLO; or HELO if that is refused and neither TLS nor a login is needed.

    https://www.rfc-editor.org/rfc/rfc5321#section-3.2
    """
    try:
        await smtp.ehlo()
    except SMTPHeloError as error:
        if error.code // 100 != PERMANENT_NEGATIVE:
            raise
        if settings.security != "starttls" and settings.username is None:
            await _say_helo(smtp)
        elif error.code in _UNKNOWN_COMMAND:
            wanted = "a login" if settings.security != "starttls" else "STARTTLS"
            reason = f"{error.code}: the relay does not know it, and without it there is no {wanted}"
            raise RelayError(
                "EHLO", FailureKind.CREDENTIAL, reason, code=error.code, affects_credential=True
            ) from error
        else:
            raise


async def _say_helo(smtp: SMTP) -> None:
    try:
        await smtp.helo()
    except SMTPHeloError as error:
        raise refusal("HELO", error.code, error.message) from error


async def _start_tls(smtp: SMTP) -> None:
    if not smtp.supports_extension("starttls"):
        raise RelayError("STARTTLS", FailureKind.CREDENTIAL, "the relay does not offer it; nothing was sent")
    await smtp.starttls()
    await smtp.ehlo()


async def _log_in(smtp: SMTP, username: str, password: Secret) -> None:
    """Tries to log in once, with one method, because repeated tries may lock the account."""
    methods = {"plain": smtp.auth_plain, "login": smtp.auth_login, "cram-md5": smtp.auth_crammd5}
    offered = [method for name, method in methods.items() if name in smtp.server_auth_methods]
    if not offered:
        raise RelayError(
            "AUTH", FailureKind.CREDENTIAL, "the relay offers no login that we know over this connection"
        )
    await offered[0](username, password.reveal())


def _words(error: BaseException) -> str:
    """The text of the innermost cause that has one, on one line; never called with AUTH's answer."""
    texts = []
    cause: BaseException | None = error
    while cause is not None:
        texts.append(clean(str(cause)))
        cause = cause.__cause__
    return truncate(next(filter(None, reversed(texts)), type(error).__name__), 200)
