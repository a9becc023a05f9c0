"""Several processes on one store: each thing once, in order, and nobody past a gate together with another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from sqlalchemy import event, select

from bot.errors import StoreError
from bot.model import AnnounceType, FeedItem, Limit, Limits, Mailing, MailingState, Message, Receipt, UnknownDelivery
from bot.store import Store
from bot.store.database.dialect import Lock, hold_lock
from bot.store.database.tables import announcements, deliveries
from bot.store.leases import LeaseTakenError
from bot.store.limits import lock_limit, open_circuit, write_limit
from bot.store.outbox import Claimed, RenderedDigest
from bot.store.outbox.claim import ClaimRequest
from bot.store.outbox.policy import LEASE, Lane, Wait
from bot.store.papers import Verdict
from bot.store.subscribers import StateChangedError, SubscriberState
from bot.store.suppressions import Suppression, SuppressionReason, Via
from bot.store.worker import WorkerId
from tests.builders import paper
from tests.store.courier import CREDENTIAL_SECONDS, DESTINATION_SECONDS
from tests.store.one_lane import claim_one, settle_sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
LANES = ("here", "there")
HERE = Lane("here", "")
GATES = Limits(Limit("slack:here", 0.0), Limit("token", 0.0))

Value = TypeVar("Value")


@contextmanager
def machines(url: str) -> Iterator[tuple[Store, Store]]:
    me = WorkerId.current()
    both = Store(url, replace(me, host="one")), Store(url, replace(me, host="two"))
    yield both
    for store in both:
        store.close()


@pytest.fixture
def stores(url: str) -> Iterator[tuple[Store, Store]]:
    """Two machines."""
    with machines(url) as both:
        yield both


@pytest.fixture
def postgres_stores(postgres_url: str) -> Iterator[tuple[Store, Store]]:
    """Two machines that write at the same time."""
    with machines(postgres_url) as both:
        yield both


def together(*jobs: Callable[[], Value]) -> list[Value]:
    """What they return when they start at the same moment."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], Value]) -> Value:
        barrier.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(run, jobs))


def enqueue(store: Store, name: str, *texts: str) -> int:
    rendered = RenderedDigest("slack", name, tuple(Message({"text": text}, None) for text in texts))
    return store.outbox.enqueue(store.subscribers.state(name) or SubscriberState(name), rendered, ("",), NOW)


def claim(store: Store) -> Claimed | UnknownDelivery | Wait | None:
    return claim_one(store.outbox, HERE, GATES, owner=store.owner, now=NOW, ignore_backoff=False)


def test_forty_deliveries_over_two_lanes_go_out_once_in_order_and_paced(
    store: Store, url: str, tmp_path: Path
) -> None:
    for lane in LANES:
        enqueue(store, lane, *(str(number) for number in range(20)))
    log = tmp_path / "sent"
    command = [sys.executable, "-m", "tests.store.courier", url]
    with ExitStack() as running:
        machines = [running.enter_context(courier(*command, host, str(log), "20")) for host in ("one", "two")]
        for machine in machines:
            assert machine.stdout is not None
            assert machine.stdout.readline() == "ready\n"
        for machine in machines:
            assert machine.stdin is not None
            machine.stdin.write("begin\n")
            machine.stdin.flush()
        assert [machine.wait(60) for machine in machines] == [0, 0]
    sent = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(sent) == 40
    assert Counter(each["host"] for each in sent) == {"one": 20, "two": 20}
    for lane in LANES:
        mine = sorted((each for each in sent if each["lane"] == lane), key=lambda each: each["began"])
        assert [each["payload"]["text"] for each in mine] == [str(number) for number in range(20)]
        assert all(before["ended"] <= after["began"] for before, after in pairwise(mine))
        assert paced(mine, DESTINATION_SECONDS)
    assert paced(sent, CREDENTIAL_SECONDS)
    assert store.outbox.lanes() == ()


