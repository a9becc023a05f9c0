"""`paperboy status` and `check` where many share the work: the workers, their jobs, and what nobody takes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bot.app.fleet.queue import prepare
from bot.store import Store
from bot.store.jobs import Job, Verb
from tests.app.fleet.rows import register, take

if TYPE_CHECKING:
    import pytest

    from tests.cli.conftest import Terminal
    from tests.world import Environment


async def test_workers_and_jobs_are_shown(
    environment: Environment, paperboy: Terminal, empty_schema_url: str
) -> None:
    environment.config |= {"store": empty_schema_url, "fleet": True}
    assert "there is no queue" not in (await paperboy("status")).out  # nor is there a store
    prepare(empty_schema_url)
    store = Store(empty_schema_url, fleet=True)
    number = register(empty_schema_url)
    store.job_queue.note_worker(number, store.owner, ["collect", "deliver"])
    store.job_queue.ask(Job(Verb.DELIVER, 7), Job(Verb.COMPOSE, 3))
    assert take(empty_schema_url, worker=number) == "deliver:7/32"
    store.close()
    shown = " ".join((await paperboy("status")).out.split())
    assert f"{store.owner.host} ({store.owner.pid}) collect, deliver deliver:7/32" in shown
    assert "compose: 1 job waits, and no worker takes them" in shown
    assert "deliver 0 0 1 0" in shown
    said = (await paperboy("status", "--json")).json["fleet"]
    assert said["workers"][0]["doing"] == ["deliver:7/32"]
    assert {each["verb"]: each["doing"] for each in said["jobs"]}["deliver"] == 1


async def test_one_process_alone_has_no_workers(environment: Environment, paperboy: Terminal) -> None:
    await environment.once()
    assert "Workers" not in (await paperboy("status")).out
    assert (await paperboy("status", "--json")).json["fleet"] is None


async def test_check_says_who_shares_the_work_and_what_it_needs(
    environment: Environment, paperboy: Terminal, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.config |= {"store": postgres_url, "fleet": True}
    prepare(postgres_url)
    assert "fleet no worker runs" in " ".join((await paperboy("check")).out.split())
    store = Store(postgres_url, fleet=True)
    store.job_queue.note_worker(register(postgres_url), store.owner, ["collect"])
    store.close()
    shared = f"fleet shared by {store.owner.host} ({store.owner.pid})"
    assert shared in " ".join((await paperboy("check")).out.split())
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    answer = await paperboy("check")
    assert (answer.code, "fleet needs an extra" in " ".join(answer.out.split())) == (1, True)
