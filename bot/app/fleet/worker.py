"""The process of a worker: takes jobs in place of the daemon's rounds, until it is stopped.

    tick -> [stop? reload?]        beside it: procrastinate's worker, begun anew when the database was away

A worker that dies is noticed by the others: see `queue.take_back`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker as ProcrastinateWorker
from psycopg import Error as DriverError

from bot.app.daemon import GRACE, TICK, sleep
from bot.app.fleet.jobs import Jobs
from bot.app.fleet.queue import REPAIR, open_queue, take_back
from bot.errors import StoreError
from bot.store.job_queue import SILENT_SECONDS
from bot.store.jobs import Job, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import procrastinate

    from bot.app import App
    from bot.app.daemon import Heartbeat, Reload

log = structlog.get_logger(__name__)

CONCURRENCY = 8
"""How many jobs a worker does at once if nobody says otherwise: most of the time they wait for a platform."""

_ONE_BY_ONE = (Verb.COMPOSE, Verb.PUBLISH, Verb.PRUNE)
"""Of these it does one at a time beside the others: they need a core, and several at once would all be done late."""

_PAUSE = 5.0
"""Seconds before the database is tried again."""
_NOTE_SECONDS = 0.2
"""How often it is tried to note a new worker, so that `status` names it."""
_POLL_SECONDS = 5.0
"""How often a worker looks for jobs whose time has come; of new ones it is notified."""


class _OneWorker(ProcrastinateWorker):
    """Procrastinate's worker, but that it ends where it cannot note the end of a job.

    Else the job counted as being done by a worker that lives, and nobody took it back.
    """

    async def _persist_job_status(self, *job: Any, **status: Any) -> None:  # noqa: ANN401 - procrastinate's own
        try:
            await super()._persist_job_status(*job, **status)
        except ConnectorException:
            self.stop()  # type: ignore[no-untyped-call]
            raise


class Worker:
    """Takes jobs until it is told to stop. In `run` it stands in the place of the daemon."""

    def __init__(
        self, current: Callable[[], App], *, verbs: Iterable[Verb] = tuple(Verb), concurrency: int = CONCURRENCY
    ) -> None:
        """Take what it works with.

        Args:
            current: returns the application as it is opened now; it changes with the configuration.
            verbs: whose jobs it takes.
            concurrency: how many jobs of collect and deliver it does at once.
        """
        self._current = current
        self._verbs = tuple(verbs)
        self._concurrency = concurrency
        self._reloading = asyncio.Lock()

    def wake(self) -> None:
        """Has what is due looked for at once, because a reader changed something."""
        try:
            self._current().store.job_queue.ask(Job(Verb.COLLECT))
        except StoreError as error:
            log.warning("what is due could not be asked for", reason=error.reason)

    def _look_again(self) -> None:
        """Has what is due looked for by a changed configuration; a refused one is told to the operator."""
        self.wake()
        runner = self._current().runner
        try:
            if runner.has_alerts:
                runner.tell_operator()
        except StoreError as error:
            log.warning("the operator could not be told", reason=error.reason)

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
            taking = asyncio.create_task(self._take_jobs(url, reload))
            while not stop.is_set() and not taking.done() and self._current().settings.store == url:
                heartbeat()
                await self._follow(reload)
                await sleep(TICK, [stop], taking)
            await _end(taking)
            await sleep(0 if stop.is_set() else _PAUSE, [stop])
        try:
            self._current().runner.abandon()
        except StoreError as error:
            log.error("what is in flight could not be noted", store=error.store, reason=error.reason)  # noqa: TRY400 - said whole

    async def _follow(self, reload: Reload) -> None:
        """Follows a changed configuration; returns when its application is the one that is current."""
        async with self._reloading:
            if await reload() is not None:
                self._look_again()

    async def _take_jobs(self, url: str, reload: Reload) -> None:
        """Takes jobs until it is cancelled, or the database is away."""
        jobs = Jobs(self._current, follow=lambda: self._follow(reload))
        queue = open_queue(url, jobs.do, self._repair)
        one_by_one = [verb for verb in self._verbs if verb in _ONE_BY_ONE]
        others = [verb for verb in self._verbs if verb not in _ONE_BY_ONE]
        try:
            await queue.open_async()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._take(queue, others, REPAIR, concurrency=self._concurrency))
                if one_by_one:
                    group.create_task(self._take(queue, one_by_one, concurrency=1))
        except* (ConnectorException, DriverError, StoreError) as errors:
            names = sorted({type(error.__cause__ or error).__name__ for error in errors.exceptions})
            # The driver's text may quote what it sent.
            log.error("the job queue cannot be used", errors=names)  # noqa: TRY400 - its frames do not help
        finally:
            await queue.close_async()

    async def _take(self, queue: procrastinate.App, verbs: Sequence[Verb], *more: str, concurrency: int) -> None:
        """Takes jobs of these verbs, and of more queues.

        Raises:
            ConnectorException: the database is away.
        """
        worker = _OneWorker(
            queue,
            queues=[*verbs, *more],
            name=None,
            concurrency=concurrency,
            fetch_job_polling_interval=_POLL_SECONDS,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
            install_signal_handlers=False,
            stalled_worker_timeout=SILENT_SECONDS,
        )
        noting = asyncio.create_task(self._note(worker, verbs))
        try:
            await worker.run()  # type: ignore[no-untyped-call]
        finally:
            await _end(noting)
        raise ConnectorException("it ends by itself only where one of its connections broke off")

    async def _note(self, worker: ProcrastinateWorker, verbs: Sequence[Verb]) -> None:
        """Notes who this worker is, once procrastinate has given it a number."""
        is_noted = False
        while not is_noted:
            await asyncio.sleep(_NOTE_SECONDS)
            store = self._current().store
            try:
                if worker.worker_id is not None:
                    store.job_queue.note_worker(worker.worker_id, store.owner, verbs)
                    is_noted = True
            except StoreError as error:
                log.warning("a worker could not be noted", reason=error.reason)

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
