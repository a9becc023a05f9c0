"""A process that is killed between a click and its answer: what was answered holds, and nothing is half done."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from sqlalchemy import select

from bot.members.links import Purpose, sign
from bot.members.mailbox import mailbox_key
from bot.store import Store
from bot.store.database.tables import deliveries
from bot.store.feedback import FeedbackRecord, Opinion
from tests.crash.driver import process_pool
from tests.proofs.crowd import ONE_CLICK, gather
from tests.world import SATURDAY, morning

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proofs.crowd import Crowd

ACTIONS = ("unsubscribe", "confirm", "delete")


class _World:
    """A store that is looked at while nobody serves it."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        settings = crowd.settings
        assert settings.web
        self.web = settings.web
        self.url = settings.store
        self.secrets = settings.secrets

    def prepare(self, address: str, action: str) -> str:
        """Have something to do for the action; its URL."""
        store, mailbox = Store(self.url), mailbox_key(address)
        with store.transaction() as transaction:
            member = transaction.members.of_mailbox(mailbox)
            assert member
            if action == "confirm":
                now = morning(SATURDAY)
                asked = replace(member, asked_topics=("birds",), asked_at=now, topics=(), confirmed_at=None)
                transaction.members.put(asked)
            if action == "delete":
                person = store.reader_keys(self.secrets).person("mail", mailbox)[0]
                said = FeedbackRecord(member.key, person, "2604.00001", Opinion.SAVED, "mail", morning(SATURDAY))
                transaction.feedback.put(said)
        store.close()
        purpose = {"unsubscribe": Purpose.UNSUBSCRIBE, "confirm": Purpose.CONFIRM}.get(action, Purpose.PREFERENCES)
        expires = morning(SATURDAY, 23) if purpose.expires else None
        return f"{self.web.url}/{action}/{sign(self.web.secret[0], purpose, bytes.fromhex(mailbox), expires)}"

    def is_done(self, address: str, action: str) -> bool:
        """Whether it was carried out: all of it, or none of it."""
        store, mailbox = Store(self.url), mailbox_key(address)
        keys, member_key = store.reader_keys(self.secrets), self.crowd.key(address)
        with store.snapshot() as view:
            # In the same view: what a killed process had handed to the disk may appear a moment later.
            of_member = select(deliveries.c.state).where(deliveries.c.subscriber == member_key)
            state = view._connection.scalars(of_member).one()
            member = view.members.of_mailbox(mailbox)
            signs = {
                "unsubscribe": (
                    view.suppressions.find(keys.suppression(mailbox)) is not None,
                    state == "dropped",
                ),
                "confirm": (
                    member is not None and member.confirmed_at is not None,
                    member is not None and member.topics == ("birds",),
                    member is not None and member.asked_topics is None,
                ),
                "delete": (member is None, not view.feedback.of_subscriber(member_key), state == "dropped"),
            }[action]
        store.close()
        assert len(set(signs)) == 1, f"{action} is half done: {signs}, {state}"
        return signs[0]


async def _post(url: str, delay: float, pid: int) -> bool:
    """Click, and kill the server so many seconds later. Whether it answered 200 before."""
    headers, body = ONE_CLICK

    async def click() -> bool:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.post(url, headers=headers, data=body, allow_redirects=False) as answer,
        ):
            assert answer.status == 200
            return True

    clicking = asyncio.create_task(click())
    await asyncio.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    try:
        return await clicking
    except aiohttp.ClientError:
        return False


async def _listening(url: str) -> None:
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/unsubscribe/x"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)


def _have_it_wait(world: _World) -> None:
    """What waits is not tried meanwhile, so that it is there to be withdrawn."""
    store = Store(world.url)
    # Within a day: what lies beyond the longest wait is taken for a wrong clock's, and tried at once.
    with store._database.writing() as connection:
        connection.execute(deliveries.update().values(not_before=morning(SATURDAY) + timedelta(hours=20)))
    store.close()


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(6, marks=pytest.mark.slow),
        pytest.param(200, marks=[pytest.mark.on_request, pytest.mark.timeout(1800)]),
    ],
)
async def test_law_10_an_answered_click_outlives_kill_9_and_none_is_half_done(tmp_path: Path, kills: int) -> None:
    chance, counted = random.Random(9), Counter[str]()
    world = _World(gather(tmp_path, kills, mail_port=9))
    _have_it_wait(world)
    longest = 0.3
    environment: Any = SimpleNamespace(settings=world.crowd.settings, folder=tmp_path)
    with process_pool(tmp_path / "children.log") as pool:
        for number, address in enumerate(world.crowd.addresses):
            action = ACTIONS[number % len(ACTIONS)]
            url = world.prepare(address, action)
            pid = await pool.start(environment, morning(SATURDAY), command="run")
            await _listening(world.web.url)
            answered = await _post(url, chance.uniform(0.0, longest), pid)
            await pool.ended()
            done = world.is_done(address, action)
            assert done or not answered, f"{action} was answered and is not done"
            counted[f"{action}: {'answered' if answered else 'not answered'}, {'done' if done else 'not done'}"] += 1
            longest = max(0.02, longest * (0.9 if answered else 1.1))  # so that about half of them are answered
    print(*(f"{count:4} {what}" for what, count in sorted(counted.items())), sep="\n")  # noqa: T201 - its figures
