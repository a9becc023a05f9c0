"""The process of a worker: takes jobs in place of the daemon's rounds, until it is stopped.

    tick -> [stop? reload?]        beside it: procrastinate's worker, begun anew when the database was away

A worker that dies is noticed by the others: see `queue.take_back`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker as ProcrastinateWorker
from psycopg import Error as DriverError

from bot.app.daemon import GRACE, TICK
from bot.errors import StoreError
from bot.fleet.jobs import Jobs
from bot.fleet.queue import REPAIR, open_queue, take_back
from bot.store.job_queue import SILENT_SECONDS
from bot.store.jobs import Job, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    import procrastinate

    from bot.app import App
    from bot.app.daemon import Heartbeat, Reload

log = structlog.get_logger(__name__)

CONCURRENCY = 8
"""How many jobs a worker does at once if nobody says otherwise: most of the time they wait for a platform."""

_PAUSE = 5.0
"""Seconds before the database is tried again."""
_POLL_SECONDS = 5.0
"""How often a worker looks for jobs whose time has come; of new ones it is notified."""


class Worker:
    """Takes jobs until it is told to stop. In `run` it stands in the place of the daemon."""

    def __init__(
        self, current: Callable[[], App], *, verbs: Iterable[Verb] = tuple(Verb), concurrency: int = CONCURRENCY
    ) -> None:
        """Take what it works with.

        Args:
            current: returns the application as it is opened now; it changes with the configuration.
            verbs: whose jobs it takes.
            concurrency: how many jobs it does at once.
        """
        self._current = current
        self._verbs = tuple(verbs)
        self._concurrency = concurrency
        self._jobs = Jobs(current)

    def wake(self) -> None:
        """Has what is due looked for at once, because a reader changed something."""
        try:
            self._current().store.job_queue.ask(Job(Verb.COLLECT))
        except StoreError as error:
            log.warning("what is due could not be asked for", reason=error.reason)

    async def run(self, stop: asyncio.Event, *, heartbeat: Heartbeat, reload: Reload) -> None:
        """Takes jobs until `stop` is set; those in progress are given `GRACE` seconds to end.

        Args:
            stop: set by SIGTERM and SIGINT.
            heartbeat: called at every tick.
            reload: asked at every tick; returns something where the configuration changed.
        """
        self.wake()
        while not stop.is_set():
            url = self._current().settings.store
            taking = asyncio.create_task(self._take_jobs(url))
            while not stop.is_set() and not taking.done() and self._current().settings.store == url:
                heartbeat()
                if await reload() is not None:
                    self.wake()
                await _sleep(TICK, stop, taking)
            await _end(taking)
            await _sleep(0 if stop.is_set() else _PAUSE, stop)
        try:
            self._current().runner.abandon()
        except StoreError as error:
            log.error("what is in flight could not be noted", store=error.store, reason=error.reason)  # noqa: TRY400 - said whole

    async def _take_jobs(self, url: str) -> None:
        """Takes jobs until it is cancelled, or the database is away."""
        queue = open_queue(url, self._jobs.do, self._repair)
        try:
            async with queue.open_async():
                worker = ProcrastinateWorker(
                    queue,
                    queues=[*self._verbs, REPAIR],
                    name=None,
                    concurrency=self._concurrency,
                    fetch_job_polling_interval=_POLL_SECONDS,
                    shutdown_graceful_timeout=GRACE,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    stalled_worker_timeout=SILENT_SECONDS,
                )
                noting = asyncio.create_task(self._note(worker))
                try:
                    await worker.run()  # type: ignore[no-untyped-call]
                finally:
                    await _end(noting)
        except (ConnectorException, DriverError, StoreError) as error:
            log.error("the job queue cannot be used", error=type(error.__cause__ or error).__name__)  # noqa: TRY400 - the driver's text may quote what it sent

    async def _note(self, worker: ProcrastinateWorker) -> None:
        """Notes who this worker is once procrastinate has given it a number."""
        while worker.worker_id is None:  # noqa: ASYNC110 - it tells nobody when it is registered
            await asyncio.sleep(0.1)
        store = self._current().store
        store.job_queue.note_worker(worker.worker_id, store.owner, self._verbs)

    async def _repair(self, queue: procrastinate.App) -> None:
        """Takes back jobs of dead workers, and asks for those that are missing: whoever was to ask died before."""
        taken_back = await take_back(queue)
        if taken_back:
            log.warning("jobs of dead workers were taken back", jobs=taken_back)
        job_queue = self._current().store.job_queue
        job_queue.ask(*job_queue.missing())


async def _end(task: asyncio.Task[None]) -> None:
    """Cancels a task and waits for its end; an error of its own ends the process: nothing is swallowed."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _sleep(seconds: float, stop: asyncio.Event, *others: asyncio.Task[None]) -> None:
    """Sleeps until the time is over, a stop, or the end of one of the others."""
    waiting: list[Coroutine[None, None, object]] = [stop.wait()]
    stopped = [asyncio.ensure_future(each) for each in waiting]
    try:
        await asyncio.wait([*stopped, *others], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in stopped:
            each.cancel()
