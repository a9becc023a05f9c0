"""The jobs as procrastinate knows them: a task for each verb, two periodic ones, and the connection to the queue.

https://procrastinate.readthedocs.io/ describes locks, queueing locks, heartbeats and periodic tasks.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from psycopg.errors import RaiseException
from psycopg_pool import AsyncConnectionPool

from bot.store import Store, migrate
from bot.store.database.connect import driver_arguments
from bot.store.job_queue import SILENT_SECONDS
from bot.store.jobs import Job, Verb

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

    Do = Callable[[Job], Awaitable[None]]

log = structlog.get_logger(__name__)

REPAIR = "repair"
"""The queue that every worker takes from, whatever its verbs: jobs of dead workers are given to living ones."""

_MOST_CONNECTIONS = 4
_CONNECT_SECONDS = 5.0
_LONG_AGO = datetime.fromtimestamp(0, UTC)
"""At once, by the database's clock: this machine's may be fast."""
_KEEP_HOURS = 24
"""How long jobs are kept that failed or were handed back; `status` counts them. The others go when they are done."""
_PRUNE_AT = "17 * * * *"
_REPAIR_AT = "* * * * * */15"
"""Every 15 seconds: croniter's sixth field. With `SILENT_SECONDS` a death is noticed within a minute."""


def prepare(url: str) -> tuple[str, str]:
    """Makes the store and its queue where there are none, or brings the store's schema up to date.

    Returns:
        The store's schema before (empty if there was none) and after.

    Raises:
        StoreError: the store cannot be used.
    """
    versions = migrate(url)
    store = Store(url)
    try:
        store.job_queue.prepare(SchemaManager.get_schema())
    finally:
        store.close()
    return versions


def open_queue(url: str, do: Do, repair: Callable[[procrastinate.App], Awaitable[None]]) -> procrastinate.App:
    """Procrastinate's application over the store's PostgreSQL; it connects when it is opened.

    Args:
        url: of the store.
        do: does a job.
        repair: takes back jobs of dead workers.
    """
    connector = procrastinate.PsycopgConnector(
        pool_factory=_unasked_pool,
        kwargs=driver_arguments(url),
        configure=_commit_at_once,
        min_size=1,
        max_size=_MOST_CONNECTIONS,
        timeout=_CONNECT_SECONDS,
    )
    queue = procrastinate.App(connector=connector)

    def add(verb: Verb) -> None:
        async def sharded(shard: int, of: int) -> None:
            await do(Job(verb, shard, of))

        async def whole() -> None:
            await do(Job(verb))

        queue.task(name=verb.value, queue=verb.value)(sharded if verb in (Verb.COMPOSE, Verb.DELIVER) else whole)

    for verb in (Verb.COLLECT, Verb.COMPOSE, Verb.DELIVER, Verb.PUBLISH):
        add(verb)

    @queue.periodic(cron=_PRUNE_AT)
    @queue.task(name=Verb.PRUNE.value, queue=Verb.PRUNE.value, lock=Verb.PRUNE.value, queueing_lock=Verb.PRUNE.value)
    async def _(timestamp: int = 0) -> None:  # noqa: ARG001 - when it was due
        await do(Job(Verb.PRUNE))
        jobs = queue.job_manager
        await jobs.delete_old_jobs(_KEEP_HOURS, include_failed=True, include_cancelled=True, include_aborted=True)

    # Without a lock: a worker that died while it repaired would keep all others from it.
    @queue.periodic(cron=_REPAIR_AT)
    @queue.task(name=REPAIR, queue=REPAIR, queueing_lock=REPAIR)
    async def _(timestamp: int) -> None:  # noqa: ARG001 - when it was due
        try:
            await repair(queue)
        except Exception:
            log.exception("a job failed", job=REPAIR)
            raise

    return queue


def _unasked_pool(**options: Any) -> AsyncConnectionPool:  # noqa: ANN401 - the pool's own options
    """A pool that does not ask each connection before its use: that is as many commits again.

    A connection that broke off ends procrastinate's worker, which is begun anew with another pool.
    """
    return AsyncConnectionPool(**{**options, "check": None})


async def _commit_at_once(connection: AsyncConnection) -> None:
    """Has each statement be a transaction.

    Else a job's row stayed locked until this event loop comes to say COMMIT, and the store, which waits in the same
    thread for that row, would wait in vain.
    """
    await connection.set_autocommit(True)


async def take_back(queue: procrastinate.App) -> int:
    """Gives jobs whose worker is dead to others, and deletes the worker. Returns how many jobs.

    Procrastinate leaves this to its users: https://github.com/procrastinate-org/procrastinate/issues/740
    """
    jobs, taken_back = queue.job_manager, 0
    await jobs.prune_stalled_workers(SILENT_SECONDS)
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        try:
            try:
                await jobs.retry_job(job, retry_at=_LONG_AGO)
            except UniqueViolation:
                # The same job was asked for meanwhile: one is enough.
                await jobs.finish_job(job, Status.ABORTED, delete_job=True)
        except ConnectorException as error:
            if not isinstance(error.__cause__, RaiseException):
                raise
            # Another worker took it back at the same moment: it does not stand there as it did.
        else:
            taken_back += 1
    return taken_back
