"""A mail relay on loopback that stores mails, for the demo and the tests. Forwards nothing.

Answers can be scripted per SMTP command, to test how the sender handles failures.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.smtp import SMTP

from bot.clock import SystemClock

if TYPE_CHECKING:
    import ssl
    from datetime import datetime
    from types import TracebackType

    from bot.clock import Clock

DROP = "drop"
"""A scripted answer: none, the connection ends."""
HANG = "hang"
"""A scripted answer: none, and the connection stays."""
_NO_ANSWERS = (DROP, HANG)


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail that was accepted."""

    envelope_from: str
    rcpt: tuple[str, ...]
    data: bytes
    at: datetime


class SmtpReceiver:
    """An SMTP server in the running event loop; an async context manager.

    `script[step]` holds the next answers to MAIL, RCPT, DATA, or `.` (the end of a mail), each a whole reply line
    such as `451 4.3.0 try later`, or `DROP`, or `HANG`; with none left, the answer is yes. What a `.` is refused for
    is not kept; what is dropped or hangs after it is, as a relay may have taken it. `bounces[address]` is the answer
    to that recipient, each time.

    Args:
        clock: tells the time of each mail.
        tls: the context for TLS from the first byte; without it there is none.
        options: as `aiosmtpd.smtp.SMTP` takes them (tls_context for STARTTLS, authenticator, auth_required...).
    """

    def __init__(self, clock: Clock | None = None, *, tls: ssl.SSLContext | None = None, **options: Any) -> None:  # noqa: ANN401 - aiosmtpd's own
        self.host = "127.0.0.1"
        self.port = 0
        self.messages: list[ReceivedMail] = []
        self.script: defaultdict[str, deque[str]] = defaultdict(deque)
        self.bounces: dict[str, str] = {}
        self.connections = 0
        """The number of connections so far."""
        self.steps: list[str] = []
        """Every MAIL, RCPT, DATA and `.` of all conversations, in order."""
        self._clock = clock or SystemClock()
        self._tls = tls
        self._options = options
        self._sessions: list[Any] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.host, 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            for session in self._sessions:
                if session.transport is not None:
                    session.transport.abort()
            await self._server.wait_closed()
            await asyncio.sleep(0)  # lets the sessions' tasks run

    def _session(self) -> Any:  # noqa: ANN401 - aiosmtpd has no types
        self.connections += 1
        session = _session_class()(self, hostname="localhost", loop=asyncio.get_running_loop(), **self._options)
        self._sessions.append(session)
        return session

    async def next_answer(self, step: str, session: Any) -> str | None:  # noqa: ANN401 - aiosmtpd has no types
        """The scripted answer for this step, if there is one; does not return if the script is to stay silent."""
        self.steps.append(step)
        if not self.script[step]:
            return None
        answer = self.script[step].popleft()
        if answer == DROP:
            session.transport.abort()
        if answer in _NO_ANSWERS:
            await asyncio.Event().wait()  # until the lost connection cancels the session
        return answer

    async def handle_MAIL(self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: ANN401, N802 - aiosmtpd's hook
        """Called for MAIL."""
        answer = await self.next_answer("MAIL", server)
        if answer is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: ANN401, N802 - aiosmtpd's hook
        """Called for RCPT."""
        answer = await self.next_answer("RCPT", server) or self.bounces.get(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's hook
        """Called for DATA; stores the mail unless the script refuses it."""
        if not self.script["."] or self.script["."][0] in _NO_ANSWERS:
            mail = ReceivedMail(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content, self._clock.now())
            self.messages.append(mail)
        return await self.next_answer(".", server) or "250 2.0.0 OK: queued"


def _session_class() -> Any:  # noqa: ANN401 - a class made from an untyped one

    class Session(SMTP):
        """aiosmtpd's, which has a hook for the end of DATA but none for its beginning."""

        async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
            answer = await self.event_handler.next_answer("DATA", self)
            if answer is None:
                await super().smtp_DATA(arg)
            else:
                await self.push(answer)

    return Session
