"""A guild on loopback in which people speak to the bot, over a fresh store with two weeks of papers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.channels.discord import DiscordSettings
from bot.chat.discord.listener import DiscordListener
from bot.chat.service import ChatService
from bot.clock import SimulatedClock
from bot.demo.servers.discord_interactions import MANAGE_CHANNELS, Interaction, Person
from bot.members.context import Context
from bot.members.store_thread import StoreThreads
from bot.model import Topic
from bot.settings import Address, ChatSettings, DiscordChat, Secret, Settings, Subscriber, WhoMayChange
from bot.store import Store
from bot.text.templates import Templates
from tests.chat.conftest import fill
from tests.demo.servers.discord_bot import until
from tests.members.conftest import PlainMails
from tests.servers.discord import TOKEN, DiscordReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
CHANNEL, LAB, FORUM, THREAD = (f"12000000000000{number}" for number in ("02001", "02002", "02003", "02004"))
ADA = Person("1200000000000001001", "ada", MANAGE_CHANNELS)
BO = Person("1200000000000001002", "bo")
PAPERS = {
    date(2026, 4, 16): ("Pigeons Read Maps", "Visual Grounding for Gulls", "A Survey of Maps"),
    date(2026, 4, 20): ("Maps of Light", "Gulls Do Not", "Visual Grounding of *Pigeons* by @everyone"),
}


def settings_for(api_url: str, who: WhoMayChange = WhoMayChange.MANAGERS) -> Settings:
    topics = {
        "birds": Topic("birds", "Birds & Maps", ("cs.CV",), keywords=("pigeon",)),
        "light": Topic("light", "Light", ("cs.CV", "cs.LG"), keywords=("light",), exclude=("lamp",)),
    }
    lab = Subscriber("lab", "discord", (Address(Secret(LAB), "channel", LAB),), ("birds",), BERLIN)
    forum = Subscriber("forum", "discord", (Address(Secret(FORUM), "forum", FORUM),), ("light",), BERLIN)
    return Settings(
        contact="us@example.net",
        store="",
        timezone=BERLIN,
        topics=topics,
        subscribers={"lab": lab, "forum": forum},
        channels={"discord": DiscordSettings(token=Secret(TOKEN), api_url=api_url)},
        chat=ChatSettings(discord=DiscordChat(who)),
    )


@dataclass
class Guild:
    """Where people speak to the bot."""

    receiver: DiscordReceiver
    service: ChatService
    listener: DiscordListener
    woken: list[int] = field(default_factory=list)

    def channel(self, where: str) -> dict[str, Any]:
        """A channel of the guild by its id, or somebody's direct messages by their name."""
        if where in ("ada", "bo"):
            return self.receiver.chat.direct_channel({"ada": ADA, "bo": BO}[where].id)
        return self.receiver.guild_channel(where)

    async def ask(self, person: Person, words: str, where: str = CHANNEL, /, **options: str) -> Interaction:
        """Give a command and wait for the answer; `words` stand behind /paperboy."""
        asked = await self.receiver.chat.interactions.command(
            person, f"paperboy {words}", self.channel(where), **options
        )
        async with asyncio.timeout(20):
            await asked.seen()
        return asked

    async def click(self, person: Person, custom_id: str, where: str = CHANNEL) -> Interaction:
        """Click a button and wait for the answer."""
        asked = await self.receiver.chat.interactions.click(
            person, custom_id, self.channel(where), self.receiver.chat.interactions.message("9", {})
        )
        async with asyncio.timeout(20):
            await asked.seen()
        return asked

    async def complete(self, person: Person, words: str, option: str, typed: str, where: str = CHANNEL) -> list[Any]:
        """What is offered while somebody types."""
        asked = await self.receiver.chat.interactions.complete(
            person, f"paperboy {words}", self.channel(where), option, **{option: typed}
        )
        async with asyncio.timeout(20):
            await asked.seen()
        return asked.choices


def said(asked: Interaction) -> str:
    """All that who asked reads."""
    messages = [asked.answer, *asked.followups]
    return "\n".join(embed["description"] for message in messages for embed in message.get("embeds", []))


@pytest.fixture
def chat_store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'paperboy.db'}")
    fill(store, PAPERS)
    yield store
    store.close()


@asynccontextmanager
async def listening(
    store: Store,
    receiver: DiscordReceiver,
    who: WhoMayChange = WhoMayChange.MANAGERS,
    clock: SimulatedClock | None = None,
) -> AsyncIterator[Guild]:
    """A bot that is connected and has registered its commands."""
    settings = settings_for(receiver.api_url, who)
    woken, threads, clock = list[int](), StoreThreads("chat"), clock or SimulatedClock(NOW)
    service = ChatService(Context.opened(store, settings, PlainMails()), clock, lambda: woken.append(1), threads)
    listener = DiscordListener(service, Templates(), clock, tick=0.01)
    task = asyncio.create_task(listener.run())
    try:
        await until(
            lambda: listener.outage == "" and receiver.chat.commands.registered, task
        )  # also if another hears
        yield Guild(receiver, service, listener, woken)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        threads.close()


@pytest.fixture
async def receiver() -> AsyncIterator[DiscordReceiver]:
    async with DiscordReceiver() as receiver:
        receiver.channels[THREAD] = thread_of(FORUM)
        yield receiver


def thread_of(parent: str) -> dict[str, Any]:
    """A thread as the gateway describes it."""
    metadata = {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": NOW.isoformat()}
    counts = {"message_count": 1, "member_count": 1, "owner_id": ADA.id}
    return {"type": 11, "parent_id": parent, "name": "thread", "thread_metadata": metadata, **counts}


@pytest.fixture
async def guild(chat_store: Store, receiver: DiscordReceiver) -> AsyncIterator[Guild]:
    async with listening(chat_store, receiver) as guild:
        yield guild
