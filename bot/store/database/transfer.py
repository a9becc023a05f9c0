"""Copies a whole store into another database: from SQLite to PostgreSQL, back, or to one of the same kind.

    source (one consistent read) -> rows, table by table -> target (one transaction) -> counted -> committed

The target is whole or empty: whoever is killed under way begins anew. Never changes the source, nor mixes two stores.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.errors import StoreError
from bot.store.database import Database
from bot.store.database.connect import name_of, parse
from bot.store.database.dialect import last_number, set_last_number
from bot.store.database.tables import announcements, deliveries, metadata, schema_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection, Table

    Report = Callable[[str, int], object]

_ROWS_AT_ONCE = 1_000
_NUMBERED = (announcements, deliveries)
"""Their `seq` is given once and never again, also where its row is gone."""
_TABLES = tuple(table for table in metadata.sorted_tables if table is not schema_version)


def transfer(source: str, target: str, report: Report = lambda *_: None) -> Mapping[str, int]:
    """Copy everything. Nothing should write to the source meanwhile: what it writes later is not copied.

    Args:
        source: the store's URL.
        target: the URL of a database without a store, or with an empty one.
        report: called with each table's name and how many rows it has, when it is copied.

    Returns:
        How many rows each table has.

    Raises:
        NoStoreError: there is no store at the source.
        StoreError: one of them cannot be used, the target is not empty, or the copy has other counts than its source.
    """
    if name_of(parse(source)) == name_of(parse(target)):
        raise StoreError(name_of(parse(target)), "it is the store itself")
    with (
        closing(Database(source, must_exist=True)) as taken_from,
        closing(Database(target)) as put_into,
        taken_from.reading() as reading,
        put_into.writing() as writing,
    ):
        _require_empty(writing, put_into.name)
        counts = {}
        for table in _TABLES:
            _copy(table, reading, writing)
            counts[table.name] = _equal_count(table, reading, writing, put_into.name)
            report(table.name, counts[table.name])
        for table in _NUMBERED:
            set_last_number(writing, table, last_number(reading, table))
        return counts


def _require_empty(connection: Connection, name: str) -> None:
    for table in _TABLES:
        if connection.scalar(select(table).limit(1)) is not None:
            raise StoreError(name, f"it is not empty: its table {table.name} has rows; name a new database")


def _copy(table: Table, source: Connection, target: Connection) -> None:
    rows = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
    for part in rows.mappings().partitions():
        target.execute(table.insert(), [dict(row) for row in part])


def _equal_count(table: Table, source: Connection, target: Connection, name: str) -> int:
    """How many rows the table has in both.

    Raises:
        StoreError: the copy has another number than its source.
    """
    rows, copied = (
        connection.scalar(select(func.count()).select_from(table)) or 0 for connection in (source, target)
    )
    if copied != rows:
        raise StoreError(name, f"table {table.name} has {copied:,} of {rows:,} rows; nothing was kept")
    return rows
