"""A worker in this process: takes its verbs' jobs, begins anew when the database was away, ends when told to."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager

from bot.app.fleet import worker as module
from bot.app.fleet.queue import open_queue
from bot.app.fleet.worker import Worker
from bot.model import DeliveryState
from bot.store.jobs import Job, Verb
from tests.app.fleet.hurry import HURRIED
from tests.app.fleet.rows import execute, opened, rows
from tests.servers.slack import FaultScript

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from procrastinate.jobs import Job as ProcrastinateJob

    from bot.app import App
    from bot.app.runner import Runner
    from bot.model import Composed
    from tests.world import Environment

PATIENCE_SECONDS = 60


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for module_of, values in HURRIED.items():
        for name, value in values.items():
            monkeypatch.setattr(module_of, name, value)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for is in a database
            await asyncio.sleep(0.05)


async def nothing_changed() -> None:
    """The configuration is the same."""


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop, heartbeat=lambda: None, reload=nothing_changed))
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await task


@pytest.fixture
async def app(fleet: Environment) -> AsyncIterator[App]:
    found: App
    async with fleet.app() as found:
        yield found


async def test_it_brings_a_morning_s_digests_and_is_named_while_it_runs(app: App, fleet: Environment) -> None:
    async with running(Worker(lambda: app)):
        await until(lambda: fleet.received() == {"slack": 1, "discord": 0, "mail": 1})
        await until(lambda: bool(app.store.job_queue.figures().workers))  # type: ignore[union-attr]
        figures = app.store.job_queue.figures()
    assert figures is not None
    assert set(figures.workers[0].verbs) == set(Verb)
    after = app.store.job_queue.figures()
    assert after is not None
    assert after.workers == ()
    assert {state for _, state in after.counts} <= {"later", "waiting"}


async def test_it_leaves_the_jobs_of_other_verbs_to_others(app: App, fleet: Environment, postgres_url: str) -> None:
    async with running(Worker(lambda: app, verbs=(Verb.COLLECT,))):
        await until(lambda: sum(row.key.startswith("compose") for row in rows(postgres_url)) == 2)
        await until(lambda: any(row.key == "collect" and row.seconds for row in rows(postgres_url)))
    assert fleet.received() == {"slack": 0, "discord": 0, "mail": 0}


async def test_a_database_that_was_away_costs_a_worker_nothing_but_the_time(
    fleet: Environment, postgres_url: str
) -> None:
    fleet.config["store"] = f"{postgres_url}&application_name=taken-away"
    app: App
    away = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'taken-away'"
    async with fleet.app() as app, running(Worker(lambda: app)) as task:
        await until(lambda: fleet.received()["mail"] == 1)
        for _ in range(3):
            execute(postgres_url, away)
            await asyncio.sleep(0.2)
        with opened(postgres_url) as store:
            store.job_queue.ask(Job(Verb.PRUNE))
        await until(lambda: not any((row.key, row.state) == ("prune", "todo") for row in rows(postgres_url)))
        assert not task.done()


async def test_a_worker_that_is_ended_while_the_database_is_away_leaves_nothing_behind(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    monkeypatch.setattr(app, "settings", replace(app.settings, store=nobody))
    before = asyncio.all_tasks()
    async with running(Worker(lambda: app)):
        await asyncio.sleep(0.3)
    assert asyncio.all_tasks() == before


async def test_a_configuration_that_is_refused_is_told_to_the_operator(fleet: Environment) -> None:
    fleet.config["operator"] = "lab"
    stop, refused = asyncio.Event(), [True]
    app: App

    async def reload() -> Runner | None:
        if not refused:
            return None
        app.runner.add_alert("config", f"It is refused {refused.pop()}.")
        return app.runner

    async with fleet.app() as app:
        worker = Worker(lambda: app, verbs=(Verb.DELIVER,))
        task = asyncio.create_task(worker.run(stop, heartbeat=lambda: None, reload=reload))
        await until(lambda: "It is refused True." in fleet.slack_text())
        stop.set()
        await task


async def test_a_job_whose_end_could_not_be_noted_is_taken_back(
    app: App, fleet: Environment, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, failed = JobManager.finish_job, list[str]()

    async def finished(jobs: JobManager, job: ProcrastinateJob, *rest: Any, **more: Any) -> None:
        if job.task_name == "deliver" and not failed:
            failed.append(str(job.lock))
            raise ConnectorException
        await finish(jobs, job, *rest, **more)

    monkeypatch.setattr(JobManager, "finish_job", finished)
    async with running(Worker(lambda: app)):
        await until(lambda: bool(failed))
        await until(lambda: not any(row.key in failed for row in rows(postgres_url)))
    assert fleet.received() == {"slack": 1, "discord": 0, "mail": 1}


async def test_one_shard_is_composed_at_a_time(app: App, fleet: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    compose, at_once, most = app.runner.compose, 0, 0

    async def counted(**asked: Any) -> tuple[Composed, ...]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.1)
        at_once -= 1
        return await compose(**asked)

    monkeypatch.setattr(app.runner, "compose", counted)
    async with running(Worker(lambda: app)):
        await until(lambda: fleet.received() == {"slack": 1, "discord": 0, "mail": 1})
    assert most == 1


async def test_a_worker_that_was_taken_for_dead_registers_anew(app: App, postgres_url: str) -> None:
    async with running(Worker(lambda: app)):
        await until(lambda: bool(execute(postgres_url, "SELECT max(worker_id) FROM paperboy_workers")))
        before = execute(postgres_url, "SELECT max(worker_id) FROM paperboy_workers")
        execute(postgres_url, "DELETE FROM procrastinate_workers")
        app.store.job_queue.ask(Job(Verb.PRUNE))
        newest = "SELECT coalesce(max(worker_id), 0) > :before FROM paperboy_workers"
        await until(lambda: bool(execute(postgres_url, newest, before=before)))


async def test_what_a_reader_changed_and_what_is_missing_is_asked_for(app: App, postgres_url: str) -> None:
    worker = Worker(lambda: app)
    worker.wake()
    assert [row.key for row in rows(postgres_url)] == ["collect"]
    execute(postgres_url, "DELETE FROM procrastinate_jobs")
    app.store.close()
    async with running(Worker(lambda: app, verbs=(Verb.PRUNE,))):
        execute(postgres_url, "DELETE FROM procrastinate_jobs WHERE lock = 'collect'")
        await until(lambda: any(row.key == "collect" for row in rows(postgres_url)))


async def test_a_changed_configuration_is_looked_for_before_each_job(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", PATIENCE_SECONDS)
    looks = 0

    async def looked() -> None:
        nonlocal looks
        looks += 1

    stop = asyncio.Event()
    task = asyncio.create_task(Worker(lambda: app).run(stop, heartbeat=lambda: None, reload=looked))
    await until(lambda: looks > 1)
    stop.set()
    await task


async def test_what_is_missing_is_asked_for_by_who_repairs(app: App, postgres_url: str) -> None:
    worker = Worker(lambda: app)

    async def nothing(_job: Job) -> None:
        """Does nothing."""

    async with open_queue(postgres_url, nothing, worker._repair).open_async() as queue:
        await worker._repair(queue)
    assert [row.key for row in rows(postgres_url)] == ["collect"]


async def test_a_message_in_flight_is_unknown_when_a_worker_has_ended(
    app: App, fleet: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.1)
    fleet.slack.script.append(FaultScript(takes=True, hangs=PATIENCE_SECONDS))
    async with running(Worker(lambda: app)):
        await until(lambda: fleet.received() == {"slack": 1, "discord": 0, "mail": 1})
    assert {each.subscriber: each.state for each in app.store.queries.all()} == {
        "lab": DeliveryState.UNKNOWN,
        "reader": DeliveryState.SENT,
    }


async def test_it_follows_the_configuration_to_another_database(
    app: App, fleet: Environment, postgres_url: str
) -> None:
    fleet.config["store"] = f"{postgres_url}&application_name=moved"
    fresh: App
    async with fleet.app() as fresh:
        opened_now = [app]
        moved = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'moved' AND query LIKE 'LISTEN%'"
        async with running(Worker(lambda: opened_now[0])):
            await until(lambda: fleet.received()["mail"] == 1)
            opened_now[0] = fresh
            await until(lambda: bool(execute(postgres_url, moved)))
