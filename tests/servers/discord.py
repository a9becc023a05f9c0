"""The demo's Discord with faults, limits of the rate, and all that a bot can read: messages, threads and reactions.

Rules: https://docs.discord.com/developers/topics/rate-limits and https://docs.discord.com/developers/topics/threads.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.demo.servers import discord
from bot.demo.servers.discord import BOT, FIRST_ID, NONCE_SECONDS, ROOT, TOKEN, DiscordMessage
from bot.demo.servers.discord_answers import error_answer, json_answer
from bot.demo.servers.discord_forums import FORUM
from bot.demo.servers.discord_limits import errors_in
from bot.demo.servers.scripted import FaultScript, play
from tests.servers.discord_reactions import DiscordReactions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

__all__ = ["NONCE_SECONDS", "TOKEN", "DiscordMessage", "DiscordReceiver", "FaultScript", "errors_in"]

_QUIET_SECONDS = 86_400.0
"""A thread without messages for so long is closed; a forum's default."""


class DiscordReceiver(discord.DiscordReceiver):
    """A Discord that can refuse, limit, close and hide."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.script: deque[FaultScript] = deque()
        """Faults, used up one by one; the first waits for a request of its method."""
        self.closed: dict[str, tuple[int, int]] = {}
        """Channels and threads (by id) and webhooks (by name) that refuse everything -> the status and code."""
        self.reactions = DiscordReactions(BOT)
        self.no_threads: set[str] = set()
        """Channels in which the bot may not open threads."""
        self.no_history: set[str] = set()
        """Channels in which the bot has no Read Message History."""
        self.uninvited: set[str] = set()
        """Guilds to which the bot was added without the scope `applications.commands`."""
        self.seconds_between_posts = 0.0
        """The least time between two posts to one channel or webhook; earlier ones get a 429."""
        self._posted: dict[str, float] = {}

    def add_routes(self, app: web.Application) -> None:
        super().add_routes(app)
        app.router.add_get(f"{ROOT}/channels/{{id}}/messages", self._messages)
        app.router.add_get(f"{ROOT}/channels/{{id}}/messages/{{message}}", self._message)
        app.router.add_get(f"{ROOT}/channels/{{id}}/messages/{{message}}/reactions/{{emoji}}", self._reacted)
        app.router.add_get(f"{ROOT}/channels/{{id}}/threads/archived/public", self._archived_threads)
        app.router.add_get(f"{ROOT}/guilds/{{id}}/threads/active", self._active_threads)
        app.router.add_get(f"{ROOT}/applications/{{id}}/guilds/{{guild}}/commands", self._commands_of_guild)
        app.router.add_get(f"{ROOT}/webhooks/{{id}}/{{token}}", self._webhook)

    # -- refusals ----------------------------------------------------------------------------------------------------

    @web.middleware
    async def _log(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        is_next = self.script and self.script[0].method == request.method
        return await super()._log(request, self._scripted(handler) if is_next else handler)

    def _scripted(self, handler: Handler) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await _play(self.script.popleft(), request, handler)

        return answer

    async def _channel(self, request: web.Request) -> web.Response:
        refused = self._unauthorized(request) or self._closed(request.match_info["id"])
        return refused or await super()._channel(request)

    async def _start_thread(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["id"]
        refused = self._unauthorized(request)
        if self.channels.get(number, {}).get("type") != FORUM:
            refused = refused or self._closed(number) or self._too_early(number)
        return refused or await super()._start_thread(request)

    async def _start_thread_below(self, request: web.Request) -> web.Response:
        number = request.match_info["id"]
        refused = self._unauthorized(request) or self._closed(number)
        if number in self.no_threads:
            refused = refused or error_answer(403, 50013, "Missing Permissions")
        return refused or await super()._start_thread_below(request)

    def _open_thread(self, forum: str, name: str, owner: str, payload: dict[str, Any]) -> web.Response:
        refused = self._closed(forum) or self._too_early(forum)
        return refused or super()._open_thread(forum, name, owner, payload)

    async def _post(self, request: web.Request, destination: str, thread: str, *, nonces: bool) -> web.StreamResponse:
        refused = self._closed(destination) or self._closed(thread) or self._too_early(destination)
        return refused or await super()._post(request, destination, thread, nonces=nonces)

    def _closed(self, destination: str) -> web.Response | None:
        status, code = self.closed.get(destination, (0, 0))
        return error_answer(status, code, "no") if status else None

    def _too_early(self, destination: str) -> web.Response | None:
        """The refusal of a post that comes too early; None if it is accepted, and then its time is stored."""
        now = self.now()
        wait = self._posted.get(destination, float("-inf")) + self.seconds_between_posts - now
        if wait <= 0:
            self._posted[destination] = now
            return None
        headers = {
            "Retry-After": str(math.ceil(wait)),
            "X-RateLimit-Limit": "1",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": f"{now + wait:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(destination.encode()).hexdigest()[:32],
            "X-RateLimit-Scope": "user",
        }
        said = {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": False}
        return json_answer(said, 429, headers)

    # -- threads and messages ----------------------------------------------------------------------------------------

    async def _active_threads(self, request: web.Request) -> web.Response:
        shown = self._shown_threads(archived=False)
        return self._unauthorized(request) or json_answer({"threads": shown, "members": []})

    async def _archived_threads(self, request: web.Request) -> web.Response:
        number = request.match_info["id"]
        if refused := self._unauthorized(request) or self._closed(number):
            return refused
        if number in self.no_history:
            return error_answer(403, 50013, "Missing Permissions")
        shown, limit = self._shown_threads(archived=True, forum=number), int(request.query["limit"])
        return json_answer({"threads": shown[:limit], "members": [], "has_more": len(shown) > limit})

    async def _messages(self, request: web.Request) -> web.Response:
        """Messages, newest first: the oldest ones after `after`; an empty list without the permission."""
        number = request.match_info["id"]
        if refused := self._unauthorized(request) or self._closed(number):
            return refused
        if number not in self.forums.threads and any(message.id == number for message in self.messages):
            return error_answer(404, 10003, "Unknown Channel")  # a message's id is only its thread's, too
        after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 50))
        found = [message for message in self._readable(number) if int(message.id) > after][:limit]
        return json_answer([_as_shown(message) | self.reactions.shown(message.id) for message in reversed(found)])

    async def _message(self, request: web.Request) -> web.Response:
        number = request.match_info["id"]
        if refused := self._unauthorized(request) or self._closed(number):
            return refused
        if number in self.no_history:
            return error_answer(403, 50013, "Missing Permissions")
        found = [message for message in self._readable(number) if message.id == request.match_info["message"]]
        return json_answer(_as_shown(found[0])) if found else error_answer(404, 10008, "Unknown Message")

    async def _reacted(self, request: web.Request) -> web.Response:
        number, message = request.match_info["id"], request.match_info["message"]
        if refused := self._unauthorized(request) or self._closed(number):
            return refused
        if not any(each.id == message for each in self._readable(number)):
            return error_answer(404, 10008, "Unknown Message")
        return self.reactions.users(message, request.match_info["emoji"], request.query)

    def _readable(self, number: str) -> list[DiscordMessage]:
        unseen = self.no_history
        return [
            message
            for message in self.messages
            if number == (message.thread or message.destination) and not {number, message.destination} & unseen
        ]

    async def _webhook(self, request: web.Request) -> web.Response:
        number, name = request.match_info["id"], self._name(request)
        if not isinstance(name, str):
            return name
        return json_answer({"id": number, "type": 1, "name": name, "channel_id": str(FIRST_ID)})

    async def _commands_of_guild(self, request: web.Request) -> web.Response:
        guild = request.match_info["guild"]
        is_ours = guild in self.chat.gateway.guilds and guild not in self.uninvited
        answer = json_answer([]) if is_ours else error_answer(403, 50001, "Missing Access")
        return self._unauthorized(request) or answer

    def _shown_threads(self, *, archived: bool, forum: str = "") -> list[dict[str, Any]]:
        """The open or the closed threads, of one forum or of all, as Discord lists them."""
        now = self.now()
        return [
            {"id": each.id, "parent_id": each.forum, "owner_id": each.owner, "name": each.name, "type": 11}
            for each in self.forums.threads.values()
            if forum in ("", each.forum) and (now - each.active_at >= _QUIET_SECONDS) == archived
        ]


def _as_shown(message: DiscordMessage) -> dict[str, Any]:
    """The message object that a bot gets: texts trimmed, with more keys."""
    return {
        "type": 0,
        "id": message.id,
        "channel_id": message.thread or message.destination,
        "author": BOT,
        "content": message.content.strip(),
        "embeds": [_embed_as_shown(embed) for embed in message.payload.get("embeds") or []],
        "mentions": [],
        "attachments": [],
    }


def _embed_as_shown(embed: Mapping[str, Any]) -> dict[str, Any]:
    trimmed = {key: value.strip() if isinstance(value, str) else value for key, value in embed.items()}
    return trimmed | {"type": "rich", "content_scan_version": 1}


async def _play(fault: FaultScript, request: web.Request, handler: Handler) -> web.StreamResponse:
    await request.read()
    if fault.takes:
        await handler(request)
    if isinstance(fault.body, str):
        page = fault.body
        answer = web.Response(status=fault.status, text=page, content_type="text/html", headers=fault.headers)
    else:
        answer = json_answer(fault.body, fault.status, fault.headers)
    return await play(fault, request, answer)
