"""The listener of Discord: keeps the shards connected and the commands registered, and answers interactions."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.channels.discord.client import Bot
from bot.chat.discord.client import ShardClient
from bot.chat.discord.interactions import InteractionHandler
from bot.chat.discord.registration import Registration
from bot.chat.discord.shards import TICK, Shards

if TYPE_CHECKING:
    from bot.channels.discord import DiscordSettings
    from bot.chat.service import ChatService
    from bot.clock import Clock
    from bot.text.templates import Templates

RETRY_SECONDS = 60.0
"""Seconds between two attempts to register commands that Discord refused."""


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
        """Registers the commands, on the machine that has the first shard."""
        while True:
            client = next((each for each in self._shards.clients if each.shard_id == 0), None)
            if client is not None:
                await self._registration.keep(client, self._clock.now())
            self._listening.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._listening.wait(), RETRY_SECONDS)
