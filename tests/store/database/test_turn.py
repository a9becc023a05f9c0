from __future__ import annotations

import threading

import pytest
from sqlalchemy.engine import make_url

from bot.errors import StoreError
from bot.store.database.turn import Turn

FILE, OTHER, SERVER = map(make_url, ("sqlite:///a.db", "sqlite:///b.db", "postgresql+psycopg://h/d"))


def test_who_writes_the_same_file_waits_and_says_so_after_a_while() -> None:
    first, second = (Turn.of(FILE, "sqlite:///a.db", 0.01) for _ in range(2))
    with first.taken():
        with pytest.raises(StoreError, match="locked by another thread"), second.taken():
            pass
        with Turn.of(OTHER, "b", 0.01).taken():
            pass
    with second.taken():
        pass


def test_a_turn_ends_with_its_transaction_also_when_that_fails() -> None:
    turn = Turn.of(FILE, "a", 0.01)
    with pytest.raises(ZeroDivisionError), turn.taken():
        raise ZeroDivisionError
    with turn.taken():
        pass


def test_a_server_has_its_own_order() -> None:
    turn = Turn.of(SERVER, "p", 0.01)
    with turn.taken(), turn.taken():
        pass


def test_a_thread_goes_on_the_moment_the_other_is_done() -> None:
    turn, order = Turn.of(FILE, "a", 5.0), []

    def write() -> None:
        with turn.taken():
            order.append("second")

    with turn.taken():
        thread = threading.Thread(target=write)
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
