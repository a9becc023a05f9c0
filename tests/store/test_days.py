"""Whole days on either database: every verb, status and explain, and two machines on one store."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.app import opened
from bot.app.daemon import Daemon
from bot.clock import SimulatedClock
from bot.model import FeedItem
from bot.store import Store
from tests.builders import paper
from tests.world import FRIDAY, MONDAY, REPLACE, SATURDAY, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from bot.app.run_result import RunResult


@pytest.fixture
def somewhere(environment: Environment, url: str) -> Environment:
    """The world with its store in this database, and a subscriber on every channel."""
    environment.config["store"] = url
    environment.config["topics"]["birds"]["announce"] = ["new", "cross", "replace"]
    environment.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["birds"], "thread": True},
        "group": {"discord": "123456789012345678", "topics": ["birds"]},
        "duo": {"mail": ["alice@example.org", "bob@example.org"], "topics": ["birds"], "when_empty": "say"},
    }
    environment.config["site"] = {"dir": "site", "topics": ["birds"]}
    return environment


async def test_a_few_days_tell_everything_once(somewhere: Environment) -> None:
    somewhere.announce(FRIDAY, paper("2604.00001"), paper("2604.00002", title="More pigeons"))
    assert not (await somewhere.once(morning(FRIDAY))).left_undone
    assert not [lane for lane in (await somewhere.once()).delivered if lane.sent]
    assert not (await somewhere.once(morning(SATURDAY))).left_undone
    somewhere.announce(MONDAY, FeedItem(paper("2604.00001", version=2), REPLACE))
    await somewhere.once(morning(MONDAY))
    somewhere.announce(TUESDAY, paper("2604.00003", title="Fish", abstract="Fish."))
    await somewhere.once(morning(TUESDAY))
    assert somewhere.received() == {"slack": 4, "discord": 2, "mail": 6}
    async with somewhere.app() as app:
        found = app.reporter.status(app.clock.now())
        explanation = app.reporter.explain("2604.00001", app.matcher)
    assert [each.sentence for each in found.subscribers] == ["1 announced today, nothing matched"] * 3
    assert [told.version for told in explanation.subscribers[0].told] == [0, 2]
    assert len(sorted((somewhere.folder / "site").rglob("2026-*.md"))) == 3


async def test_a_daemon_serves_its_hour(somewhere: Environment) -> None:
    somewhere.config["subscribers"]["lab"]["at"] = "08:00"
    somewhere.announce(MONDAY, paper("2604.00001"))
    somewhere.clock.set(morning(MONDAY, 5))
    async with somewhere.app() as app:
        daemon = Daemon(app.runner, somewhere.clock)
        await daemon.tick()
        assert somewhere.received()["slack"] == 0
        somewhere.clock.set(morning(MONDAY, 6))
        await daemon.tick()
    assert somewhere.received() == {"slack": 2, "discord": 1, "mail": 2}


async def test_two_machines_on_one_store_tell_everything_once(
    somewhere: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    somewhere.announce(TUESDAY, *(paper(f"2604.{n:05d}", title=f"Pigeon {n}") for n in range(1, 60)))
    settings, machines = somewhere.settings, iter(["one", "two"])
    opening = Store.__init__

    def elsewhere(store: Store, *args: object, **kwargs: object) -> None:
        opening(store, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        store.owner = replace(store.owner, host=next(machines))
        store.leases._owner = store.owner

    async def once() -> RunResult:
        async with opened(settings, SimulatedClock(morning(TUESDAY))) as app:
            return await app.runner.once()

    monkeypatch.setattr(Store, "__init__", elsewhere)
    runs = await asyncio.gather(once(), once())
    sent = [lane.sent for run in runs for lane in run.delivered]
    keys = [m.metadata["event_payload"]["delivery_id"] for m in somewhere.slack.messages if m.metadata]
    assert len(keys) == len(set(keys))
    assert sum(sent) == sum(somewhere.received().values())
    assert somewhere.received()["mail"] == 2  # one to each of the two
    text = somewhere.slack_text()
    assert all(f"abs/2604.{n:05d}|" in text for n in range(1, 60))
