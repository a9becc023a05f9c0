from __future__ import annotations

import threading

import pytest
from sqlalchemy.engine import make_url

from bot.errors import StoreError
from bot.store.database.write_lock import WriteLock

FILE, OTHER, SERVER = map(make_url, ("sqlite:///a.db", "sqlite:///b.db", "postgresql+psycopg://h/d"))


def test_who_writes_the_same_file_waits_and_says_so_after_a_while() -> None:
    first, second = (WriteLock.of(FILE, "sqlite:///a.db", 0.01) for _ in range(2))
    with first.held():
        with pytest.raises(StoreError, match="locked by another thread"), second.held():
            pass
        with WriteLock.of(OTHER, "b", 0.01).held():
            pass
    with second.held():
        pass


def test_a_turn_ends_with_its_transaction_also_when_that_fails() -> None:
    lock = WriteLock.of(FILE, "a", 0.01)
    with pytest.raises(ZeroDivisionError), lock.held():
        raise ZeroDivisionError
    with lock.held():
        pass


def test_a_server_has_its_own_order() -> None:
    lock = WriteLock.of(SERVER, "p", 0.01)
    with lock.held(), lock.held():
        pass


def test_a_thread_goes_on_the_moment_the_other_is_done() -> None:
    lock, order = WriteLock.of(FILE, "a", 5.0), []

    def write() -> None:
        with lock.held():
            order.append("second")

    with lock.held():
        thread = threading.Thread(target=write)
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
