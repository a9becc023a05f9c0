"""A Discord server on loopback: accepts and refuses what Discord does.

Has the routes with which `channels.discord` posts, with the limits of messages, and nonces; `DiscordChat` has the
routes that `chat.discord` uses. Rules:
https://docs.discord.com/developers/resources/message and .../resources/webhook.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from bot.demo.servers.discord_answers import error_answer, json_answer
from bot.demo.servers.discord_chat import DiscordChat
from bot.demo.servers.discord_forums import FORUM, GUILD, Forums
from bot.demo.servers.discord_interactions import Person
from bot.demo.servers.discord_limits import errors_in
from bot.demo.servers.discord_messages import DiscordMessage
from bot.demo.servers.loopback import listening

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

__all__ = ["NONCE_SECONDS", "TOKEN", "DiscordMessage", "DiscordReceiver"]

TOKEN = "demo-bot-token"  # noqa: S105 - opens nothing but this receiver
NONCE_SECONDS = 300.0
"""How long a nonce is remembered; Discord's docs say "the past few minutes"."""

ROOT = "/api/v10"
"""The path of the API."""
FIRST_ID = 1_200_000_000_000_000_000
_EPOCH = 1_420_070_400
"""The epoch of ids, in seconds since 1970: https://docs.discord.com/developers/reference#snowflakes."""
BOT = Person(str(FIRST_ID), "paperboy").as_user() | {"bot": True}


