"""Everything that listens in Discord: started, told of a new configuration, and stopped by the chat's service."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.channels.discord.client import Bot
from bot.chat.discord.client import ShardClient
from bot.chat.discord.registration import Registration
from bot.chat.discord.shards import TICK, Shards

if TYPE_CHECKING:
    from bot.channels.discord import DiscordSettings
    from bot.chat.discord.client import Answering
    from bot.clock import Clock
    from bot.store import Store


class DiscordEars:
    """Listens by one configuration until `aclose`."""

    def __init__(
        self, settings: DiscordSettings, store: Store, clock: Clock, answering: Answering, *, tick: float = TICK
    ) -> None:
        """Not listening yet.

        Args:
            settings: `channels.discord`, with a token.
            store: whose leases say which machine listens.
            clock: for now.
            answering: what is done with what is heard.
            tick: see `shards.TICK`.
        """
        if settings.token is None:
            raise ValueError("a bot without a token hears nothing")
        api_url = settings.api_url.rstrip("/")
        self._token = settings.token
        self._clock = clock
        self._tick = tick
        self._bot = Bot(settings.token, api_url)
        self._registration = Registration(store.listening)
        self._shards = Shards(
            self._bot, api_url, store.leases, clock, lambda shard: ShardClient(shard, api_url, answering), tick=tick
        )

    @property
    def hears(self) -> bool:
        """Whether this machine has a working connection; where another one listens it has none, and is not deaf."""
        return bool(self._shards.clients)

    @property
    def deaf(self) -> str:
        """Why commands do not reach us, or are not known to Discord; empty if all is well."""
        return self._shards.deaf or self._registration.refused

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
            await asyncio.sleep(self._tick)
