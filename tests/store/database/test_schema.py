"""The schema: made, found again, migrated whole or not at all, and refused where it is not ours to touch."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Column, MetaData, Table, create_engine, inspect, text

from bot.errors import NewerStoreError, NoStoreError, StoreError
from bot.model import AnnounceType, FeedItem, Mailing, MailingState
from bot.store import Store, migrate
from bot.store.database import Database, migrations
from bot.store.database.schema import CURRENT, Schema
from bot.store.database.tables import SCHEMA_VERSION, announcements, mailings, metadata, papers
from bot.store.papers import Verdict
from tests.builders import paper
from tests.forks import at_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

HERE = Path(__file__).parent / "migrations"
NEXT = Schema("9000", (*CURRENT.folders, HERE / "next"))
BROKEN = Schema("9000", (*CURRENT.folders, HERE / "broken"))
LOSING = Schema("9000", (*CURRENT.folders, HERE / "losing"))
NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
FILLED = (papers, announcements, mailings)


@pytest.fixture
def postgres_url(empty_schema_url: str) -> str:
    """Here `url` is where there is no store yet, on PostgreSQL too."""
    return empty_schema_url


def set_version(url: str, version: str) -> None:
    database = Database(url)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    database.close()


# -- made and found ----------------------------------------------------------------------------------------------


def test_a_store_is_made_on_first_opening_and_found_again(url: str) -> None:
    assert migrate(url) == ("", SCHEMA_VERSION)
    assert migrate(url) == (SCHEMA_VERSION, SCHEMA_VERSION)
    store = Store(url)
    assert store.papers.last_seq() == 0
    store.close()


def test_of_processes_that_start_at_once_one_makes_it(url: str) -> None:
    assert sorted(at_once(migrate, url, times=3)) == [("", SCHEMA_VERSION), *[(SCHEMA_VERSION, SCHEMA_VERSION)] * 2]


def test_a_store_that_has_to_be_there_is_not_made(url: str, tmp_path: Path) -> None:
    with pytest.raises(NoStoreError, match="there is none yet: `paperboy once` makes it"):
        Store(url, must_exist=True)
    assert not (tmp_path / "paperboy.db").exists()
    with pytest.raises(NoStoreError):  # nor were its tables
        Store(url, must_exist=True)
    Store(url).close()
    Store(url, must_exist=True).close()


def test_a_store_that_cannot_be_looked_for_is_not_taken_for_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="File name too long") as error:
        Store(f"sqlite:///{tmp_path / ('a' * 300)}", must_exist=True)
    assert not isinstance(error.value, NoStoreError)


def test_a_file_without_tables_is_no_store_yet(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "paperboy.db").touch()
    with pytest.raises(NoStoreError):
        Store(sqlite_url, must_exist=True)


def test_a_database_of_somebody_else_is_refused_and_left_alone(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE cats (name TEXT)"))
    with pytest.raises(StoreError, match="not made by Paperboy"):
        Store(url)
    assert inspect(engine).get_table_names() == ["cats"]
    engine.dispose()


def test_a_store_newer_than_the_program_is_refused_and_says_so(url: str) -> None:
    set_version(url, "9999")
    with pytest.raises(NewerStoreError, match=f"its schema is 9999, this program knows {SCHEMA_VERSION}") as caught:
        Store(url)
    assert (caught.value.found, caught.value.known) == ("9999", SCHEMA_VERSION)


def test_a_version_that_is_none_of_ours_is_not_taken_for_a_newer_one(url: str) -> None:
    set_version(url, "c0ffee")
    with pytest.raises(StoreError, match="its schema is c0ffee") as caught:
        Store(url)
    assert not isinstance(caught.value, NewerStoreError)


# -- Alembic -----------------------------------------------------------------------------------------------------


def test_alembic_and_psycopg_are_imported_only_when_they_are_needed(sqlite_url: str) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from bot.store.database import *; from bot.store.database.schema import *\n"
        "def there(): return sorted({'alembic', 'psycopg'} & set(sys.modules))\n"
        "Database(sys.argv[1]).close(); Database(sys.argv[1]).close(); before = there()\n"
        "wanted = Schema('9000', (*CURRENT.folders, Path(sys.argv[2])))\n"
        "Database(sys.argv[1], wanted=wanted).close(); print(before, there())"
    )
    command = [sys.executable, "-c", code, sqlite_url, str(HERE / "next")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "[] ['alembic']\n"


def test_the_newest_migration_is_the_schema_this_program_knows() -> None:
    scripts = ScriptDirectory.from_config(migrations._config(CURRENT.folders))
    assert scripts.get_heads() == [SCHEMA_VERSION]


def test_all_migrations_from_nothing_give_the_schema_that_is_made_at_once(url: str) -> None:
    database = Database(url)
    with database.writing() as connection:
        made = described(connection)
        metadata.drop_all(connection)
        assert described(connection) == {}
        migrations.upgrade(connection, "store", CURRENT.folders, CURRENT.version)
        assert described(connection) == made
    database.close()


def described(connection: Connection) -> dict[str, Any]:
    """Everything the database itself says of its tables."""
    inspector = inspect(connection)
    inspector.clear_cache()
    tables: dict[str, dict[str, Any]] = {
        name: {
            "columns": [{**column, "type": repr(column["type"])} for column in inspector.get_columns(name)],
            "key": inspector.get_pk_constraint(name),
            "references": inspector.get_foreign_keys(name),
            "unique": by_name(inspector.get_unique_constraints(name)),
            "indexes": by_name([_comparable(each) for each in inspector.get_indexes(name)]),
        }
        for name in inspector.get_table_names()
    }
    if connection.dialect.name == "sqlite":
        for name, sql in connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")):
            if name in tables:
                tables[name]["numbers are never given twice"] = "AUTOINCREMENT" in sql
    return tables


def _comparable(index: Any) -> dict[str, Any]:
    """With the condition of a partial index as a text: no two of SQLAlchemy's expressions are equal."""
    return {**index, "dialect_options": {key: str(said) for key, said in index.get("dialect_options", {}).items()}}


