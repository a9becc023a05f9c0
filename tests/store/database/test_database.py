"""An open database: transactions whole or not at all, and errors that say nothing of what they held."""

from __future__ import annotations

import sqlite3
import threading
import traceback
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from inspect import unwrap
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, func, select, text

from bot.errors import StoreError
from bot.store import Store
from bot.store.database import Database, connect
from bot.store.database.dialect import Lock, hold_lock
from bot.store.database.tables import concerns, gates, pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def test_an_error_shows_neither_parameters_nor_rows(database: Database) -> None:
    planted = {"key": "k", "reason": "planted-" + "secret"}
    with pytest.raises(StoreError) as twice, database.writing() as connection:
        connection.execute(gates.insert(), planted)
        connection.execute(gates.insert(), planted)
    with pytest.raises(StoreError) as nothing, database.writing() as connection:
        connection.execute(pages.insert().values(topic=planted["reason"], mailing_date=NOW.date(), seq=None))
    for caught in (twice, nothing):
        assert "planted-secret" not in "".join(traceback.format_exception(caught.value))


def test_a_failed_transaction_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError), database.writing() as connection:
        connection.execute(gates.insert().values(key="k"))
        raise RuntimeError
    with database.reading() as connection:
        assert count(connection) == 0


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.reading() as reader:
        before = count(reader)
        with database.writing() as writer:
            writer.execute(gates.insert().values(key="k"))
        assert count(reader) == before
    with database.reading() as reader:
        assert count(reader) == before + 1


def test_who_waits_too_long_for_another_s_transaction_is_told_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "LOCK_TIMEOUT_MS", 100)
    first, second = Database(url), Database(url)
    with first.writing() as connection:
        connection.execute(concerns.insert().values(key="k", told_at=NOW))
        with pytest.raises(StoreError, match="lock"), second.writing() as other:
            other.execute(concerns.insert().values(key="k", told_at=NOW))
    with second.writing() as other:
        other.execute(concerns.update().values(told_at=NOW))
    first.close()
    second.close()


def test_a_thread_that_waits_too_long_for_another_one_is_told_so_and_one_with_another_file_does_not_wait(
    tmp_path: Path,
) -> None:
    same, other = (f"sqlite:///{tmp_path / name}" for name in ("a.db", "b.db"))
    urls = (same, same, other)
    first, second, third = (Database(url, lock_timeout_ms=10) for url in urls)
    with first.writing():
        with pytest.raises(StoreError, match="locked by another thread"), second.writing():
            pass
        with third.writing():
            pass
    for each in (first, second, third):
        each.close()


def test_a_turn_ends_with_its_transaction_also_when_that_fails(sqlite_url: str) -> None:
    database = Database(sqlite_url, lock_timeout_ms=10)
    with pytest.raises(ZeroDivisionError), database.writing():
        raise ZeroDivisionError
    with database.writing():
        pass
    database.close()


def test_a_thread_goes_on_the_moment_the_other_is_done(sqlite_url: str) -> None:
    database, order = Database(sqlite_url), list[str]()

    def write() -> None:
        with database.writing():
            order.append("second")

    with database.writing():
        thread = threading.Thread(target=write)
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    database.close()


