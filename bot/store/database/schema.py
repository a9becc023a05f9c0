"""Creates the schema in an empty database, migrates an older one, refuses any other.

Alembic is imported only if there is something to migrate, because importing it takes half a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select

from bot.errors import NewerStoreError, NoStoreError, StoreError
from bot.store.database.dialect import Lock, hold_lock
from bot.store.database.tables import SCHEMA_VERSION, metadata, schema_version

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.database.connect import Engines


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema version, and the folders with the migrations to it."""

    version: str
    folders: tuple[Path, ...]


CURRENT = Schema(SCHEMA_VERSION, (Path(__file__).with_name("migrations") / "versions",))


def prepare(engines: Engines, name: str, wanted: Schema, *, must_exist: bool = False) -> str:
    """Creates or migrates the tables, if needed, in one transaction; other processes wait, and find it done.

    Returns:
        The version found; empty if there was none.

    Raises:
        NoStoreError: there is no file or no table, and `must_exist`.
        NewerStoreError: the tables are newer than this program.
        StoreError: the tables are not ours, or their version is unknown.
    """
    url = engines.reading.url
    if must_exist and url.drivername == "sqlite":
        _require_file(Path(url.database or ""), name)  # connecting would create it
    with engines.reading.begin() as connection:
        found = _version(connection, name)
    if not found and must_exist:
        raise NoStoreError(name)
    if found != wanted.version:
        with engines.migrating.begin() as connection:
            hold_lock(connection, Lock.SCHEMA)
            found = _version(connection, name)  # again: another process may have been first
            if not found:
                metadata.create_all(connection, checkfirst=False)
                connection.execute(schema_version.insert().values(version_num=wanted.version))
            elif found != wanted.version:
                _migrate(connection, name, found, wanted)
    return found


def _require_file(path: Path, name: str) -> None:
    """Checks that the file of a SQLite store is there.

    Raises:
        NoStoreError: it is not.
        StoreError: it cannot be looked for, as in a folder that is another user's.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NoStoreError(name) from None
    except OSError as error:
        raise StoreError(name, error.strerror or type(error).__name__) from error


def _version(connection: Connection, name: str) -> str:
    """The schema version found; empty if there are no tables.

    Raises:
        StoreError: there are tables, but not ours.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return ""
    if not {"alembic_version", "deliveries"} <= tables:
        raise StoreError(name, "this database was not made by Paperboy")
    return str(connection.scalar(select(schema_version.c.version_num)))


def _migrate(connection: Connection, name: str, found: str, wanted: Schema) -> None:
    from bot.store.database import migrations  # noqa: PLC0415 - Alembic costs 0.5 s

    if not migrations.has_path(wanted.folders, found, wanted.version):
        if found.isdigit() and found > wanted.version:  # versions have four digits, so text order is number order
            raise NewerStoreError(name, found, wanted.version)
        raise StoreError(name, f"its schema is {found}, this program knows {wanted.version}")
    migrations.upgrade(connection, name, wanted.folders, wanted.version)