def by_name(found: Sequence[Any]) -> list[Any]:
    return sorted(found, key=lambda each: str(each["name"]))


# -- migrated ----------------------------------------------------------------------------------------------------


def fill(url: str) -> None:
    store = Store(url)
    answer = Mailing("cs.CV", date(2026, 4, 20), (FeedItem(paper(), AnnounceType.NEW),))
    store.papers.record(answer, Verdict(MailingState.COMPLETE, ""), NOW)
    store.close()


def test_an_older_store_is_brought_up_to_date_on_opening_with_all_it_holds(url: str) -> None:
    fill(url)
    database = Database(url, wanted=NEXT)
    assert database.found_version == SCHEMA_VERSION
    with database.reading() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9000"
        row = connection.execute(text("SELECT title, licence, pages FROM papers")).one()
        assert tuple(row) == (paper().title, None, 0)
        assert connection.scalar(text("SELECT count(*) FROM announcements")) == 1
        (reference,) = inspect(connection).get_foreign_keys("announcements")
        assert reference["referred_table"] == "papers"
    database.close()
    again = Database(url, wanted=NEXT)
    assert again.found_version == "9000"
    again.close()


def found_and_migrated(url: str) -> str:
    """The version that a process finds, which brings it to the next one."""
    database = Database(url, wanted=NEXT)
    database.close()
    return database.found_version


def test_of_processes_that_start_at_once_one_migrates(url: str) -> None:
    fill(url)
    assert sorted(at_once(found_and_migrated, url, times=3)) == [SCHEMA_VERSION, "9000", "9000"]


def test_a_migration_that_fails_leaves_the_store_as_it_was(url: str) -> None:
    fill(url)
    with pytest.raises(StoreError, match="nowhere"):
        Database(url, wanted=BROKEN)
    store = Store(url)
    assert store.papers.last_seq() == 1
    with store._database.reading() as connection:
        assert "half" not in inspect(connection).get_table_names()
    store.close()


def test_a_migration_that_would_lose_what_others_refer_to_is_taken_back(url: str) -> None:
    fill(url)
    with pytest.raises(StoreError, match=r"would lose|violates foreign key"):
        Database(url, wanted=LOSING)
    store = Store(url)
    assert len(store.papers.versions("2604.00001")) == 1
    store.close()


def test_a_migrated_sqlite_file_looks_after_its_references_again(sqlite_url: str) -> None:
    database = Database(sqlite_url, wanted=NEXT)
    for _ in range(2):
        with database.writing() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()


def test_a_store_of_the_next_program_is_refused_by_this_one(url: str) -> None:
    Database(url).close()
    Database(url, wanted=NEXT).close()
    with pytest.raises(StoreError, match=f"its schema is 9000, this program knows {SCHEMA_VERSION}"):
        Store(url)


def test_a_store_of_the_first_schema_keeps_what_it_holds_and_learns_what_is_new(url: str) -> None:
    fill(url)
    database = Database(url)
    with database.writing() as connection:
        held = {table.name: list(map(dict, connection.execute(table.select()).mappings())) for table in FILLED}
        metadata.drop_all(connection)
        migrations.upgrade(connection, "store", CURRENT.folders, "0001")
        for table in FILLED:
            old = [column["name"] for column in inspect(connection).get_columns(table.name)]
            rows = [{name: row[name] for name in old} for row in held[table.name]]
            columns = (Column(name, table.c[name].type) for name in old)
            connection.execute(Table(table.name, MetaData(), *columns).insert(), rows)
    database.close()
    store = Store(url)
    (announcement,) = store.papers.announcements_of("2604.00001")
    assert not announcement.reconstructed
    assert store.papers.versions("2604.00001") == (paper(),)
    (record,) = store.papers.mailings_since(date(2026, 4, 20))
    assert record.first_asked_at == record.asked_at == NOW
    store.close()
