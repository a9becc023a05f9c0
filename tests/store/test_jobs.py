"""Jobs are asked for in the transaction that makes their work, wait once, and are only ever brought forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from bot.app.fleet.queue import prepare
from bot.model import Message, shard_of
from bot.store import Store
from bot.store.jobs import Job, Verb, ask
from bot.store.outbox import RenderedDigest
from bot.store.subscribers import StateChangedError, SubscriberState
from tests.app.fleet.rows import Row, keys, opened, rows, take

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COLLECT, SEVENTH = Job(Verb.COLLECT), Job(Verb.DELIVER, 7)
DIGEST = RenderedDigest("slack", "Birds", (Message({"text": "hello"}),), ())


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    with opened(postgres_url) as store:
        yield store


def test_a_job_goes_back_with_the_transaction_that_asked_for_it(store: Store, postgres_url: str) -> None:
    with pytest.raises(RuntimeError), store.job_queue._database.writing() as connection:
        ask(connection, [SEVENTH])
        raise RuntimeError
    assert rows(postgres_url) == []


def test_a_job_that_waits_is_not_asked_for_twice(store: Store, postgres_url: str) -> None:
    store.job_queue.ask(SEVENTH, SEVENTH)
    store.job_queue.ask(SEVENTH)
    assert rows(postgres_url) == [Row("deliver:7/32", "todo", 0)]


def test_a_job_that_is_being_done_can_be_asked_for_once_more_and_waits_for_its_end(
    store: Store, postgres_url: str
) -> None:
    store.job_queue.ask(SEVENTH)
    assert take(postgres_url) == "deliver:7/32"
    store.job_queue.ask(SEVENTH)
    assert [row.state for row in rows(postgres_url)] == ["doing", "todo"]
    assert take(postgres_url) is None


def test_a_job_that_waits_is_brought_forward_and_never_put_off(store: Store, postgres_url: str) -> None:
    store.job_queue.ask(SEVENTH, after=60 * MINUTE)
    assert take(postgres_url) is None
    store.job_queue.ask(SEVENTH, after=10 * MINUTE)
    assert 590 <= rows(postgres_url)[0].seconds <= 600
    store.job_queue.ask(SEVENTH)
    store.job_queue.ask(SEVENTH, after=MINUTE)
    assert take(postgres_url) == "deliver:7/32"


def test_who_takes_a_job_sees_what_the_transaction_wrote_that_asked_for_it(store: Store, postgres_url: str) -> None:
    store.job_queue.ask(SEVENTH)
    with store.job_queue._database.writing() as connection:
        ask(connection, [SEVENTH])
        assert take(postgres_url) is None
    assert take(postgres_url) == "deliver:7/32"


def test_a_digest_s_messages_ask_for_their_delivery(store: Store, postgres_url: str) -> None:
    store.outbox.enqueue_all([([(SubscriberState(name), ("",)) for name in ("lab", "dovecote")], DIGEST)], NOW)
    assert keys(postgres_url) == sorted(f"deliver:{shard_of(name)}/32" for name in ("lab", "dovecote"))


def test_a_delivery_that_is_retried_by_hand_is_asked_for_at_once(store: Store, postgres_url: str) -> None:
    store.outbox.enqueue_all([([(SubscriberState("lab"), ("",))], DIGEST)], NOW)
    deliver = Job(Verb.DELIVER, shard_of("lab"))
    assert take(postgres_url) == deliver.key
    store.job_queue.ask(deliver, after=60 * MINUTE)
    store.manual.retry(store.queries.all()[0].id, None)
    assert Row(deliver.key, "todo", 0) in rows(postgres_url)


def test_a_digest_that_is_not_written_asks_for_nothing(store: Store, postgres_url: str) -> None:
    store.outbox.enqueue(SubscriberState("lab"), DIGEST, ("",), NOW)
    assert take(postgres_url) is not None
    with pytest.raises(StateChangedError):
        store.outbox.enqueue(SubscriberState("lab"), DIGEST, ("",), NOW)
    assert [row.state for row in rows(postgres_url)] == ["doing"]


def test_two_who_ask_for_the_same_jobs_in_another_order_wait_for_each_other(store: Store, postgres_url: str) -> None:
    jobs = [Job(Verb.DELIVER, number) for number in range(32)]

    def one_by_one(wanted: list[Job]) -> None:
        for _ in range(5):
            with store.job_queue._database.writing() as connection:
                for job in wanted:
                    ask(connection, [job])

    threads = [Thread(target=one_by_one, args=(order,)) for order in (jobs, jobs[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(postgres_url)) == 32


def test_collecting_comes_before_sending_and_sending_before_composing(store: Store, postgres_url: str) -> None:
    store.job_queue.ask(Job(Verb.COMPOSE, 1), Job(Verb.DELIVER, 2))
    store.job_queue.ask(COLLECT)
    assert [take(postgres_url) for _ in range(4)] == ["collect", "deliver:2/32", "compose:1/32", None]


def test_a_store_that_is_not_said_to_have_many_workers_asks_for_nothing(postgres_url: str) -> None:
    prepare(postgres_url)
    alone = Store(postgres_url)
    alone.outbox.enqueue(SubscriberState("lab"), DIGEST, ("",), NOW)
    alone.job_queue.ask(COLLECT)
    alone.close()
    assert rows(postgres_url) == []


@pytest.mark.parametrize("made", ["sqlite_url", "empty_schema_url"])
def test_a_store_without_a_queue_asks_for_nothing(request: pytest.FixtureRequest, made: str) -> None:
    fresh = Store(request.getfixturevalue(made), fleet=True)
    fresh.outbox.enqueue(SubscriberState("lab"), DIGEST, ("",), NOW)
    fresh.job_queue.ask(COLLECT)
    assert fresh.job_queue.figures() is None
    fresh.close()


def test_a_job_names_its_shard_and_how_many_there_are() -> None:
    assert (SEVENTH.key, SEVENTH.arguments) == ("deliver:7/32", {"shard": 7, "of": 32})
    assert (COLLECT.key, COLLECT.arguments, COLLECT.subscribers) == ("collect", {}, None)
    assert SEVENTH.subscribers is not None
    assert ("lab" in SEVENTH.subscribers) == (shard_of("lab") == 7)
