"""The clerk: who comes together shares a commit, and never a trouble.

Law 4: one destination's trouble is its own.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.clock import SimulatedClock
from bot.deliver.group_commit import Clerk
from bot.errors import DeliveryError, StoreError, Trouble
from bot.model import DeliveryState, Gate, Gates, Message, Receipt
from bot.store import Store
from bot.store.outbox import Claimed, Outbox, Packet
from bot.store.outbox.claim import Arrival, Bid, Turn
from bot.store.outbox.policy import ClaimLostError, Lane, Wait
from bot.store.outbox.reconciliation import Doubt
from bot.store.subscribers import ReaderState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
NAMES = [f"s{number}" for number in range(10)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'paperboy.db'}")
    for name in NAMES:
        packet = Packet("mail", name, (Message({"text": name}), Message({"text": f"{name} again"})))
        opened.outbox.enqueue(ReaderState(name), packet, ("",), NOW)
    yield opened
    opened.close()


@pytest.fixture
def clerk(store: Store) -> Clerk:
    return Clerk(store, SimulatedClock(NOW))


def bid(name: str, seconds: float = 0.0) -> Bid:
    return Bid(Lane(name, ""), Gates(Gate(f"mail:{name}", 0.0), Gate("relay", seconds)))


def arrival(claimed: Any) -> Arrival:
    assert isinstance(claimed, Claimed)
    return Arrival(claimed.delivery, Receipt("m1"), bid(claimed.delivery.subscriber).gates)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How many arrivals and bids each transaction had."""
    seen: list[tuple[int, int]] = []
    take = Outbox.take_turn

    def counted(outbox: Outbox, arrivals: Any, bids: Any, **kwargs: Any) -> Turn:
        seen.append((len(arrivals), len(bids)))
        return take(outbox, arrivals, bids, **kwargs)

    monkeypatch.setattr(Outbox, "take_turn", counted)
    return seen


async def test_who_comes_together_is_served_by_one_transaction(clerk: Clerk, turns: list[tuple[int, int]]) -> None:
    claimed = await asyncio.gather(*(clerk.claim(bid(name)) for name in NAMES))
    assert [each.delivery.payload for each in claimed if isinstance(each, Claimed)] == [
        {"text": name} for name in NAMES
    ]
    await asyncio.gather(*(clerk.settle(arrival(each)) for each in claimed), *(clerk.claim(bid(n)) for n in NAMES))
    assert turns == [(0, 10), (10, 10)]


async def test_who_is_out_with_a_delivery_is_waited_for(clerk: Clerk, turns: list[tuple[int, int]]) -> None:
    first, second = await asyncio.gather(clerk.claim(bid("s0")), clerk.claim(bid("s1")))
    clerk._took = 60.0
    settling = asyncio.create_task(clerk.settle(arrival(first)))
    await asyncio.sleep(0.01)
    assert not settling.done()
    async with asyncio.timeout(5):
        await asyncio.gather(settling, clerk.settle(arrival(second)))
    assert turns == [(0, 2), (2, 0)]


async def test_who_is_out_is_waited_for_no_longer_than_the_last_transaction_took(
    clerk: Clerk, turns: list[tuple[int, int]]
) -> None:
    first, _ = await asyncio.gather(clerk.claim(bid("s0")), clerk.claim(bid("s1")))
    assert 0 < clerk._took < 5
    async with asyncio.timeout(10):
        await clerk.settle(arrival(first))
    assert turns == [(0, 2), (1, 0)]


async def test_whose_attempt_failed_is_waited_for_no_more(store: Store, clerk: Clerk) -> None:
    first, second = await asyncio.gather(clerk.claim(bid("s0")), clerk.claim(bid("s1")))
    assert isinstance(second, Claimed)
    clerk._took = 60.0
    settling = asyncio.create_task(clerk.settle(arrival(first)))
    await asyncio.sleep(0)
    refused = DeliveryError(Trouble.TRANSIENT, "451 try again")
    assert clerk.fail(second.delivery, refused, bid("s1").gates) is DeliveryState.PENDING
    async with asyncio.timeout(5):
        await settling
    assert store.outbox.backlog()[Lane("s0", "")] == 1


async def test_what_has_arrived_is_settled_before_its_lane_s_next_is_claimed(clerk: Clerk) -> None:
    first = await clerk.claim(bid("s0"))
    _, second = await asyncio.gather(clerk.settle(arrival(first)), clerk.claim(bid("s0")))
    assert isinstance(second, Claimed)
    assert (second.delivery.part, second.delivery.parent) == (2, "m1")


async def test_of_two_behind_one_gate_the_second_waits_though_they_came_together(clerk: Clerk) -> None:
    found = await asyncio.gather(clerk.claim(bid("s0", 1.0)), clerk.claim(bid("s1", 1.0)))
    assert [type(each) for each in found] == [Claimed, Wait]


