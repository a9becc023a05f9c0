"""The chat in a Discord written by others: commands, completions, buttons, refusals, a restart."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import discord
import pytest
import simcord
from discord.http import Route

from bot.chat.commands import COMMANDS
from bot.chat.discord.client import ShardClient
from bot.chat.discord.interactions import InteractionHandler
from bot.chat.service import ChatService
from bot.clock import SimulatedClock
from bot.members.context import Context
from bot.members.store_thread import StoreThreads
from bot.text.templates import Templates
from tests.chat.discord.conftest import NOW, chat_store, settings_for
from tests.members.conftest import PlainMails

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.store import Store

__all__ = ["chat_store"]

pytestmark = pytest.mark.counterparts

URL = "https://discord.com/api/v10"


@pytest.fixture(autouse=True)
def _discord_com(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has discord.py begin with its own address, which other tests change for the whole process."""
    monkeypatch.setattr(Route, "BASE", URL)


@pytest.fixture
def service(chat_store: Store) -> Iterator[ChatService]:
    threads = StoreThreads("chat")
    context = Context.opened(chat_store, settings_for(URL), PlainMails())
    yield ChatService(context, SimulatedClock(NOW), lambda: None, threads)
    threads.close()


def client(service: ChatService) -> ShardClient:
    return ShardClient((0, 1), URL, InteractionHandler(service, Templates()))


class Server:
    """A guild with a channel, somebody who may manage it, and somebody who may not."""

    def __init__(self, env: simcord.Env) -> None:
        self.env = env
        guild = env.create_guild("Lab")
        self.channel = guild.create_text_channel("papers")
        managers = guild.create_role("managers", permissions=discord.Permissions(manage_channels=True))
        self.ada = guild.add_member(env.create_user("ada"), roles=[managers])
        self.bo = guild.add_member(env.create_user("bo"))


@asynccontextmanager
async def guild_of(service: ChatService) -> AsyncIterator[Server]:
    """No fixture: simcord keeps its clock in a context variable of the task that began it."""
    bot = client(service)
    async with simcord.run(bot, settle_timeout=20) as env:
        await bot.tree.sync()
        yield Server(env)


def said(result: Any) -> str:
    """What was answered, which nobody else sees."""
    assert result.acknowledged
    assert result.ephemeral
    return str(result.response.embeds[0].description)


def shown(result: Any) -> Any:
    """The message with the answer."""
    return result.response


async def test_every_command_is_there_for_everybody(service: ChatService) -> None:
    async with guild_of(service) as server:
        for who in (server.ada, server.bo):
            assert set(who.available_commands(server.channel)) == {f"paperboy {name}" for name in COMMANDS}


async def test_a_manager_follows_a_topic_and_takes_it_back_by_a_button(service: ChatService) -> None:
    async with guild_of(service) as server:
        result = await server.ada.slash(server.channel, "paperboy follow", words="birds")
        assert said(result).startswith("This channel follows Birds & Maps now.")
        undone = await server.ada.click(shown(result), label="Undo")
        assert said(undone).startswith("This channel no longer follows")


async def test_who_may_not_is_told_who_may_and_may_ask(service: ChatService) -> None:
    async with guild_of(service) as server:
        assert said(await server.bo.slash(server.channel, "paperboy follow", words="birds")).startswith(
            "Only members"
        )
        assert said(await server.bo.slash(server.channel, "paperboy search", query="ti:maps")).startswith("3 papers")


async def test_what_is_typed_is_completed(service: ChatService) -> None:
    async with guild_of(service) as server:
        result = await server.ada.autocomplete(server.channel, "paperboy follow", "words", "b")
        assert [(each["name"], each["value"]) for each in result] == [("Birds & Maps", "birds")]


async def test_a_long_answer_goes_on_in_further_messages(service: ChatService) -> None:
    async with guild_of(service) as server:
        result = await server.ada.slash(server.channel, "paperboy help")
        assert said(result).startswith("I bring new arXiv papers")


async def test_direct_messages_are_about_the_person(service: ChatService) -> None:
    async with guild_of(service) as server:
        user = server.env.create_user("eve")
        result = await user.slash("paperboy follow", words="light")
        assert said(result).startswith("You follow Light now.")


async def test_a_button_works_after_a_restart(service: ChatService) -> None:
    async with guild_of(service) as server:
        result = await server.ada.slash(server.channel, "paperboy topics")
        await server.env.restart_bot(client(service))
        clicked = await server.ada.click(shown(result), label="Follow Light")
        assert said(clicked).startswith("This channel follows Light now.")
