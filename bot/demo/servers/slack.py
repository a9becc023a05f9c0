"""A Slack server on loopback: accepts and refuses what Slack does.

Knows the methods that `channels.slack` uses, incoming webhooks, and the limits of Block Kit. It has no idempotency
key, as Slack has none: a message posted twice is there twice, and history shows it to who may read. Paces only where
it is told to. Rules: https://docs.slack.dev/reference/methods/chat.postMessage and .../conversations.history,
https://docs.slack.dev/reference/block-kit/blocks, https://docs.slack.dev/apis/web-api/rate-limits.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from bot.demo.servers.loopback import listening
from bot.demo.servers.scripted import FaultScript, play
from bot.demo.servers.slack_limits import MOST_TEXT, refusal
from bot.demo.servers.slack_sockets import TEAM, SlackSockets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TOKEN", "FaultScript", "SlackMessage", "SlackReceiver"]

TOKEN = "xoxb-demo-token"  # noqa: S105 - opens nothing but this receiver
BOT = "U0PAPERBOY1"
"""The bot's own id as a user."""

_WEBHOOK_STATUS = {"no_service": 404, "channel_not_found": 404, "channel_is_archived": 410}


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One stored message."""

    channel: str
    """The channel's id or `#name`, or the webhook's name."""
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    thread_ts: str | None
    ts: str
    payload: Mapping[str, Any]
    """The whole payload."""


class SlackReceiver:
    """Listens on a free loopback port between `async with` and its end."""

    def __init__(self, *, token: str = TOKEN, now: Callable[[], float] = time.time) -> None:
        self.token = token
        """Tests change it to revoke the token that a channel has."""
        self.now = now
        """The present moment, for messages: seconds since 1970."""
        self.messages: list[SlackMessage] = []
        """The accepted messages, in order."""
        self.requests: list[tuple[str, str]] = []
        """Method and path of every request, in order."""
        self.user_agents: set[str] = set()
        self.script: deque[FaultScript] = deque()
        """Faults for the next posts, used up one by one."""
        self.refuses: Callable[[Mapping[str, Any]], str] = lambda _payload: ""
        """Returns the code with which a payload is refused; empty if it is accepted."""
        self.scopes = "chat:write,channels:read,channels:history,im:write"
        self.seconds_between_posts = 0.0
        """The least time between two posts to one channel or webhook; earlier ones get a 429. Slack has about 1."""
        self.most_shown = 999
        """The most messages in one answer of a history; 15 for some apps."""
        self.channels: dict[str, dict[str, Any]] = {}
        """Special channels by id, as Slack describes them; any other id is an open channel that the app is in."""
        self.sockets = SlackSockets()
        """Socket Mode, with the commands and clicks of people."""
        self._posted: dict[str, float] = {}
        self._webhooks: dict[str, str] = {}
        self._open = AsyncExitStack()
        self._port = 0

    @property
    def api_url(self) -> str:
        """The value for `channels.slack.api_url`."""
        return f"http://127.0.0.1:{self._port}/api/"

    def webhook_url(self, name: str) -> str:
        """The URL of the webhook with that name, created at the first call."""
        digest = hashlib.sha256(name.encode()).hexdigest()
        path = f"/services/T00000001/B{digest[:8].upper()}/{digest[8:32]}"
        self._webhooks[path] = name
        return f"http://127.0.0.1:{self._port}{path}"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Adds the methods below `/api/`, the webhooks, and what Socket Mode needs."""
        router.add_post("/api/chat.postMessage", self._post_message)
        router.add_route("*", "/api/auth.test", self._auth_test)
        router.add_route("*", "/api/conversations.info", self._conversations_info)
        router.add_route("*", "/api/conversations.history", self._conversations_history)
        router.add_route("*", "/api/conversations.replies", self._conversations_replies)
        router.add_post("/services/{path:.*}", self._webhook)
        self.sockets.add_routes(router)

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._log])
        self.add_routes(app.router)
        self._port = await self._open.enter_async_context(listening(app))
        self.sockets.listen_at(self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    @web.middleware
    async def _log(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        self.user_agents.add(request.headers.get("User-Agent", ""))
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _post_message(self, request: web.Request) -> web.StreamResponse:
        payload = _json(await request.read())
        channel = str(payload.get("channel", ""))
        if self.script:
            return await self._play_fault(request, self.script.popleft(), channel, payload)
        closed = self._unknown_token(request) or self._closed(channel)
        if error := closed or self.refuses(payload) or refusal(payload):
            return web.json_response({"ok": False, "error": error})
        if wait := self._too_early(channel):
            said = {"ok": False, "error": "ratelimited"}
            return web.json_response(said, status=429, headers={"Retry-After": str(wait)})
        filed = self._file(channel, payload)
        return web.json_response({"ok": True, "channel": channel, "ts": filed.ts, "message": {"text": filed.text}})

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        payload = _json(await request.read())
        name = self._webhooks.get(request.path, "")
        if self.script:
            return await self._play_fault(request, self.script.popleft(), name, payload)
        error = "" if name else "no_service"
        if error := error or self._closed(name) or ("" if payload else "invalid_payload") or refusal(payload):
            code = "channel_is_archived" if error == "is_archived" else error
            return web.Response(status=_WEBHOOK_STATUS.get(code, 400), text=code)
        if wait := self._too_early(name):
            return web.Response(status=429, text="rate_limited", headers={"Retry-After": str(wait)})
        self._file(name, payload)
        return web.Response(text="ok")

    async def _auth_test(self, request: web.Request) -> web.StreamResponse:
        if error := self._unknown_token(request):
            return web.json_response({"ok": False, "error": error})
        said = {"ok": True, "team": "Demo Lab", "team_id": TEAM, "user": "paperboy", "user_id": BOT}
        return web.json_response(said, headers={"X-OAuth-Scopes": self.scopes})

    async def _conversations_info(self, request: web.Request) -> web.StreamResponse:
        channel = request.query.get("channel", "")
        if error := self._unknown_token(request) or self._closed(channel, looking=True):
            return web.json_response({"ok": False, "error": error})
        known = {"id": channel, "is_member": True, "is_archived": False} | self.channels.get(channel, {})
        return web.json_response({"ok": True, "channel": known})

    async def _conversations_history(self, request: web.Request) -> web.StreamResponse:
        """The messages outside of threads, newest first."""
        return await self._show(request, lambda message: message.thread_ts is None, newest_first=True)

    async def _conversations_replies(self, request: web.Request) -> web.StreamResponse:
        """The messages of a thread, oldest first, always with the message above it."""
        parent = request.query.get("ts", "")
        if not any(message.ts == parent for message in self.messages):
            return web.json_response({"ok": False, "error": "thread_not_found"})
        return await self._show(
            request, lambda message: parent in (message.ts, message.thread_ts), newest_first=False
        )

    async def _show(
        self, request: web.Request, belongs: Callable[[SlackMessage], bool], *, newest_first: bool
    ) -> web.StreamResponse:
        asked, channel = request.query, request.query.get("channel", "")
        if error := self._unknown_token(request) or self._unreadable(channel):
            needed = {"needed": "channels:history"} if error == "missing_scope" else {}
            return web.json_response({"ok": False, "error": error, **needed})
        oldest, latest = float(asked.get("oldest", 0)), float(asked.get("latest", "inf"))
        parent = asked.get("ts")
        found = [
            message
            for message in self.messages
            if message.channel == channel
            and belongs(message)
            and (oldest <= float(message.ts) <= latest or message.ts == parent)
        ]
        if newest_first:
            found.reverse()
        start, size = int(asked.get("cursor") or 0), min(int(asked.get("limit", 100)), self.most_shown)
        more = start + size < len(found)
        with_metadata = asked.get("include_all_metadata") in ("1", "true", "True")
        said = {
            "ok": True,
            "messages": [
                self.as_shown(message, with_metadata=with_metadata) for message in found[start : start + size]
            ],
            "has_more": more,
            "response_metadata": {"next_cursor": str(start + size) if more else ""},
        }
        return web.json_response(said)

    def as_shown(self, message: SlackMessage, *, with_metadata: bool) -> dict[str, Any]:
        """A message in an answer of the history; with metadata only if that was asked for."""
        shown: dict[str, Any] = {"type": "message", "text": message.text, "blocks": message.blocks, "ts": message.ts}
        if message.thread_ts:
            shown["thread_ts"] = message.thread_ts
        if with_metadata and message.metadata:
            shown["metadata"] = message.metadata
        return shown

    def _unreadable(self, channel: str) -> str:
        """The code with which reading the channel's history is refused; empty if it is not."""
        if "channels:history" not in self.scopes.split(","):
            return "missing_scope"
        if channel.startswith("#"):
            return "channel_not_found"
        known = self.channels.get(channel, {})
        return self._closed(channel, looking=True) or ("" if known.get("is_member", True) else "not_in_channel")

    def _too_early(self, destination: str) -> int:
        """The seconds until the destination accepts a post; 0 if it does now, and then the time is stored."""
        now = self.now()
        wait = self._posted.get(destination, float("-inf")) + self.seconds_between_posts - now
        if wait > 0:
            return math.ceil(wait)
        self._posted[destination] = now
        return 0

    async def _play_fault(
        self, request: web.Request, fault: FaultScript, channel: str, payload: Mapping[str, Any]
    ) -> web.StreamResponse:
        if fault.takes:
            self._file(channel, payload)
        if isinstance(fault.body, str):
            answer = web.Response(status=fault.status, text=fault.body, headers=fault.headers)
        else:
            answer = web.json_response(fault.body, status=fault.status, headers=fault.headers)
        return await play(fault, request, answer)

    def _file(self, channel: str, payload: Mapping[str, Any]) -> SlackMessage:
        message = SlackMessage(
            channel=_direct(channel),
            text=str(payload.get("text") or "")[:MOST_TEXT],
            blocks=list(payload.get("blocks") or []),
            metadata=payload.get("metadata"),
            thread_ts=payload.get("thread_ts"),
            ts=f"{int(self.now())}.{len(self.messages):06d}",
            payload=payload,
        )
        self.messages.append(message)
        return message

    def _unknown_token(self, request: web.Request) -> str:
        given = request.headers.get("Authorization", "")
        if not given:
            return "not_authed"
        return "" if given == f"Bearer {self.token}" else "invalid_auth"

    def _closed(self, channel: str, *, looking: bool = False) -> str:
        """The code with which posting to the channel, or `looking` at it, is refused; empty if it is not."""
        known = self.channels.get(channel, {})
        if not channel or known.get("error"):
            return str(known.get("error") or "channel_not_found")
        if looking:
            return ""
        return "is_archived" if known.get("is_archived") else "" if known.get("is_member", True) else "not_in_channel"


def _direct(channel: str) -> str:
    """The channel of a post; for a person, the direct messages with them."""
    return f"D{channel[1:]}" if channel.startswith(("U", "W")) else channel


def _json(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}
