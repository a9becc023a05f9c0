"""The open database: transactions for reading and for writing. Knows no table."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.errors import StoreError
from bot.store.database import connect, schema
from bot.store.database.connect import name_of, open_engines, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

MOST_VALUES = 10_000
"""SQLite refuses a statement with more than 32,766 bound values: https://www.sqlite.org/limits.html."""

_FILE_LOCKS: dict[str, threading.Lock] = {}
"""By path of a SQLite file, the lock of this process' threads that write it.

SQLite allows one writer at a time. The others sleep and try again after growing pauses, up to 100 ms each, so a
thread that writes often keeps them out for seconds. Threads that wait for this lock go on as soon as the file is
free. Between processes SQLite's own waiting stays: https://www.sqlite.org/c3ref/busy_timeout.html."""


def batched(values: Collection[str]) -> Iterator[Sequence[str]]:
    """The values in order, in batches of at most `MOST_VALUES`, which one statement takes."""
    ordered = sorted(values)
    for start in range(0, len(ordered), MOST_VALUES):
        yield ordered[start : start + MOST_VALUES]


def rows_among(
    connection: Connection, statement: Select[Any], column: ColumnElement[str], values: Collection[str]
) -> Iterator[Row[*tuple[Any, ...]]]:
    """The statement's rows that have one of these values in the column, by one query for each batch of values."""
    for batch in batched(values):
        yield from connection.execute(statement.where(column.in_(batch)))


class Database:
    """A SQLite file or a PostgreSQL database. Its transactions are short."""

    def __init__(
        self,
        url: str,
        *,
        must_exist: bool = False,
        wanted: schema.Schema = schema.CURRENT,
        lock_timeout_ms: int | None = None,
    ) -> None:
        parsed = parse(url)
        self.name = name_of(parsed)
        patience = connect.LOCK_TIMEOUT_MS if lock_timeout_ms is None else lock_timeout_ms
        self._patience_seconds = patience / 1000
        is_file = parsed.drivername == "sqlite"
        self._file_lock = _FILE_LOCKS.setdefault(str(parsed.database), threading.Lock()) if is_file else None
        self._engines = open_engines(parsed, patience)
        try:
            with self._as_store_error():
                self.found_version = schema.prepare(self._engines, self.name, wanted, must_exist=must_exist)
                """The schema it had before it was opened; empty if it had none."""
        except StoreError:
            self._engines.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: a consistent view.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._as_store_error(), self._engines.reading.begin() as connection:
            yield connection

    def read_rows(self, statement: Select[Any]) -> Sequence[Row[*tuple[Any, ...]]]:
        """The rows of one query, in a transaction of its own.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.reading() as connection:
            return connection.execute(statement).all()

    def read_scalar(self, statement: Select[Any]) -> Any:  # noqa: ANN401 - whatever the column holds
        """The first column of one query's first row, in a transaction of its own; None if it has no row.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.reading() as connection:
            return connection.scalar(statement)

    def read_pairs(self, statement: Select[Any]) -> dict[Any, Any]:
        """The rows of a query with two columns as a dict; the first column has the keys, each once.

        Raises:
            StoreError: the database cannot be read.
        """
        return dict(self.read_rows(statement))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction: committed at the end, or rolled back on an exception.

        In SQLite no other one runs at the same time. In PostgreSQL others do: what is read in order to decide what to
        write has to be locked, by `FOR UPDATE` or `dialect.hold_lock`.

        Raises:
            StoreError: the database cannot be written.
        """
        with self._turn(), self._as_store_error(), self._engines.writing.begin() as connection:
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """No other thread of this process writes the file meanwhile; PostgreSQL needs no turns."""
        if self._file_lock is None:
            yield
            return
        if not self._file_lock.acquire(timeout=self._patience_seconds):
            raise StoreError(self.name, "it is locked by another thread")
        try:
            yield
        finally:
            self._file_lock.release()

    @contextmanager
    def savepoint(self, connection: Connection) -> Iterator[None]:
        """A part of a transaction that can be rolled back alone.

        Raises:
            StoreError: the database cannot be written.
        """
        with self._as_store_error(), connection.begin_nested():
            yield

    def set_option(self, name: str, *, value: object) -> None:
        """Every write transaction from now on has this execution option, which those who write in it can see."""
        self._engines = replace(self._engines, writing=self._engines.writing.execution_options(**{name: value}))

    def end_lock_waits(self, seconds: float) -> None:
        """After so many seconds no transaction waits any longer for what another process has locked."""
        self._engines.lock_wait.end_within(seconds)

    def close(self) -> None:
        """Close every connection."""
        self._engines.close()

    @contextmanager
    def _as_store_error(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeoutError as error:
            raise StoreError(self.name, "no connection to it became free in time") from error
        except DBAPIError as error:
            # The statement and its parameters contain payloads, and PostgreSQL's second line quotes the row: only the
            # driver's first line is shown.
            sentence, _, rest = str(error.orig).partition("\n")
            raise StoreError(self.name, sentence) from (None if rest else error)


def migrate(url: str) -> tuple[str, str]:
    """Brings a store's schema up to date and creates the store if there is none, as opening it does.

    Returns:
        The schema's version before (empty if there was no store) and after.

    Raises:
        StoreError: it cannot be opened, is not ours, or is newer than this program.
    """
    database = Database(url)
    database.close()
    return database.found_version, schema.CURRENT.version
