"""A Slack on loopback, and a listener connected to it, over a fresh store."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.slack import SlackSettings
from bot.chat.service import ChatService
from bot.chat.slack import SlackListener
from bot.clock import SimulatedClock
from bot.members.store_thread import StoreThreads
from bot.settings import ChatSettings, Secret, SlackChat, WhoMayChange
from bot.text.templates import Templates
from tests.chat.conftest import ADA, NOW, chat_settings, context_over, fill
from tests.servers.slack import SlackReceiver
from tests.store.conftest import sqlite_url, store, url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.settings import Settings
    from bot.store import Store
    from tests.servers.slack_sockets import Envelope, SlackSockets

__all__ = ["sqlite_url", "store", "url"]

SECONDS = 10.0
"""How long anything is waited for; nothing takes so long."""


@dataclass
class Slack:
    """What people do in Slack, and what they see."""

    receiver: SlackReceiver
    service: ChatService
    listener: SlackListener

    @property
    def sockets(self) -> SlackSockets:
        return self.receiver.sockets

    def have_opened(self, sockets: int) -> bool:
        """Whether so many sockets were opened, and one is open."""
        return self.sockets.opened >= sockets and bool(self.sockets.open_sockets)

    async def say(self, person: str, channel: str, text: str) -> str:
        """What the bot answers to a command, as text."""
        envelope = await self.sockets.command(person, channel, text)
        return await answer(envelope)


async def answer(envelope: Envelope) -> str:
    """The text of the first answer, once it was acknowledged."""
    await asyncio.wait_for(envelope.acked.wait(), SECONDS)
    await asyncio.wait_for(envelope.answered.wait(), SECONDS)
    return shown(envelope.answers[0]["blocks"])


def shown(blocks: list[dict[str, object]]) -> str:
    """The texts of blocks, and the buttons in brackets."""
    said = []
    for block in blocks:
        match block:
            case {"text": {"text": str(text)}}:
                said.append(text)
            case {"type": "actions", "elements": list(elements)}:
                said.append(" ".join(f"[{each['text']['text']}: {each['value']}]" for each in elements))
            case {"elements": list(elements)}:
                said.append(" ".join(each["text"] for each in elements))
            case {"type": kind}:
                said.append(f"({kind})")
    return "\n".join(said)


async def until(holds: Callable[[], object]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 - it is a socket that is waited for
            await asyncio.sleep(0.01)


def listens(service: ChatService, **timing: float) -> SlackListener:
    # A socket without a pong for four pings is given up, and what comes meanwhile is lost; a busy machine may pause.
    quick = {"ping_seconds": 0.5, "first_pause": 0.05, "hello_seconds": SECONDS}
    return SlackListener(service, Templates(), SimulatedClock(NOW), **{**quick, **timing})


def settings_for(receiver: SlackReceiver, who: WhoMayChange = WhoMayChange.MANAGERS) -> Settings:
    chat = ChatSettings(slack=SlackChat(Secret(receiver.sockets.app_token), who))
    slack = SlackSettings(token=Secret(receiver.token), api_url=receiver.api_url)
    return replace(chat_settings(chat), channels={"slack": slack})


@asynccontextmanager
async def listening(listener: SlackListener) -> AsyncIterator[SlackListener]:
    """Runs the listener until the end of the block."""
    running = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def chat_over(
    store: Store, receiver: SlackReceiver, who: WhoMayChange = WhoMayChange.MANAGERS
) -> AsyncIterator[ChatService]:
    threads = StoreThreads("chat")
    context = context_over(store, settings_for(receiver, who))
    yield ChatService(context, SimulatedClock(NOW), lambda: None, threads)
    threads.close()


@pytest.fixture
async def receiver() -> AsyncIterator[SlackReceiver]:
    async with SlackReceiver() as running:
        running.sockets.users[ADA] = {"is_admin": True, "tz": "Asia/Tokyo"}
        yield running


@pytest.fixture
async def slack(receiver: SlackReceiver, store: Store) -> AsyncIterator[Slack]:
    fill(store)
    async with chat_over(store, receiver) as service, listening(listens(service)) as listener:
        await until(lambda: not listener.outage)
        yield Slack(receiver, service, listener)