async def test_a_claim_that_was_lost_is_one_lane_s_and_the_others_are_settled(store: Store, clerk: Clerk) -> None:
    lost = await clerk.claim(bid("s0"))
    store.outbox.abandon(store.owner, NOW)
    kept = await clerk.claim(bid("s1"))
    results = await asyncio.gather(clerk.settle(arrival(lost)), clerk.settle(arrival(kept)), return_exceptions=True)
    assert [type(result) for result in results] == [ClaimLostError, type(None)]


async def test_whose_trouble_ends_a_common_transaction_has_it_alone(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await asyncio.gather(clerk.claim(bid("s0")), clerk.claim(bid("s1")))
    take = Outbox.take_turn

    def broken_for_two(outbox: Outbox, arrivals: Any, bids: Any, **kwargs: Any) -> Turn:
        names = {each.delivery.subscriber for each in arrivals} | {each.lane.subscriber for each in bids}
        if names & {"s1", "s2"}:
            raise StoreError("sqlite:///paperboy.db", "disk I/O error")
        return take(outbox, arrivals, bids, **kwargs)

    monkeypatch.setattr(Outbox, "take_turn", broken_for_two)
    results = await asyncio.gather(
        clerk.settle(arrival(first)),
        clerk.settle(arrival(second)),
        clerk.claim(bid("s2")),
        clerk.claim(bid("s3")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), StoreError, StoreError, Claimed]


async def test_an_arrival_is_written_down_though_the_run_is_cancelled(store: Store, clerk: Clerk) -> None:
    claimed = await clerk.claim(bid("s0"))
    settling = asyncio.create_task(clerk.settle(arrival(claimed)))
    bidding = asyncio.create_task(clerk.claim(bid("s1")))
    await asyncio.sleep(0)
    settling.cancel()
    bidding.cancel()
    await asyncio.gather(settling, bidding, return_exceptions=True)
    assert (settling.cancelled(), bidding.cancelled()) == (True, True)
    await asyncio.sleep(0.01)
    assert store.outbox.abandon(store.owner, NOW) == 0
    assert store.outbox.backlog()[Lane("s0", "")] == 1


async def test_an_arrival_is_written_down_though_all_tasks_are_cancelled_as_when_the_loop_ends(
    store: Store, clerk: Clerk
) -> None:
    claimed = await clerk.claim(bid("s0"))
    settling = asyncio.create_task(clerk.settle(arrival(claimed)))
    await asyncio.sleep(0)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    assert len(tasks) == 2  # the clerk's own among them, which would have served it later
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert settling.cancelled()
    assert store.outbox.abandon(store.owner, NOW) == 0
    assert store.outbox.backlog()[Lane("s0", "")] == 1


async def test_what_a_sender_died_of_is_sent_alone_also_where_several_bid_together(
    store: Store, clerk: Clerk
) -> None:
    lane = Lane("s0", "")
    dead = replace(store.owner, boot="the boot before")
    assert isinstance(store.outbox.claim(lane, bid("s0").gates, owner=dead, now=NOW, eager=False), Claimed)
    store.outbox.recover(lane, owner=store.owner, now=NOW)
    doubt = await clerk.claim(bid("s0"))
    assert isinstance(doubt, Doubt)
    store.outbox.doubts.settle_missing(doubt.delivery, owner=store.owner)
    found = await asyncio.gather(clerk.claim(bid("s1")), clerk.claim(bid("s0")))
    assert [type(each) for each in found] == [Claimed, Wait]


async def test_a_destination_is_paced_from_the_end_of_a_message(store: Store) -> None:
    clock = SimulatedClock(NOW)
    clerk, gates = Clerk(store, clock), Gates(Gate("slack:s0", 1.0), Gate("token", 0.0))
    claimed = await clerk.claim(Bid(Lane("s0", ""), gates))
    assert isinstance(claimed, Claimed)
    clock.set(NOW + timedelta(seconds=5))
    await clerk.settle(Arrival(claimed.delivery, Receipt("m1"), gates))
    expected = Wait(NOW + timedelta(seconds=6), "pacing", pacing=True, gate="slack:s0")
    assert await clerk.claim(Bid(Lane("s0", ""), gates)) == expected


async def test_a_transaction_that_waited_long_makes_nobody_wait_as_long(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver.group_commit._LONGEST_WAIT", 0.0)
    await asyncio.gather(clerk.claim(bid("s0")), clerk.claim(bid("s1")))
    assert clerk._took == 0.0


async def test_a_clerk_whose_gathering_was_cancelled_serves_the_next(clerk: Clerk) -> None:
    first = asyncio.create_task(clerk.claim(bid("s0")))
    await asyncio.sleep(0)
    assert clerk._gathering is not None
    clerk._gathering.cancel()
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(5):
        assert isinstance(await clerk.claim(bid("s1")), Claimed)


async def test_who_is_paced_is_not_kept_waiting_for_company(clerk: Clerk, turns: list[tuple[int, int]]) -> None:
    await asyncio.gather(clerk.claim(bid("s0")), clerk.claim(bid("s1")))
    clerk._took = 60.0
    async with asyncio.timeout(5):
        assert isinstance(await clerk.claim(bid("s2", 0.02)), Claimed)
    assert turns == [(0, 2), (0, 1)]
