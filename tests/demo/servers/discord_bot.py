"""A bot of discord.py, unchanged, on the Discord on loopback."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.servers.discord import TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.servers.discord import DiscordReceiver


class Bot(discord.AutoShardedClient):
    """Answers `/paperboy say`, which completes what is typed, and every click."""

    def __init__(self, **options: Any) -> None:
        super().__init__(intents=discord.Intents.none(), max_messages=None, **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[str] = []
        self.interactions: list[discord.Interaction] = []
        group = app_commands.Group(name="paperboy", description="Papers")
        group.command(name="say", description="Says it")(self._say)
        group.command(name="think", description="Says it later")(self._think)
        self.tree.add_command(group)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord wants 5 s between two sessions' starts; this one does not."""

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.interactions.append(interaction)
        if interaction.type is discord.InteractionType.component:
            data: Any = interaction.data
            self.heard.append(data["custom_id"])
            await interaction.response.send_message("noted", ephemeral=True)

    @app_commands.describe(word="What to say")
    async def _say(self, interaction: discord.Interaction, word: str) -> None:
        self.heard.append(word)
        await interaction.response.send_message(f"{word} to {interaction.user}", ephemeral=True)

    async def _think(self, interaction: discord.Interaction, word: str) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content=word)
        await interaction.followup.send("and more", ephemeral=True)


@asynccontextmanager
async def running(receiver: DiscordReceiver, *, wait: bool = True, **options: Any) -> AsyncIterator[Bot]:
    """A bot that has been told READY on every shard."""
    Route.BASE = receiver.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{receiver.chat.port}/gateway")
    bot = Bot(guild_ready_timeout=0.0, **options)
    task = asyncio.create_task(bot.start(TOKEN))
    try:
        if wait:
            await until(lambda: len(receiver.chat.gateway.connected) == receiver.chat.gateway.shards, task)
        yield bot
    finally:
        await bot.close()
        with suppress(discord.DiscordException):
            await task


async def until(condition: Any, task: asyncio.Task[None] | None = None) -> None:
    """Let everybody work until it holds; raises what the task raised."""
    async with asyncio.timeout(20):
        while not condition():
            if task is not None and task.done():
                task.result()
            await asyncio.sleep(0.005)
