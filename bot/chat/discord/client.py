"""discord.py's client with a gateway: one connection to Discord for one shard.

No intents are asked for: commands and clicks come without them. Nothing is cached.
https://docs.discord.com/developers/events/gateway#gateway-intents
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import structlog
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.channels.discord.client import proxy_for
from bot.chat.discord.tree import group

if TYPE_CHECKING:
    from bot.chat.discord.interactions import InteractionHandler
    from bot.settings import Secret

log = structlog.get_logger(__name__)

CLOSE_SECONDS = 2.0
"""The longest wait for Discord when the connection is closed."""
HEARTBEAT_TIMEOUT = 60.0
"""Seconds without a message from Discord, after which the connection counts as dead."""
_CLOSED = {
    4004: "Discord does not know the token of channels.discord.token",
    4013: "the gateway does not know the intents that we ask for",
    4014: "the gateway does not grant the intents that we ask for",
}
"""Close codes after which trying again does not help:
https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes."""
_LONGEST_WAIT = 30.0
"""Seconds that a request may be delayed by a rate limit; the least that discord.py takes."""


class DisconnectedError(Exception):
    """There is no connection to Discord's gateway."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        """For the operator; without a token."""
        self.is_final = is_final
        """Whether trying again is useless until the operator changes something."""


class ShardClient(discord.Client):
    """Receives the interactions of one shard until it is closed, or the connection cannot be resumed."""

    def __init__(
        self,
        shard: tuple[int, int],
        api_url: str,
        answering: InteractionHandler,
        *,
        listening: asyncio.Event | None = None,
        heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
    ) -> None:
        """Prepares the client; `listen` connects.

        Args:
            shard: its number, and how many there are.
            api_url: `channels.discord.api_url`.
            answering: called with each interaction, in a task of its own.
            listening: an event that is set when a session begins.
            heartbeat_timeout: seconds; see `HEARTBEAT_TIMEOUT`.
        """
        super().__init__(
            intents=discord.Intents.none(),
            shard_id=shard[0],
            shard_count=shard[1],
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            guild_ready_timeout=0.0,
            heartbeat_timeout=heartbeat_timeout,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=_LONGEST_WAIT,
            proxy=proxy_for(api_url),
        )
        self.is_listening = False
        """Whether there is a session, so that commands arrive."""
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(group(answering))
        self.tree.error(_unknown_command)
        self._api_url = api_url
        self._answering = answering
        self._listening = listening or asyncio.Event()

    async def listen(self, token: Secret, gateway_url: str) -> None:
        """Logs in, connects, and listens until cancelled; a lost connection is resumed where Discord allows it.

        Raises:
            DisconnectedError: there is no connection any more, and it cannot be resumed.
        """
        # discord.py keeps both addresses in class attributes, and goes back to this one for each new session
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = self._api_url, yarl.URL(gateway_url)
        try:
            # not its own reconnecting: that waits for up to 17 minutes between two attempts
            await self.start(token.reveal(), reconnect=False)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            await self.hang_up()
            raise disconnection(error) from None  # aiohttp's errors quote URLs
        finally:
            self.is_listening = False
        raise DisconnectedError("Discord closed the connection")

    async def hang_up(self) -> None:
        """Closes the connection and its session, within some seconds also if Discord does not answer."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.close()
        except TimeoutError:
            await self.http.close()

    async def on_connect(self) -> None:
        """Called when a session begins."""
        self.is_listening = True
        self._listening.set()
        log.info("listening", platform="discord", shard=self.shard_id)

    async def on_resumed(self) -> None:
        """Called when a session is resumed."""
        self.is_listening = True

    async def on_disconnect(self) -> None:
        """Called when the connection is lost or closed."""
        self.is_listening = False

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Called for every interaction; handles clicks only, as commands and completions come through the tree."""
        if interaction.type is discord.InteractionType.component:
            await self._answering.click(interaction)

    async def on_error(self, event_method: str, /, *_: object, **__: object) -> None:
        """Called with the exception of a handler; logs it here, because discord.py's own log is off."""
        _log_failure(event_method, sys.exc_info()[0])


async def _unknown_command(interaction: discord.Interaction[Any], error: app_commands.AppCommandError) -> None:
    """Called for a command that discord.py does not know, because the commands changed a moment ago."""
    _log_failure(f"interaction of type {interaction.type.value}", type(error))


def _log_failure(event: str, error: type[BaseException] | None) -> None:
    # only the type: the text and the frames contain tokens of interactions
    log.error("an event of Discord's was not handled", event=event, error=repr(error))


def disconnection(error: Exception) -> DisconnectedError:
    """Why there is no connection, in words for the operator."""
    match error:
        case discord.LoginFailure():
            return DisconnectedError("Discord does not know the token of channels.discord.token", is_final=True)
        case discord.ConnectionClosed():
            reason = _CLOSED.get(error.code)
            return DisconnectedError(reason or f"the gateway closed with {error.code}", is_final=reason is not None)
        case discord.HTTPException():
            return DisconnectedError(f"Discord answered {error.status}")
        case discord.RateLimited():
            return DisconnectedError(f"Discord wants us to wait for {error.retry_after:.0f} s")
    return DisconnectedError(f"Discord cannot be reached ({type(error).__name__})")
