"""A conversation in Discord: a channel subscribes itself, and two people ask and answer there.

The real listener is connected to the imitated Discord on loopback; readers' commands come through that server.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bot.app.chat_service import ChatListening
from bot.channels.buttons import decode
from bot.demo.servers.discord_interactions import MANAGE_CHANNELS, Person
from bot.demo.showcase import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.clock import Clock
    from bot.demo.servers.discord import DiscordMessage, DiscordReceiver
    from bot.demo.servers.discord_interactions import Interaction
    from bot.settings import Settings

CHANNEL = "123456789012345680"
ADA = Person("123456789012345681", "Ada", MANAGE_CHANNELS)
BO = Person("123456789012345682", "Bo")
SECONDS = 30.0
"""How long an answer is waited for."""


class Conversation:
    """What is said in one channel, and answered to who said it alone."""

    def __init__(self, discord: DiscordReceiver) -> None:
        self.exchanges: list[Exchange] = []
        self._discord = discord
        self._channel = discord.guild_channel(CHANNEL)

    async def say(self, person: Person, command: str, **options: str) -> None:
        """Somebody chooses a command and fills in its options."""
        given = "".join(f" {name}: {value}" for name, value in options.items())
        asked = await self._discord.chat.interactions.command(person, f"paperboy {command}", self._channel, **options)
        await self._note(person, f"/paperboy {command}{given}", asked)

    def first_paper(self) -> str:
        """The identifier of the first paper of the newest message here."""
        _, said = _found(self._newest().payload, "Save")
        click = decode(said)
        if click is None:
            raise LookupError(f"{said} is no press of a button")
        return click.identifier

    async def press(self, person: Person, label: str) -> None:
        """Somebody presses the button of that name under the newest message, or takes a paper from such a menu."""
        message = self._newest()
        custom_id, said = _found(message.payload, label)
        values = () if said == custom_id else (said,)
        shown = self._discord.chat.interactions.message(message.id, message.payload)
        asked = await self._discord.chat.interactions.click(person, custom_id, self._channel, shown, values=values)
        await self._note(person, f"presses {label}", asked)

    def _newest(self) -> DiscordMessage:
        return next(each for each in reversed(self._discord.messages) if each.destination == CHANNEL)

    async def _note(self, person: Person, said: str, asked: Interaction) -> None:
        async with asyncio.timeout(SECONDS):
            answer = await asked.seen()
        self.exchanges.append(Exchange("discord", person.name, said, answer))


@asynccontextmanager
async def connected(settings: Settings, clock: Clock, discord: DiscordReceiver) -> AsyncIterator[Conversation]:
    """A conversation with the program, which listens as `paperboy run` does, until the end of the block."""
    async with listening(settings, clock, lambda: discord.chat.commands.registered):
        yield Conversation(discord)


@asynccontextmanager
async def listening(settings: Settings, clock: Clock, is_ready: Callable[[], object]) -> AsyncIterator[None]:
    """The program listens to the chats until the end of the block; begins when `is_ready`."""
    chat = ChatListening(clock, lambda: None)
    try:
        await chat.follow(settings)
        async with asyncio.timeout(SECONDS):
            while not is_ready():  # noqa: ASYNC110 - the servers on loopback have no event for it
                await asyncio.sleep(0.01)
        yield
    finally:
        await chat.aclose()


def _found(payload: Any, label: str) -> tuple[str, str]:  # noqa: ANN401 - a message as JSON
    """The `custom_id` of the button or menu with that label, and what a press says: of a menu its first entry."""
    for row in payload.get("components") or ():
        for each in row["components"]:
            if each.get("label") == label:
                return each["custom_id"], each["custom_id"]
            if each.get("placeholder", "").startswith(label):
                return each["custom_id"], each["options"][0]["value"]
    raise LookupError(f"there is no {label}")
