"""The clerk before the outbox: who comes at about the same time is served in one transaction.

A lane that has news for the outbox, or wants its next delivery from it, says so here and waits for company: for
those who are out with a delivery, but no longer than the last transaction took, so that waiting costs at most as much
as it may save. A lane that is alone, or paced, is served at once. Decides nothing about a delivery, sends nothing.
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
    from bot.model import Delivery, DeliveryState, Gates
    from bot.store import Store
    from bot.store.outbox.claim import Arrival, Bid, Outcome

_QUIET = 2
"""Passes of the event loop without another request before the waiting are served: an answer that has come is read in
the first and understood in the second."""

_LONGEST_WAIT = 0.25
"""Seconds. A commit takes less; what took longer waited for another process, and says nothing of the next."""

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")

Request = tuple[Wish, asyncio.Future[Answer]]


class Clerk:
    """One run's only way to settle what was sent and to claim what is next."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._arrivals: list[Request[Arrival, None]] = []
        self._bids: list[Request[Bid, Outcome]] = []
        self._gathering: asyncio.Task[None] | None = None
        self._out: set[str] = set()
        """The deliveries that were handed out to be sent and of which nothing was heard yet."""
        self._back = asyncio.Event()
        """That there are none, or that nobody is to be waited for."""
        self._took = 0.0
        """Seconds of the last transaction."""

    def _hurry(self, gates: Gates) -> None:
        """Who is paced is not kept waiting for company: that would be added to every pause."""
        if gates.destination.seconds or gates.credential.seconds:
            self._back.set()

    async def claim(self, bid: Bid) -> Outcome:
        """The lane's next delivery, committed as ours; or what to wait for, or None if it has none.

        Raises:
            StoreError: the store cannot be written.
        """
        self._hurry(bid.gates)
        return await self._ask(self._bids, bid)

    async def settle(self, arrival: Arrival) -> None:
        """Write down that a delivery arrived.

        Raises:
            ClaimLostError: the claim is no longer ours.
            StoreError: the store cannot be written.
        """
        self._heard_of(arrival.delivery)
        self._hurry(arrival.gates)
        try:
            await self._ask(self._arrivals, arrival)
        except asyncio.CancelledError:
            # The run is ending, and what the other side has said must not be forgotten over it.
            self._serve(self._take_arrivals(), ())
            raise

    def fail(self, delivery: Delivery, error: DeliveryError, gates: Gates) -> DeliveryState:
        """Write down that an attempt failed, and what that means for its gates, at once and alone. Its state now.

        Raises:
            ClaimLostError: the claim is no longer ours.
            StoreError: the store cannot be written.
        """
        self._heard_of(delivery)
        owner, now = self._store.owner, self._clock.now()
        return self._store.outbox.settle_failed(delivery, error, gates, owner=owner, now=now)

    def _heard_of(self, delivery: Delivery) -> None:
        self._out.discard(delivery.id)
        if not self._out:
            self._back.set()

    async def _ask(self, queue: list[Request[Wish, Answer]], wish: Wish) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        queue.append((wish, answer))
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather())
        return await answer

    async def _gather(self) -> None:
        await self._company()
        bids, self._bids = [(bid, answer) for bid, answer in self._bids if not answer.done()], []
        started = asyncio.get_running_loop().time()
        self._serve(self._take_arrivals(), bids)
        self._took = min(asyncio.get_running_loop().time() - started, _LONGEST_WAIT)

    async def _company(self) -> None:
        """Wait for whoever may come, as the module says."""
        if self._out:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._took):
                    await self._back.wait()
        seen = quiet = 0
        while quiet < _QUIET:
            await asyncio.sleep(0)
            waiting = len(self._arrivals) + len(self._bids)
            quiet = 0 if waiting > seen else quiet + 1
            seen = waiting

    def _take_arrivals(self) -> list[Request[Arrival, None]]:
        arrivals, self._arrivals = self._arrivals, []
        return arrivals

    def _serve(self, arrivals: Sequence[Request[Arrival, None]], bids: Sequence[Request[Bid, Outcome]]) -> None:
        try:
            turn = self._store.outbox.take_turn(
                [arrival for arrival, _ in arrivals],
                [bid for bid, _ in bids],
                owner=self._store.owner,
                now=self._clock.now(),
            )
        except Exception as error:  # noqa: BLE001 - goes on to whoever waits
            self._fail(arrivals, bids, error)
            return
        for (_, settled), lost in zip(arrivals, turn.settled, strict=True):
            _answer(settled, None, lost)
        for (_, claimed), outcome in zip(bids, turn.outcomes, strict=True):
            if isinstance(outcome, Claimed):
                self._out.add(outcome.delivery.id)
                self._back.clear()
            _answer(claimed, outcome)

    def _fail(
        self,
        arrivals: Sequence[Request[Arrival, None]],
        bids: Sequence[Request[Bid, Outcome]],
        error: Exception,
    ) -> None:
        """One's trouble is its own: where several came together and nothing was written, each comes again alone."""
        if len(arrivals) + len(bids) > 1:
            for arrival in arrivals:
                self._serve([arrival], ())
            for bid in bids:
                self._serve((), [bid])
            return
        for _, settled in arrivals:
            _answer(settled, None, error)
        for _, claimed in bids:
            _answer(claimed, None, error)


def _answer(waiting: asyncio.Future[Answer], value: Answer, error: Exception | None = None) -> None:
    if waiting.done():
        return  # whose run was cancelled asks no more
    if error is not None:
        waiting.set_exception(error)
    else:
        waiting.set_result(value)
