"""The open database: transactions for reading and for writing. Knows no table."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.errors import StoreError
from bot.store.database import connect, schema
from bot.store.database.connect import name_of, open_engines, parse
from bot.store.database.write_lock import WriteLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Select

Value = TypeVar("Value")

MOST_VALUES = 10_000
"""SQLite refuses a statement with more than 32,766 bound values: https://www.sqlite.org/limits.html."""


def batched(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """The values in batches of at most `MOST_VALUES`, which one statement takes."""
    for start in range(0, len(values), MOST_VALUES):
        yield values[start : start + MOST_VALUES]


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
        if must_exist:
            schema.require_exists(parsed, self.name)
        patience = connect.LOCK_TIMEOUT_MS if lock_timeout_ms is None else lock_timeout_ms
        self._write_lock = WriteLock.of(parsed, self.name, patience / 1000)
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

    def read_pairs(self, statement: Select[Any]) -> dict[Any, Any]:
        """The rows of a query with two columns as a dict; the first column has the keys, each once.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction: committed at the end, or rolled back on an exception.

        In SQLite no other one runs at the same time. In PostgreSQL others do: what is read in order to decide what to
        write has to be locked, by `FOR UPDATE` or `dialect.hold_lock`.

        Raises:
            StoreError: the database cannot be written.
        """
        with self._write_lock.held(), self._as_store_error(), self._engines.writing.begin() as connection:
            yield connection

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
