"""The demo's Slack, with faults when it is asked something, reactions, direct messages, and all of Socket Mode."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.demo.servers import slack
from bot.demo.servers.scripted import FaultScript
from bot.demo.servers.slack import BOT, TOKEN, SlackMessage, _direct
from tests.servers.slack_sockets import SlackSockets

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BOT", "TOKEN", "FaultScript", "SlackMessage", "SlackReceiver"]

_LOOKS = ("/api/auth.test", "/api/conversations.")


class SlackReceiver(slack.SlackReceiver):
    """A Slack whose every answer can be scripted."""

    sockets: SlackSockets

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sockets = SlackSockets()
        self.looks: deque[FaultScript] = deque()
        """Faults for `auth.test` and the `conversations.` methods, used up one by one."""
        self.reactions: dict[str, dict[str, list[str]]] = {}
        """By a message's `ts` and the emoji's name, who reacted with it."""
        self.most_users = 50
        """How many of them a history names: https://docs.slack.dev/reference/methods/reactions.get."""

    def add_routes(self, router: web.UrlDispatcher) -> None:
        super().add_routes(router)
        router.add_route("*", "/api/conversations.open", self._conversations_open)

    @web.middleware
    async def _log(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        is_scripted = self.looks and request.path.startswith(_LOOKS)
        return await super()._log(request, self._play_look if is_scripted else handler)

    async def _play_look(self, request: web.Request) -> web.StreamResponse:
        return await self._play_fault(request, self.looks.popleft(), "", {})

    async def _conversations_open(self, request: web.Request) -> web.StreamResponse:
        """Opens direct messages with a person, which have an id of their own."""
        person = str((await request.post() or request.query).get("users", ""))
        if error := self._unknown_token(request) or ("" if person.startswith(("U", "W")) else "user_not_found"):
            return web.json_response({"ok": False, "error": error})
        if "im:write" not in self.scopes.split(","):
            return web.json_response({"ok": False, "error": "missing_scope", "needed": "im:write"})
        return web.json_response({"ok": True, "channel": {"id": _direct(person)}})

    def as_shown(self, message: SlackMessage, *, with_metadata: bool) -> dict[str, Any]:
        return super().as_shown(message, with_metadata=with_metadata) | self._reactions_to(message)

    def _reactions_to(self, message: SlackMessage) -> dict[str, Any]:
        """All are counted, and some are named."""
        found = [
            {"name": name, "users": users[: self.most_users], "count": len(users)}
            for name, users in self.reactions.get(message.ts, {}).items()
            if users
        ]
        return {"reactions": found} if found else {}
