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

from bot.demo.servers.slack_views import message_refusal, view_refusal

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
        self.refusals: list[str] = []
        """Error codes for the next calls of apps.connections.open, used up one by one."""
        self.envelopes: dict[str, Envelope] = {}
        self.homes: dict[str, Mapping[str, Any]] = {}
        """By person, the home page."""
        self.dialogs: dict[str, Mapping[str, Any]] = {}
        """By id, the dialog's view."""
        self.refused: list[str] = []
        """The error codes of refused answers, home pages and dialogs, in order."""
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
        for name, method in {
            "apps.connections.open": self._connections_open,
            "users.info": self._users_info,
            "views.publish": self._views_publish,
            "views.open": self._views_open,
            "views.update": self._views_update,
        }.items():
            router.add_route("*", f"/api/{name}", method)
        router.add_get("/socket/{ticket}", self._socket)
        router.add_post("/response/{envelope}", self._response)

    def listen_at(self, port: int) -> None:
        """Sets the port of the URLs."""
        self._base = f"127.0.0.1:{port}"

    # -- what people do --------------------------------------------------------------------------------------------

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

    async def choose_shortcut(
        self, person: str, channel: str | None, message: Mapping[str, Any] | None, callback_id: str
    ) -> Envelope:
        """A person chooses a shortcut, on a message or anywhere."""
        payload: dict[str, Any] = {
            "type": "shortcut" if message is None else "message_action",
            "callback_id": callback_id,
            "user": {"id": person},
            "trigger_id": f"trigger.{next(self._numbers)}",
        }
        if message is not None:
            payload |= {"channel": {"id": channel, "name": "papers"}, "message": dict(message)}
        return await self._send("interactive", payload, answerable=message is not None)

    async def submit(self, person: str, view_id: str, text: str) -> Envelope:
        """A person submits a dialog with one field."""
        view = self.dialogs[view_id]
        (block,) = (block for block in view["blocks"] if block["type"] == "input")
        values = {block["block_id"]: {block["element"]["action_id"]: {"type": "plain_text_input", "value": text}}}
        sent = {"id": view_id, "callback_id": view.get("callback_id"), "state": {"values": values}}
        payload = {"type": "view_submission", "user": {"id": person}, "view": sent}
        return await self._send("interactive", payload, answerable=False)

    async def open_home(self, person: str, *, event_id: str = "") -> Envelope:
        """A person opens the app's home page: https://docs.slack.dev/reference/events/app_home_opened."""
        event = {"type": "app_home_opened", "user": person, "channel": "D0HOME00001", "tab": "home"}
        return await self.event(event, event_id=event_id)

    async def event(self, event: Mapping[str, Any], *, event_id: str = "", retry: int = 0) -> Envelope:
        """Sends an event of the Events API; `retry` is the number of earlier attempts."""
        payload = {
            "type": "event_callback",
            "team_id": TEAM,
            "event": dict(event),
            "event_id": event_id or f"Ev{next(self._numbers):08d}",
        }
        retried = {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        return await self._send("events_api", payload, answerable=False, **retried)

    # -- what happens to sockets -----------------------------------------------------------------------------------

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Asks the app to replace every socket; they stay open for now."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "demo"}})

    def drop(self) -> None:
        """Breaks every connection without a close message; from then on none of them counts as open."""
        broken, self._sockets = self._sockets, []
        for socket in broken:
            transport = socket._req.transport if socket._req else None  # noqa: SLF001 - aiohttp has no other way
            if transport:
                transport.abort()

    async def close(self) -> None:
        """Closes every socket with a close message."""
        for socket in list(self._sockets):
            await socket.close()

    # -- methods ---------------------------------------------------------------------------------------------------

    async def _connections_open(self, request: web.Request) -> web.StreamResponse:
        error = "" if request.headers.get("Authorization") == f"Bearer {self.app_token}" else "invalid_auth"
        if self.refusals:
            error = self.refusals.pop(0)
        if error:
            needed = {"needed": "connections:write"} if error == "missing_scope" else {}
            return web.json_response({"ok": False, "error": error, **needed})
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

    async def send_again(self, envelope: Envelope, **more: object) -> None:
        """Sends the same envelope once more."""
        said = {"envelope_id": envelope.id, "type": envelope.kind, "accepts_response_payload": False, **more}
        await self.spread.choice(self._sockets).send_json({**said, "payload": envelope.payload})

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

    async def _views_publish(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if error := view_refusal(asked.get("view") or {}, "home"):
            return self._refuse(error)
        self.homes[str(asked.get("user_id"))] = asked["view"]
        return web.json_response({"ok": True, "view": asked["view"]})

    async def _views_open(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if error := view_refusal(asked.get("view") or {}, "modal"):
            return self._refuse(error)
        name = f"V{next(self._numbers):08d}"
        self.dialogs[name] = asked["view"]
        return web.json_response({"ok": True, "view": {**asked["view"], "id": name}})

    async def _views_update(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        name = str(asked.get("view_id"))
        error = "not_found" if name not in self.dialogs else view_refusal(asked.get("view") or {}, "modal")
        if error:
            return self._refuse(error)
        self.dialogs[name] = asked["view"]
        return web.json_response({"ok": True, "view": {**asked["view"], "id": name}})

    def _refuse(self, error: str) -> web.StreamResponse:
        self.refused.append(error)
        return web.json_response({"ok": False, "error": error})
