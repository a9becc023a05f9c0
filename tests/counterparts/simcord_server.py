"""A Discord written by others: PyPI's `simcord`, put on loopback so that Paperboy reaches it as it reaches Discord.

By itself simcord takes the place of discord.py's HTTP client, and so never sees Paperboy, which judges the HTTP
answers themselves. So its router and state stand behind a real server here; this adds the wire, and little else.

It refuses what is too long (6,000 characters over all embeds included), empty or unknown to it, and knows
permissions. It keeps no nonces and never paces by itself; an error that it is told to make has Discord's shape.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from simcord.backend import Backend
from simcord.backend.errors import BackendError
from simcord.http import router

from tests.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ROOT = "/api/v10"


class SimcordServer:
    """A server with one text channel and one webhook, between `async with` and its end."""

    # https://docs.discord.com/developers/topics/permissions
    SEND_MESSAGES = 0x800
    READ_MESSAGE_HISTORY = 0x10000

    def __init__(self) -> None:
        self._environment = Backend()
        self._guild = self._environment.create_guild("Lab")
        self.place = str(self._environment.create_channel(self._guild.id, "papers").id)
        self._webhook = self._environment.create_webhook(int(self.place), "papers", self._environment.bot_user.id)
        self._open = AsyncExitStack()
        self._port = 0
        self.loses = 0
        """How many of the next posts' answers are lost."""

    @property
    def now(self) -> datetime:
        """By its own clock, which stands still; ids tell the time."""
        return self._environment.clock.now()

    def wait_until(self, moment: datetime) -> None:
        self._environment.advance_clock((moment - self.now).total_seconds())

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self._port}{_ROOT}"

    @property
    def webhook_url(self) -> str:
        return f"{self.api_url}/webhooks/{self._webhook.id}/{self._webhook.token}"

    def history(self) -> list[dict[str, Any]]:
        """The channel's messages, oldest first."""
        listed: list[dict[str, Any]] = []
        while page := self._ask("GET", f"/channels/{self.place}/messages", params=_before(listed)):
            listed += page
        return listed[::-1]

    def bodies(self) -> list[dict[str, Any]]:
        """What was posted, as it came over the wire."""
        return [dict(request.json or {}) for request in self._environment.http_requests if request.method == "POST"]

    def queries(self) -> list[dict[str, Any]]:
        """The query of each request for a message to be posted."""
        return [dict(request.params) for request in self._environment.http_requests if request.method == "POST"]

    def react(self, message: str, emoji: str, *names: str) -> tuple[str, ...]:
        """People react so to a message; the bot does, where it is named. Their ids."""
        bot = self._environment.bot_user
        users = [bot if name == "bot" else self._environment.make_user(name) for name in names]
        for user in users:
            self._environment.set_reaction(int(self.place), int(message), emoji, user.id, True)  # noqa: FBT003 - its own
        return tuple(str(user.id) for user in users)

    def fail(self, status: int, code: int = 0, message: str = "no") -> None:
        """The next post is answered so."""
        fault = {"method": "POST", "path": "*", "status": status, "code": code, "message": message, "times": 1}
        self._environment.faults.append(fault)

    def take_away(self, permission: int) -> None:
        """The bot loses that permission."""
        for role in self._guild.roles.values():
            role.permissions &= ~permission

    def remove(self) -> None:
        """The channel and its webhook are deleted."""
        self._ask("DELETE", f"/channels/{self.place}")

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", _ROOT + "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._open.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, HOST, 0).start()
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        path = "/" + request.match_info["path"]
        try:
            said, status = self._ask(request.method, path, body, dict(request.query)), 200
        except BackendError as error:
            said, status = error.to_json(), error.status
        if request.method == "POST" and self.loses and request.transport:
            self.loses -= 1
            request.transport.abort()
        # To the letter: discord.py reads a body as JSON only under this content type.
        answer = web.json_response(said, status=status, headers={"Via": "1.1 google"})
        answer.headers["Content-Type"] = "application/json"
        return answer

    def _ask(self, method: str, path: str, body: Any = None, params: Mapping[str, str] | None = None) -> Any:
        asked = dict(params or {})
        if "after" in asked:
            # simcord shows the newest of all after it; Discord those next after it, as discord.py's `history` expects
            after, limit = int(asked.pop("after")), int(asked.pop("limit"))
            return [message for message in self.history() if int(message["id"]) > after][:limit][::-1]
        return router.dispatch(self._environment, method, path, json=body, params=asked)


def _before(listed: list[dict[str, Any]]) -> dict[str, str]:
    return {"limit": "100"} | ({"before": listed[-1]["id"]} if listed else {})
