"""The routes of the Discord server on loopback for `chat.discord`: gateway, commands, answers, direct messages.

Channels and posts are in `DiscordReceiver`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.demo.servers.discord_answers import error_answer, json_answer
from bot.demo.servers.discord_commands import Commands
from bot.demo.servers.discord_forums import GUILD
from bot.demo.servers.discord_gateway import Gateway
from bot.demo.servers.discord_interactions import Interactions, Person

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DiscordChat:
    """One application's gateway, commands and interactions."""

    def __init__(
        self,
        bot: Mapping[str, Any],
        is_authorized: Callable[[str], bool],
        now: Callable[[], float],
        number: Callable[[], str],
    ) -> None:
        """Starts without commands and connections.

        Args:
            bot: the bot's user object, whose id is also the application's.
            is_authorized: tells whether a token is the bot's.
            now: seconds since 1970.
            number: makes the next id.
        """
        self.port = 0
        """Set when the server listens."""
        self.gateway = Gateway(bot, is_authorized, lambda: f"ws://127.0.0.1:{self.port}/gateway")
        self.gateway.guilds.append(GUILD)
        self.commands = Commands()
        self.interactions = Interactions(str(bot["id"]), self.gateway, self.commands, now, number)
        self.endpoint_url: str | None = None
        """The application's Interactions Endpoint URL; with one, no interaction comes over the gateway."""
        self.direct: dict[str, str] = {}
        """The channels of direct messages, by the person's id."""
        self._bot = bot
        self._is_authorized = is_authorized
        self._number = number

    def add_routes(self, app: web.Application, root: str) -> None:
        """Adds the routes below `root`, and the websocket at /gateway."""
        for path in ("/gateway", "/gateway/"):
            app.router.add_get(path, self.gateway.connect)
        app.router.add_get(f"{root}/gateway/bot", self._for_bot(self._gateway_bot))
        app.router.add_get(f"{root}/oauth2/applications/@me", self._for_bot(self._application))
        app.router.add_get(f"{root}/applications/{{id}}/commands", self._for_bot(self._listed))
        app.router.add_put(f"{root}/applications/{{id}}/commands", self._for_bot(self._overwrite))
        app.router.add_post(f"{root}/users/@me/channels", self._for_bot(self._open_direct))
        # an interaction's own token is enough
        app.router.add_post(f"{root}/interactions/{{id}}/{{token}}/callback", self._call_back)
        app.router.add_post(f"{root}/webhooks/{self._bot['id']}/{{token}}", self._follow_up)
        app.router.add_patch(f"{root}/webhooks/{{id}}/{{token}}/messages/@original", self._edit)

    def direct_channel(self, person: str) -> dict[str, Any]:
        """The channel of direct messages with a person; always the same one."""
        number = self.direct.setdefault(person, self._number())
        return {"id": number, "type": 1, "recipients": [Person(person).as_user()], "last_message_id": None}

    def whose(self, channel: str) -> str | None:
        """The person of a channel of direct messages; None for other channels."""
        return next((person for person, number in self.direct.items() if number == channel), None)

    def _for_bot(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            token = request.headers.get("Authorization", "").removeprefix("Bot ")
            return await handler(request) if self._is_authorized(token) else error_answer(401, 0, "401: Unauthorized")

        return handle

    async def _gateway_bot(self, _request: web.Request) -> web.Response:
        return json_answer(self.gateway.as_told())

    async def _application(self, _request: web.Request) -> web.Response:
        said = {"id": self._bot["id"], "name": "paperboy", "description": "", "icon": None, "verify_key": ""}
        owned = {"bot_public": False, "bot_require_code_grant": False, "owner": Person("1", "operator").as_user()}
        return json_answer(said | owned | {"interactions_endpoint_url": self.endpoint_url})

    async def _listed(self, _request: web.Request) -> web.Response:
        return json_answer(self.commands.registered)

    async def _overwrite(self, request: web.Request) -> web.Response:
        return self.commands.overwrite(await request.json(), request.match_info["id"])

    async def _open_direct(self, request: web.Request) -> web.Response:
        return json_answer(self.direct_channel(str((await request.json())["recipient_id"])))

    async def _call_back(self, request: web.Request) -> web.Response:
        number, token = request.match_info["id"], request.match_info["token"]
        return self.interactions.callback(number, token, await request.json())

    async def _edit(self, request: web.Request) -> web.Response:
        asked = self.interactions.find(request.match_info["token"])
        return asked if isinstance(asked, web.Response) else self.interactions.edit(asked, await request.json())

    async def _follow_up(self, request: web.Request) -> web.Response:
        asked = self.interactions.find(request.match_info["token"])
        return asked if isinstance(asked, web.Response) else self.interactions.follow_up(asked, await request.json())
