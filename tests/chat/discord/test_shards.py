"""We keep listening: every shard on one machine, whatever happens to connections and machines."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.discord.client import Bot
from bot.chat.discord.client import ShardClient
from bot.chat.discord.interactions import InteractionHandler
from bot.chat.discord.shards import Shards
from bot.demo.servers.discord_forums import GUILD
from bot.demo.servers.discord_gateway import Close
from bot.demo.servers.discord_interactions import Person
from bot.settings import Secret
from bot.store import Store
from bot.store.worker import WorkerId
from tests.demo.servers.discord_bot import until
from tests.servers.discord import TOKEN, DiscordReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    import discord

    from bot.chat.arguments import ChatCommand

ADA = Person("1200000000000000101", "ada")


class Moment:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 4, 13, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Client(ShardClient):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord wants 5 s between two sessions' starts; this one does not."""


class Machine(InteractionHandler):
    """One process's listener. It answers every command with its own name."""

    def __init__(self, name: str, receiver: DiscordReceiver, store: Store, clock: Moment) -> None:
        self.name = name
        self.heard: list[str] = []
        self.shards = Shards(
            Bot(Secret(TOKEN), receiver.api_url),
            receiver.api_url,
            store.leases,
            clock,
            lambda shard: Client(shard, receiver.api_url, self, heartbeat_timeout=0.3),
            tick=0.01,
        )

    async def command(
        self, interaction: discord.Interaction[Any], command: ChatCommand, given: Mapping[str, str]
    ) -> None:
        assert command.name == "search"
        self.heard.append(given["query"])
        await interaction.response.send_message(self.name, ephemeral=True)


@pytest.fixture
def clock() -> Moment:
    return Moment()


@pytest.fixture
async def receiver(stores: list[Store]) -> AsyncIterator[DiscordReceiver]:
    async with DiscordReceiver() as receiver:
        client = ShardClient((0, 1), receiver.api_url, Machine("none", receiver, stores[0], Moment()))
        commands = [dict(command.to_dict(client.tree)) for command in client.tree.get_commands()]
        receiver.chat.commands.overwrite(commands, "1200000000000000000")
        yield receiver


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[Store]]:
    """The same store, opened on two hosts."""
    url = f"sqlite:///{tmp_path / 'paperboy.db'}"
    opened = [Store(url, WorkerId(host, "boot", 1, "start")) for host in ("north", "south")]
    yield opened
    for store in opened:
        store.close()


@asynccontextmanager
async def listening(machine: Machine) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(machine.shards.run(Secret(TOKEN)))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await machine.shards._bot.aclose()


async def say(receiver: DiscordReceiver, word: str, channel: str = "1200000000000000202") -> str:
    asked = await receiver.chat.interactions.command(
        ADA, "paperboy search", receiver.guild_channel(channel), query=word
    )
    return str((await asked.seen())["content"])


async def test_without_intents_it_hears_commands_and_says_so(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment
) -> None:
    machine = Machine("north", receiver, stores[0], clock)
    assert machine.shards.outage == "not connected yet"
    async with listening(machine):
        await until(lambda: machine.shards.clients)
        assert machine.shards.outage == ""
        assert await say(receiver, "hello") == "north"
    assert [each["intents"] for each in receiver.chat.gateway.identified] == [0]
    await until(lambda: not receiver.chat.gateway.sessions)  # closed for good


async def test_one_client_for_each_shard_that_discord_wants(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment
) -> None:
    odd = str((int(GUILD) >> 22 | 1) << 22)
    receiver.chat.gateway.shards = 2
    receiver.channels["1200000000000000303"] = {"guild_id": odd}
    machine = Machine("north", receiver, stores[0], clock)
    async with listening(machine):
        await until(lambda: len(machine.shards.clients) == 2)
        for channel in ("1200000000000000202", "1200000000000000303"):
            assert await say(receiver, channel[-3:], channel) == "north"
    assert [each["shard"] for each in receiver.chat.gateway.identified] == [[0, 2], [1, 2]]
    assert machine.heard == ["202", "303"]


async def test_two_machines_listen_to_no_shard_twice_and_one_takes_over_from_the_other(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment
) -> None:
    north, south = (
        Machine(name, receiver, store, clock) for name, store in zip(("north", "south"), stores, strict=True)
    )
    async with listening(south):
        async with listening(north):
            await until(lambda: north.shards.clients or south.shards.clients)
            first = north if north.shards.clients else south
            assert await say(receiver, "who") == first.name
            assert len(receiver.chat.gateway.connected) == 1
            assert (north.shards.outage, south.shards.outage) == ("", "")
        await until(lambda: south.shards.clients)
        assert await say(receiver, "again") == "south"
    assert north.heard + south.heard == ["who", "again"]


async def test_a_machine_that_dies_is_followed_once_its_lease_is_over(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment
) -> None:
    stores[1].leases.acquire("discord shard 0", clock.now(), timedelta(seconds=60))
    north = Machine("north", receiver, stores[0], clock)
    async with listening(north):
        await until(lambda: north.shards._plan)
        await asyncio.sleep(0.05)
        assert north.shards.clients == []
        assert north.shards.outage == ""  # as far as anybody can tell the other one hears
        clock.at += timedelta(seconds=61)
        await until(lambda: north.shards.clients)


