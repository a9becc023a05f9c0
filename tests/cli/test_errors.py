"""What helps against a store that cannot be used depends on what is wrong with it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from bot import __version__
from bot.cli.errors import ExitCode, giving_advice
from bot.errors import StoreError
from bot.store import Store
from bot.store.database.connect import name_of, parse
from bot.store.database.tables import SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

SERVER = "postgresql+psycopg://paperboy:***@db.example/paperboy"


def advice(store: str, reason: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as leaving, giving_advice():
        raise StoreError(store, reason)
    assert leaving.value.code == ExitCode.STORE
    first, *rest = capsys.readouterr().err.splitlines()
    assert first == f"The store {store} cannot be used: {reason}"
    return rest


def test_a_store_newer_than_the_program_is_no_matter_of_the_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.db"
    Store(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SystemExit) as leaving, giving_advice():
        Store(f"sqlite:///{file}")
    assert leaving.value.code == ExitCode.STORE
    first, advice = capsys.readouterr().err.splitlines()
    assert first == (
        f"The store sqlite:///{file} is from a newer Paperboy. Its schema is 9999; "
        f"Paperboy {__version__} knows {SCHEMA_VERSION}."
    )
    assert advice.startswith("Upgrade Paperboy (pip install --upgrade paperboy-digest), or name another store.")


def test_a_missing_driver_needs_no_more_than_its_own_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert advice(SERVER, "PostgreSQL needs its driver: pip install 'paperboy-digest[postgres]'", capsys) == []


@pytest.mark.parametrize("reason", ["file is not a database", "this database was not made by Paperboy"])
def test_what_is_not_ours_is_left_as_it_is(reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = advice(f"sqlite:///{tmp_path}/a.db", reason, capsys)
    assert line.startswith("Something else is there, and is left unchanged")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = name_of(parse(f"sqlite:///{tmp_path}/nowhere/a.db"))
    (line,) = advice(store, "unable to open database file", capsys)
    assert line.startswith(f"There is no folder {tmp_path}/nowhere: make it")


def test_a_folder_of_another_user_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, reason in ((f"{tmp_path}", "Permission denied"), (f"{tmp_path}/{'a' * 300}", "File name too long")):
        (line,) = advice(f"sqlite:///{folder}/a.db", reason, capsys)
        assert line.startswith(f"May this user enter {folder}?")


def test_else_it_is_the_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = advice(f"sqlite:///{tmp_path}/a.db", "database or disk is full", capsys)
    assert line.startswith("Is it on a disk that is full")


def test_a_server_has_no_disk_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = advice(SERVER, "connection refused", capsys)
    assert line.startswith("Is the server up")
