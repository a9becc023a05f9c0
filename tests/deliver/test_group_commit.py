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
from bot.deliver.group_commit import GroupCommitter
from bot.errors import DeliveryError, FailureKind, StoreError
from bot.model import DeliveryState, Limit, Limits, Message, Receipt, UnknownDelivery
from bot.store import Store
from bot.store.outbox import Claimed, Outbox, RenderedDigest
from bot.store.outbox.claim import BatchResult, ClaimRequest, SentReceipt
from bot.store.outbox.policy import ClaimLostError, Lane, Wait
from bot.store.subscribers import SubscriberState
from tests.store.one_lane import claim_one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
NAMES = [f"s{number}" for number in range(10)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'paperboy.db'}")
    for name in NAMES:
        rendered = RenderedDigest("mail", name, (Message({"text": name}), Message({"text": f"{name} again"})))
        opened.outbox.enqueue(SubscriberState(name), rendered, ("",), NOW)
    yield opened
    opened.close()


@pytest.fixture
def committer(store: Store) -> GroupCommitter:
    return GroupCommitter(store, SimulatedClock(NOW))


def request(name: str, seconds: float = 0.0) -> ClaimRequest:
    return ClaimRequest(Lane(name, ""), Limits(Limit(f"mail:{name}", 0.0), Limit("relay", seconds)))


