"""Answers a monitor, on a listener of its own: /livez, /readyz, /metrics.

    request -> [read in the last 15 s?] -> one read of the store, in a thread -> text

Shows counts only, and changes nothing. Pages for readers are another server's.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from bot.clock import Timings
from bot.errors import StoreError
from bot.web.listen import open_sockets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.clock import Clock
    from bot.store import Store
    from bot.web.listen import Listening

Result = TypeVar("Result")

READ_SECONDS = 15.0
"""The store is read for metrics at most this often, however many monitors ask."""
READ_SHARE = 0.05
"""And for at most this share of the time, however large it is."""
ALIVE_SECONDS = 60.0
"""After so long without a tick the daemon does not count as alive."""
STOP_SECONDS = 1.0
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format."""


class Monitoring:
    """One listener. `start` it, tell it of each `beat`, `stop` it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        subscribers: int,
        sockets: Callable[[], Mapping[str, float]] = dict,
        timings: Timings | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what is reported on.

        Args:
            store: read in a thread; closed by whoever opened it, after `stop`.
            clock: tells the moment that ages are counted to.
            subscribers: how many stand in the configuration.
            sockets: by chat platform, the seconds since it was last connected.
            timings: how long this process's sends and requests took.
            monotonic: seconds on a clock that nobody sets.
        """
        self._store = store
        self._clock = clock
        self._subscribers = subscribers
        self._sockets = sockets
        self._timings = timings or Timings()
        self._monotonic = monotonic
        self._beat = monotonic()
        self._text = b""
        self._fresh_until = 0.0
        self._reading = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="monitoring")
        app = web.Application(client_max_size=1024)
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=STOP_SECONDS, access_log=None)
        self._listening: Listening | None = None

    def beat(self) -> None:
        """The daemon ticked."""
        self._beat = self._monotonic()

    def exchange(self, store: Store, *, subscribers: int) -> None:
        """Report on this store from the next read on."""
        self._store, self._subscribers, self._fresh_until = store, subscribers, 0.0

    async def start(self, listen: str) -> None:
        """Listen on HOST:PORT or unix:PATH.

        Raises:
            ListenError: that cannot be listened on.
        """
        self._listening = open_sockets(listen, {})
        await self._runner.setup()
        for each in self._listening.sockets:
            await web.SockSite(self._runner, each).start()

    @property
    def addresses(self) -> list[object]:
        """What it listens on, as sockets name it."""
        return list(self._runner.addresses)

    async def stop(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._listening is not None:
            self._listening.close()

    async def _livez(self, _: web.Request) -> web.Response:
        age = self._monotonic() - self._beat
        if age >= ALIVE_SECONDS:
            return _text(f"no tick for {age:.0f} s\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return _text("ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        try:
            await self._in_thread(self._store.figures.schema)
        except StoreError as error:
            return _unusable(error)
        return _text("ok\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        async with self._reading:
            if self._monotonic() >= self._fresh_until:
                try:
                    self._text = await self._in_thread(self._read)
                except StoreError as error:
                    return _unusable(error)
        return web.Response(body=self._text, headers={"Content-Type": _CONTENT_TYPE})

    def _read(self) -> bytes:
        from bot.web.metrics import metrics  # noqa: PLC0415 - prometheus_client: 0.2 s that only who asks needs

        began = self._monotonic()
        now = self._clock.now()
        text = metrics(
            self._store.figures.read(now),
            now,
            subscribers=self._subscribers,
            sockets=self._sockets(),
            timings=self._timings,
            queue=self._store.job_queue.figures(),
        )
        ended = self._monotonic()
        self._fresh_until = ended + max(READ_SECONDS, (ended - began) / READ_SHARE)
        return text

    async def _in_thread(self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)


def _text(text: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(text=text, status=status)


def _unusable(error: StoreError) -> web.Response:
    return _text(f"the store cannot be used: {error.reason}\n", HTTPStatus.SERVICE_UNAVAILABLE)
