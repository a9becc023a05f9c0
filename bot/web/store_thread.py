"""Runs page functions in a thread, one after another, so that a store that is busy holds up nothing else."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from bot.web.forms import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

SECONDS = 8.0
"""How long a request waits for its turn and its answer."""
MOST_WAITING = 500
"""Requests; what comes on top is told to come again."""
RETRY_AFTER = 5.0


class StoreThread:
    """One thread. Commands write, and a store is written by one at a time anyway."""

    def __init__(self, name: str, *, seconds: float = SECONDS, most_waiting: int = MOST_WAITING) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"web-{name}")
        self._seconds = seconds
        self._most_waiting = most_waiting
        self._waiting = 0

    async def run(self, function: Callable[[], Result]) -> Result:
        """What the function returns or raises.

        Raises:
            RequestError: too many wait, or it took too long. It may come to its end nevertheless, or never begin.
        """
        if self._waiting >= self._most_waiting:
            raise RequestError(HTTPStatus.SERVICE_UNAVAILABLE, retry_after=RETRY_AFTER)
        self._waiting += 1
        try:
            future = asyncio.get_running_loop().run_in_executor(self._executor, function)
            return await asyncio.wait_for(future, self._seconds)
        except TimeoutError:
            raise RequestError(HTTPStatus.SERVICE_UNAVAILABLE, retry_after=RETRY_AFTER) from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Begin nothing more. What runs ends by itself: the store lets nobody wait for long."""
        self._executor.shutdown(wait=False, cancel_futures=True)


class StoreThreads:
    """The two that there are."""

    def __init__(self) -> None:
        self.commands = StoreThread("commands")
        """Where the store is written."""
        self.reading = StoreThread("reading")
        """Where it is only read: a preview takes its time, and no click waits for it."""

    def close(self) -> None:
        """Begin nothing more."""
        self.commands.close()
        self.reading.close()