class DiscordReceiver:
    """Listens on a free loopback port between `async with` and its end."""

    def __init__(self, *, token: str = TOKEN, now: Callable[[], float] = time.time) -> None:
        self.token = token
        """Tests change it to revoke the token that a channel has."""
        self.now = now
        """The present moment, for messages and nonces: seconds since 1970."""
        self.messages: list[DiscordMessage] = []
        """The accepted messages, in order; a message that was recognised by its nonce is here once."""
        self.requests: list[tuple[str, str]] = []
        """Method and path of every request, in order."""
        self.user_agents: set[str] = set()
        self.channels: dict[str, dict[str, Any]] = {}
        """Special channels by id, as Discord describes them; any other id is a text channel."""
        self.forums = Forums()
        self.chat = DiscordChat(BOT, lambda token: token == self.token, lambda: self.now(), self._next_id)  # noqa: PLW0108 - a test may put another clock there
        self._webhooks: dict[str, tuple[str, str]] = {}
        self._nonces: dict[tuple[str, str], tuple[float, DiscordMessage]] = {}
        self._deleted: set[str] = set()
        self._ids = 0
        self._open = AsyncExitStack()
        self._port = 0

    @property
    def api_url(self) -> str:
        """The value for `channels.discord.api_url`."""
        return f"http://127.0.0.1:{self._port}{ROOT}"

    def make_forum(self, number: str, *, flags: int = 0, tags: Mapping[str, str] | None = None) -> None:
        """Makes a channel, or the channel of a webhook (by its name), a forum; `tags`: ids by names."""
        forum = {"name": f"forum-{number[-4:]}", "type": FORUM, "guild_id": GUILD, "flags": flags}
        available = [{"id": tag, "name": name, "moderated": False} for name, tag in (tags or {}).items()]
        self.channels[number] = forum | {"available_tags": available}

    def webhook_url(self, name: str) -> str:
        """The URL of the webhook with that name, created at the first call."""
        digest = hashlib.sha256(name.encode()).hexdigest()
        number = str(FIRST_ID + int(digest[:8], 16))
        self._webhooks[number] = (f"hook-{digest[:40]}", name)
        return f"{self.api_url}/webhooks/{number}/{self._webhooks[number][0]}"

    def delete(self, message_id: str) -> None:
        """Deletes a message; its nonce then answers Unknown Message."""
        self._deleted.add(message_id)
        self.messages = [message for message in self.messages if message.id != message_id]

    def add_routes(self, app: web.Application) -> None:
        """Adds all routes."""
        self.chat.add_routes(app, ROOT)
        app.router.add_get(f"{ROOT}/users/@me", self._me)
        app.router.add_get(f"{ROOT}/channels/{{id}}", self._channel)
        app.router.add_post(f"{ROOT}/channels/{{id}}/messages", self._create_message)
        app.router.add_post(f"{ROOT}/channels/{{id}}/threads", self._start_thread)
        app.router.add_post(f"{ROOT}/channels/{{id}}/messages/{{message}}/threads", self._start_thread_below)
        app.router.add_post(f"{ROOT}/webhooks/{{id}}/{{token}}", self._execute_webhook)

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._log])
        self.add_routes(app)
        self._port = self.chat.port = await self._open.enter_async_context(listening(app))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    @web.middleware
    async def _log(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        self.user_agents.add(request.headers.get("User-Agent", ""))
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return error_answer(404, 0, "404: Not Found")

    async def _me(self, request: web.Request) -> web.Response:
        return self._unauthorized(request) or json_answer(BOT)

    def guild_channel(self, number: str) -> dict[str, Any]:
        """A channel of the guild, as the gateway describes it."""
        known = {"id": number, "name": f"channel-{number[-4:]}", "type": 0, "position": 0, "guild_id": GUILD}
        return known | self.channels.get(number, {})

    async def _channel(self, request: web.Request) -> web.Response:
        number = request.match_info["id"]
        if refused := self._unauthorized(request):
            return refused
        person = self.chat.whose(number)
        return json_answer(self.guild_channel(number) if person is None else self.chat.direct_channel(person))

    async def _create_message(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["id"]
        if refused := self._unauthorized(request):
            return refused
        if self.channels.get(number, {}).get("type") == FORUM:
            return error_answer(400, 50008, "Cannot send messages in a non-text channel")
        thread = self.forums.threads.get(number)
        return await self._post(request, thread.forum if thread else number, number if thread else "", nonces=True)

    async def _start_thread(self, request: web.Request) -> web.StreamResponse:
        """Opens a thread: in a forum with its first message; elsewhere an empty one, which is not kept."""
        number, asked = request.match_info["id"], await request.json()
        if refused := self._unauthorized(request):
            return refused
        if self.channels.get(number, {}).get("type") != FORUM:
            return json_answer({"id": str(FIRST_ID - 1), "name": asked.get("name"), "type": 12})
        payload = {**(asked.get("message") or {}), "applied_tags": asked.get("applied_tags")}
        return self._open_thread(number, str(asked.get("name", "")), str(FIRST_ID), payload)

    async def _start_thread_below(self, request: web.Request) -> web.Response:
        number, message, asked = request.match_info["id"], request.match_info["message"], await request.json()
        if refused := self._unauthorized(request):
            return refused
        found = any(each.id == message and each.destination == number for each in self.messages)
        direct, name = self.chat.whose(number) is not None, str(asked.get("name", ""))
        if refusal := self.forums.refusal_below(message, name, found=found, direct=direct):
            return error_answer(*refusal)
        self.forums.opened(message, number, name, str(FIRST_ID), self.now())
        return json_answer({"id": message, "parent_id": number, "name": name, "type": 11}, 201)

    def _open_thread(self, forum: str, name: str, owner: str, payload: dict[str, Any]) -> web.Response:
        if refusal := self.forums.refusal(self.channels.get(forum, {}), name, payload.get("applied_tags")):
            return error_answer(400, *refusal)
        answer = self._take(payload, forum, None, nonces=False)
        if answer.status == 200:
            self.messages[-1] = replace(self.messages[-1], thread_name=name)
            self.forums.opened(self.messages[-1].id, forum, name, owner, self.now())
        return answer

    async def _execute_webhook(self, request: web.Request) -> web.StreamResponse:
        name = self._name(request)
        if not isinstance(name, str):
            return name
        payload, thread = await request.json(), request.query.get("thread_id", "")
        is_forum = self.channels.get(name, {}).get("type") == FORUM
        if "thread_name" in payload and not thread:
            return self._open_thread(name, payload["thread_name"], request.match_info["id"], payload)
        if is_forum and not thread:
            return error_answer(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
        return await self._post(request, name, thread, nonces=False)

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        known = request.headers.get("Authorization") == f"Bot {self.token}"
        return None if known else error_answer(401, 0, "401: Unauthorized")

    def _name(self, request: web.Request) -> str | web.Response:
        token, name = self._webhooks.get(request.match_info["id"], ("", ""))
        if not token:
            return error_answer(404, 10015, "Unknown Webhook")
        return name if request.match_info["token"] == token else error_answer(401, 50027, "Invalid Webhook Token")

    async def _post(self, request: web.Request, destination: str, thread: str, *, nonces: bool) -> web.StreamResponse:
        answer = self._take(await request.json(), destination, thread, nonces=nonces)
        silent = request.query.get("wait", "1") != "1" and answer.status == 200
        return web.Response(status=204) if silent else answer

    def _next_id(self) -> str:
        self._ids += 1
        return str((max(0, int((self.now() - _EPOCH) * 1000)) << 22) + 1000 + self._ids)

    def _take(self, payload: dict[str, Any], destination: str, thread: str | None, *, nonces: bool) -> web.Response:
        """Stores a message and answers; with `thread` None it opens a thread, which has the message's id."""
        if errors := errors_in(payload):
            return json_answer({"code": 50035, "message": "Invalid Form Body", "errors": errors}, 400)
        if not str(payload.get("content") or "").strip() and not payload.get("embeds"):
            return error_answer(400, 50006, "Cannot send an empty message")
        number = self._next_id()
        message = DiscordMessage(number, destination, number if thread is None else thread, payload)
        if nonces and payload.get("enforce_nonce"):
            key = (thread or destination, str(payload.get("nonce")))
            since, earlier = self._nonces.get(key, (float("-inf"), message))
            if self.now() - since < NONCE_SECONDS:
                gone = earlier.id in self._deleted
                return error_answer(404, 10008, "Unknown Message") if gone else json_answer({"id": earlier.id})
            self._nonces[key] = (self.now(), message)
        if known := self.forums.threads.get(message.thread):
            known.active_at = self.now()
            message = replace(message, thread_name=known.name)
        self.messages.append(message)
        return json_answer({"id": message.id})
