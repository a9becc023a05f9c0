"""The demo's mail relay, with scripted answers per SMTP command, TLS, logins, and a log of what was said."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

from bot.clock import SystemClock
from bot.demo.servers import smtp
from bot.demo.servers.smtp import ReceivedMail

if TYPE_CHECKING:
    from datetime import datetime

    from bot.clock import Clock

__all__ = ["DROP", "HANG", "ReceivedMail", "SmtpReceiver"]

DROP = "drop"
"""A scripted answer: none, the connection ends."""
HANG = "hang"
"""A scripted answer: none, and the connection stays."""
_NO_ANSWERS = (DROP, HANG)


class _Session(SMTP):
    """aiosmtpd's, which has a hook for the end of DATA but none for its beginning."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        answer = await self.event_handler.next_answer("DATA", self)
        if answer is None:
            await super().smtp_DATA(arg)
        else:
            await self.push(answer)


class SmtpReceiver(smtp.SmtpReceiver):
    """A relay that can refuse.

    `script[step]` holds the next answers to MAIL, RCPT, DATA, or `.` (the end of a mail), each a whole reply line
    such as `451 4.3.0 try later`, or `DROP`, or `HANG`; with none left, the answer is yes. What a `.` is refused for
    is not kept; what is dropped or hangs after it is, as a relay may have taken it. `bounces[address]` is the answer
    to that recipient, each time.

    Args:
        clock: tells the time of each mail.
        options: as the demo's relay takes them.
    """

    session_class = _Session

    def __init__(self, clock: Clock | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.script: defaultdict[str, deque[str]] = defaultdict(deque)
        self.bounces: dict[str, str] = {}
        self.times: list[datetime] = []
        """When each of `messages` was taken."""
        self.connections = 0
        """The number of connections so far."""
        self.steps: list[str] = []
        """Every MAIL, RCPT, DATA and `.` of all conversations, in order."""
        self._clock = clock or SystemClock()

    def _session(self) -> Any:
        self.connections += 1
        return super()._session()

    async def next_answer(self, step: str, session: Any) -> str | None:
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

    async def handle_MAIL(self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802 - aiosmtpd's hook
        answer = await self.next_answer("MAIL", server)
        if answer is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802 - aiosmtpd's hook
        answer = await self.next_answer("RCPT", server) or self.bounces.get(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's hook
        """Stores the mail unless the script refuses it."""
        taken = ""
        if not self.script["."] or self.script["."][0] in _NO_ANSWERS:
            taken = await super().handle_DATA(server, session, envelope)
            self.times.append(self._clock.now())
        return await self.next_answer(".", server) or taken
