"""Registers the commands at Discord, only if they changed since the last time: their hash is kept in the store.

Discord accepts 200 new commands a day; after that, one has to wait for hours:
https://docs.discord.com/developers/interactions/application-commands#registering-a-command
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import discord
import structlog

from bot.chat.discord.tree import digest, registered
from bot.errors import StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.chat.discord.client import ShardClient
    from bot.store.listening import Listening

log = structlog.get_logger(__name__)

PAUSE = timedelta(hours=1)
"""The pause after a refusal."""


class Registration:
    """Keeps the commands of one application registered."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self._known: str | None = None
        self._not_before: datetime | None = None
        self.refused = ""
        """Why the present commands could not be registered; empty if they are, as far as we know."""

    async def keep(self, client: ShardClient, now: datetime) -> None:
        """Registers the commands if they changed.

        Args:
            client: a connected client.
            now: the moment, UTC.
        """
        commands = registered(client.tree)
        wanted = digest(client.application_id, commands)
        if wanted == self._known or (self._not_before is not None and now < self._not_before):
            return
        try:
            if await asyncio.to_thread(self._listening.commands, "discord") != wanted:
                await client.http.bulk_upsert_global_commands(_id(client), commands)
                await asyncio.to_thread(self._listening.note_commands, "discord", wanted, now)
                log.info("the commands are registered at Discord", commands=len(commands[0]["options"]))
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, StoreError) as error:
            self.refused, self._not_before = _why(error), now + PAUSE
            log.warning("the commands could not be registered at Discord", reason=self.refused)
        else:
            self._known, self.refused = wanted, ""


def _id(client: ShardClient) -> int:
    if client.application_id is None:
        raise TypeError("a client that is connected knows its application")
    return client.application_id


def _why(error: Exception) -> str:
    match error:
        case discord.HTTPException():
            return f"Discord answered {error.status} to the commands (code {error.code})"
        case discord.RateLimited():
            return f"Discord takes new commands again in {error.retry_after / 3600:.1f} h"
        case StoreError():
            return f"the store cannot be used: {error.reason}"
    return f"Discord cannot be reached ({type(error).__name__})"
