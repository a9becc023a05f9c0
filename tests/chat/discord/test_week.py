"""A week in Discord: 30 people, 6 places, random commands and clicks, two machines, connections that break.

An independent model says what the store must hold in the end, and of each command whether it was refused. A command
while nobody listens is lost, as Discord tells who gave it, and must not have been carried out.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.chat.discord.rendering import BAD
from bot.clock import SimulatedClock
from bot.demo.servers.discord_interactions import DEFERRED, MANAGE_CHANNELS, Person
from bot.store import Store
from bot.store.worker import WorkerId
from tests.chat.discord.conftest import LAB, NOW, fill, listening
from tests.demo.servers.discord_bot import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.demo.servers.discord import DiscordReceiver
    from bot.demo.servers.discord_interactions import Interaction
    from tests.chat.discord.conftest import Guild

STEPS, MINUTES = 500, 20
"""A step each 20 minutes: a week."""
PEOPLE = tuple(
    Person(f"13000000000000{number:05}", f"reader{number}", MANAGE_CHANNELS if number % 3 == 0 else 0)
    for number in range(30)
)
CHANNELS = (*(f"12000000000000{number}" for number in range(3001, 3006)), LAB)
HOURS, WORDS, PAPERS = ("07:00", "12:30", "any"), ("survey", "lamp"), ("2604.00001", "2604.00006")
TROUBLES = ("drop", "reconnect", "invalidate", "other machine", "nobody")


@dataclass
class Place:
    """What a channel, or somebody's direct messages, should get."""

    topics: list[str] = field(default_factory=list)
    muted: set[str] = field(default_factory=set)
    at: str = "any"
    is_paused: bool = False


@dataclass
class Model:
    """What the readers were promised, kept without a line of the program."""

    places: dict[str, Place] = field(default_factory=dict)
    opinions: dict[tuple[str, str], str] = field(default_factory=dict)

    def carry_out(self, person: Person, where: str, command: str, value: str) -> bool:
        """Do it; whether it is done, and not refused."""
        is_direct = where == person.name
        if where == LAB or not (is_direct or person.permissions & MANAGE_CHANNELS):
            return False
        if command == "follow":
            place = self.places.setdefault(where, Place())
            place.topics += [value] * (value not in place.topics)
            return True
        place = self.places.get(where) or Place(topics=["none"])
        if where not in self.places or (command == "unfollow" and value not in place.topics):
            return False
        match command:
            case "unfollow":
                place.topics.remove(value)
            case "mute":
                place.muted.add(value)
            case "unmute":
                place.muted.discard(value)
            case "hour":
                place.at = value
            case _:
                place.is_paused = command == "pause"
        return True

    def click(self, person: Person, identifier: str, opinion: str) -> None:
        """The last word counts, and a second one takes it back."""
        if self.opinions.get((person.id, identifier)) == opinion:
            del self.opinions[person.id, identifier]
        else:
            self.opinions[person.id, identifier] = opinion


class Week:
    """Two machines of which one listens, and what happens to them."""

    def __init__(self, receiver: DiscordReceiver, stores: list[Store], clock: SimulatedClock) -> None:
        self.receiver = receiver
        self.clock = clock
        self._stores = stores
        self._running: list[AsyncExitStack] = []
        self.guild: Guild

    async def start(self) -> None:
        """Another machine, on the other host."""
        stack = AsyncExitStack()
        store = self._stores[len(self._running) % 2]
        self.guild = await stack.enter_async_context(listening(store, self.receiver, clock=self.clock))
        self._running.append(stack)
        await self.is_heard()

    async def stop(self) -> None:
        """The one that listens ends."""
        await self._running.pop().aclose()

    async def is_heard(self) -> None:
        await until(lambda: self.receiver.chat.gateway.connected)

    async def trouble(self, kind: str) -> None:
        """What happens to the connection between two commands; in the end it is there again."""
        gateway = self.receiver.chat.gateway
        match kind:
            case "drop":
                gateway.drop()  # what comes now is told when the connection is resumed
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
                    lost = await self.receiver.chat.interactions.command(
                        PEOPLE[0], "paperboy follow", self.receiver.guild_channel(CHANNELS[0]), words="light"
                    )
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
    fill(stores[0])
    clock = SimulatedClock(NOW)
    receiver.now = lambda: clock.now().timestamp()
    week = Week(receiver, stores, clock)
    await week.start()
    yield week
    await week.stop()
    for store in stores:
        store.close()


