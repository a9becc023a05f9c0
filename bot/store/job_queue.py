"""The queue of jobs as a whole: made, asked, and read: its workers, what waits, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from bot.model import SHARDS
from bot.store.database.dialect import Lock, hold_lock, is_postgres, shard_number
from bot.store.database.tables import deliveries
from bot.store.jobs import ASKS, Job, Verb, ask, jobs_table
from bot.store.outbox.policy import OPEN
from bot.store.worker import WorkerId

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from bot.store.database import Database

SILENT_SECONDS = 30.0
"""A worker without a heartbeat for so long is taken for dead; procrastinate's workers give one every 10 seconds."""

# A row goes with procrastinate's own, which it deletes when the worker ends or is taken for dead.
_CREATE_WORKERS = """
CREATE TABLE paperboy_workers (
    worker_id bigint PRIMARY KEY REFERENCES procrastinate_workers ON DELETE CASCADE,
    owner text NOT NULL,
    verbs text NOT NULL
)
"""
_WORKERS = """
SELECT owner, string_agg(verbs, ',' ORDER BY worker_id) AS verbs,
    extract(epoch FROM now() - max(last_heartbeat)) AS silent,
    ARRAY(SELECT lock FROM procrastinate_jobs
        WHERE worker_id = ANY (array_agg(noted.worker_id)) AND status = 'doing' AND lock IS NOT NULL ORDER BY lock)
        AS doing
FROM procrastinate_workers workers JOIN paperboy_workers noted ON noted.worker_id = workers.id
GROUP BY owner ORDER BY min(worker_id)
"""
_COUNTS = """
SELECT queue_name, count(*) AS jobs,
    CASE WHEN status <> 'todo' THEN status::text WHEN scheduled_at > now() THEN 'later' ELSE 'waiting' END AS state
FROM procrastinate_jobs GROUP BY queue_name, state
"""
# A job behind one with the same lock could not be taken by any worker.
_OLDEST = """
SELECT extract(epoch FROM now() - min(scheduled_at)) FROM procrastinate_jobs waiting
WHERE status = 'todo' AND scheduled_at <= now() AND NOT EXISTS (
    SELECT FROM procrastinate_jobs doing WHERE doing.lock = waiting.lock AND doing.status = 'doing')
"""


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """One worker: a process, which may have several of procrastinate's workers."""

    host: str
    pid: int
    verbs: tuple[str, ...]
    """Whose jobs it takes."""
    silent_seconds: float
    """Since its last heartbeat."""
    doing: tuple[str, ...]
    """The keys of its jobs."""

    @property
    def is_alive(self) -> bool:
        """Whether it had a heartbeat lately."""
        return self.silent_seconds < SILENT_SECONDS


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """The workers and the jobs at one moment."""

    workers: tuple[WorkerRecord, ...]
    counts: Mapping[tuple[str, str], int]
    """Jobs by queue and state: `waiting`, `later` (its time has not come), `doing`, `failed`."""
    oldest_seconds: float | None
    """For how long the oldest job waits that a worker could take; None if there is none."""


class JobQueue:
    """Asks for jobs outside of other transactions, and reads the queue."""

    def __init__(self, database: Database, *, wanted: bool) -> None:
        """Take the database, and whether what is written to it asks for jobs, if it has a queue."""
        self._database = database
        if wanted:
            with database.reading() as connection:
                found = _is_there(connection)
            if found:
                database.set_option(ASKS, value=True)

    def prepare(self, schema: str) -> None:
        """Makes the queue where there is none; a second process at the same time finds it made.

        Args:
            schema: procrastinate's own SQL.

        Raises:
            StoreError: the database refuses.
        """
        with self._database.writing() as connection:
            hold_lock(connection, Lock.SCHEMA)
            if not _is_there(connection):
                # Without parameters, so that the driver takes many statements at once.
                connection.connection.driver_connection.execute(schema)  # type: ignore[union-attr]
                connection.execute(text(_CREATE_WORKERS))
        self._database.set_option(ASKS, value=True)

    def ask(self, *jobs: Job, after: timedelta = timedelta()) -> None:
        """Has these jobs done, in a transaction of its own; see `bot.store.jobs.ask`.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._database.writing() as connection:
            ask(connection, jobs, after=after)

    def left(self) -> tuple[Job, ...]:
        """A `deliver` for each shard with deliveries that are not final."""
        with self._database.reading() as connection:
            return _left(connection)

    def missing(self) -> tuple[Job, ...]:
        """Jobs that should be there and are not: a `collect`, and a `deliver` for each shard with something left."""
        unfinished = select(jobs_table.c.lock).where(text("status IN ('todo', 'doing') AND lock IS NOT NULL"))
        with self._database.reading() as connection:
            known = frozenset(connection.scalars(unfinished))
            return tuple(job for job in (Job(Verb.COLLECT), *_left(connection)) if job.key not in known)

    def note_worker(self, number: int, owner: WorkerId, verbs: Iterable[str]) -> None:
        """Notes which process procrastinate's worker of that number is, and whose jobs it takes.

        Raises:
            StoreError: the store cannot be written, or the worker is not registered any more.
        """
        note = text("INSERT INTO paperboy_workers VALUES (:number, :owner, :verbs) ON CONFLICT DO NOTHING")
        with self._database.writing() as connection:
            connection.execute(note, {"number": number, "owner": str(owner), "verbs": ",".join(verbs)})

    def figures(self) -> QueueFigures | None:
        """The workers and the jobs now; None where there is no queue.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._database.reading() as connection:
            if not _is_there(connection):
                return None
            workers = []
            for row in connection.execute(text(_WORKERS)):
                owner = WorkerId.parse(row.owner)
                verbs, doing = tuple(filter(None, row.verbs.split(","))), tuple(row.doing)
                workers.append(WorkerRecord(owner.host, owner.pid, verbs, float(row.silent), doing))
            counts = {(row.queue_name, row.state): row.jobs for row in connection.execute(text(_COUNTS))}
            oldest = connection.scalar(text(_OLDEST))
            return QueueFigures(tuple(workers), counts, None if oldest is None else float(oldest))


def _is_there(connection: Connection) -> bool:
    return is_postgres(connection) and connection.scalar(select(func.to_regclass(jobs_table.name))) is not None


def _left(connection: Connection) -> tuple[Job, ...]:
    shard = shard_number(connection, deliveries.c.subscriber, SHARDS)
    statement = select(shard).where(deliveries.c.state.in_(OPEN)).distinct()
    return tuple(Job(Verb.DELIVER, number) for number in connection.scalars(statement))
