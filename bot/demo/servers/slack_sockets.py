"""Socket Mode of the Slack server on loopback: socket URLs, envelopes, acknowledgements, and answers.

https://docs.slack.dev/apis/events-api/using-socket-mode. An address is good once. Each envelope goes to one of the
open sockets. Events that nobody acknowledges come again, commands and presses do not: who made them sees a time-out.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from bot.demo.servers.slack_limits import message_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

APP_TOKEN = "xapp-1-demo-token"  # noqa: S105 - opens nothing but this receiver
TEAM = "T0DEMO00001"
MOST_SOCKETS = 10
MOST_ANSWERS = 5
"""The most answers to one command: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses."""


@dataclass
class Envelope:
    """One sent envelope, with its acknowledgements and answers."""

    kind: str
    payload: Mapping[str, Any]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    acks: list[Mapping[str, Any] | None] = field(default_factory=list)
    """The payloads of its acknowledgements."""
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    """The payloads that were posted to its `response_url`."""
    acked: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class SlackSockets:
    """The sockets of one app, and the people of its workspace."""

    def __init__(self) -> None:
        self.app_token = APP_TOKEN
        """Tests change it to revoke the token that an app has."""
        self.users: dict[str, dict[str, Any]] = {}
        """By person, what users.info answers; other persons are members and no admins."""
        self.opened = 0
        """The number of socket URLs that were given out."""
        self.connected = 0
        """The number of sockets that were ever opened."""
        self.envelopes: dict[str, Envelope] = {}
        self.refused: list[str] = []
        """The error codes of refused answers, in order."""
        self.is_silent = False
        """Whether nothing is sent any more on open sockets, not even a pong."""
        self.says_hello = True
        self.spread = random.Random(1)  # noqa: S311 - chooses the socket for an envelope
        self._base = ""
        self._tickets: set[str] = set()
        self._sockets: list[web.WebSocketResponse] = []
        self._numbers = itertools.count(1)

    @property
    def open_sockets(self) -> int:
        """The number of open sockets."""
        return len(self._sockets)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Adds the routes below `/api/`, `/socket/` and `/response/`."""
        router.add_route("*", "/api/apps.connections.open", self._connections_open)
        router.add_route("*", "/api/users.info", self._users_info)
        router.add_get("/socket/{ticket}", self._socket)
        router.add_post("/response/{envelope}", self._response)

    def listen_at(self, port: int) -> None:
        """Sets the port of the URLs."""
        self._base = f"127.0.0.1:{port}"

    async def command(self, person: str, channel: str, text: str, *, name: str = "papers") -> Envelope:
        """A person types `/paperboy text`: https://docs.slack.dev/interactivity/implementing-slash-commands."""
        direct = channel.startswith("D")
        payload = {
            "command": "/paperboy",
            "text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
            "user_id": person,
            "user_name": "somebody",
            "channel_id": channel,
            "channel_name": "directmessage" if direct else name,
            "team_id": TEAM,
            "trigger_id": f"trigger.{next(self._numbers)}",
        }
        return await self._send("slash_commands", payload, accepts_response_payload=True)

    async def press(self, person: str, channel: str | None, value: str, action_id: str = "a") -> Envelope:
        """A person clicks a button or chooses an option; without a channel, on the home page."""
        place: dict[str, Any] = {"container": {"type": "view"}}
        if channel is not None:
            place = {"container": {"type": "message"}, "channel": {"id": channel, "name": "papers"}}
        action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value, "action_ts": "1.0"}
        payload = {
            "type": "block_actions",
            "user": {"id": person},
            "actions": [action],
            "team": {"id": TEAM},
            **place,
        }
        return await self._send("interactive", payload, answerable=channel is not None)

    async def _connections_open(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.app_token}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        self.opened += 1
        ticket = secrets.token_hex(8)
        self._tickets.add(ticket)
        return web.json_response({"ok": True, "url": f"ws://{self._base}/socket/{ticket}"})

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        ticket = request.match_info["ticket"]
        if ticket not in self._tickets or len(self._sockets) >= MOST_SOCKETS:
            return web.Response(status=408)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if self.says_hello:
            info = {"host": "demo", "approximate_connection_time": 18060}
            hello = {"type": "hello", "num_connections": len(self._sockets) + 1, "debug_info": info}
            await socket.send_json({**hello, "connection_info": {"app_id": "A0DEMO00001"}})
        self._sockets.append(socket)
        self.connected += 1
        try:
            async for message in socket:
                if message.type is WSMsgType.PING and not self.is_silent:
                    await socket.pong(message.data)
                elif message.type is WSMsgType.TEXT and not self.is_silent:
                    self._acknowledge(message.json())
        finally:
            if socket in self._sockets:
                self._sockets.remove(socket)
        return socket

    def _acknowledge(self, said: Mapping[str, Any]) -> None:
        envelope = self.envelopes.get(str(said.get("envelope_id")))
        if envelope is not None:
            envelope.acks.append(said.get("payload"))
            envelope.acked.set()

    async def _send(
        self, kind: str, payload: Mapping[str, Any], *, answerable: bool = True, **more: object
    ) -> Envelope:
        """Sends an envelope over one of the sockets; it is lost if there is none."""
        envelope = Envelope(kind, payload)
        if answerable:
            envelope.payload = {**payload, "response_url": f"http://{self._base}/response/{envelope.id}"}
        self.envelopes[envelope.id] = envelope
        said = {"envelope_id": envelope.id, "type": kind, "accepts_response_payload": False, **more}
        if self._sockets:
            await self.spread.choice(self._sockets).send_json({**said, "payload": envelope.payload})
        return envelope

    async def _response(self, request: web.Request) -> web.StreamResponse:
        envelope = self.envelopes.get(request.match_info["envelope"])
        payload = await request.json()
        if envelope is None or len(envelope.answers) >= MOST_ANSWERS:
            return web.Response(status=404, text="used_url")
        if error := message_refusal(payload):
            self.refused.append(error)
            return web.Response(status=400, text=error)
        envelope.answers.append(payload)
        envelope.answered.set()
        return web.Response(text="ok")

    async def _users_info(self, request: web.Request) -> web.StreamResponse:
        person = str((await request.post() or request.query).get("user", ""))
        if not person.startswith(("U", "W")):
            return web.json_response({"ok": False, "error": "user_not_found"})
        known = {"id": person, "team_id": TEAM, "deleted": False, "is_admin": False, "is_owner": False}
        return web.json_response({"ok": True, "user": {**known, **self.users.get(person, {})}})