async def test_who_loses_the_lease_hangs_up(receiver: DiscordReceiver, stores: list[Store], clock: Moment) -> None:
    north = Machine("north", receiver, stores[0], clock)
    async with listening(north):
        await until(lambda: north.shards.clients)
        clock.at += timedelta(seconds=61)
        stores[1].leases.acquire("discord shard 0", clock.now(), timedelta(seconds=60))
        await until(lambda: not receiver.chat.gateway.connected)
        assert north.shards.clients == []


@pytest.mark.parametrize("trouble", ["reconnect", "drop", "invalidate", "silence"])
async def test_a_lost_connection_is_taken_up_again(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment, trouble: str
) -> None:
    gateway = receiver.chat.gateway
    gateway.heartbeat_interval = 0.05
    machine = Machine("north", receiver, stores[0], clock)
    async with listening(machine):
        await until(lambda: machine.shards.clients)
        match trouble:
            case "reconnect":
                await gateway.reconnect()
            case "drop":
                gateway.drop()
            case "invalidate":
                await gateway.invalidate()
            case _:
                gateway.is_silent = True
                await until(lambda: not gateway.connected)
                gateway.is_silent = False
        await until(lambda: gateway.resumed or len(gateway.identified) == 2)
        await until(lambda: machine.shards.clients)
        assert await say(receiver, "still there") == "north"
    assert machine.heard == ["still there"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Close.AUTHENTICATION_FAILED, ("does not know the token", 3600)),
        (Close.DISALLOWED_INTENTS, ("does not grant the intents", 3600)),
        (Close.INVALID_SHARD, ("closed with 4010", 5)),
    ],
)
async def test_it_says_why_it_is_deaf_and_tries_again_when_that_may_help(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment, code: Close, expected: tuple[str, int]
) -> None:
    reason, pause = expected
    machine = Machine("north", receiver, stores[0], clock)
    async with listening(machine):
        await until(lambda: machine.shards.clients)
        await receiver.chat.gateway.close(code)
        await until(lambda: reason in machine.shards.outage)
        clock.at += timedelta(seconds=pause - 1)
        await asyncio.sleep(0.05)
        assert len(receiver.chat.gateway.identified) == 1
        clock.at += timedelta(seconds=1)
        await until(lambda: machine.shards.clients)
        assert machine.shards.outage == ""


async def test_a_token_that_discord_does_not_know_is_told_and_shown_to_nobody(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment
) -> None:
    receiver.token = "another"
    machine = Machine("north", receiver, stores[0], clock)
    async with listening(machine):
        await until(lambda: "401" in machine.shards.outage)
        asked = len(receiver.requests)
        clock.at += timedelta(minutes=59)
        await asyncio.sleep(0.05)
        assert len(receiver.requests) == asked  # no hammering with a dead token, for which Discord bans
        receiver.token = TOKEN
        clock.at += timedelta(minutes=1)
        await until(lambda: machine.shards.clients)
    assert TOKEN not in machine.shards.outage


async def test_more_shards_are_begun_when_discord_wants_them(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment
) -> None:
    machine = Machine("north", receiver, stores[0], clock)
    async with listening(machine):
        await until(lambda: machine.shards.clients)
        receiver.chat.gateway.shards = 2
        clock.at += timedelta(hours=1)
        await until(lambda: len(machine.shards.clients) == 2)
    assert [each["shard"] for each in receiver.chat.gateway.identified] == [[0, 1], [0, 2], [1, 2]]


async def test_no_more_connections_are_begun_in_a_day_than_discord_allows(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment
) -> None:
    """Who begins more than 1,000 sessions a day has the token taken away."""
    receiver.chat.gateway.starts_left = 1
    machine = Machine("north", receiver, stores[0], clock)
    async with listening(machine):
        await until(lambda: machine.shards.clients)
        await receiver.chat.gateway.close(Close.INVALID_SHARD)
        await until(lambda: "closed with 4010" in machine.shards.outage)
        clock.at += timedelta(seconds=5)
        await until(lambda: machine.shards.outage == "Discord lets no more connections begin today")
        receiver.chat.gateway.starts_left = 1000
        clock.at += timedelta(hours=1)
        await until(lambda: machine.shards.clients)
    assert len(receiver.chat.gateway.identified) == 2


async def test_it_ends_within_seconds_also_where_nobody_answers_any_more(
    receiver: DiscordReceiver, stores: list[Store], clock: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.discord.client.CLOSE_SECONDS", 0.05)
    machine = Machine("north", receiver, stores[0], clock)
    async with asyncio.timeout(10), listening(machine):
        await until(lambda: machine.shards.clients)
        receiver.chat.gateway.reads_nothing = True
    stores[1].leases.acquire("discord shard 0", clock.now(), timedelta(seconds=60))  # it was given back
