"""A store's URL: what it may be, and that its password goes to the database and nowhere else."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.store import Store
from bot.store.database import Database
from bot.store.database.connect import name_of, open_engines, parse

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "planted-secret"
NOBODY = f"postgresql+psycopg://paperboy:{SECRET}@127.0.0.1:1/paperboy"


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("this is not a database, but it is long enough to be looked at " * 20, encoding="utf-8")
    with pytest.raises(StoreError, match="not a database"):
        Store(f"sqlite:///{path}")


def test_a_folder_that_does_not_exist_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        Store(f"sqlite:///{tmp_path / 'nowhere' / 'paperboy.db'}")


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://paperboy:{SECRET}@host/paperboy",
        f"postgresql+asyncpg://paperboy:{SECRET}@host/paperboy",
        f"postgresql://host:{SECRET}/paperboy",  # what stands there is read as a port
        f"paperboy:{SECRET}@host",
    ],
)
def test_any_other_url_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(StoreError, match="is expected") as caught:
        Store(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", [NOBODY, f"postgresql://paperboy@127.0.0.1:1/paperboy?password={SECRET}"])
def test_a_server_that_is_not_there_is_a_store_error_without_the_password(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StoreError, match="connection") as caught:
        Store(url)
    assert "127.0.0.1" in caught.value.store
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in caplog.text


def test_the_password_is_in_no_name_and_no_repr_and_goes_to_the_driver() -> None:
    for url in (NOBODY, f"postgresql://paperboy@/paperboy?host=/run&password={SECRET}&sslpassword={SECRET}"):
        parsed = parse(url)
        assert SECRET not in name_of(parsed)
        engines = open_engines(parsed, 100)
        assert engines.writing.dialect.create_connect_args(engines.writing.url)[1]["password"] == SECRET
        assert parsed.password == SECRET
    engines = open_engines(parse(NOBODY), 100)
    assert SECRET not in repr(engines)
    engines.close()


def test_the_password_of_a_store_that_works_is_in_no_log(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    database = Database(postgres_url.replace("postgres:@", f"postgres:{SECRET}@"))
    with database.reading() as connection:
        assert SECRET not in repr(connection.connection.dbapi_connection)
    database.close()
    assert SECRET not in caplog.text
    assert SECRET not in repr(database) + repr(vars(database))


def test_what_the_url_says_of_the_connection_wins(postgres_url: str) -> None:
    database = Database(f"{postgres_url}&application_name=mine")
    with database.reading() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "mine"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "30s"
    database.close()


def test_without_the_driver_its_installation_is_advised() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from bot.store import Store\n"
        "try: Store('postgresql://host/paperboy')\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "pip install 'paperboy-digest[postgres]'" in done.stdout
