"""The differences between SQLite and PostgreSQL inside a transaction; no other module knows them.

`SELECT ... FOR UPDATE` is used directly: SQLAlchemy omits it for SQLite, where writes are serialised anyway.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.dialects import sqlite

from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement, Connection, Table
    from sqlalchemy.dialects import postgresql

    from bot.model import Shard

_NAMESPACE = 0x5061_7065
"""The first half of every advisory lock's number, so that other programs on the database do not use the same."""
_NAMESPACE_OF_READERS = 0x5061_7066
"""The first half for locks of readers, whose second half is a hash."""


class Lock(IntEnum):
    """What one transaction may do at a time. Locked in this order, after rows of `subscribers`, before all others."""

    SCHEMA = 1
    """Create or change tables."""
    ANNOUNCEMENTS = 2
    """Number announcements: who reads number n + 1 must also find n."""
    DELIVERIES = 3
    """Number deliveries, and decide which payloads are still needed."""
    LEASES = 4
    """Take a lease."""
    JOBS = 5
    """Ask for jobs: two transactions may ask for the same ones in another order."""


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT in the connection's dialect, with `on_conflict_...` and a reliable `rowcount`."""
    # Without the option SQLAlchemy has no rowcount of an INSERT on PostgreSQL.
    counted = {"preserve_rowcount": True}
    if is_postgres(connection):
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 20 ms of every start on SQLite

        return postgresql.insert(table).execution_options(**counted)
    return sqlite.insert(table).execution_options(**counted)


def upsert(connection: Connection, table: Table, *rows: Mapping[str, Any], kept: Collection[str] = ()) -> None:
    """Stores rows that name the same columns, each in place of the one with its primary key.

    In a row that is there already, columns that are not named, or that are in `kept`, stay as they are.
    """
    if rows:
        statement, key = insert(connection, table), table.primary_key.columns
        new = {name: statement.excluded[name] for name in rows[0] if name not in key and name not in kept}
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=new), list(rows))


def hold_lock(connection: Connection, lock: Lock, *, shared: bool = False) -> None:
    """Takes a lock that is held to the end of the transaction; waits while another transaction holds it.

    Transactions that take it `shared` do not wait for each other. In SQLite, BEGIN IMMEDIATE is lock enough.
    """
    if is_postgres(connection):
        # https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
        take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        connection.execute(select(take(_NAMESPACE, int(lock))))


def hold_reader(connection: Connection, key: str) -> None:
    """Takes the lock of one reader, named by a hash in hex, so that a second command sees what the first one did.

    Take it before anything else in the transaction. Readers with the same 32 bits of hash wait for each other.
    """
    if is_postgres(connection):
        number = int.from_bytes(bytes.fromhex(key[:8]), signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(_NAMESPACE_OF_READERS, number)))


def writes_are_serialised(connection: Connection) -> bool:
    """Whether the database serialises writing transactions (SQLite), so that no row has to be locked."""
    return not is_postgres(connection)


def check_references(connection: Connection, name: str) -> None:
    """Checks all foreign keys after a migration, which SQLite runs without checking them.

    Raises:
        StoreError: a row refers to one that is not there.
    """
    if not is_postgres(connection):
        # Step 10 of https://www.sqlite.org/lang_altertable.html#otheralter; PostgreSQL always checks.
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise StoreError(name, f"its new schema would lose what table {broken[0]} refers to")


def in_shard(connection: Connection, name: ColumnElement[str], shard: Shard) -> ColumnElement[bool]:
    """The condition that a column's subscribers are in the shard."""
    return shard_number(connection, name, shard.of) == shard.number


def shard_number(connection: Connection, name: ColumnElement[str], of: int) -> ColumnElement[int]:
    """The number of the shard that a column's subscriber is in, as `bot.model.shard_of` computes it."""
    if is_postgres(connection):
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 20 ms of every start on SQLite

        bits = cast(func.concat("x", func.substr(func.md5(name), 1, 4)), postgresql.BIT(16))
        return cast(bits, Integer) % of
    return func.shard_of(name, of)  # our own function, see `connect`


def last_number(connection: Connection, table: Table) -> int:
    """The last number that was given in the table's `seq`; 0 if none was. Not the highest there: that may be gone."""
    if is_postgres(connection):
        found = connection.scalar(select(func.pg_sequence_last_value(_sequence(connection, table))))
    else:
        found = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar()
    return int(found or 0)


def set_last_number(connection: Connection, table: Table, number: int) -> None:
    """Numbers in the table's `seq` go on after this one."""
    if not number:
        return
    if is_postgres(connection):
        connection.execute(select(func.setval(_sequence(connection, table), number)))
        return
    # https://www.sqlite.org/autoinc.html: this table is ours to write.
    connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
    connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, number))


def _sequence(connection: Connection, table: Table) -> str:
    return str(connection.scalar(select(func.pg_get_serial_sequence(table.name, "seq"))))


def is_postgres(connection: Connection) -> bool:
    """Whether the connection is to PostgreSQL."""
    return connection.dialect.name == "postgresql"