def courier(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def paced(sent: list[dict[str, Any]], seconds: float) -> bool:
    moments = sorted(each["claimed"] for each in sent)
    return all(after - before >= seconds - 1e-5 for before, after in pairwise(moments))


def test_of_two_lanes_behind_one_credential_one_passes_at_a_time(stores: tuple[Store, Store]) -> None:
    for lane in LANES:
        enqueue(stores[0], lane, *("message",) * 10)

    def pass_gate(store: Store, name: str, at: datetime) -> Claimed | UnknownDelivery | Wait | None:
        limits = Limits(Limit(f"slack:{name}", 0.0), Limit("token", 1.0))
        found = claim_one(store.outbox, Lane(name, ""), limits, owner=store.owner, now=at, ignore_backoff=False)
        if isinstance(found, Claimed):
            settle_sent(store.outbox, found.delivery, Receipt(), limits, owner=store.owner, now=at)
        return found

    for second in range(10):
        at = NOW + timedelta(seconds=second)
        found = together(partial(pass_gate, stores[0], LANES[0], at), partial(pass_gate, stores[1], LANES[1], at))
        assert sorted(type(each).__name__ for each in found) == ["Claimed", "Wait"]


def test_one_delivery_is_claimed_by_one(stores: tuple[Store, Store]) -> None:
    for number in range(10):
        enqueue(stores[0], "here", str(number))
        found = together(partial(claim, stores[0]), partial(claim, stores[1]))
        (mine,) = (each for each in found if isinstance(each, Claimed))
        owner = stores[found.index(mine)].owner
        assert any(isinstance(each, Wait) for each in found)
        settle_sent(stores[0].outbox, mine.delivery, Receipt(), GATES, owner=owner, now=NOW)


def test_a_lane_that_another_is_deciding_about_is_looked_at_again_in_a_second(
    postgres_stores: tuple[Store, Store],
) -> None:
    mine, theirs = postgres_stores
    enqueue(mine, "here", "message")
    claim(mine)
    with theirs._database.writing() as connection:
        connection.execute(select(deliveries).with_for_update())
        assert claim(mine) == Wait(NOW + timedelta(seconds=1), "another process is at it", pacing=True)
        later = NOW + LEASE
        left_alone = mine.outbox.recover(HERE, owner=mine.owner, now=later)
        assert left_alone == ()
    assert mine.outbox.recover(HERE, owner=mine.owner, now=later) != ()
    assert isinstance(claim(mine), UnknownDelivery)


def test_a_suppressed_lane_that_another_is_deciding_about_is_not_waited_for(postgres_url: str) -> None:
    with machines(postgres_url) as (mine, theirs):
        enqueue(mine, "here", "message")
        with mine.transaction() as transaction:
            no = Suppression("theirs", "s", SuppressionReason.UNSUBSCRIBED, Via.PAGE, subscriber=None, since=NOW)
            transaction.suppressions.put(no)
        hasty = Store(postgres_url, mine.owner, lock_timeout_ms=300)
        asked = [ClaimRequest(HERE, GATES, suppression_keys=("theirs",))]
        with theirs._database.writing() as connection:
            connection.execute(select(deliveries).with_for_update())
            assert hasty.outbox.claim_batch((), asked, owner=hasty.owner, now=NOW).outcomes == (None,)
        hasty.close()


def test_a_relay_that_sets_no_pace_is_no_lock_between_machines(postgres_url: str) -> None:
    with machines(postgres_url) as (mine, theirs):
        with theirs._database.writing() as connection:
            write_limit(connection, "token", opens_at=NOW)
        enqueue(mine, "here", "one", "two")
        patient = Store(postgres_url, mine.owner, lock_timeout_ms=300)
        with theirs._database.writing() as connection:
            lock_limit(connection, "token")  # another machine is passing it
            first = claim(patient)
            assert isinstance(first, Claimed)
            settle_sent(patient.outbox, first.delivery, Receipt(), GATES, owner=patient.owner, now=NOW)
        patient.close()


def test_a_relay_whose_circuit_was_opened_is_tried_by_one_machine_at_a_time(postgres_url: str) -> None:
    with machines(postgres_url) as (mine, theirs):
        with theirs._database.writing() as connection:
            open_circuit(connection, "token", until=NOW - timedelta(hours=1), reason="refused", now=NOW)
        enqueue(mine, "here", "one")
        patient = Store(postgres_url, mine.owner, lock_timeout_ms=300)
        with theirs._database.writing() as connection:
            lock_limit(connection, "token")
            with pytest.raises(StoreError, match="lock timeout"):
                claim(patient)
        patient.close()


def test_what_another_claims_between_the_look_and_the_lock_is_not_claimed_twice(
    postgres_stores: tuple[Store, Store],
) -> None:
    mine, theirs = postgres_stores
    enqueue(mine, "here", "one")
    found = claim_while(mine, lambda: claim(theirs))
    assert isinstance(found, Wait)
    assert found.reason == "another process is sending it"


def test_what_another_gives_up_between_the_look_and_the_lock_is_not_claimed(
    postgres_stores: tuple[Store, Store],
) -> None:
    mine, theirs = postgres_stores
    enqueue(mine, "here", "one")
    found = claim_while(mine, lambda: theirs.address_changes.drop(HERE, "given up", NOW))
    assert found == Wait(NOW + timedelta(seconds=1), "another process is at it", pacing=True)
    assert claim(mine) is None


def claim_while(store: Store, happens: Callable[[], object]) -> Claimed | UnknownDelivery | Wait | None:
    """Claim, and have that happen elsewhere just before the delivery is locked."""
    left = [happens]

    def interrupt(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "SKIP LOCKED" in statement and left:
            left.pop()()

    event.listen(store._database._engines.writing, "before_cursor_execute", interrupt)
    found = claim(store)
    assert not left
    return found


def test_a_lease_that_two_want_at_once_goes_to_one(stores: tuple[Store, Store]) -> None:
    def take(store: Store) -> bool:
        try:
            store.leases.acquire("collect", NOW, timedelta(minutes=1))
        except LeaseTakenError:
            return False
        return True

    for _ in range(10):
        assert sorted(together(lambda: take(stores[0]), lambda: take(stores[1]))) == [False, True]
        for store in stores:
            store.leases.release("collect")


def test_two_composers_at_once_write_different_deliveries(stores: tuple[Store, Store]) -> None:
    for _ in range(10):
        written = together(lambda: enqueue(stores[0], "here", "same"), lambda: enqueue(stores[1], "there", "same"))
        assert written == [1, 1]
    assert len(stores[0].queries.unfinished()) == 20


def test_of_two_composers_of_one_subscriber_at_once_one_writes(stores: tuple[Store, Store]) -> None:
    def compose(store: Store, state: SubscriberState) -> int:
        rendered = RenderedDigest("slack", "news", (Message({"text": "news"}, None),))
        try:
            return store.outbox.enqueue(state, rendered, ("",), NOW)
        except StateChangedError:
            return 0

    for _ in range(10):
        seen = stores[0].subscribers.state("here") or SubscriberState("here")
        assert sorted(together(partial(compose, stores[0], seen), partial(compose, stores[1], seen))) == [0, 1]


def test_no_announcement_appears_behind_one_that_was_seen(stores: tuple[Store, Store], url: str) -> None:
    over, reader = Event(), Store(url)
    late: list[int] = []

    def month(store: Store, category: str) -> None:
        for day in range(1, 31):
            record(store, category, day)

    def read() -> None:
        seen: set[int] = set()
        while not over.is_set():
            with reader._database.reading() as connection:
                now = set(connection.scalars(select(announcements.c.seq)))
            late.extend(seq for seq in now - seen if seen and seq < max(seen))
            seen = now

    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read)
        try:
            together(partial(month, stores[0], "cs.CV"), partial(month, stores[1], "cs.LG"))
        finally:
            over.set()
        reading.result(30)
    assert late == []
    assert sum(len(reader.papers.announcements_after(c, 0, 1_000_000)) for c in ("cs.CV", "cs.LG")) == 1200
    reader.close()


ALONE: dict[str, tuple[Lock, Callable[[Store], object]]] = {
    "an answer recorded": (Lock.ANNOUNCEMENTS, lambda store: record(store, "cs.CV", 20)),
    "a failure recorded": (
        Lock.ANNOUNCEMENTS,
        lambda store: store.papers.record_failure(NOW.date(), "cs.CV", Verdict(MailingState.FAILED, ""), NOW),
    ),
    "a digest enqueued": (Lock.DELIVERIES, lambda store: enqueue(store, "here", "message")),
    "payloads pruned": (Lock.DELIVERIES, lambda store: store.outbox.prune(NOW)),
    "a lease taken": (Lock.LEASES, lambda store: store.leases.acquire("collect", NOW, timedelta(minutes=1))),
}


@pytest.mark.parametrize("what", ALONE)
def test_what_one_does_at_a_time_waits_for_who_is_doing_it(stores: tuple[Store, Store], what: str) -> None:
    lock, job = ALONE[what]
    with ThreadPoolExecutor(1) as threads:
        with stores[0]._database.writing() as connection:
            hold_lock(connection, lock)
            waiting = threads.submit(job, stores[1])
            with pytest.raises(TimeoutError):
                waiting.result(0.1)
        waiting.result(10)


def record(store: Store, category: str, day: int) -> None:
    """Twenty papers that no other category has."""
    entries = (FeedItem(paper(f"{category}/{number:07d}"), AnnounceType.NEW) for number in range(20))
    answer = Mailing(category, date(2026, 4, day), tuple(entries))
    store.papers.record(answer, Verdict(MailingState.COMPLETE, ""), NOW)
