"""The queue as a whole: made once, what is missing in it, its workers and figures."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from bot.app.fleet.queue import prepare
from bot.errors import StoreError
from bot.model import DeliveryState, shard_of
from bot.store import Store
from bot.store.jobs import Job, Verb
from bot.store.subscribers import SubscriberState
from tests.app.fleet.rows import execute, opened, register, rows, take
from tests.store.test_jobs import DIGEST, NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

COLLECT, PUBLISH = Job(Verb.COLLECT), Job(Verb.PUBLISH)
LAB = Job(Verb.DELIVER, shard_of("lab"))


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    with opened(postgres_url) as store:
        yield store


def test_two_that_start_at_once_make_the_queue_once(empty_schema_url: str) -> None:
    threads = [Thread(target=prepare, args=(empty_schema_url,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert execute(empty_schema_url, "SELECT count(*) FROM paperboy_workers") == 0
    before, after = prepare(empty_schema_url)
    assert before == after != ""


def test_a_round_and_what_is_left_are_missing_where_nobody_asked_for_them(store: Store, postgres_url: str) -> None:
    assert store.job_queue.missing() == (COLLECT,)
    alone = Store(postgres_url)
    alone.outbox.enqueue(SubscriberState("lab"), DIGEST, ("",), NOW)
    alone.close()
    assert store.job_queue.missing() == (COLLECT, LAB)
    assert store.job_queue.left() == (LAB,)
    store.job_queue.ask(LAB, after=timedelta(hours=1))
    store.job_queue.ask(COLLECT)
    assert take(postgres_url) == "collect"
    assert store.job_queue.missing() == ()


def test_what_is_sent_is_not_left(store: Store, postgres_url: str) -> None:
    store.outbox.enqueue(SubscriberState("lab"), DIGEST, ("",), NOW)
    execute(postgres_url, "UPDATE deliveries SET state = :state", state=DeliveryState.SENT.value)
    assert store.job_queue.left() == ()


def test_figures_tell_what_waits_what_comes_later_and_who_does_what(store: Store, postgres_url: str) -> None:
    number = register(postgres_url)
    store.job_queue.note_worker(number, store.owner, ["collect", "deliver"])
    store.job_queue.note_worker(number, store.owner, ["collect", "deliver"])
    store.job_queue.ask(COLLECT, LAB)
    store.job_queue.ask(PUBLISH, after=timedelta(hours=1))
    assert take(postgres_url, worker=number) == "collect"
    execute(
        postgres_url, "UPDATE procrastinate_jobs SET scheduled_at = now() - interval '90 s' WHERE lock ~ 'deliver'"
    )
    found = store.job_queue.figures()
    assert found is not None
    assert found.counts == {("collect", "doing"): 1, ("deliver", "waiting"): 1, ("publish", "later"): 1}
    assert found.oldest_seconds is not None
    assert 90 <= found.oldest_seconds < 120
    (worker,) = found.workers
    assert (worker.host, worker.pid) == (store.owner.host, store.owner.pid)
    assert (worker.verbs, worker.doing) == (("collect", "deliver"), ("collect",))
    assert worker.silent_seconds < 30


def test_a_process_with_two_of_procrastinate_s_workers_is_one_worker(store: Store, postgres_url: str) -> None:
    numbers = [register(postgres_url) for _ in range(3)]
    for number, verbs in zip(numbers, (["collect"], ["compose", "publish"], []), strict=True):
        store.job_queue.note_worker(number, store.owner, verbs)
    store.job_queue.ask(COLLECT, PUBLISH)
    assert take(postgres_url, "collect", worker=numbers[0]) == "collect"
    assert take(postgres_url, "publish", worker=numbers[1]) == "publish"
    found = store.job_queue.figures()
    assert found is not None
    (worker,) = found.workers
    assert (worker.verbs, worker.doing) == (("collect", "compose", "publish"), ("collect", "publish"))


def test_a_job_behind_one_that_is_being_done_is_not_late(store: Store, postgres_url: str) -> None:
    store.job_queue.ask(LAB)
    assert take(postgres_url) == LAB.key
    store.job_queue.ask(LAB)
    found = store.job_queue.figures()
    assert found is not None
    assert found.oldest_seconds is None
    assert len(rows(postgres_url)) == 2


def test_a_worker_that_ended_is_no_longer_named(store: Store, postgres_url: str) -> None:
    number = register(postgres_url)
    store.job_queue.note_worker(number, store.owner, ["collect"])
    execute(postgres_url, "SELECT procrastinate_unregister_worker_v1(:number)", number=number)
    found = store.job_queue.figures()
    assert found is not None
    assert found.workers == ()
    with pytest.raises(StoreError):
        store.job_queue.note_worker(number, store.owner, ["collect"])
