"""A mail relay on loopback that stores every mail, for the demo. Forwards nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail that was accepted."""

    envelope_from: str
    rcpt: tuple[str, ...]
    data: bytes


class SmtpReceiver:
    """An SMTP server in the running event loop; an async context manager.

    Args:
        tls: the context for TLS from the first byte; without it there is none.
        options: as `aiosmtpd.smtp.SMTP` takes them (tls_context for STARTTLS, authenticator, auth_required...).
    """

    session_class: type[Any] = SMTP

    def __init__(self, *, tls: ssl.SSLContext | None = None, **options: Any) -> None:  # noqa: ANN401 - aiosmtpd's own
        self.host = "127.0.0.1"
        self.port = 0
        self.messages: list[ReceivedMail] = []
        self._tls = tls
        self._options = options
        self._sessions: list[Any] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.host, 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            for session in self._sessions:
                if session.transport is not None:
                    session.transport.abort()
            await self._server.wait_closed()
            await asyncio.sleep(0)  # lets the sessions' tasks run

    def _session(self) -> Any:  # noqa: ANN401 - aiosmtpd has no types
        options = {"hostname": "localhost", "loop": asyncio.get_running_loop(), **self._options}
        session = self.session_class(self, **options)
        self._sessions.append(session)
        return session

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's hook
        """Called with a whole mail; stores it."""
        self.messages.append(ReceivedMail(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        return "250 2.0.0 OK: queued"
