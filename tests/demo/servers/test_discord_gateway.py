"""The gateway on loopback, heard by discord.py as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.demo.servers.discord_forums import GUILD
from bot.demo.servers.discord_gateway import Close, Op
from bot.demo.servers.discord_interactions import Person
from tests.demo.servers.discord_bot import running, until
from tests.servers.discord import TOKEN, DiscordReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ADA = Person("1200000000000000101", "ada")


@pytest.fixture
async def receiver() -> AsyncIterator[DiscordReceiver]:
    async with DiscordReceiver() as receiver:
        yield receiver


async def say(receiver: DiscordReceiver, word: str, channel: str = "1200000000000000202") -> Any:
    asked = await receiver.chat.interactions.command(ADA, "paperboy say", receiver.guild_channel(channel), word=word)
    return await asked.seen()


async def test_a_bot_is_told_what_it_is_and_hears_a_command(receiver: DiscordReceiver) -> None:
    async with running(receiver) as bot:
        assert (await say(receiver, "hello"))["content"] == "hello to ada"
        assert bot.user is not None
        assert bot.user.name == "paperboy"
    assert [each["intents"] for each in receiver.chat.gateway.identified] == [0]
    await until(lambda: not receiver.chat.gateway.sessions)  # closed with 1000, which ends a session


async def test_a_connection_that_breaks_is_resumed_and_what_was_missed_comes_then(receiver: DiscordReceiver) -> None:
    async with running(receiver) as bot:
        receiver.chat.gateway.drop()
        asked = await receiver.chat.interactions.command(
            ADA, "paperboy say", receiver.guild_channel("1200000000000000202"), word="late"
        )
        assert (await asked.seen())["content"] == "late to ada"
        assert bot.heard == ["late"]
    assert len(receiver.chat.gateway.resumed) == 1
    assert len(receiver.chat.gateway.identified) == 1


async def test_asked_to_reconnect_a_bot_resumes(receiver: DiscordReceiver) -> None:
    async with running(receiver):
        await receiver.chat.gateway.reconnect()
        await until(lambda: receiver.chat.gateway.resumed)
        assert (await say(receiver, "again"))["content"] == "again to ada"
    assert len(receiver.chat.gateway.identified) == 1


async def test_a_session_that_is_over_begins_anew(receiver: DiscordReceiver) -> None:
    async with running(receiver):
        await receiver.chat.gateway.invalidate()
        await until(lambda: len(receiver.chat.gateway.identified) == 2)
        await until(lambda: receiver.chat.gateway.connected)
        assert (await say(receiver, "new"))["content"] == "new to ada"
    assert receiver.chat.gateway.resumed == []


async def test_a_session_that_is_only_doubted_is_resumed(receiver: DiscordReceiver) -> None:
    async with running(receiver):
        await receiver.chat.gateway.invalidate(resumable=True)
        await until(lambda: receiver.chat.gateway.resumed)
    assert len(receiver.chat.gateway.identified) == 1


async def test_a_resume_of_a_forgotten_session_is_refused_and_a_new_one_begins(receiver: DiscordReceiver) -> None:
    async with running(receiver):
        receiver.chat.gateway.sessions.clear()
        receiver.chat.gateway.drop()
        await until(lambda: receiver.chat.gateway.connected)
    assert len(receiver.chat.gateway.identified) == 2
    assert receiver.chat.gateway.resumed == []


async def test_heartbeats_are_acknowledged(receiver: DiscordReceiver) -> None:
    receiver.chat.gateway.heartbeat_interval = 0.02
    async with running(receiver) as bot:
        await until(lambda: receiver.chat.gateway.heartbeats > 3)
        await until(lambda: bot.latency < 5)
    assert len(receiver.chat.gateway.identified) == 1


async def test_a_connection_that_only_seems_to_live_is_left_by_the_bot(receiver: DiscordReceiver) -> None:
    receiver.chat.gateway.heartbeat_interval = 0.05
    async with running(receiver, heartbeat_timeout=0.3):
        receiver.chat.gateway.is_silent = True
        await until(lambda: not receiver.chat.gateway.connected)
        receiver.chat.gateway.is_silent = False
        await until(lambda: receiver.chat.gateway.resumed)
        assert (await say(receiver, "alive"))["content"] == "alive to ada"


async def test_a_bot_that_says_nothing_is_hung_up_on(receiver: DiscordReceiver) -> None:
    receiver.chat.gateway.heartbeat_interval = 0.02
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(receiver.chat.gateway.as_told()["url"]) as socket,
    ):
        assert (await socket.receive_json())["op"] == Op.HELLO
        await socket.receive()
        assert socket.close_code == Close.SESSION_TIMED_OUT


async def test_events_go_to_the_shard_of_their_guild(receiver: DiscordReceiver) -> None:
    gateway = receiver.chat.gateway
    gateway.shards = 2
    odd = str((int(GUILD) >> 22 | 1) << 22)
    gateway.guilds.append(odd)
    receiver.channels["1200000000000000303"] = {"guild_id": odd}
    async with running(receiver) as bot:
        assert [each["shard"] for each in gateway.identified] == [[0, 2], [1, 2]]
        await until(lambda: sorted(guild.id for guild in bot.guilds) == sorted([int(GUILD), int(odd)]))
        for channel in ("1200000000000000202", "1200000000000000303"):
            assert (await say(receiver, channel[-3:], channel))["content"].endswith("to ada")
        assert bot.heard == ["202", "303"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"token": "stranger"}, Close.AUTHENTICATION_FAILED),
        ({"shard": [2, 2]}, Close.INVALID_SHARD),
        ({"intents": 1 << 15}, Close.DISALLOWED_INTENTS),
        ({"intents": 1 << 26}, Close.INVALID_INTENTS),
    ],
)
async def test_who_identifies_wrongly_is_told_by_a_code(
    receiver: DiscordReceiver, wrong: dict[str, Any], code: Close
) -> None:
    right = {"token": TOKEN, "intents": 0, "properties": {}}
    assert await closed_after(receiver, {"op": Op.IDENTIFY, "d": right | wrong}) == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"op": 99}, Close.UNKNOWN_OP),
        ({"nothing": 1}, Close.DECODE_ERROR),
        ({"op": Op.DISPATCH}, Close.NOT_AUTHENTICATED),
    ],
)
async def test_what_is_no_message_closes_the_connection(
    receiver: DiscordReceiver, said: dict[str, Any], code: Close
) -> None:
    assert await closed_after(receiver, said) == code


async def test_without_its_shard_a_bot_is_refused_where_there_are_several(receiver: DiscordReceiver) -> None:
    receiver.chat.gateway.shards = 2
    said = {"op": Op.IDENTIFY, "d": {"token": TOKEN, "intents": 0}}
    assert await closed_after(receiver, said) == Close.SHARDING_REQUIRED


async def test_one_identify_a_connection_and_no_resume_beyond_what_was_said(receiver: DiscordReceiver) -> None:
    identify = {"op": Op.IDENTIFY, "d": {"token": TOKEN, "intents": 0}}
    assert await closed_after(receiver, identify, identify) == Close.ALREADY_AUTHENTICATED
    (session,) = receiver.chat.gateway.sessions
    resume = {"op": Op.RESUME, "d": {"token": TOKEN, "session_id": session.id, "seq": 9}}
    assert await closed_after(receiver, resume) == Close.INVALID_SEQUENCE


async def closed_after(receiver: DiscordReceiver, *said: object) -> int | None:
    """The code that the gateway closes with."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(receiver.chat.gateway.as_told()["url"]) as socket,
    ):
        for each in said:
            await socket.send_str(json.dumps(each))
        async for _ in socket:
            pass
        return socket.close_code


@pytest.mark.parametrize("code", [Close.AUTHENTICATION_FAILED, Close.INVALID_INTENTS])
async def test_discord_py_gives_up_on_codes_that_stay(receiver: DiscordReceiver, code: Close) -> None:
    async with running(receiver) as bot:
        await receiver.chat.gateway.close(code)
        await until(bot.is_closed)
    assert len(receiver.chat.gateway.identified) == 1


async def test_the_gateway_says_how_many_shards_and_starts_there_are(receiver: DiscordReceiver) -> None:
    receiver.chat.gateway.shards = 3
    receiver.chat.gateway.starts_left = 7
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{receiver.api_url}/gateway/bot") as answer,
    ):
        said = await answer.json()
    assert (said["shards"], said["session_start_limit"]["remaining"]) == (3, 7)
    assert said["url"].startswith("ws://127.0.0.1:")
