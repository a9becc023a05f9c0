"""Keeps a socket to Slack open: https://docs.slack.dev/apis/events-api/using-socket-mode.

address -> socket -> hello -> envelopes, each acknowledged at once -> its end -> the next one

slack_sdk's client speaks the protocol, but opens new sockets by itself for ever, silently, also with a token that is
refused. So a client has only one socket here, and this module decides when the next one is opened.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.chat.slack.api import SILENT
from bot.errors import DeliveryError, FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

    from bot.chat.slack.api import SlackChatApi

    OnEnvelope = Callable[[SocketModeRequest], None]
    """Called for each envelope that was acknowledged; it must not wait for anything."""

log = structlog.get_logger(__name__)

PING_SECONDS = 5.0
"""Seconds between two pings; a socket that does not answer about four of them is given up."""
HELLO_SECONDS = 15.0
"""The longest wait for the `hello` of a new socket."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two attempts: the first pause, doubled each time, up to the longest."""
PAUSE_IF_REFUSED = 300.0
"""Seconds, if the token is refused: only a new configuration helps."""
_SETTLED_AFTER = 60.0
_MOST_SHORT_LIVES = 3
"""After so many sockets in a row that end before `_SETTLED_AFTER` there is a pause."""
_RETIRES_IN = 1.0
_END_SECONDS = 1.0
"""The longest wait for the other side to close the connection."""


class _OneSocket(SocketModeClient):
    """slack_sdk's client for one socket; it sets `ended` instead of opening another socket."""

    def __init__(self, api: SlackChatApi, on_envelope: OnEnvelope, ping_seconds: float) -> None:
        super().__init__(api.app_token.reveal(), logger=SILENT, web_client=api.client(), ping_interval=ping_seconds)
        self.proxy = None  # the session heeds the environment's proxies, and its exceptions too
        self.greeted = asyncio.Event()
        self.ended = asyncio.Event()
        self._on_envelope = on_envelope
        self.message_listeners.append(self._on_message)
        self.socket_mode_request_listeners.append(self._on_request)

    async def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - slack_sdk's own
        """Called by slack_sdk when the socket was closed, does not answer any more, or is to be replaced."""
        self.ended.set()

    async def end(self) -> None:
        """Closes the socket, also if the other side does not answer any more."""
        self.closed, self.auto_reconnect_enabled = True, False
        tasks = [
            task for task in (self.message_processor, self.current_session_monitor, self.message_receiver) if task
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError, ConnectionError, aiohttp.ClientError):
            async with asyncio.timeout(_END_SECONDS):
                if self.current_session is not None:
                    await self.current_session.close()
        await self.aiohttp_client_session.close()

    async def _on_message(self, _: AsyncBaseSocketModeClient, message: dict[str, Any], __: str | None = None) -> None:
        if message.get("type") == "hello":
            self.greeted.set()

    async def _on_request(self, _: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        try:
            await self.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        except (ConnectionError, aiohttp.ClientError) as error:
            # An event comes again then, and is known by its id; a command is carried out, and answered otherwise.
            log.debug("not acknowledged", kind=request.type, error=type(error).__name__)
        self._on_envelope(request)


class SlackSocket:
    """A socket at all times, as far as Slack lets us."""

    def __init__(
        self,
        api: SlackChatApi,
        on_envelope: OnEnvelope,
        *,
        ping_seconds: float = PING_SECONDS,
        hello_seconds: float = HELLO_SECONDS,
        first_pause: float = FIRST_PAUSE,
        refused_pause: float = PAUSE_IF_REFUSED,
    ) -> None:
        """Prepares the connection; `run` opens it.

        Args:
            api: Slack's methods.
            on_envelope: called for each envelope.
            ping_seconds: see `PING_SECONDS`.
            hello_seconds: see `HELLO_SECONDS`.
            first_pause: seconds until the second attempt.
            refused_pause: see `PAUSE_IF_REFUSED`.
        """
        self.outage = "not connected yet"
        """Why no socket is open; empty while one is. Contains no secret."""
        self._api = api
        self._on_envelope = on_envelope
        self._ping_seconds = ping_seconds
        self._hello_seconds = hello_seconds
        self._first_pause = first_pause
        self._refused_pause = refused_pause
        self._retiring: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Keeps a socket open until cancelled."""
        socket, short_lives, loop = None, 0, asyncio.get_running_loop()
        try:
            while True:
                fresh = await self._next(socket)
                if self.outage:
                    log.info("listening", platform="slack")
                self.outage = ""
                self._retire(socket)
                socket, since = fresh, loop.time()
                await socket.ended.wait()
                short_lives = short_lives + 1 if loop.time() - since < _SETTLED_AFTER else 0
                if short_lives > _MOST_SHORT_LIVES:
                    await asyncio.sleep(self._first_pause)
        finally:
            for retiring in self._retiring:
                retiring.cancel()
            await asyncio.gather(*self._retiring, return_exceptions=True)
            if socket is not None:
                await socket.end()

    async def _next(self, last: _OneSocket | None) -> _OneSocket:
        """Opens a new socket, and tries until it works; meanwhile the last one may still work."""
        pause = self._first_pause
        while True:
            try:
                return await self._opened()
            except DeliveryError as error:
                if last is None or not await last.is_connected():
                    self._is_down(error.reason)
                await asyncio.sleep(self._pause_after(error, pause))
                pause = min(2 * pause, LONGEST_PAUSE)

    def _is_down(self, reason: str) -> None:
        if reason != self.outage:
            log.warning("not listening", platform="slack", reason=reason)
        self.outage = reason

    def _retire(self, socket: _OneSocket | None) -> None:
        """Closes the replaced socket a moment later, so that envelopes on their way are still acknowledged on it."""
        if socket is not None:
            task = asyncio.create_task(_end_later(socket))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    def _pause_after(self, error: DeliveryError, pause: float) -> float:
        if error.retry_after is not None:
            return error.retry_after
        return max(pause, self._refused_pause) if error.kind is FailureKind.CREDENTIAL else pause

    async def _opened(self) -> _OneSocket:
        """Opens a socket and waits for its `hello`.

        Raises:
            DeliveryError: it could not be opened.
        """
        url = await self._api.socket_url()
        socket = _OneSocket(self._api, self._on_envelope, self._ping_seconds)
        await socket.aiohttp_client_session.close()
        socket.aiohttp_client_session = aiohttp.ClientSession(trust_env=True)
        socket.wss_uri = url
        try:
            async with asyncio.timeout(self._hello_seconds):
                await socket.connect()  # type: ignore[no-untyped-call]
                await socket.greeted.wait()
        except TimeoutError:
            await socket.end()
            raise DeliveryError(FailureKind.TRANSIENT, "Slack's socket did not open, or said no hello") from None
        except BaseException:
            await socket.end()
            raise
        return socket


async def _end_later(socket: _OneSocket) -> None:
    try:
        await asyncio.sleep(_RETIRES_IN)
    finally:
        await socket.end()
