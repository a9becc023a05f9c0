from __future__ import annotations

import asyncio
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.members.store_thread import BusyError, StoreThread
from bot.store.suppressions import Suppression, SuppressionReason, Via
from tests.members.driver import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from bot.store import Store


@pytest.fixture
def thread() -> Iterator[StoreThread]:
    thread = StoreThread("t", shares_commits=True, seconds=0.2, most_waiting=2)
    yield thread
    thread.close()


def put(store: Store, key: str) -> Callable[[], str]:
    def write() -> str:
        with store.transaction() as transaction:
            suppression = Suppression(key, "s", SuppressionReason.UNSUBSCRIBED, Via.PAGE, subscriber=None, since=NOW)
            transaction.suppressions.put(suppression)
        return key

    return write


def known(store: Store) -> set[str]:
    with store.snapshot() as view:
        return {each.key for each in view.suppressions.all()}


async def test_what_takes_too_long_is_not_waited_for_and_holds_up_no_event(store: Store, thread: StoreThread) -> None:
    release = threading.Event()
    with pytest.raises(BusyError) as error:
        await thread.run(store, release.wait)
    assert error.value.retry_after == 5.0
    release.set()
    assert await thread.run(store, lambda: 1) == 1


async def test_what_waits_behind_it_is_not_begun_once_nobody_waits(store: Store, thread: StoreThread) -> None:
    release, begun = threading.Event(), []
    both = await asyncio.gather(
        thread.run(store, release.wait), thread.run(store, lambda: begun.append(1)), return_exceptions=True
    )
    release.set()
    assert [type(each) for each in both] == [BusyError, BusyError]
    assert await thread.run(store, lambda: 1) == 1
    assert begun == []


async def test_too_many_are_told_to_come_again(store: Store, thread: StoreThread) -> None:
    release = threading.Event()
    asked = [asyncio.create_task(thread.run(store, release.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await thread.run(store, lambda: 1)
    release.set()
    assert await asyncio.gather(*asked) == [True, True, True]


async def test_commands_that_wait_together_share_a_commit_and_one_that_fails_fails_alone(
    store: Store, thread: StoreThread
) -> None:
    release = threading.Event()
    seen: list[set[str]] = []

    def fails() -> None:
        put(store, "undone")
        seen.append(known(store))
        raise ZeroDivisionError

    first = asyncio.create_task(thread.run(store, release.wait))
    await asyncio.sleep(0.01)
    rest = asyncio.gather(thread.run(store, put(store, "a")), thread.run(store, fails), return_exceptions=True)
    await asyncio.sleep(0)
    release.set()
    assert await first
    answers = await rest
    assert (answers[0], type(answers[1])) == ("a", ZeroDivisionError)
    assert seen == [{"a"}]
    assert known(store) == {"a"}


async def test_pages_that_only_read_share_no_transaction_however_many_wait(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, shared, thread = threading.Event(), list[int](), StoreThread("t", shares_commits=False)

    def counted() -> AbstractContextManager[None]:
        shared.append(1)
        return nullcontext()

    monkeypatch.setattr(store, "shared_transaction", counted)
    first = asyncio.create_task(thread.run(store, release.wait))
    await asyncio.sleep(0.01)
    rest = asyncio.gather(thread.run(store, lambda: known(store)), thread.run(store, lambda: known(store)))
    await asyncio.sleep(0)
    release.set()
    assert await first
    assert list(await rest) == [set(), set()]
    assert shared == []
    thread.close()


async def test_where_a_commit_fails_each_is_tried_alone(
    store: Store, thread: StoreThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise StoreError("s", "disk full")

    monkeypatch.setattr(store, "shared_transaction", broken)
    release = threading.Event()
    first = asyncio.create_task(thread.run(store, release.wait))
    await asyncio.sleep(0.01)
    rest = asyncio.gather(thread.run(store, put(store, "a")), thread.run(store, put(store, "b")))
    await asyncio.sleep(0)
    release.set()
    await first
    assert list(await rest) == ["a", "b"]
    assert known(store) == {"a", "b"}


async def test_a_fault_reaches_who_waits(store: Store, thread: StoreThread) -> None:
    with pytest.raises(ZeroDivisionError):
        await thread.run(store, lambda: 1 // 0)


async def test_who_is_cancelled_as_the_answer_comes_is_cancelled(
    store: Store, thread: StoreThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://github.com/python/cpython/issues/86296: asyncio.wait_for forgot it, before Python 3.12."""
    monkeypatch.setattr(thread, "_begin", lambda: None)
    asking = asyncio.create_task(thread.run(store, lambda: 1))
    await asyncio.sleep(0)
    (job,) = thread._waiting
    job.answer.set_result(1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_who_writes_beside_it_waits_for_no_long_row_of_commands(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.members.store_thread.SECONDS_TOGETHER", 0.0)
    commits, thread = [], StoreThread("t", shares_commits=True)
    shared = store.shared_transaction

    def counted() -> AbstractContextManager[None]:
        commits.append(1)
        return shared()

    monkeypatch.setattr(store, "shared_transaction", counted)
    keys = [f"{number}" for number in range(4)]
    assert await asyncio.gather(*(thread.run(store, put(store, key)) for key in keys)) == keys
    assert known(store) == set(keys)
    assert len(commits) > 1
    thread.close()