def sent_receipt(claimed: Any) -> SentReceipt:
    assert isinstance(claimed, Claimed)
    return SentReceipt(claimed.delivery, Receipt("m1"), request(claimed.delivery.subscriber).limits)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How many arrivals and bids each transaction had."""
    seen: list[tuple[int, int]] = []
    take = Outbox.claim_batch

    def counted(outbox: Outbox, sent_receipts: Any, requests: Any, **kwargs: Any) -> BatchResult:
        seen.append((len(sent_receipts), len(requests)))
        return take(outbox, sent_receipts, requests, **kwargs)

    monkeypatch.setattr(Outbox, "claim_batch", counted)
    return seen


async def test_who_comes_together_is_served_by_one_transaction(
    committer: GroupCommitter, turns: list[tuple[int, int]]
) -> None:
    claimed = await asyncio.gather(*(committer.claim(request(name)) for name in NAMES))
    assert [each.delivery.payload for each in claimed if isinstance(each, Claimed)] == [
        {"text": name} for name in NAMES
    ]
    await asyncio.gather(
        *(committer.settle(sent_receipt(each)) for each in claimed), *(committer.claim(request(n)) for n in NAMES)
    )
    assert turns == [(0, 10), (10, 10)]


async def test_who_was_cancelled_while_out_with_a_delivery_is_not_waited_for(committer: GroupCommitter) -> None:
    first, second = await asyncio.gather(committer.claim(request("s0")), committer.claim(request("s1")))
    committer._last_commit_seconds = 60.0
    assert isinstance(second, Claimed)
    committer.forget(second.delivery)
    async with asyncio.timeout(30):
        await committer.settle(sent_receipt(first))


async def test_who_is_out_with_a_delivery_is_waited_for(
    committer: GroupCommitter, turns: list[tuple[int, int]]
) -> None:
    first, second = await asyncio.gather(committer.claim(request("s0")), committer.claim(request("s1")))
    committer._last_commit_seconds = 60.0
    settling = asyncio.create_task(committer.settle(sent_receipt(first)))
    await asyncio.sleep(0.01)
    assert not settling.done()
    async with asyncio.timeout(5):
        await asyncio.gather(settling, committer.settle(sent_receipt(second)))
    assert turns == [(0, 2), (2, 0)]


async def test_who_is_out_is_waited_for_no_longer_than_the_last_transaction_took(
    committer: GroupCommitter, turns: list[tuple[int, int]]
) -> None:
    first, _ = await asyncio.gather(committer.claim(request("s0")), committer.claim(request("s1")))
    assert 0 < committer._last_commit_seconds < 5
    async with asyncio.timeout(10):
        await committer.settle(sent_receipt(first))
    assert turns == [(0, 2), (1, 0)]


async def test_whose_attempt_failed_is_waited_for_no_more(store: Store, committer: GroupCommitter) -> None:
    first, second = await asyncio.gather(committer.claim(request("s0")), committer.claim(request("s1")))
    assert isinstance(second, Claimed)
    committer._last_commit_seconds = 60.0
    settling = asyncio.create_task(committer.settle(sent_receipt(first)))
    await asyncio.sleep(0)
    refused = DeliveryError(FailureKind.TRANSIENT, "451 try again")
    assert committer.fail(second.delivery, refused, request("s1").limits) is DeliveryState.PENDING
    async with asyncio.timeout(5):
        await settling
    assert store.outbox.backlog()[Lane("s0", "")] == 1


async def test_what_has_arrived_is_settled_before_its_lane_s_next_is_claimed(committer: GroupCommitter) -> None:
    first = await committer.claim(request("s0"))
    _, second = await asyncio.gather(committer.settle(sent_receipt(first)), committer.claim(request("s0")))
    assert isinstance(second, Claimed)
    assert (second.delivery.part, second.delivery.parent) == (2, "m1")


async def test_of_two_behind_one_limit_the_second_waits_though_they_came_together(committer: GroupCommitter) -> None:
    found = await asyncio.gather(committer.claim(request("s0", 1.0)), committer.claim(request("s1", 1.0)))
    assert [type(each) for each in found] == [Claimed, Wait]


async def test_a_claim_that_was_lost_is_one_lane_s_and_the_others_are_settled(
    store: Store, committer: GroupCommitter
) -> None:
    lost = await committer.claim(request("s0"))
    store.outbox.abandon(store.owner, NOW)
    kept = await committer.claim(request("s1"))
    results = await asyncio.gather(
        committer.settle(sent_receipt(lost)), committer.settle(sent_receipt(kept)), return_exceptions=True
    )
    assert [type(result) for result in results] == [ClaimLostError, type(None)]


async def test_a_failure_in_a_shared_transaction_is_only_its_cause_s_own(
    committer: GroupCommitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await asyncio.gather(committer.claim(request("s0")), committer.claim(request("s1")))
    take = Outbox.claim_batch

    def broken_for_two(outbox: Outbox, sent_receipts: Any, requests: Any, **kwargs: Any) -> BatchResult:
        names = {each.delivery.subscriber for each in sent_receipts} | {each.lane.subscriber for each in requests}
        if names & {"s1", "s2"}:
            raise StoreError("sqlite:///paperboy.db", "disk I/O error")
        return take(outbox, sent_receipts, requests, **kwargs)

    monkeypatch.setattr(Outbox, "claim_batch", broken_for_two)
    results = await asyncio.gather(
        committer.settle(sent_receipt(first)),
        committer.settle(sent_receipt(second)),
        committer.claim(request("s2")),
        committer.claim(request("s3")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), StoreError, StoreError, Claimed]


async def test_an_arrival_is_written_down_though_the_run_is_cancelled(
    store: Store, committer: GroupCommitter
) -> None:
    claimed = await committer.claim(request("s0"))
    settling = asyncio.create_task(committer.settle(sent_receipt(claimed)))
    bidding = asyncio.create_task(committer.claim(request("s1")))
    await asyncio.sleep(0)
    settling.cancel()
    bidding.cancel()
    await asyncio.gather(settling, bidding, return_exceptions=True)
    assert (settling.cancelled(), bidding.cancelled()) == (True, True)
    await asyncio.sleep(0.01)
    assert store.outbox.abandon(store.owner, NOW) == 0
    assert store.outbox.backlog()[Lane("s0", "")] == 1


async def test_an_arrival_is_written_down_though_all_tasks_are_cancelled_as_when_the_loop_ends(
    store: Store, committer: GroupCommitter
) -> None:
    claimed = await committer.claim(request("s0"))
    settling = asyncio.create_task(committer.settle(sent_receipt(claimed)))
    await asyncio.sleep(0)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    assert len(tasks) == 2  # the clerk's own among them, which would have served it later
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert settling.cancelled()
    assert store.outbox.abandon(store.owner, NOW) == 0
    assert store.outbox.backlog()[Lane("s0", "")] == 1


async def test_what_a_sender_died_of_is_sent_alone_also_where_several_claim_together(
    store: Store, committer: GroupCommitter
) -> None:
    lane = Lane("s0", "")
    dead = replace(store.owner, boot="the boot before")
    assert isinstance(
        claim_one(store.outbox, lane, request("s0").limits, owner=dead, now=NOW, ignore_backoff=False), Claimed
    )
    store.outbox.recover(lane, owner=store.owner, now=NOW)
    unknown = await committer.claim(request("s0"))
    assert isinstance(unknown, UnknownDelivery)
    store.outbox.reconciliation.mark_not_found(unknown.delivery, owner=store.owner, now=NOW)
    found = await asyncio.gather(committer.claim(request("s1")), committer.claim(request("s0")))
    assert [type(each) for each in found] == [Claimed, Wait]


async def test_a_destination_is_paced_from_the_end_of_a_message(store: Store) -> None:
    clock = SimulatedClock(NOW)
    committer, limits = GroupCommitter(store, clock), Limits(Limit("slack:s0", 1.0), Limit("token", 0.0))
    claimed = await committer.claim(ClaimRequest(Lane("s0", ""), limits))
    assert isinstance(claimed, Claimed)
    clock.set(NOW + timedelta(seconds=5))
    await committer.settle(SentReceipt(claimed.delivery, Receipt("m1"), limits))
    expected = Wait(NOW + timedelta(seconds=6), "pacing", pacing=True, limit="slack:s0")
    assert await committer.claim(ClaimRequest(Lane("s0", ""), limits)) == expected


async def test_a_transaction_that_waited_long_makes_nobody_wait_as_long(
    committer: GroupCommitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver.group_commit._LONGEST_WAIT", 0.0)
    await asyncio.gather(committer.claim(request("s0")), committer.claim(request("s1")))
    assert committer._last_commit_seconds == 0.0


async def test_a_committer_whose_batch_was_cancelled_serves_the_next(committer: GroupCommitter) -> None:
    first = asyncio.create_task(committer.claim(request("s0")))
    await asyncio.sleep(0)
    assert committer._batch_task is not None
    committer._batch_task.cancel()
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(5):
        assert isinstance(await committer.claim(request("s1")), Claimed)


async def test_who_is_paced_is_not_kept_waiting_for_company(
    committer: GroupCommitter, turns: list[tuple[int, int]]
) -> None:
    await asyncio.gather(committer.claim(request("s0")), committer.claim(request("s1")))
    committer._last_commit_seconds = 60.0
    async with asyncio.timeout(5):
        assert isinstance(await committer.claim(request("s2", 0.02)), Claimed)
    assert turns == [(0, 2), (0, 1)]
