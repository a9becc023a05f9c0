"""Status of the workers: who takes what, what waits, and what nobody takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.app.fleet.queue import prepare
from bot.report.workers import fleet
from bot.store import Store
from bot.store.jobs import Job, Verb
from tests.app.fleet.rows import execute, register, take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world import Environment


@pytest.fixture
def shared(environment: Environment, postgres_url: str) -> Environment:
    environment.config |= {"store": postgres_url, "fleet": True}
    return environment


@pytest.fixture
def store(shared: Environment, postgres_url: str) -> Iterator[Store]:
    prepare(postgres_url)
    store = Store(shared.settings.store, fleet=True)
    yield store
    store.close()


def test_where_nobody_shares_the_work_there_is_nothing_to_say(environment: Environment, store: Store) -> None:
    environment.config["fleet"] = False
    assert fleet(store, environment.settings) is None


def test_a_store_without_a_queue_says_how_to_make_it(shared: Environment, empty_schema_url: str) -> None:
    fresh = Store(empty_schema_url)
    found = fleet(fresh, shared.settings)
    fresh.close()
    assert found is not None
    assert found.troubles == ("there is no queue of jobs yet: `paperboy worker` makes it",)


def test_what_waits_and_nobody_takes_is_a_trouble_and_so_is_what_failed(
    shared: Environment, store: Store, postgres_url: str
) -> None:
    alive, dead = register(postgres_url), register(postgres_url)
    store.job_queue.note_worker(alive, store.owner, ["collect", "compose"])
    store.job_queue.note_worker(dead, replace(store.owner, pid=1), ["deliver"])
    silent = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '40 s' WHERE id = :number"
    execute(postgres_url, silent, number=dead)
    store.job_queue.ask(Job(Verb.COLLECT), Job(Verb.DELIVER, 1), Job(Verb.DELIVER, 2), Job(Verb.PUBLISH))
    assert take(postgres_url, "publish", worker=alive) == "publish"
    execute(
        postgres_url,
        "SELECT procrastinate_finish_job_v1(id, 'failed', false) FROM procrastinate_jobs WHERE status = 'doing'",
    )
    found = fleet(store, shared.settings)
    assert found is not None
    assert found.troubles == (
        "deliver: 2 jobs wait, and no worker takes them",
        "publish: 1 job failed since yesterday; the workers' logs say why",
    )
    assert {each.verb: each.waiting for each in found.jobs}["collect"] == 1
    assert [worker.is_alive for worker in found.workers] == [True, False]