async def spoken(week: Week, chance: random.Random, model: Model) -> tuple[Interaction, bool]:
    """Somebody gives a command or clicks: what they see, and whether it should be done."""
    person = chance.choice(PEOPLE)
    is_direct = chance.random() < 0.3
    where = person.name if is_direct else chance.choice(CHANNELS)
    channel = week.receiver.chat.direct_channel(person.id) if is_direct else week.receiver.guild_channel(where)
    interactions = week.receiver.chat.interactions
    if chance.random() < 0.3:
        identifier, opinion = chance.choice(PAPERS), chance.choice(("more", "less", "saved"))
        model.click(person, identifier, opinion)
        said = f"1|{opinion}|birds|{identifier}|lab"
        return await interactions.click(person, said, channel, interactions.message("9", {})), True
    command, options = chance.choice(
        (
            *[("follow", {"words": chance.choice(("birds", "light"))})] * 2,
            ("unfollow", {"topic": chance.choice(("birds", "light"))}),
            ("mute", {"words": chance.choice(WORDS)}),
            ("unmute", {"words": chance.choice(WORDS)}),
            ("hour", {"hour": chance.choice(HOURS)}),
            ("pause", {}),
            ("resume", {}),
        )
    )
    is_done = model.carry_out(person, where, command, next(iter(options.values()), ""))
    return await interactions.command(person, f"paperboy {command}", channel, **options), is_done


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_week_ends_as_the_model_says(week: Week, seed: int) -> None:
    chance, model = random.Random(seed), Model()
    for step in range(STEPS):
        if chance.random() < 0.1:
            await week.trouble(chance.choice(TROUBLES))
        asked, is_done = await spoken(week, chance, model)
        async with asyncio.timeout(30):
            answer = await asked.seen()
        assert (asked.kind, asked.is_ephemeral, asked.followups) == (DEFERRED, True, []), step
        assert (answer["embeds"][0]["color"] != BAD) is is_done, (step, answer)
        await week.clock.sleep(MINUTES * 60)
    assert week.clock.now() - NOW > timedelta(days=6)
    assert stored(week) == promised(week, model)
    assert opinions(week) == {
        (week.guild.service.context.keys.person("discord", person)[0], identifier): opinion
        for (person, identifier), opinion in model.opinions.items()
    }


def stored(week: Week) -> dict[str, Place]:
    """What the store has, by the channel that is written to."""
    with week.guild.service.context.store.snapshot() as view:
        return {
            each.destination.reveal(): Place(
                [str(topic) for topic in each.topics],
                set(each.muted),
                f"{each.at:%H:%M}" if each.at else "any",
                each.paused,
            )
            for each in view.members.all()
        }


def promised(week: Week, model: Model) -> dict[str, Place]:
    by_name = {person.name: person.id for person in PEOPLE}
    direct = week.receiver.chat.direct
    return {direct[by_name[where]] if where in by_name else where: place for where, place in model.places.items()}


def opinions(week: Week) -> dict[tuple[str, str], str]:
    """Every word on a paper that the store has, by the person's hash."""
    context = week.guild.service.context
    with context.store.snapshot() as view:
        found = [
            record
            for person in PEOPLE
            for record in view.feedback.of_persons(context.keys.person("discord", person.id))
        ]
    return {(record.person, record.identifier): record.opinion.value for record in found}
