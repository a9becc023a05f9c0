"""The mail relay: how it is reached, and the connections kept to it.

Never retries, never falls back to a weaker connection, and never lets a password or what AUTH was answered into an
error. Knows of bytes and addresses, not of digests.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.channels.mail.errors import (
    CLOSING,
    PERMANENT_NEGATIVE,
    POSITIVE_COMPLETION,
    POSITIVE_INTERMEDIATE,
    RelayError,
    refusal,
)
from bot.channels.mail.hello import hello_name
from bot.channels.mail.subject import END_OF_DATA
from bot.errors import FailureKind
from bot.text import clean, truncate

if TYPE_CHECKING:
    from aiosmtplib import SMTP, SMTPResponse

    from bot.channels.mail.settings import MailSettings
    from bot.settings import Secret

COMMAND_SECONDS = 60.0
READY_SECONDS = 180.0
"""From asking for a connection to the relay's "go on": with the answer's 600 this stays below a claim's lease."""
ANSWER_SECONDS = 600.0
"""After the final dot a short wait makes duplicates: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.2.6."""
IDLE_SECONDS = 15.0
MAILS_PER_CONNECTION = 100
_QUIT_SECONDS = 2.0
_UNKNOWN_COMMAND = (500, 502)


@dataclass(slots=True)
class _Connection:
    """One connection, and how much it was used."""

    smtp: SMTP
    mails: int = 0
    last_used: float = 0.0

    def is_fresh(self, now: float) -> bool:
        return self.smtp.is_connected and self.mails < MAILS_PER_CONNECTION and now - self.last_used <= IDLE_SECONDS


class SmtpPool:
    """A few connections, opened when needed, kept while they are fresh, each used by one mail at a time.

    Belongs to the event loop it is first used in.
    """

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.connections)
        self._idle: list[_Connection] = []

    async def send(self, sender: str, recipient: str, data: bytes) -> None:
        """Hand one mail, whose every line ends in CRLF, for one recipient to the relay; returns when that has it.

        Raises:
            RelayError: UNKNOWN only where the final dot was written and its answer never came.
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
        """Say QUIT and close; the relay's answer is not waited for long."""
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
    """After a clear no, the connection is good for the next mail once reset; after anything else it is closed."""
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
    """A connection that has greeted, is as safe as the settings ask, and is logged in.

    Raises:
        RelayError: TRANSIENT for everybody, or CREDENTIAL where STARTTLS or the login is refused.
    """
    from aiosmtplib import SMTP, SMTPException, SMTPResponseException  # noqa: PLC0415 - only who sends needs it

    smtp = SMTP(
        hostname=settings.host,
        port=settings.port,
        local_hostname=await hello_name(settings),
        timeout=timeout,
        use_tls=settings.security == "tls",
        start_tls=False,  # done below: aiosmtplib's own cannot tell why it failed
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
        # AUTH's answer may repeat what was sent, so not even the traceback may carry it.
        raise refusal(step, error.code, error.message) from (None if step == "AUTH" else error)
    except (SMTPException, OSError, UnicodeError) as error:
        smtp.close()
        raise RelayError(step, FailureKind.TRANSIENT, _words(error), affects_credential=True) from error
    except BaseException:
        smtp.close()
        raise
    return smtp


async def envelope(smtp: SMTP, sender: str, recipient: str | None) -> None:
    """MAIL and RCPT; without a recipient, MAIL alone.

    Raises:
        RelayError: what the relay said, or that it went away.
    """
    await command(smtp, "MAIL", b"MAIL FROM:<%b>" % sender.encode())
    if recipient is not None:
        await command(smtp, "RCPT", b"RCPT TO:<%b>" % recipient.encode())


async def command(smtp: SMTP, step: str, line: bytes, wanted: int = POSITIVE_COMPLETION) -> SMTPResponse:
    """One command and its answer, whose code must begin with the digit `wanted`.

    Raises:
        RelayError: another answer, or none.
    """
    from aiosmtplib import SMTPException  # noqa: PLC0415 - loaded by now

    try:
        reply = await smtp.execute_command(line)
    except (SMTPException, OSError) as error:
        raise RelayError(step, FailureKind.TRANSIENT, _words(error)) from error
    if reply.code // 100 != wanted:
        raise refusal(step, reply.code, reply.message)
    return reply


async def say_quit(smtp: SMTP) -> None:
    """QUIT and close."""
    from aiosmtplib import SMTPException  # noqa: PLC0415 - loaded by now

    with contextlib.suppress(SMTPException, OSError):  # an unanswered QUIT is no failure
        await smtp.execute_command(b"QUIT", timeout=_QUIT_SECONDS)
    smtp.close()


async def _send_data(smtp: SMTP, data: bytes) -> None:
    """The mail and the dot. Done by hand, for `SMTP.data` cannot say whether the dot was written."""
    from aiosmtplib import SMTPException  # noqa: PLC0415 - loaded by now

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
    """No line is a lone dot: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.2."""
    first = b"." if data.startswith(b".") else b""
    return first + data.replace(b"\r\n.", b"\r\n..")


async def _say_hello(smtp: SMTP, settings: MailSettings) -> None:
    """EHLO, and HELO where that is refused and nothing is wanted that only EHLO brings.

    https://www.rfc-editor.org/rfc/rfc5321#section-3.2
    """
    from aiosmtplib import SMTPHeloError  # noqa: PLC0415 - loaded by now

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
    from aiosmtplib import SMTPHeloError  # noqa: PLC0415 - loaded by now

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
    """One try with one method: a second try with the same password only brings a lockout nearer."""
    methods = {"plain": smtp.auth_plain, "login": smtp.auth_login, "cram-md5": smtp.auth_crammd5}
    offered = [method for name, method in methods.items() if name in smtp.server_auth_methods]
    if not offered:
        raise RelayError(
            "AUTH", FailureKind.CREDENTIAL, "the relay offers no login that we know over this connection"
        )
    await offered[0](username, password.reveal())


def _words(error: BaseException) -> str:
    """The innermost cause that has words, in one line; never of AUTH's answer, which does not come this way."""
    texts = []
    cause: BaseException | None = error
    while cause is not None:
        texts.append(clean(str(cause)))
        cause = cause.__cause__
    return truncate(next(filter(None, reversed(texts)), type(error).__name__), 200)