@contextmanager
def locked(sqlite_url: str) -> Iterator[sqlite3.Connection]:
    """Somebody else is in the middle of a writing transaction."""
    path = sqlite_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def test_who_waits_for_a_locked_file_has_it_as_soon_as_it_is_free(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with locked(sqlite_url) as other:
        release = threading.Timer(0.6, other.execute, ["COMMIT"])  # after more than one attempt
        release.start()
        with database.writing() as connection:
            connection.execute(gates.insert().values(key="k"))
        release.join()
    database.close()


def test_who_waits_for_a_locked_file_gives_up_once_the_process_is_to_end_and_nobody_else_begins_to_wait(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    waiting, errors = threading.Event(), list[StoreError]()

    def write() -> None:
        waiting.set()
        try:
            with database.writing():
                pass
        except StoreError as error:
            errors.append(error)

    with locked(sqlite_url):
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        waiting.wait()
        database.end_lock_waits(0.0)
        writer.join(20)  # it would wait for 30 s
        assert ["locked" in error.reason for error in errors] == [True]
        with pytest.raises(StoreError, match="locked"), database.writing():
            pass
    with database.writing() as connection:
        connection.execute(gates.insert().values(key="k"))
    database.close()


def test_who_waits_for_a_lock_of_postgres_gives_up_once_the_process_is_to_end_and_nobody_else_is_disturbed(
    postgres_url: str,
) -> None:
    waiter, holder = Database(postgres_url), Database(postgres_url)
    waiting, errors = threading.Event(), list[StoreError]()

    def write() -> None:
        try:
            with waiter.writing() as connection:
                waiting.set()
                hold_lock(connection, Lock.DELIVERIES)
        except StoreError as error:
            errors.append(error)

    with holder.writing() as connection:
        hold_lock(connection, Lock.DELIVERIES)
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        waiting.wait()
        waiter.end_lock_waits(0.0)
        writer.join(20)  # it would wait for 30 s
        assert ["canceling statement" in error.reason for error in errors] == [True]
        write()  # who begins to wait afterwards is cancelled too
        assert len(errors) == 2
        with waiter.writing() as other:  # and who need not wait is not
            other.execute(gates.insert().values(key="k"))
            assert other.execute(text("SELECT pg_sleep(0.6)")).rowcount == 1
    waiter.close()
    holder.close()


def test_a_server_of_postgres_that_may_not_answer_is_waited_for_shortly_once_the_process_is_to_end(
    postgres_url: str,
) -> None:
    database, waits = Database(postgres_url), list[str]()
    engine = database._engines.writing
    event.listen(engine, "do_connect", lambda *given: waits.append(given[3]["connect_timeout"]))
    engine.dispose()
    with database.reading():
        pass
    database.end_lock_waits(60)
    engine.dispose()
    with database.reading():
        pass
    assert waits == ["5", "2"]
    database.close()


def test_sqlite_keeps_every_commit_over_a_power_cut(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_sqlite", unwrap(connect._sqlite))  # as it is outside of tests
    database = Database(sqlite_url)
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    database.close()


def test_postgres_refuses_a_write_while_reading(postgres_url: str) -> None:
    database = Database(postgres_url)
    with pytest.raises(StoreError, match="read-only transaction"), database.reading() as connection:
        connection.execute(gates.insert().values(key="k"))
    database.close()


def test_a_connection_lost_in_mid_transaction_is_a_store_error_and_the_next_one_works(postgres_url: str) -> None:
    store, other = Store(postgres_url), Database(postgres_url)
    with pytest.raises(StoreError, match="terminat"), store._database.writing() as connection:
        connection.execute(gates.insert().values(key="k"))
        cut(other, connection)
        connection.execute(gates.insert().values(key="l"))
    assert store.papers.last_seq() == 0
    with store._database.reading() as connection:
        assert count(connection) == 0
    store.close()
    other.close()


def lose_what_is_idle(store: Store, url: str) -> None:
    """The server ends the connection that the store used last."""
    other = Database(url)
    with store._database.reading() as connection:
        process = connection.scalar(text("SELECT pg_backend_pid()"))
    with other.writing() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
    other.close()


def test_a_connection_lost_while_nobody_used_it_is_not_noticed(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "IDLE_SECONDS", 0.0)
    with closing(Store(postgres_url)) as store:
        lose_what_is_idle(store, postgres_url)
        assert store.papers.last_seq() == 0


def test_a_connection_lost_right_after_its_use_costs_one_transaction(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "IDLE_SECONDS", 60.0)
    with closing(Store(postgres_url)) as store:
        lose_what_is_idle(store, postgres_url)
        with pytest.raises(StoreError, match="terminat"):
            store.papers.last_seq()
        assert store.papers.last_seq() == 0


def test_who_asks_for_more_connections_than_there_are_is_told_so(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "LOCK_TIMEOUT_MS", 100)
    database = Database(postgres_url)
    held = [database.reading() for _ in range(5)]
    for each in held:
        each.__enter__()
    with pytest.raises(StoreError, match="no connection to it became free in time"), database.reading():
        pass
    for each in held:
        each.__exit__(None, None, None)
    database.close()


def count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(gates)) or 0


def cut(by: Database, connection: Connection) -> None:
    process = connection.scalar(text("SELECT pg_backend_pid()"))
    with by.writing() as other:
        other.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
