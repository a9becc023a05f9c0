"""Jobs for many workers: which there are, and how a transaction asks for one.

    work is written -> a job for it, in the same transaction -> a worker looks at the store, does what is due

A job is a verb and the number of a shard, never a message or an address. It may be done twice or late without harm,
because every verb starts and ends in the store. Jobs stand in procrastinate's table, in the same PostgreSQL as the
store; procrastinate hands them out, in `bot.app.fleet`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import JSON, Column, DateTime, Integer, MetaData, String, Table, func, text

from bot.model import SHARDS, Shard
from bot.store.database.dialect import Lock, hold_lock, insert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

ASKS = "paperboy_asks_for_jobs"
"""The execution option of transactions whose store has a queue."""

jobs_table = Table(
    "procrastinate_jobs",
    MetaData(),  # not ours to create or to migrate
    Column("queue_name", String),
    Column("task_name", String),
    Column("priority", Integer),
    Column("lock", String),
    Column("queueing_lock", String),
    Column("args", JSON),
    Column("status", String),
    Column("scheduled_at", DateTime(timezone=True)),
)


class Verb(StrEnum):
    """What a job is about; its queue and its task have the same name."""

    COLLECT = "collect"
    """Ask arXiv if it is time, then ask for the jobs that are due."""
    COMPOSE = "compose"
    """Write the digests of one shard of the subscribers."""
    DELIVER = "deliver"
    """Send what waits for one shard of the subscribers."""
    PUBLISH = "publish"
    """Write the pages of the site."""
    PRUNE = "prune"
    """Delete what is no longer needed."""


_PRIORITY = {Verb.COLLECT: 2, Verb.DELIVER: 1}
"""Higher ones are taken first: what is written is sent before more is written."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job; of equal ones at most one waits, and at most one is being done."""

    verb: Verb
    shard: int | None = None
    """The number of the shard, for `compose` and `deliver`."""
    of: int = SHARDS

    @property
    def key(self) -> str:
        """Its lock and its queueing lock."""
        return self.verb.value if self.shard is None else f"{self.verb}:{self.shard}/{self.of}"

    @property
    def arguments(self) -> dict[str, int]:
        """What its task is called with."""
        return {} if self.shard is None else {"shard": self.shard, "of": self.of}

    @property
    def subscribers(self) -> Shard | None:
        """The subscribers that it is about; None for all."""
        return None if self.shard is None else Shard(self.shard, self.of)


def ask(connection: Connection, jobs: Iterable[Job], *, after: timedelta = timedelta()) -> None:
    """Has these jobs done, not before `after` is over; does nothing where the store has no queue.

    A job that waits already is brought forward if it would come later. Its row is locked to the end of the
    transaction, and procrastinate's workers skip locked rows: who takes the job sees what this transaction wrote.
    That is why this is a statement of our own and not procrastinate_defer_jobs_v1, which fails on a job that waits.
    """
    wanted = frozenset(jobs)
    if not wanted or not connection.get_execution_options().get(ASKS):
        return
    hold_lock(connection, Lock.JOBS)
    rows = [
        {
            "queue_name": job.verb.value,
            "task_name": job.verb.value,
            "priority": _PRIORITY.get(job.verb, 0),
            "lock": job.key,
            "queueing_lock": job.key,
            "args": job.arguments,
            "scheduled_at": func.now() + after,  # the database's clock, which decides when it may be taken
        }
        for job in wanted
    ]
    statement = insert(connection, jobs_table).values(rows)
    scheduled_at = statement.excluded.scheduled_at
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[jobs_table.c.queueing_lock],
            index_where=text("status = 'todo'"),
            set_={"scheduled_at": scheduled_at},
            where=jobs_table.c.scheduled_at > scheduled_at,
        )
    )
