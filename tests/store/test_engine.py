"""Opening a store: made where there is none, refused where it is not ours or not readable."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.store import Store
from bot.store.engine import Database

if TYPE_CHECKING:
    from pathlib import Path


def test_a_store_is_made_on_first_opening_and_found_again(url: str) -> None:
    Store(url).close()
    store = Store(url)
    assert store.papers.last_seq() == 0
    store.close()


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="not made by Paperboy"):
        Store(f"sqlite:///{path}")


def test_a_store_newer_than_the_program_is_refused_and_says_so(url: str, tmp_path: Path) -> None:
    Store(url).close()
    with sqlite3.connect(tmp_path / "paperboy.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="its schema is 9999, this program knows 0001"):
        Store(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("this is not a database, but it is long enough to be looked at " * 20, encoding="utf-8")
    with pytest.raises(StoreError, match="not a database"):
        Store(f"sqlite:///{path}")


def test_a_folder_that_does_not_exist_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        Store(f"sqlite:///{tmp_path / 'nowhere' / 'paperboy.db'}")


def test_an_error_shows_no_statement_parameters(url: str) -> None:
    database = Database(url)
    with pytest.raises(StoreError) as caught, database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO gates (key, reason) VALUES (?, ?)", ("k", "planted-secret"))
        connection.exec_driver_sql("INSERT INTO gates (key, reason) VALUES (?, ?)", ("k", "planted-secret"))
    assert "planted-secret" not in str(caught.value)
    assert "planted-secret" not in str(caught.value.__cause__)
    database.close()


def test_a_failed_transaction_leaves_nothing_behind(url: str) -> None:
    database = Database(url)
    with pytest.raises(RuntimeError), database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO gates (key) VALUES ('k')")
        raise RuntimeError
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM gates").scalar() == 0
    database.close()


def test_sqlite_keeps_every_commit_over_a_power_cut(url: str) -> None:
    database = Database(url)
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    database.close()
