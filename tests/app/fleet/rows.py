"""A store with a queue, and what stands in the queue, for tests."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import NullPool, create_engine, text

from bot.app.fleet.queue import prepare
from bot.store import Store
from bot.store.job_queue import SILENT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_JOBS = (
    "SELECT coalesce(lock, task_name) AS lock, status, "
    "coalesce(greatest(0, extract(epoch FROM scheduled_at - asked.at)), 0)::int AS seconds "
    "FROM procrastinate_jobs LEFT JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events "
    "WHERE job_id = procrastinate_jobs.id AND type = 'deferred') AS asked ON true ORDER BY priority DESC, id"
)


class Row(NamedTuple):
    """A job as it stands in the queue."""

    key: str
    state: str
    seconds: int
    """From when it was asked for until it may be taken: the same however long a test takes to look."""


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """The store with its queue, which what is written to it asks."""
    prepare(url)
    store = Store(url, fleet=True)
    try:
        yield store
    finally:
        store.close()


@cache
def _engine(url: str) -> Engine:
    """Without connections of its own: it only knows what an engine asks of the server before its first statement."""
    return create_engine(url, poolclass=NullPool)


def rows(url: str) -> list[Row]:
    """The jobs in the order in which they would be taken."""
    with _engine(url).connect() as connection:
        return [Row(row.lock, row.status, row.seconds) for row in connection.execute(text(_JOBS))]


def keys(url: str) -> list[str]:
    """The keys of the jobs that may be taken now, sorted."""
    return sorted(row.key for row in rows(url) if row.state == "todo" and not row.seconds)


def execute(url: str, statement: str, **values: object) -> object:
    """What somebody else does to the database; the first column of the first row, if there is one."""
    with _engine(url).begin() as connection:
        found = connection.execute(text(statement), values)
        return found.scalar() if found.returns_rows else None


@contextmanager
def table_gone(url: str, table: str) -> Iterator[None]:
    """Nobody finds the table meanwhile."""
    execute(url, f"ALTER TABLE {table} RENAME TO gone")
    try:
        yield
    finally:
        execute(url, f"ALTER TABLE gone RENAME TO {table}")


def register(url: str) -> int:
    """The number of a new worker, as procrastinate registers it."""
    number = execute(url, "SELECT worker_id FROM procrastinate_register_worker_v1()")
    assert isinstance(number, int)
    return number


def fall_silent(url: str, worker: int | None = None) -> None:
    """The worker, or all of them, had no heartbeat for longer than the living may be silent."""
    silent = f"UPDATE procrastinate_workers SET last_heartbeat = now() - interval '{SILENT_SECONDS + 1} s'"
    execute(url, f"{silent} WHERE id = coalesce(:worker, id)", worker=worker)


def take(url: str, *queues: str, worker: int | None = None) -> str | None:
    """The key of the next job, taken as procrastinate does; None if there is none."""
    statement = "SELECT lock FROM procrastinate_fetch_job_v2(CAST(:queues AS varchar[]), :worker)"
    number = register(url) if worker is None else worker
    found = execute(url, statement, queues=list(queues) or None, worker=number)
    return None if found is None else str(found)
