"""A week in Discord: six people, two channels; two machines of which one listens, and connections that end anyhow.

A command while nobody listens is lost, as Discord tells who gave it, and must not have been carried out.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.channels.buttons import Click, Wish, encode
from bot.chat.commands import COMMANDS
from bot.chat.parse import arguments_of, quoted
from bot.clock import SimulatedClock
from bot.demo.servers.discord_interactions import DEFERRED, MANAGE_CHANNELS, Person
from bot.store import Store
from bot.store.worker import WorkerId
from tests.chat.conftest import fill
from tests.chat.discord.conftest import LAB, NOW, PAPERS, listening
from tests.chat.week import SHOWN_TO, Action, Model, actions, state, stored
from tests.demo.servers.discord_bot import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path
    from typing import Any

    from bot.demo.servers.discord_interactions import Interaction
    from tests.chat.discord.conftest import Guild
    from tests.servers.discord import DiscordReceiver

PEOPLE, CHANNELS = 6, 2  # few, so that a place gets many commands
MANAGERS = frozenset(range(0, PEOPLE, 3))
ANSWERED_WITHIN = timedelta(seconds=3)
TROUBLES = ("drop", "reconnect", "invalidate", "other machine", "nobody")


def person(number: int) -> Person:
    return Person(f"13000000000000{number:05}", f"reader{number}", MANAGE_CHANNELS if number in MANAGERS else 0)


def channel_id(number: int) -> str:
    return f"12000000000000{number:05}"


class Week:
    """Two machines of which one listens, and what happens to them."""

    def __init__(self, receiver: DiscordReceiver, stores: list[Store], clock: SimulatedClock) -> None:
        self.receiver = receiver
        self.clock = clock
        self.model = Model(MANAGERS)
        self.guild: Guild
        self._stores = stores
        self._starts = 0
        self._running = AsyncExitStack()

    async def start(self) -> None:
        """The next machine, on the other host."""
        store = self._stores[self._starts % 2]
        self._starts += 1
        self.guild = await self._running.enter_async_context(listening(store, self.receiver, clock=self.clock))
        await self.is_heard()

    async def stop(self) -> None:
        await self._running.aclose()

    async def is_heard(self) -> None:
        await until(lambda: self.receiver.chat.gateway.connected)

    def channel(self, action: Action) -> Mapping[str, Any]:
        if action.place is None:
            return self.receiver.chat.direct_channel(person(action.person).id)
        return self.receiver.guild_channel(channel_id(action.place))

    async def do(self, action: Action) -> Interaction:
        """Give the command, its arguments as options, or press the button."""
        interactions, channel, who = self.receiver.chat.interactions, self.channel(action), person(action.person)
        if action.verdict:
            said = encode(Click(Wish(action.verdict), action.paper, "birds", SHOWN_TO))
            return await interactions.click(
                who, said, self.receiver.guild_channel(LAB), interactions.message("9", {})
            )
        name, _, rest = action.line.partition(" ")
        options = {each: quoted(words) for each, words in arguments_of(COMMANDS[name], rest).items()}
        return await interactions.command(who, f"paperboy {name}", channel, **options)

    async def done(self, action: Action) -> None:
        """Do it, and wait until it is answered, once and to who asked alone."""
        asked_at = self.clock.now()
        asked = await self.do(action)
        async with asyncio.timeout(30):
            await asked.seen()
        assert (asked.kind, asked.is_ephemeral, asked.followups) == (DEFERRED, True, []), action
        assert self.clock.now() - asked_at <= ANSWERED_WITHIN
        self.model.do(action)

    def stored(self) -> tuple[object, object]:
        """What the store says, in the model's words."""
        direct = self.receiver.chat.direct
        places = {channel_id(number): ("channel", number) for number in range(CHANNELS)}
        places |= {direct[person(n).id]: ("person", n) for n in range(PEOPLE) if person(n).id in direct}
        people = {person(number).id: number for number in range(PEOPLE)}
        return stored(self.guild.service.context, "discord", places, people)

    async def trouble(self, kind: str) -> None:
        """What happens to the connection between two commands; in the end it is there again."""
        gateway = self.receiver.chat.gateway
        match kind:
            case "drop":
                gateway.drop()  # what is said now is told when the connection is resumed
                return
            case "reconnect":
                await gateway.reconnect()
                return
            case "invalidate":
                await gateway.invalidate()
                await until(lambda: not gateway.connected)
            case _:
                await self.stop()
                await until(lambda: not gateway.sessions)
                if kind == "nobody":
                    lost = await self.do(Action(0, 0, "follow light"))
                    await asyncio.sleep(0.02)
                    assert lost.kind is None
                await self.start()
        await self.is_heard()


@pytest.fixture
async def week(tmp_path: Path, receiver: DiscordReceiver, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Week]:
    async def at_once(*_: object, **__: object) -> None:
        """Discord wants 5 s between two sessions' starts; this one does not."""

    monkeypatch.setattr("bot.chat.discord.client.ShardClient.before_identify_hook", at_once)
    url = f"sqlite:///{tmp_path / 'paperboy.db'}"
    stores = [Store(url, WorkerId(host, "boot", 1, "start")) for host in ("north", "south")]
    fill(stores[0], PAPERS)
    clock = SimulatedClock(NOW)
    receiver.now = lambda: clock.now().timestamp()
    week = Week(receiver, stores, clock)
    await week.start()
    yield week
    await week.stop()
    for store in stores:
        store.close()


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "count"), [(68, 200), pytest.param(2, 400, marks=pytest.mark.on_request)])
async def test_after_a_week_the_store_says_what_the_model_says(week: Week, seed: int, count: int) -> None:
    chance = random.Random(seed)
    for number, action in enumerate(actions(seed, count, people=PEOPLE, channels=CHANNELS)):
        week.clock.set(week.clock.now() + timedelta(days=7) / count)
        if number % 10 == 9:
            await week.trouble(chance.choice(TROUBLES))
        await week.done(action)
        if number % 5 == 0:
            assert week.stored() == state(week.model), action
    assert week.stored() == state(week.model)
    assert week.model.places
    assert week.model.said
