"""Connects to the database: checks the URL, names the store for messages, sets SQLite or PostgreSQL up.

The only module that knows drivers. It never shows a password.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError

from bot.errors import StoreError
from bot.model import shard_of
from bot.store.database.lock_wait import LockWait, PostgresLockWait

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

LOCK_TIMEOUT_MS = 30_000
"""How long a transaction waits for another one, in milliseconds."""

_LOCK_ATTEMPT_MS = 250
"""How long SQLite waits in one go; meanwhile nothing else runs in the thread, not even a signal handler."""

IDLE_SECONDS = 1.0
"""A connection to PostgreSQL that was idle for so long is tried before it is used: the server may have ended it."""

_POSTGRES = "postgresql+psycopg"
_EXPECTED = "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE is expected"
_DEFAULTS = {"connect_timeout": "5", "application_name": "paperboy", "client_encoding": "utf8"}
"""Parameters for libpq that the URL may override. UTF-8 also where the database's encoding is SQL_ASCII."""
_CONNECT_TIMEOUT_AT_END = "2"
"""Seconds for a server that may not answer, once the process is to end."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One pool of connections with three ways to begin a transaction."""

    reading: Engine
    """For reading: a consistent view."""
    writing: Engine
    migrating: Engine
    """Like writing, but SQLite checks no foreign keys until `dialect.check_references`."""
    lock_wait: LockWait

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.lock_wait.close()
        self.writing.dispose()


def parse(url: str) -> URL:
    """Parses a store's URL; the result names the driver.

    Raises:
        StoreError: it is no URL of SQLite or PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # SQLAlchemy's messages quote what they could not parse, which may be part of a password.
        raise StoreError("store", f"its URL cannot be read: {_EXPECTED}") from None
    if parsed.drivername in ("postgresql", _POSTGRES):
        password = parsed.query.get("password", parsed.password)
        parsed = parsed.difference_update_query(["password"]).set(drivername=_POSTGRES)
        return parsed if password is None else parsed.set(password=str(password))
    if parsed.drivername != "sqlite":
        raise StoreError(name_of(parsed), _EXPECTED)
    return parsed


def name_of(url: URL) -> str:
    """The store's name in messages: its URL without password and without parameters other than the host."""
    where = {key: value for key, value in url.query.items() if key in ("host", "port")}
    return url.set(query=where).render_as_string(hide_password=True)


def driver_arguments(url: str) -> dict[str, Any]:
    """What psycopg's `connect` takes for the URL of a PostgreSQL store. The password is in it: never show it.

    Raises:
        StoreError: it is no such URL.
    """
    parsed = parse(url)
    _, arguments = parsed.get_dialect()().create_connect_args(parsed.set(query={**_DEFAULTS, **parsed.query}))
    return dict(arguments)


def open_engines(url: URL, lock_timeout_ms: int) -> Engines:
    """The engines for a parsed URL. Opens no connection yet.

    Args:
        url: as `parse` gives it.
        lock_timeout_ms: how long a transaction waits for another one.

    Raises:
        StoreError: the driver is not installed.
    """
    return _postgres(url, lock_timeout_ms) if url.drivername == _POSTGRES else _sqlite(url, lock_timeout_ms)


def _sqlite(url: URL, lock_timeout_ms: int) -> Engines:
    engine, lock_wait = create_engine(url, hide_parameters=True), LockWait()

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        # SQLAlchemy's documented way to control transactions itself, not through sqlite3:
        # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {lock_timeout_ms}")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: NORMAL may lose the last commits on a power cut, and after a lost "sent" a message is sent twice.
        connection.execute("PRAGMA synchronous = FULL")
        connection.create_function("shard_of", 2, shard_of, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        references = options.get("paperboy_references", "ON")
        if connection.info.get("references") != references:
            connection.exec_driver_sql(f"PRAGMA foreign_keys = {references}")  # takes effect only before BEGIN
            connection.info["references"] = references
        if "paperboy_begin" in options:
            _begin_when_unlocked(connection, options["paperboy_begin"], lock_wait, lock_timeout_ms)
        else:
            connection.exec_driver_sql("BEGIN")  # in WAL mode readers do not wait for writers

    # IMMEDIATE: a transaction that first reads and then writes may fail half-way, as another one wrote in between.
    writing = engine.execution_options(paperboy_begin="BEGIN IMMEDIATE")
    return Engines(engine, writing, writing.execution_options(paperboy_references="OFF"), lock_wait)


def _begin_when_unlocked(connection: Connection, begin: str, lock_wait: LockWait, timeout_ms: int) -> None:
    """Begins a write transaction; waits for another one to end, `_LOCK_ATTEMPT_MS` at a time."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    give_up_at = time.monotonic() + timeout_ms / 1000
    driver.execute(f"PRAGMA busy_timeout = {min(_LOCK_ATTEMPT_MS, timeout_ms)}")
    while time.monotonic() < give_up_at and not lock_wait.is_over:
        try:
            driver.execute(begin)
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # with any extended code
                break
        else:
            break
    if lock_wait.is_over:
        driver.execute("PRAGMA busy_timeout = 0")
    if not driver.in_transaction:
        connection.exec_driver_sql(begin)  # the last attempt: its error goes to the caller
    driver.execute(f"PRAGMA busy_timeout = {timeout_ms}")


def _postgres(url: URL, lock_timeout_ms: int) -> Engines:
    try:
        engine = create_engine(
            url.set(query={**_DEFAULTS, **url.query}),
            hide_parameters=True,
            use_native_hstore=False,  # no column is one: each engine would ask the server for that type
            isolation_level="READ COMMITTED",
            pool_size=2,
            max_overflow=3,
            pool_timeout=lock_timeout_ms / 1000,
        )
    except ImportError as error:
        advice = "PostgreSQL needs its driver: pip install 'paperboy-digest[postgres]'"
        raise StoreError(name_of(url), advice) from error

    lock_wait = PostgresLockWait(engine)

    @event.listens_for(engine, "do_connect")
    def _hurry(_dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
        if lock_wait.is_ending:
            parameters["connect_timeout"] = _CONNECT_TIMEOUT_AT_END

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the driver's own type
        connection.execute(f"SET lock_timeout = {lock_timeout_ms}")
        # A machine that went to sleep in a transaction must not lock the others out until it wakes.
        connection.execute(f"SET idle_in_transaction_session_timeout = {2 * lock_timeout_ms}")
        connection.commit()
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkin")
    def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ping_what_was_idle(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401 - the driver's own type
        # Not SQLAlchemy's pool_pre_ping, which asks before every transaction: that is as many commits again.
        if time.monotonic() - record.info["used_at"] < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Engines(reading, engine, engine, lock_wait)
