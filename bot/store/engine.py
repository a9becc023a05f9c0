"""Opening the database: connection settings, transactions, and the check that it is ours and not from the future."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import create_engine, event, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.store.tables import SCHEMA_VERSION, metadata, schema_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Engine

Value = TypeVar("Value")

BUSY_TIMEOUT_MS = 30_000


MOST_VALUES = 10_000
"""SQLite refuses a statement with more than 32,766 bound values: https://www.sqlite.org/limits.html."""


def batched(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """The values in pieces that one statement takes."""
    for start in range(0, len(values), MOST_VALUES):
        yield values[start : start + MOST_VALUES]


class Database:
    """One SQLite file. `reading` and `writing` are its only two ways in; both are short."""

    def __init__(self, url: str) -> None:
        self.name = make_url(url).render_as_string(hide_password=True)
        self._engine = _engine(url)
        try:
            with self._as_store_error():
                _prepare_schema(self._engine, self.name)
        except StoreError:
            self._engine.dispose()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._as_store_error(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its first moment; committed at the end, or not at all.

        Raises:
            StoreError: the database cannot be written.
        """
        with self._as_store_error(), _write_transaction(self._engine) as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _as_store_error(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            # The statement and its parameters hold payloads: only the driver's own sentence goes on.
            raise StoreError(self.name, str(error.orig)) from error


def _engine(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        # SQLAlchemy's documented way to take transactions out of sqlite3's hands:
        # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: NORMAL may lose the last commits on a power cut, and a lost "sent" is a paper said twice.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # IMMEDIATE: a transaction that turns from reading to writing half-way can only fail.
        writes = connection.get_execution_options().get("paperboy_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _write_transaction(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(paperboy_writes=True) as connection, connection.begin():
        yield connection


def _prepare_schema(engine: Engine, name: str) -> None:
    """Make the tables in an empty database; refuse one that is not ours or newer than this program."""
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
    if not tables:
        with _write_transaction(engine) as connection:
            metadata.create_all(connection)  # checks again: another process may have been first
            if connection.scalar(select(schema_version.c.version_num)) is None:
                connection.execute(schema_version.insert().values(version_num=SCHEMA_VERSION))
        return
    if "alembic_version" not in tables or "deliveries" not in tables:
        raise StoreError(name, "this database was not made by Paperboy")
    with engine.connect() as connection:
        version = connection.scalar(select(schema_version.c.version_num))
    if version != SCHEMA_VERSION:
        raise StoreError(name, f"its schema is {version}, this program knows {SCHEMA_VERSION}")
