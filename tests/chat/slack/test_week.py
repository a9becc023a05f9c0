"""A week in Slack: six people, two channels; two machines are killed and come back, sockets end in every way."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.channels.buttons import Click, Wish, encode
from bot.chat.service import ChatService
from bot.chat.slack import SlackListener
from bot.clock import SimulatedClock
from bot.members.store_thread import StoreThreads
from bot.store import Store
from bot.text.templates import Templates
from tests.chat.conftest import LAB, NOW, ON_SQLITE, context_over, fill
from tests.chat.slack.conftest import SECONDS, settings_for, until
from tests.chat.week import SHOWN_TO, Action, Model, actions, state, stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings import Settings
    from tests.servers.slack import SlackReceiver
    from tests.servers.slack_sockets import Envelope

PEOPLE, CHANNELS = 6, 2  # few, so that a place gets many commands
MANAGERS = frozenset(range(0, PEOPLE, 3))
ANSWERED_WITHIN = timedelta(seconds=3)


def person_id(number: int) -> str:
    return f"U0WEEK{number:04}"


def channel_id(number: int) -> str:
    return f"C0WEEK{number:04}"


@dataclass
class Machine:
    """One process that listens: its own store, threads and socket."""

    url: str
    settings: Settings
    clock: SimulatedClock
    store: Store = field(init=False)
    listener: SlackListener = field(init=False)
    task: asyncio.Task[None] = field(init=False)
    threads: StoreThreads = field(init=False)

    def start(self) -> None:
        self.store, self.threads = Store(self.url), StoreThreads("week")
        service = ChatService(context_over(self.store, self.settings), self.clock, lambda: None, self.threads)
        timing = {"ping_seconds": 0.5, "first_pause": 0.02, "hello_seconds": SECONDS}
        self.listener = SlackListener(service, Templates(), self.clock, **timing)
        self.task = asyncio.create_task(self.listener.run())

    async def kill(self) -> None:
        """What is being answered is left as it is."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.threads.close()
        self.threads.commands._executor.shutdown(wait=True)
        self.store.close()


@dataclass
class Week:
    """What was done, and what became of it."""

    receiver: SlackReceiver
    machines: Sequence[Machine]
    clock: SimulatedClock
    model: Model
    answered: Counter[int] = field(default_factory=Counter)

    async def do(self, action: Action) -> Envelope:
        sockets, person = self.receiver.sockets, person_id(action.person)
        if action.verdict:
            click = encode(Click(Wish(action.verdict), action.paper, "birds", SHOWN_TO))
            return await sockets.press(person, LAB, click)
        place = f"D0WEEK{action.person:04}" if action.place is None else channel_id(action.place)
        return await sockets.command(person, place, action.line)

    async def done(self, action: Action) -> None:
        """Do it, and wait until it is answered."""
        asked_at = self.clock.now()
        envelope = await self.do(action)
        await asyncio.wait_for(envelope.acked.wait(), SECONDS)
        await asyncio.wait_for(envelope.answered.wait(), SECONDS)
        assert self.clock.now() - asked_at <= ANSWERED_WITHIN
        self.model.do(action)

    async def killed(self, action: Action, machine: Machine) -> None:
        """Kill a machine while it may be at it: it was done, or it was not."""
        envelope = await self.do(action)
        await asyncio.sleep(0.001 * self.receiver.sockets.spread.randrange(20))
        await machine.kill()
        machine.start()
        await self.listening()
        with suppress(TimeoutError):  # the other machine may be at it
            await asyncio.wait_for(envelope.acked.wait(), 0.5)
        await until(lambda: not any(each.listener._answering for each in self.machines))
        after = deepcopy(self.model)
        after.do(action)
        if stored_in(machine.store) == state(after):
            self.model = after
        else:
            assert stored_in(machine.store) == state(self.model), action
        assert len(envelope.answers) <= 1

    async def listening(self) -> None:
        await until(lambda: all(machine.listener.is_connected for machine in self.machines))
        await until(lambda: self.receiver.sockets.open_sockets >= len(self.machines))


def stored_in(store: Store) -> tuple[object, object]:
    """What the store says, in the model's words."""
    people = {person_id(number): number for number in range(PEOPLE)}
    places = {each: ("person", number) for each, number in people.items()}
    places |= {channel_id(number): ("channel", number) for number in range(CHANNELS)}
    return stored(context_over(store), "slack", places, people)


@ON_SQLITE
@pytest.mark.slow
@pytest.mark.parametrize(("seed", "count"), [(68, 200), pytest.param(2, 400, marks=pytest.mark.on_request)])
async def test_after_a_week_the_store_says_what_the_model_says(
    receiver: SlackReceiver, url: str, seed: int, count: int
) -> None:
    clock, settings, chance = SimulatedClock(NOW), settings_for(receiver), random.Random(seed)
    receiver.sockets.users = {person_id(number): {"is_admin": True} for number in MANAGERS}
    store = Store(url)
    fill(store)
    machines = [Machine(url, settings, clock) for _ in range(2)]
    week = Week(receiver, machines, clock, Model(MANAGERS))
    async with AsyncExitStack() as stack:
        for machine in machines:
            machine.start()
            stack.push_async_callback(machine.kill)
        await week.listening()
        for number, action in enumerate(actions(seed, count, people=PEOPLE, channels=CHANNELS)):
            clock.set(clock.now() + timedelta(days=7) / count)
            if number % 25 == 24:
                await week.killed(action, chance.choice(machines))
            elif number % 40 == 20:
                await receiver.sockets.refresh(chance.choice(["refresh_requested", "warning"]))
                await week.done(action)
            elif number % 50 == 30:
                receiver.sockets.drop()
                await week.listening()
                await week.done(action)
            else:
                await week.done(action)
            if number % 5 == 0:
                assert stored_in(store) == state(week.model), action
        assert stored_in(store) == state(week.model)
        assert week.model.places
        assert week.model.said
    answers = Counter(len(envelope.answers) for envelope in receiver.sockets.envelopes.values())
    assert set(answers) <= {0, 1}
    assert answers[0] <= count // 25
    assert receiver.sockets.refused == []
    store.close()
