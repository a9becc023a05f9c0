"""Group commit: lanes that settle or claim at about the same time share one transaction.

A lane that wants to settle or claim a delivery asks here, and waits until lanes that are sending have their answers,
but no longer than the last transaction took: then waiting costs at most what it may save. A single lane, or one with
a rate limit, does not wait. Decides nothing about a delivery, sends nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from bot.store.outbox.claim import Claimed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.clock import Clock
    from bot.errors import DeliveryError
    from bot.model import Delivery, DeliveryState, Limits
    from bot.store import Store
    from bot.store.outbox.claim import ClaimOutcome, ClaimRequest, SentReceipt

_IDLE_PASSES = 2
"""Passes of the event loop without a new request before a batch is committed: an answer that arrived is read in
the first and understood in the second."""

_LONGEST_WAIT = 0.25
"""The longest wait in seconds. A commit takes less; one that took longer waited for another process."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")

Queued = tuple[Item, asyncio.Future[Answer]]


class GroupCommitter:
    """Settles and claims deliveries for all lanes of one run."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._sent_receipts: list[Queued[SentReceipt, None]] = []
        self._requests: list[Queued[ClaimRequest, ClaimOutcome]] = []
        self._batch_task: asyncio.Task[None] | None = None
        self._in_flight: set[str] = set()
        """Ids of deliveries that are being sent."""
        self._none_in_flight = asyncio.Event()
        """Set while no delivery is being sent, or when a lane must not wait."""
        self._last_commit_seconds = 0.0
        """Seconds of the last transaction."""

    def _skip_wait_if_paced(self, limits: Limits) -> None:
        """Do not wait for other lanes if these limits have an interval: the wait would be added to it."""
        if limits.destination.min_interval or limits.credential.min_interval:
            self._none_in_flight.set()

    async def claim(self, request: ClaimRequest) -> ClaimOutcome:
        """Claims the lane's next delivery in a shared transaction; see `ClaimOutcome`.

        Raises:
            StoreError: the store cannot be written.
        """
        self._skip_wait_if_paced(request.limits)
        return await self._ask(self._requests, request)

    async def settle(self, sent_receipt: SentReceipt) -> None:
        """Stores that a delivery arrived, in a shared transaction.

        Raises:
            ClaimLostError: the claim is no longer ours.
            StoreError: the store cannot be written.
        """
        self.forget(sent_receipt.delivery)
        self._skip_wait_if_paced(sent_receipt.limits)
        try:
            await self._ask(self._sent_receipts, sent_receipt)
        except asyncio.CancelledError:
            # The run was cancelled; a receipt must still be stored.
            self._commit(self._take_sent_receipts(), ())
            raise

    def fail(self, delivery: Delivery, error: DeliveryError, limits: Limits) -> DeliveryState:
        """Stores a failed attempt, in a transaction of its own. Returns the delivery's new state.

        Raises:
            ClaimLostError: the claim is no longer ours.
            StoreError: the store cannot be written.
        """
        self.forget(delivery)
        owner, now = self._store.owner, self._clock.now()
        return self._store.outbox.settle_failed(delivery, error, limits, owner=owner, now=now)

    def forget(self, delivery: Delivery) -> None:
        """Waits no longer for a delivery that was answered, or whose send was cancelled: other lanes go on."""
        self._in_flight.discard(delivery.id)
        if not self._in_flight:
            self._none_in_flight.set()

    async def _ask(self, queue: list[Queued[Item, Answer]], item: Item) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        queue.append((item, answer))
        if self._batch_task is None or self._batch_task.done():
            self._batch_task = asyncio.create_task(self._collect_batch())
        return await answer

    async def _collect_batch(self) -> None:
        await self._wait_for_others()
        requests, self._requests = [(request, answer) for request, answer in self._requests if not answer.done()], []
        started = asyncio.get_running_loop().time()
        self._commit(self._take_sent_receipts(), requests)
        self._last_commit_seconds = min(asyncio.get_running_loop().time() - started, _LONGEST_WAIT)

    async def _wait_for_others(self) -> None:
        """Waits for other lanes' requests."""
        if self._in_flight:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._last_commit_seconds):
                    await self._none_in_flight.wait()
        seen = quiet = 0
        while quiet < _IDLE_PASSES:
            await asyncio.sleep(0)
            waiting = len(self._sent_receipts) + len(self._requests)
            quiet = 0 if waiting > seen else quiet + 1
            seen = waiting

    def _take_sent_receipts(self) -> list[Queued[SentReceipt, None]]:
        sent_receipts, self._sent_receipts = self._sent_receipts, []
        return sent_receipts

    def _commit(
        self,
        sent_receipts: Sequence[Queued[SentReceipt, None]],
        requests: Sequence[Queued[ClaimRequest, ClaimOutcome]],
    ) -> None:
        try:
            result = self._store.outbox.claim_batch(
                [sent_receipt for sent_receipt, _ in sent_receipts],
                [request for request, _ in requests],
                owner=self._store.owner,
                now=self._clock.now(),
            )
        except Exception as error:  # noqa: BLE001 - goes on to whoever waits
            self._fail(sent_receipts, requests, error)
            return
        for (_, settled), lost in zip(sent_receipts, result.settled, strict=True):
            _answer(settled, None, lost)
        for (_, claimed), outcome in zip(requests, result.outcomes, strict=True):
            if isinstance(outcome, Claimed):
                self._in_flight.add(outcome.delivery.id)
                self._none_in_flight.clear()
            _answer(claimed, outcome)

    def _fail(
        self,
        sent_receipts: Sequence[Queued[SentReceipt, None]],
        requests: Sequence[Queued[ClaimRequest, ClaimOutcome]],
        error: Exception,
    ) -> None:
        """A failed batch is repeated one request at a time, so that only the one that failed gets the error."""
        if len(sent_receipts) + len(requests) > 1:
            for sent_receipt in sent_receipts:
                self._commit([sent_receipt], ())
            for request in requests:
                self._commit((), [request])
            return
        for _, settled in sent_receipts:
            _answer(settled, None, error)
        for _, claimed in requests:
            _answer(claimed, None, error)


def _answer(waiting: asyncio.Future[Answer], value: Answer, error: Exception | None = None) -> None:
    if waiting.done():
        return  # its run was cancelled, nobody waits for the answer
    if error is not None:
        waiting.set_exception(error)
    else:
        waiting.set_result(value)
