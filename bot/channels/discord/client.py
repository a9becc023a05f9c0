"""Two clients of discord.py that need no gateway: a logged-in bot, and a session for webhooks.

Both have a trace, so that `request` sees every answer first. Posts nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import discord

from bot import __version__
from bot.channels.discord.check import TOKEN
from bot.channels.discord.errors import platform_id
from bot.channels.discord.request import ask, trace
from bot.errors import DeliveryError, FailureKind

if TYPE_CHECKING:
    from bot.settings import Secret


class Bot:
    """A bot, logged in once for all channels when it is first needed, until `aclose`."""

    def __init__(self, token: Secret | None, api_url: str) -> None:
        self.id = ""
        """The bot's id, once it is logged in."""
        self._token = token
        self._api_url = api_url
        self._client: discord.Client | None = None
        self._logging_in = asyncio.Lock()

    async def client(self) -> discord.Client:
        """The logged-in client.

        Raises:
            DeliveryError: Discord does not know the token, or cannot be reached. Nothing was posted.
        """
        if self._token is None:
            raise DeliveryError(FailureKind.CREDENTIAL, f"{TOKEN} is not set, and a channel needs a bot")
        async with self._logging_in:
            if self._client is None:
                self._client = await self._log_in(self._token.reveal())
            return self._client

    async def aclose(self) -> None:
        """Close its connections."""
        client, self._client = self._client, None
        if client:
            await client.close()

    async def _log_in(self, token: str) -> discord.Client:
        # discord.py warns twice at each start that voice is not supported.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        client = discord.Client(
            # Intents matter only to the gateway, which is never opened. Without this one the client warns at each
            # start.
            intents=discord.Intents(guilds=True),
            # The server may close an idle connection just as the next message is sent: its outcome would be unknown.
            connector=aiohttp.TCPConnector(force_close=True),
            proxy=proxy_for(self._api_url),
            http_trace=trace(),
        )
        try:
            answer = await ask(self._api_url, lambda: client.http.static_login(token))
            self.id = platform_id(answer, webhook=False)
        except BaseException:
            await client.close()
            raise
        return client


def webhook_session() -> aiohttp.ClientSession:
    """A session for a webhook's requests; the caller closes it."""
    # discord.py sets a User-Agent only for bots, but Discord requires one:
    # https://docs.discord.com/developers/reference#user-agent
    agent = f"DiscordBot (https://github.com/Rapptz/discord.py {discord.__version__}) paperboy/{__version__}"
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True),
        headers={"User-Agent": agent},
        trust_env=True,
        trace_configs=[trace()],
    )


def proxy_for(url: str) -> str | None:
    """The proxy for this URL by HTTP(S)_PROXY and NO_PROXY, which discord.py ignores for a bot."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
