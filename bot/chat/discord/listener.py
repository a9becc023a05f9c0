"""The listener of Discord: keeps the shards connected and the commands registered, and answers interactions.

The commands are registered only if they changed since the last time: their hash is kept in the store. Discord accepts
200 new commands a day; after that, it refuses them for hours:
https://docs.discord.com/developers/interactions/application-commands#registering-a-command
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import discord
import structlog

from bot.channels.discord.client import Bot
from bot.chat.commands import COMMANDS
from bot.chat.discord.client import ShardClient
from bot.chat.discord.interactions import InteractionHandler
from bot.chat.discord.shards import TICK, Shards
from bot.errors import StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.channels.discord import DiscordSettings
    from bot.chat.service import ChatService
    from bot.clock import Clock
    from bot.store.listening import Listening
    from bot.text.templates import Templates

log = structlog.get_logger(__name__)

CHECK_SECONDS = 60.0
"""Seconds between two checks whether commands have to be registered."""
RETRY_AFTER = timedelta(hours=1)
"""How long registration waits after a failure."""


class DiscordListener:
    """`Listener` for Discord, with the bot of one configuration."""

    def __init__(self, service: ChatService, templates: Templates, clock: Clock, *, tick: float = TICK) -> None:
        """Prepares the listener; `run` connects.

        Args:
            service: carries out commands; its configuration has a bot token, its store the leases.
            templates: for answers.
            clock: tells the present moment.
            tick: see `shards.TICK`.
        """
        store = service.context.store
        settings: DiscordSettings = service.context.settings.channels["discord"]
        if settings.token is None:
            raise ValueError("without a bot's token nothing can be received")
        self._token, self._api_url = settings.token, settings.api_url.rstrip("/")
        self._clock = clock
        self._answering = InteractionHandler(service, templates)
        self._listening = asyncio.Event()
        """Set when a session begins, after which changed commands may have to be registered."""
        self._bot = Bot(self._token, self._api_url)
        self._registration = Registration(store.listening)
        self._shards = Shards(self._bot, self._api_url, store.leases, clock, self._client, tick=tick)

    def _client(self, shard: tuple[int, int]) -> ShardClient:
        return ShardClient(shard, self._api_url, self._answering, listening=self._listening)

    @property
    def is_connected(self) -> bool:
        """Whether this machine has a working connection; it has none while another machine listens."""
        return bool(self._shards.clients)

    @property
    def outage(self) -> str:
        """Why commands do not arrive, or are not known to Discord; empty if all is well."""
        return self._shards.outage or self._registration.refused

    def exchange(self, service: ChatService, templates: Templates) -> None:
        """Uses another configuration from now on; connections stay open."""
        self._answering.exchange(service, templates)

    async def run(self) -> None:
        """Listens until cancelled; then closes the connections within some seconds."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._shards.run(self._token))
                group.create_task(self._keep_registered())
        finally:
            await self._bot.aclose()

    async def _keep_registered(self) -> None:
        """Registers the commands whenever they changed, on the machine that has the first shard."""
        while True:
            client = next((each for each in self._shards.clients if each.shard_id == 0), None)
            if client is not None:
                await self._registration.keep(client, self._clock.now())
            self._listening.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._listening.wait(), CHECK_SECONDS)


class Registration:
    """Keeps the commands of one application registered."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self._known: str | None = None
        self._not_before: datetime | None = None
        self.refused = ""
        """Why the present commands could not be registered; empty if they are, as far as we know."""

    async def keep(self, client: ShardClient, now: datetime) -> None:
        """Registers the commands if they changed and no failure is less than an hour old.

        If the connection is lost meanwhile, that counts as no failure: the next session registers them.

        Args:
            client: a connected client.
            now: the moment, UTC.
        """
        wanted = _digest(client)
        if wanted == self._known or (self._not_before is not None and now < self._not_before):
            return
        try:
            if await asyncio.to_thread(self._listening.commands, "discord") != wanted:
                await client.tree.sync()
                await asyncio.to_thread(self._listening.note_commands, "discord", wanted, now)
                log.info("the commands are registered at Discord", commands=len(COMMANDS))
        except RuntimeError:  # aiohttp's error for a request over a closed session
            if not client.is_closed():
                raise
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, StoreError) as error:
            if client.is_closed():
                return
            self.refused, self._not_before = _why(error), now + RETRY_AFTER
            log.warning("the commands could not be registered at Discord", reason=self.refused)
        else:
            self._known, self.refused = wanted, ""


def _digest(client: ShardClient) -> str:
    """A hash (hex) of the commands to register and the application, to notice changes."""
    commands = [command.to_dict(client.tree) for command in client.tree.get_commands()]
    return hashlib.sha256(json.dumps([client.application_id, commands], sort_keys=True).encode()).hexdigest()


def _why(error: Exception) -> str:
    match error:
        case discord.HTTPException():
            return f"Discord answered {error.status} to the commands (code {error.code})"
        case discord.RateLimited():
            return f"Discord takes new commands again in {error.retry_after / 3600:.1f} h"
        case StoreError():
            return f"the store cannot be used: {error.reason}"
    return f"Discord cannot be reached ({type(error).__name__})"
