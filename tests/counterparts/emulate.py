"""A Slack written by others: npm `emulate` (Vercel), on loopback, with scopes enforced.

It keeps blocks, metadata and threads and answers in Slack's shapes. It does not look into blocks (`block_kit` does),
never says 429, and takes any token it does not know for its first user's.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Self

import yaml
from aiohttp import ClientSession, web
from slack_sdk import WebClient

from bot.channels.slack import SlackChannel
from bot.settings import Secret
from bot.text.templates import Templates
from tests.counterparts.tools import NODE, package, running
from tests.ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.settings import Address

TOKEN = "xoxb-paperboy-may-post-and-read"
MUTE = "xoxb-paperboy-may-not-post"
_READER = "xoxb-the-tests-own-eyes"
_ADA = "xoxp-somebody-who-reacts"
_WEBHOOK_CHANNEL = "general"

_SEED = {
    "slack": {
        "strict_scopes": True,
        "team": {"name": "Lab", "domain": "lab"},
        "users": [{"name": "paperboy"}, {"name": "ada"}],
        "channels": [{"name": _WEBHOOK_CHANNEL}],
        "incoming_webhooks": [{"channel": _WEBHOOK_CHANNEL}],
        "tokens": [
            {"token": TOKEN, "user": "paperboy", "scopes": ["chat:write", "channels:read", "channels:history"]},
            {"token": _ADA, "user": "ada", "scopes": ["reactions:write", "channels:write", "channels:join"]},
            {"token": MUTE, "user": "paperboy", "scopes": ["channels:read"]},
            {
                "token": _READER,
                "user": "paperboy",
                "scopes": ["channels:read", "channels:history", "channels:manage", "channels:write"],
            },
        ],
    }
}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Emulate:
    """The server: a channel for each test, and what stands in one."""

    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def reader(self) -> WebClient:
        return WebClient(_READER, base_url=f"{self.url}/api/")

    def channel(self, token: str = TOKEN, url: str = "") -> SlackChannel:
        """Paperboy's channel at it, or at what stands before it."""
        settings = SlackChannel.Settings(Secret(token), f"{url or self.url}/api/")
        return SlackChannel(settings, Templates(), contact="ops@example.org")

    def place(self) -> str:
        """A new channel's id."""
        return str(self.reader.conversations_create(name=f"papers-{next(_numbers)}")["channel"]["id"])

    def webhook_place(self) -> str:
        """The id of the channel that the webhook posts to."""
        listed = self.reader.conversations_list()["channels"]
        return next(str(channel["id"]) for channel in listed if channel["name"] == _WEBHOOK_CHANNEL)

    @property
    def webhook_url(self) -> str:
        return f"{self.url}/services/T000000001/B000000001/X000000001"

    def history(self, place: str) -> list[dict[str, Any]]:
        """The channel's messages, oldest first, threads' replies not among them."""
        pages = self.reader.conversations_history(channel=place, limit=200, include_all_metadata=True)
        return [message for page in pages for message in page["messages"]][::-1]

    def react(self, place: str, ts: str, emoji: str) -> str:
        """Ada reacts so to a message. Her id."""
        ada = WebClient(_ADA, base_url=f"{self.url}/api/")
        ada.conversations_join(channel=place)
        ada.reactions_add(channel=place, timestamp=ts, name=emoji)
        return str(ada.auth_test()["user_id"])

    def replies(self, place: str, ts: str) -> list[dict[str, Any]]:
        """The thread under that message, which is not in it, oldest first."""
        pages = self.reader.conversations_replies(channel=place, ts=ts, limit=200, include_all_metadata=True)
        return [message for page in pages for message in page["messages"] if message["ts"] != ts]


class Front:
    """What stands before it on the wire: takes reading by GET too, as Slack does, and may lose a post or its answer.

    emulate knows Slack's methods for reading by POST alone.
    """

    def __init__(self, server: Emulate) -> None:
        self._server = server
        self._open = AsyncExitStack()
        self._port = 0
        self._posts = count(1)
        self.loses: set[int] = set()
        """Which posts are taken but never answered, counted from 1."""
        self.drops: set[int] = set()
        """Which posts are neither taken nor answered."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._open.push_async_callback(runner.cleanup)
        self._session = await self._open.enter_async_context(ClientSession(self._server.url))
        await web.TCPSite(runner, HOST, 0).start()
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def _pass_on(self, request: web.Request) -> web.Response:
        number = next(self._posts) if request.path.endswith("chat.postMessage") else 0
        if number in self.drops and request.transport:
            await request.read()
            request.transport.abort()
            return web.Response()
        reads = request.method == "GET"
        body = dict(request.query) if reads else await request.read()
        names = ("Authorization",) if reads else ("Authorization", "Content-Type")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        async with self._session.post(request.path, data=body, headers=headers) as answer:
            said = await answer.read()
        if number in self.loses and request.transport:
            request.transport.abort()
        return web.Response(status=answer.status, body=said, content_type=answer.content_type)


def address(value: str) -> Address:
    """A channel's id or a webhook's URL as Paperboy's address."""
    return SlackChannel.addresses(value, SlackChannel.Options())[0]


@contextmanager
def emulated(folder: Path) -> Iterator[Emulate]:
    """The server, between start and end."""
    script = package("emulate") / "dist/index.js"
    seed, port = folder / "seed.yaml", free_port()
    seed.write_text(yaml.safe_dump(_SEED))
    command: list[str | Path] = [NODE, script, "start", "--service", "slack", "--port", str(port), "--seed", seed]
    with running(command, port, folder):
        yield Emulate(port)
