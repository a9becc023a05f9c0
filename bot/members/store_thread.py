"""Runs readers' commands in threads, so that a busy store delays only the reader who asked.

    waiting commands -> one transaction, each a savepoint in it -> commit -> their answers

A disk takes far fewer commits per second than readers may click, so commands at about the same time share one, as
deliveries do. They share no result: an exception undoes only the command that raised it.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import PaperboyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.store import Store

Result = TypeVar("Result")

SECONDS = 8.0
"""The longest that a request waits for its answer."""
MOST_WAITING = 500
"""The most waiting requests; others are refused with a time to try again."""
MOST_PREVIEWS = 20
"""The most waiting previews; each may take a second or two."""
MOST_TOGETHER = 50
"""The most commands that share a commit, because other writers wait meanwhile."""
SECONDS_TOGETHER = 0.2
"""How long commands may share a commit, for the same reason."""
RETRY_AFTER = 5.0


class BusyError(PaperboyError):
    """Too many requests wait, or the answer took too long."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"busy, ask again in {retry_after:g} s")
        self.retry_after = retry_after
        """Seconds after which to try again."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A function that waits to be run."""

    store: Store
    function: Callable[[], Any]
    answer: asyncio.Future[Any]

    def settle(self, outcome: object) -> None:
        """Gives the result or exception to whoever waits, if somebody still does."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class StoreThread:
    """A thread that runs functions one after another."""

    def __init__(
        self, name: str, *, shares_commits: bool, seconds: float = SECONDS, most_waiting: int = MOST_WAITING
    ) -> None:
        """Take its name, and whether functions that wait at the same time share a transaction."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._most_together = MOST_TOGETHER if shares_commits else 1
        self._seconds = seconds
        self._most_waiting = most_waiting
        self._waiting: list[_Job] = []
        self._is_running = False

    async def run(self, store: Store, function: Callable[[], Result]) -> Result:
        """Runs the function; returns or raises its result once its changes are committed.

        Raises:
            BusyError: too many wait, or it took too long; the function may still run, or never start.
        """
        if len(self._waiting) >= self._most_waiting:
            raise BusyError(RETRY_AFTER)
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(store, function, answer))
        self._begin()
        try:
            # Not wait_for, which before Python 3.12 forgets that it was cancelled if the answer comes at that moment.
            async with asyncio.timeout(self._seconds):
                return await answer
        except TimeoutError:
            raise BusyError(RETRY_AFTER) from None

    def close(self) -> None:
        """Starts nothing more. What runs ends by itself, because the store never waits for long."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _begin(self) -> None:
        """Makes the thread run what waits, unless it is running."""
        self._waiting = [job for job in self._waiting if not job.answer.done()]
        if self._is_running or not self._waiting:
            return
        store = self._waiting[0].store
        jobs = [job for job in self._waiting if job.store is store][: self._most_together]
        self._waiting = [job for job in self._waiting if job not in jobs]
        self._is_running = True
        run = partial(_together, store, [job.function for job in jobs])
        future = asyncio.get_running_loop().run_in_executor(self._executor, run)
        future.add_done_callback(partial(self._end, jobs))

    def _end(self, jobs: Sequence[_Job], future: asyncio.Future[list[object]]) -> None:
        self._is_running = False
        if future.cancelled():
            return
        outcomes = future.result()
        self._waiting = [*jobs[len(outcomes) :], *self._waiting]
        for job, outcome in zip(jobs, outcomes, strict=False):
            job.settle(outcome)
        self._begin()


def _together(store: Store, functions: Sequence[Callable[[], object]]) -> list[object]:
    """Runs functions with one commit, the first ones if that takes long; or one commit each if that failed."""
    if len(functions) == 1:
        return [_outcome(functions[0])]
    outcomes: list[object] = []
    until = time.monotonic() + SECONDS_TOGETHER
    try:
        with store.shared_transaction():
            for function in functions:
                outcomes.append(_outcome(function))
                if time.monotonic() > until:
                    break
        return outcomes  # noqa: TRY300 - they hold only now that they are committed
    except StoreError:
        return [_outcome(function) for function in functions]


def _outcome(function: Callable[[], object]) -> object:
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - goes on to whoever waits
        return error


class StoreThreads:
    """The three threads of one service."""

    def __init__(self, name: str) -> None:
        """Take the service's name, for the names of the threads."""
        self.commands = StoreThread(f"{name}-commands", shares_commits=True)
        """For commands, which write."""
        self.reading = StoreThread(f"{name}-reading", shares_commits=False)
        """For pages that only read."""
        self.previews = StoreThread(f"{name}-previews", shares_commits=False, most_waiting=MOST_PREVIEWS)
        """For previews, which read for long; others do not wait for them."""

    def close(self) -> None:
        """Starts nothing more."""
        self.commands.close()
        self.reading.close()
        self.previews.close()
