"""Where SQLite and PostgreSQL differ inside a transaction: in here, and nowhere else.

`SELECT ... FOR UPDATE` needs no place here: SQLAlchemy leaves it out for SQLite, where writes are serialised anyway.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects import sqlite

from bot.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table
    from sqlalchemy.dialects import postgresql

_NAMESPACE = 0x5061_7065
"""The first half of every advisory lock's number, so that another program on the database means others by its own."""
_NAMESPACE_OF_READERS = 0x5061_7066
"""The same, of locks that are numbered by a hash."""


class Lock(IntEnum):
    """What one transaction at a time may do. Taken in this order, after rows of `subscribers`, before all others."""

    SCHEMA = 1
    """Make or change tables."""
    ANNOUNCEMENTS = 2
    """Number announcements: whoever reads n + 1 must find n."""
    DELIVERIES = 3
    """Number deliveries, and tell which payloads are still needed."""
    LEASES = 4
    """Take a lease."""


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what to do `on_conflict`, in the connection's dialect. Its `rowcount` counts."""
    # Else SQLAlchemy counts what was updated or deleted, but on PostgreSQL not what was inserted.
    counted = {"preserve_rowcount": True}
    if _is_postgres(connection):
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 20 ms of every start on SQLite

        return postgresql.insert(table).execution_options(**counted)
    return sqlite.insert(table).execution_options(**counted)


def hold_lock(connection: Connection, lock: Lock, *, shared: bool = False) -> None:
    """Takes a lock that is held to the end of the transaction; waits while another transaction holds it.

    Those that take it `shared` wait for no other of these. In SQLite BEGIN IMMEDIATE does that already.
    """
    if _is_postgres(connection):
        # https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
        take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        connection.execute(select(take(_NAMESPACE, int(lock))))


def hold_reader(connection: Connection, key: str) -> None:
    """Take the lock of one reader, by a hash in hex: of two commands the second sees what the first did.

    To be taken before anything else in the transaction. Readers who share 32 bits of their hash wait for each other.
    """
    if _is_postgres(connection):
        number = int.from_bytes(bytes.fromhex(key[:8]), signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(_NAMESPACE_OF_READERS, number)))


def writes_are_serialised(connection: Connection) -> bool:
    """Whether the database serialises writing transactions (SQLite), so that no row has to be locked."""
    return not _is_postgres(connection)


def check_references(connection: Connection, name: str) -> None:
    """See that every reference leads somewhere, after a migration that SQLite ran without looking.

    Raises:
        StoreError: a row refers to one that is not there.
    """
    if not _is_postgres(connection):
        # Step 10 of https://www.sqlite.org/lang_altertable.html#otheralter; PostgreSQL never stops looking.
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise StoreError(name, f"its new schema would lose what table {broken[0]} refers to")


def _is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"
