"""Everything that listens in Discord: started, told of a new configuration, and stopped by the chat's service."""

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
"""How often it is looked whether commands that Discord refused may be sent again."""


class DiscordListener:
    """Listens with the bot of one configuration; how it answers can be exchanged."""

    def __init__(self, service: ChatService, templates: Templates, clock: Clock, *, tick: float = TICK) -> None:
        """Not listening yet.

        Args:
            service: carries commands out; its configuration has a bot's token, its store the leases.
            templates: for answers.
            clock: for now.
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
        """Set when a session has begun, which may be the first one after the commands changed."""
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
        """Answer by another configuration from now on; connections stay."""
        self._answering.exchange(service, templates)

    async def run(self) -> None:
        """Listen until cancelled; then hang up, within some seconds."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._shards.run(self._token))
                group.create_task(self._keep_registered())
        finally:
            await self._bot.aclose()

    async def _keep_registered(self) -> None:
        """The machine that listens to the first shard sends the commands."""
        while True:
            client = next((each for each in self._shards.clients if each.shard_id == 0), None)
            if client is not None:
                await self._registration.keep(client, self._clock.now())
            self._listening.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._listening.wait(), RETRY_SECONDS)
