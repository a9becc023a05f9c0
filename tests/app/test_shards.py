"""Compose and deliver, shard by shard, come to the same as for everybody at once: nothing is lost, nothing twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.mail import MailChannel
from bot.model import Receipt, Shard
from tests.builders import paper
from tests.store.conftest import sqlite_url, url
from tests.world import MONDAY, TUESDAY, morning

if TYPE_CHECKING:
    from bot.app import App
    from bot.model import Composed, LaneReport
    from tests.world import Environment

__all__ = ["sqlite_url", "url"]

NAMES = [f"reader{number}" for number in range(12)]
SHARDS = [Shard(number, 5) for number in range(5)]


@pytest.fixture
def many(environment: Environment, url: str) -> Environment:
    """Twelve mailboxes with two topics, which they follow together or one alone."""
    environment.config["store"] = url
    environment.config["topics"]["maps"] = {"categories": ["cs.CV"], "keywords": ["map"]}
    topics = (["birds"], ["maps"], ["maps", "birds"])
    environment.config["subscribers"] = {
        name: {"mail": f"{name}@example.org", "topics": topics[number % 3], "at": ["08:00", "22:00"][number % 2]}
        for number, name in enumerate(NAMES)
    }
    environment.announce(MONDAY, paper("2604.00001"), paper("2604.00002", title="Light", abstract="No map."))
    return environment


async def composed_in_shards(app: App) -> list[Composed]:
    found = [each for shard in SHARDS for each in await app.runner.compose(any_hour=True, shard=shard)]
    return sorted(found, key=lambda each: each.subscriber)


async def delivered_in_shards(app: App) -> list[LaneReport]:
    return [each for shard in SHARDS for each in await app.runner.deliver(ignore_backoff=True, shard=shard)]


async def test_all_shards_together_compose_what_everybody_s_run_composes(many: Environment) -> None:
    many.clock.set(morning(MONDAY))
    async with many.app() as app:
        await app.runner.collect()
        found = await composed_in_shards(app)
        assert [each.subscriber for each in found] == sorted(NAMES)
        assert {lane.subscriber: left for lane, left in app.store.outbox.backlog().items()} == dict.fromkeys(NAMES, 1)
        assert all(each.matched == 2 - (each.subscriber in NAMES[::3]) for each in found)
        again = [*await composed_in_shards(app), *await app.runner.compose(any_hour=True)]
        assert not any(each.messages for each in again)
        payloads = [app.store.queries.detail(each.id, texts=True).payload for each in app.store.queries.all()]
    many.config["store"] = "sqlite:///whole.db"
    async with many.app() as app:
        await app.runner.collect()
        await app.runner.compose(any_hour=True)
        whole = [app.store.queries.detail(each.id, texts=True).payload for each in app.store.queries.all()]
    assert sorted(map(str, payloads)) == sorted(map(str, whole))


async def test_all_shards_together_deliver_everything_once_and_in_order(many: Environment) -> None:
    many.clock.set(morning(MONDAY))
    async with many.app() as app:
        await app.runner.collect()
        await composed_in_shards(app)
        many.announce(TUESDAY, paper("2604.00003", title="Pigeons Draw Maps"))
        many.clock.set(morning(TUESDAY))
        await app.runner.collect()
        await composed_in_shards(app)
        reports = await delivered_in_shards(app)
        assert sorted((each.subscriber, each.sent) for each in reports) == sorted((name, 2) for name in NAMES)
        assert await delivered_in_shards(app) == []
        assert app.store.outbox.backlog() == {}
    for name in NAMES:
        mails = [mail for mail in many.mail.messages if mail.rcpt == (f"{name}@example.org",)]
        assert [b"2604.00003" in mail.data for mail in mails] == [False, True]


async def test_what_a_shard_was_told_is_known_to_it_and_no_other_shard_is_looked_at(many: Environment) -> None:
    many.clock.set(morning(MONDAY))
    async with many.app() as app:
        await app.runner.collect()
        await app.runner.compose(any_hour=True)
        told = app.store.subscribers.told(["2604.00001", "2604.00002"])
        parts = [app.store.subscribers.told(["2604.00001", "2604.00002"], shard) for shard in SHARDS]
    assert all(name in shard for shard, part in zip(SHARDS, parts, strict=True) for name in part)
    assert {name: each for part in parts for name, each in part.items()} == told
    assert sorted(told) == sorted(NAMES)


async def test_shards_delivered_at_once_share_the_channel_s_connections(
    many: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.config["channels"]["mail"]["connections"] = 2
    many.clock.set(morning(MONDAY))
    send, at_once, most = MailChannel.send, 0, 0

    async def counted(channel: MailChannel, *message: Any) -> Receipt:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            await asyncio.sleep(0)
            return await send(channel, *message)
        finally:
            at_once -= 1

    monkeypatch.setattr(MailChannel, "send", counted)
    async with many.app() as app:
        await app.runner.collect()
        await composed_in_shards(app)
        await asyncio.gather(*(app.runner.deliver(ignore_backoff=True, shard=shard) for shard in SHARDS))
    assert (most, len(many.mail.messages)) == (2, len(NAMES))
