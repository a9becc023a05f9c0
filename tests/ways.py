"""Three ways to have done what is due: `once` over SQLite, `once` over PostgreSQL, and by jobs of a fleet."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from bot.app.fleet.jobs import Jobs
from bot.app.fleet.queue import prepare
from bot.store.jobs import Job, Verb
from tests.app.fleet.rows import execute, register, take

if TYPE_CHECKING:
    from datetime import datetime

    from bot.app import App
    from tests.world import Environment

_BRING_FORWARD = "UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - CAST(:passed AS interval)"
_FINISH = "DELETE FROM procrastinate_jobs WHERE lock = :key AND status = 'doing'"


@dataclass(frozen=True)
class World:
    """An environment, and a way to run Paperboy in it."""

    environment: Environment
    way: str

    async def everything_due(self, at: datetime) -> None:
        """What a machine, or all workers of a fleet, do at that moment."""
        if self.way == "fleet":
            await self._by_jobs(at)
        else:
            await self.environment.once(at)

    async def _by_jobs(self, at: datetime) -> None:
        """By two workers in turn, each with a store of its own, until no job may be taken any more.

        Waits of the simulated clock take no time of the database's, so the jobs that wait are brought forward.
        """
        environment, url = self.environment, self.environment.config["store"]
        prepare(url)
        environment.clock.set(at)
        async with AsyncExitStack() as stack:
            apps = [await stack.enter_async_context(environment.app()) for _ in range(2)]
            workers = cycle([(Jobs(partial(_same, app)), register(url)) for app in apps])
            apps[0].store.job_queue.ask(Job(Verb.COLLECT))
            for jobs, number in workers:
                key = take(url, worker=number)
                if key is None:
                    return
                before = environment.clock.now()
                await jobs.do(_job(key))
                execute(url, _FINISH, key=key)
                execute(url, _BRING_FORWARD, passed=environment.clock.now() - before)


def _same(app: App) -> App:
    return app


def _job(key: str) -> Job:
    verb, _, shard = key.partition(":")
    if not shard:
        return Job(Verb(verb))
    number, _, of = shard.partition("/")
    return Job(Verb(verb), int(number), int(of))
