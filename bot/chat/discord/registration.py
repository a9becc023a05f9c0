"""Has Discord know our commands: they are sent only when they changed, of which a hash in the store tells.

Discord takes 200 new commands a day, and answers more with a wait of hours:
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
"""After a refusal."""


class Registration:
    """The commands of one application, as Discord has them."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self._known: str | None = None
        self._not_before: datetime | None = None
        self.refused = ""
        """Why Discord does not have our commands as they are now; empty if it has, as far as we know."""

    async def keep(self, client: ShardClient, now: datetime) -> None:
        """Send the commands if they changed since they were sent last.

        Args:
            client: one that is connected.
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
                log.info("Discord has the commands", commands=len(commands[0]["options"]))
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, StoreError) as error:
            self.refused, self._not_before = _why(error), now + PAUSE
            log.warning("Discord did not take the commands", reason=self.refused)
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
