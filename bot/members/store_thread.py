"""Runs what readers ask for in threads, so that a store that is busy holds up nothing but who asked for it.

    commands that wait -> one transaction, each a savepoint in it -> commit -> their answers

A disk takes far fewer commits than readers may click, so commands that come at about the same time share one, as
deliveries do. Never an outcome: what one of them raises undoes that one alone.
"""

from __future__ import annotations

import asyncio
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
"""How long a request waits for its turn and its answer."""
MOST_WAITING = 500
"""Requests; what comes on top is told to come again."""
MOST_PREVIEWS = 20
"""Previews that wait; each takes a second or two where hundreds of papers a day are read."""
MOST_TOGETHER = 50
"""Commands that share a commit: others that write wait meanwhile."""
RETRY_AFTER = 5.0


class BusyError(PaperboyError):
    """Too many wait, or it took too long."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"busy, ask again in {retry_after:g} s")
        self.retry_after = retry_after
        """Seconds after which it is worth asking again."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A function that waits for its turn."""

    store: Store
    function: Callable[[], Any]
    answer: asyncio.Future[Any]

    def settle(self, outcome: object) -> None:
        """Tell whoever waits, if somebody still does."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class StoreThread:
    """One thread, in which functions run one after another."""

    def __init__(
        self, name: str, *, shares_commits: bool, seconds: float = SECONDS, most_waiting: int = MOST_WAITING
    ) -> None:
        """Take what it is called, and whether functions that wait at the same time share a transaction."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._most_together = MOST_TOGETHER if shares_commits else 1
        self._seconds = seconds
        self._most_waiting = most_waiting
        self._waiting: list[_Job] = []
        self._is_running = False

    async def run(self, store: Store, function: Callable[[], Result]) -> Result:
        """What the function returns or raises, once what it wrote is committed.

        Raises:
            BusyError: too many wait, or it took too long. It may come to its end nevertheless, or never begin.
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
        """Begin nothing more. What runs ends by itself: the store lets nobody wait for long."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _begin(self) -> None:
        """Have the thread run what waits for it, unless it is at it."""
        self._waiting = [job for job in self._waiting if not job.answer.done()]
        if self._is_running or not self._waiting:
            return
        store = self._waiting[0].store
        jobs = [job for job in self._waiting if job.store is store][: self._most_together]
        self._waiting = [job for job in self._waiting if job not in jobs]
        self._is_running = True
        run = (
            partial(_together, store, [job.function for job in jobs])
            if self._most_together > 1
            else partial(_alone, jobs[0].function)
        )
        future = asyncio.get_running_loop().run_in_executor(self._executor, run)
        future.add_done_callback(partial(self._end, jobs))

    def _end(self, jobs: Sequence[_Job], future: asyncio.Future[list[object]]) -> None:
        self._is_running = False
        if future.cancelled():
            return
        for job, outcome in zip(jobs, future.result(), strict=True):
            job.settle(outcome)
        self._begin()


def _alone(function: Callable[[], object]) -> list[object]:
    """What it returned or raised."""
    return [_outcome(function)]


def _together(store: Store, functions: Sequence[Callable[[], object]]) -> list[object]:
    """What each returned or raised, after one commit; where that failed, after one each."""
    if len(functions) == 1:
        return _alone(functions[0])
    try:
        with store.shared_transaction():
            return [_outcome(function) for function in functions]
    except StoreError:
        return [_outcome(function) for function in functions]


def _outcome(function: Callable[[], object]) -> object:
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - goes on to whoever waits
        return error


class StoreThreads:
    """The three that one kind of service has."""

    def __init__(self, name: str) -> None:
        """Take what the threads are called after."""
        self.commands = StoreThread(f"{name}-commands", shares_commits=True)
        """Where the store is written."""
        self.reading = StoreThread(f"{name}-reading", shares_commits=False)
        """Where it is only read."""
        self.previews = StoreThread(f"{name}-previews", shares_commits=False, most_waiting=MOST_PREVIEWS)
        """Where it is read for long: nobody else waits for that."""

    def close(self) -> None:
        """Begin nothing more."""
        self.commands.close()
        self.reading.close()
        self.previews.close()
