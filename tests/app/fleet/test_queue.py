"""What procrastinate knows of the jobs, and that jobs of dead workers are given to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.app.fleet.queue import REPAIR, open_queue, take_back
from bot.store.job_queue import SILENT_SECONDS
from bot.store.jobs import Job, Verb
from tests.app.fleet.rows import Row, execute, fall_silent, opened, register, rows, take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    import procrastinate

    from bot.store import Store

COMPOSE = Job(Verb.COMPOSE, 3, 16)


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    with opened(postgres_url) as store:
        yield store


class Doer:
    """Notes what it is asked to do."""

    def __init__(self) -> None:
        self.done: list[Job] = []
        self.repairs = 0

    async def do(self, job: Job) -> None:
        self.done.append(job)

    async def repair(self, _: procrastinate.App) -> None:
        self.repairs += 1


@pytest.fixture
def doer() -> Doer:
    return Doer()


@pytest.fixture
async def queue(postgres_url: str, store: Store, doer: Doer) -> AsyncIterator[procrastinate.App]:  # noqa: ARG001 - made
    async with open_queue(postgres_url, doer.do, doer.repair).open_async() as queue:
        yield queue


async def test_every_job_that_is_asked_for_is_one_that_the_workers_know(
    queue: procrastinate.App, store: Store, doer: Doer
) -> None:
    asked = [Job(Verb.COLLECT), Job(Verb.DELIVER, 5), COMPOSE, Job(Verb.PUBLISH), Job(Verb.PRUNE)]
    assert {job.verb for job in asked} == set(Verb)
    store.job_queue.ask(*asked)
    await queue.run_worker_async(wait=False, install_signal_handlers=False, delete_jobs="successful")
    assert sorted(doer.done, key=lambda job: job.key) == sorted(asked, key=lambda job: job.key)


def test_two_are_done_by_the_clock_a_repair_every_quarter_minute_and_pruning_every_hour(
    queue: procrastinate.App,
) -> None:
    crons = {task.task.name: task.cron for task in queue.periodic_registry.periodic_tasks.values()}
    assert crons == {REPAIR: "* * * * * */15", "prune": "17 * * * *"}


async def test_pruning_forgets_jobs_that_failed_a_day_ago(
    queue: procrastinate.App, store: Store, postgres_url: str
) -> None:
    for job, age in ((COMPOSE, "25 hours"), (Job(Verb.COLLECT), "23 hours")):
        store.job_queue.ask(job)
        assert take(postgres_url) == job.key
        failed = "SELECT procrastinate_finish_job_v1(id, 'failed', false) FROM procrastinate_jobs WHERE lock = :key"
        execute(postgres_url, failed, key=job.key)
        before = "UPDATE procrastinate_events SET at = now() - CAST(:age AS interval) WHERE job_id IN"
        execute(postgres_url, f"{before} (SELECT id FROM procrastinate_jobs WHERE lock = :key)", age=age, key=job.key)
    store.job_queue.ask(Job(Verb.PRUNE))
    await queue.run_worker_async(wait=False, install_signal_handlers=False, delete_jobs="successful")
    assert [(row.key, row.state) for row in rows(postgres_url)] == [("collect", "failed")]


async def test_a_job_of_a_dead_worker_is_taken_back_and_the_worker_forgotten(
    queue: procrastinate.App, store: Store, postgres_url: str
) -> None:
    store.job_queue.ask(COMPOSE)
    dead, living = register(postgres_url), register(postgres_url)
    store.job_queue.note_worker(dead, store.owner, ["compose"])
    assert take(postgres_url, worker=dead) == COMPOSE.key
    assert await take_back(queue) == 0
    fall_silent(postgres_url, dead)
    assert await take_back(queue) == 1
    assert rows(postgres_url) == [Row(COMPOSE.key, "todo", 0)]
    figures = store.job_queue.figures()
    assert figures is not None
    assert figures.workers == ()
    assert take(postgres_url, worker=living) == COMPOSE.key
    assert await take_back(queue) == 0


async def test_a_job_of_a_dead_worker_that_was_asked_for_again_is_taken_back_once(
    queue: procrastinate.App, store: Store, postgres_url: str
) -> None:
    store.job_queue.ask(COMPOSE)
    dead = register(postgres_url)
    assert take(postgres_url, worker=dead) == COMPOSE.key
    store.job_queue.ask(COMPOSE)
    fall_silent(postgres_url, dead)
    assert await take_back(queue) == 1
    assert rows(postgres_url) == [Row(COMPOSE.key, "todo", 0)]


@pytest.mark.parametrize("asked_again", [False, True])
async def test_a_job_that_another_worker_took_back_at_the_same_moment_is_left_to_it(
    queue: procrastinate.App, store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch, *, asked_again: bool
) -> None:
    store.job_queue.ask(COMPOSE)
    dead = register(postgres_url)
    assert take(postgres_url, worker=dead) == COMPOSE.key
    if asked_again:
        store.job_queue.ask(COMPOSE)
    fall_silent(postgres_url, dead)
    seen = list(await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS))
    assert await take_back(queue) == 1

    async def as_seen(**_: object) -> Sequence[object]:
        return seen

    monkeypatch.setattr(queue.job_manager, "get_stalled_jobs", as_seen)
    assert await take_back(queue) == 0
    assert rows(postgres_url) == [Row(COMPOSE.key, "todo", 0)]


async def test_a_job_that_procrastinate_looks_at_is_not_locked_until_the_event_loop_comes_to_it(
    queue: procrastinate.App, store: Store, postgres_url: str
) -> None:
    store.job_queue.ask(COMPOSE)
    worker = register(postgres_url)
    async with queue.connector.pool.connection() as connection:  # type: ignore[attr-defined]
        await connection.execute("SELECT procrastinate_fetch_job_v2(NULL, %s)", [worker])
        store.job_queue.ask(COMPOSE)
    assert [row.state for row in rows(postgres_url)] == ["doing", "todo"]


async def test_a_job_is_taken_back_at_once_whatever_this_machine_s_clock_says(
    queue: procrastinate.App, store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - one use

    ahead = datetime.now(UTC) + timedelta(minutes=2)
    monkeypatch.setattr("procrastinate.utils.utcnow", lambda: ahead)
    store.job_queue.ask(COMPOSE)
    dead = register(postgres_url)
    assert take(postgres_url, worker=dead) == COMPOSE.key
    fall_silent(postgres_url, dead)
    await take_back(queue)
    assert take(postgres_url) == COMPOSE.key
