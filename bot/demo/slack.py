"""A Slack on loopback, for the demo and the tests: takes what Slack takes, refuses what it refuses.

Knows the methods that `channels.slack` uses, incoming webhooks, and the limits of Block Kit. It has no idempotency
key, as Slack has none: a message posted twice is there twice. Never paces by itself: a 429 is scripted.
Rules: https://docs.slack.dev/reference/methods/chat.postMessage and https://docs.slack.dev/reference/block-kit/blocks.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TOKEN = "xoxb-demo-token"  # noqa: S105 - opens nothing but this receiver

_MOST_TEXT = 40_000
_MOST_IN_ALL_BLOCKS = 13_000
_FIRST_TS = 1_776_000_000
_WEBHOOK_STATUS = {"no_service": 404, "channel_not_found": 404, "channel_is_archived": 410}


@dataclass(frozen=True, slots=True)
class Scripted:
    """What the receiver does with the next request instead of what it would do."""

    status: int = 200
    body: object = None
    """JSON, or the text of a webhook's answer or an HTML page."""
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: bool = False
    """Whether it files the message first."""
    drops: bool = False
    """Whether it then breaks the connection, without an answer."""
    hangs: float = 0.0
    """Seconds of silence after taking it, before anything else is heard."""


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message as the receiver filed it."""

    channel: str
    """The channel's id or `#name`, or the webhook's name."""
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    thread_ts: str | None
    ts: str
    payload: Mapping[str, Any]
    """All that was sent."""


class SlackReceiver:
    """Listens on a free loopback port between `async with` and its end."""

    def __init__(self, *, token: str = TOKEN) -> None:
        self.token = token
        self.messages: list[SlackMessage] = []
        """What was taken, in order."""
        self.requests: list[tuple[str, str]] = []
        """Method and path of every request, in order."""
        self.user_agents: set[str] = set()
        self.script: deque[Scripted] = deque()
        """Used up one by one by the next posts."""
        self.looks: deque[Scripted] = deque()
        """The same for `auth.test` and `conversations.info`."""
        self.scopes = "chat:write,channels:read"
        self.channels: dict[str, dict[str, Any]] = {}
        """What is known of a channel; any other id is an open channel that the app is in."""
        self._webhooks: dict[str, str] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def api_url(self) -> str:
        """What goes into `channels.slack.api_url`."""
        return f"http://127.0.0.1:{self._port}/api/"

    def webhook_url(self, name: str) -> str:
        """A webhook of that name, made at the first call."""
        digest = hashlib.sha256(name.encode()).hexdigest()
        path = f"/services/T00000001/B{digest[:8].upper()}/{digest[8:32]}"
        self._webhooks[path] = name
        return f"http://127.0.0.1:{self._port}{path}"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._log])
        app.router.add_post("/api/chat.postMessage", self._post_message)
        app.router.add_route("*", "/api/auth.test", self._auth_test)
        app.router.add_route("*", "/api/conversations.info", self._conversations_info)
        app.router.add_post("/services/{path:.*}", self._webhook)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

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
            return await self._as_scripted(request, self.script.popleft(), channel, payload)
        if error := self._unknown_token(request) or self._closed(channel) or _refused(payload):
            return web.json_response({"ok": False, "error": error})
        filed = self._file(channel, payload)
        return web.json_response({"ok": True, "channel": channel, "ts": filed.ts, "message": {"text": filed.text}})

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        payload = _json(await request.read())
        name = self._webhooks.get(request.path, "")
        if self.script:
            return await self._as_scripted(request, self.script.popleft(), name, payload)
        error = "" if name else "no_service"
        if error := error or self._closed(name) or ("" if payload else "invalid_payload") or _refused(payload):
            code = "channel_is_archived" if error == "is_archived" else error
            return web.Response(status=_WEBHOOK_STATUS.get(code, 400), text=code)
        self._file(name, payload)
        return web.Response(text="ok")

    async def _auth_test(self, request: web.Request) -> web.StreamResponse:
        if self.looks:
            return await self._as_scripted(request, self.looks.popleft(), "", {})
        if error := self._unknown_token(request):
            return web.json_response({"ok": False, "error": error})
        said = {"ok": True, "team": "Demo Lab", "user": "paperboy"}
        return web.json_response(said, headers={"X-OAuth-Scopes": self.scopes})

    async def _conversations_info(self, request: web.Request) -> web.StreamResponse:
        if self.looks:
            return await self._as_scripted(request, self.looks.popleft(), "", {})
        channel = request.query.get("channel", "")
        if error := self._unknown_token(request) or self._closed(channel, looking=True):
            return web.json_response({"ok": False, "error": error})
        known = {"id": channel, "is_member": True, "is_archived": False} | self.channels.get(channel, {})
        return web.json_response({"ok": True, "channel": known})

    async def _as_scripted(
        self, request: web.Request, scripted: Scripted, channel: str, payload: Mapping[str, Any]
    ) -> web.StreamResponse:
        if scripted.takes:
            self._file(channel, payload)
        await asyncio.sleep(scripted.hangs)
        if scripted.drops and request.transport:
            request.transport.abort()
        if isinstance(scripted.body, str):
            return web.Response(status=scripted.status, text=scripted.body, headers=scripted.headers)
        return web.json_response(scripted.body, status=scripted.status, headers=scripted.headers)

    def _file(self, channel: str, payload: Mapping[str, Any]) -> SlackMessage:
        message = SlackMessage(
            channel=channel,
            text=str(payload.get("text") or "")[:_MOST_TEXT],
            blocks=list(payload.get("blocks") or []),
            metadata=payload.get("metadata"),
            thread_ts=payload.get("thread_ts"),
            ts=f"{_FIRST_TS + len(self.messages)}.{len(self.messages):06d}",
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
        """The code with which a post to that channel, or a look at it, is refused; empty where it is not."""
        known = self.channels.get(channel, {})
        if not channel or known.get("error"):
            return str(known.get("error") or "channel_not_found")
        if looking:
            return ""
        return "is_archived" if known.get("is_archived") else "" if known.get("is_member", True) else "not_in_channel"


def _json(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _refused(payload: Mapping[str, Any]) -> str:
    """The code with which Slack refuses what stands in the payload; empty where it takes it."""
    blocks = payload.get("blocks") or []
    if not isinstance(blocks, list) or len(blocks) > 50:
        return "invalid_blocks"
    if not blocks and not payload.get("text"):
        return "no_text"
    metadata = payload.get("metadata")
    if metadata is not None and not (isinstance(metadata, dict) and {"event_type", "event_payload"} <= set(metadata)):
        return "invalid_metadata_format"
    if not all(isinstance(block, dict) and _is_block(block) for block in blocks):
        return "invalid_blocks"
    if sum(len(text["text"]) for block in blocks for text in _texts(block)) > _MOST_IN_ALL_BLOCKS:
        return "msg_blocks_too_long"
    return ""


def _is_block(block: Mapping[str, Any]) -> bool:
    """Whether it is one of the blocks that a digest is made of, within its limits."""
    texts = list(_texts(block))
    sound = all(isinstance(text, dict) and _is_text(text) for text in texts)
    match block.get("type"):
        case "divider":
            return not texts
        case "header":
            return sound and len(texts) == 1 and texts[0]["type"] == "plain_text" and len(texts[0]["text"]) <= 150
        case "section":
            return sound and len(texts) == 1
        case "context":
            return sound and 1 <= len(texts) <= 10
    return False


def _is_text(text: Mapping[str, Any]) -> bool:
    kind, body = text.get("type"), text.get("text")
    known = kind == "mrkdwn" or (kind == "plain_text" and "verbatim" not in text)
    return known and isinstance(body, str) and 1 <= len(body) <= 3000


def _texts(block: Mapping[str, Any]) -> Iterator[Any]:
    if "text" in block:
        yield block["text"]
    yield from block.get("elements") or []
