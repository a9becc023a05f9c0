"""Discord is sent the commands once, and again only when they changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp

from bot.chat.discord import listener, tree
from bot.chat.discord.listener import Registration
from bot.demo.servers.discord_commands import CREATES_A_DAY
from tests.chat.discord.conftest import NOW, listening
from tests.demo.servers.discord_bot import until

if TYPE_CHECKING:
    import pytest

    from bot.store import Store
    from tests.chat.discord.conftest import Guild
    from tests.servers.discord import DiscordReceiver


async def test_they_are_sent_once_also_over_several_starts(chat_store: Store, receiver: DiscordReceiver) -> None:
    for _ in range(3):
        async with listening(chat_store, receiver) as guild:
            await until(lambda: guild.listener._registration._known)
    assert receiver.chat.commands.overwrites == 1
    assert [each["name"] for each in receiver.chat.commands.registered] == ["paperboy"]


async def test_they_are_sent_again_when_they_changed(
    chat_store: Store, receiver: DiscordReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(chat_store, receiver):
        pass
    monkeypatch.setattr(tree, "LONGEST", 999)
    async with listening(chat_store, receiver):
        await until(lambda: receiver.chat.commands.overwrites == 2)
    assert receiver.chat.commands.created_today == 1  # its name was there


async def test_after_200_new_ones_today_it_waits_and_says_so(guild: Guild, monkeypatch: pytest.MonkeyPatch) -> None:
    commands, (client,) = guild.receiver.chat.commands, guild.listener._shards.clients
    commands.created_today, commands.registered = CREATES_A_DAY, []
    fresh = Registration(guild.service.context.store.listening)
    monkeypatch.setattr(listener, "_digest", lambda _: "another")
    await fresh.keep(client, NOW)
    assert fresh.refused == "Discord takes new commands again in 12.0 h"
    asked = len(guild.receiver.requests)
    await fresh.keep(client, NOW + timedelta(minutes=59))
    assert len(guild.receiver.requests) == asked
    commands.created_today = 0
    await fresh.keep(client, NOW + timedelta(hours=1))
    assert (fresh.refused, len(commands.registered)) == ("", 1)


async def test_what_discord_refuses_of_them_is_said(guild: Guild) -> None:
    fresh, (client,) = Registration(guild.service.context.store.listening), guild.listener._shards.clients
    client.tree.get_commands()[0].name = "Paper boy"
    await fresh.keep(client, NOW)
    assert fresh.refused == "Discord answered 400 to the commands (code 50035)"


async def test_a_connection_that_is_lost_meanwhile_is_no_failure_of_theirs(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, (client,) = Registration(guild.service.context.store.listening), guild.listener._shards.clients
    monkeypatch.setattr(listener, "_digest", lambda _: "another")
    await client.hang_up()
    await fresh.keep(client, NOW)
    assert (fresh.refused, fresh._known, fresh._not_before) == ("", None, None)


async def test_an_answer_that_breaks_off_with_the_connection_is_no_failure_of_theirs_either(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, (client,) = Registration(guild.service.context.store.listening), guild.listener._shards.clients
    monkeypatch.setattr(listener, "_digest", lambda _: "another")

    async def sync() -> None:
        await client.hang_up()
        raise aiohttp.ServerDisconnectedError

    monkeypatch.setattr(client.tree, "sync", sync)
    await fresh.keep(client, NOW)
    assert (fresh.refused, fresh._known, fresh._not_before) == ("", None, None)
