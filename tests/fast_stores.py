"""Makes every store that the tests open, and every page they write, a fast one; what comes of it stays the same.

A pytest fixture, loaded by `tests/conftest.py`. A process of Paperboy opens one store and keeps it; the tests open
thousands, each with an engine that knows nothing yet of the statements which all of them use.
"""

from __future__ import annotations

import os
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import MetaData, create_engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import CreateIndex, CreateTable

from bot.store.database import connect
from bot.store.database.tables import metadata

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Dialect
    from sqlalchemy.schema import ExecutableDDLElement

_compiled: dict[Any, Any] = {}


@pytest.fixture(autouse=True, scope="session")
def _stores_open_fast() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patches:
        _wait_for_no_disk(patches)
        _compile_statements_once(patches)
        _compile_tables_once(patches)
        yield


def _wait_for_no_disk(patches: pytest.MonkeyPatch) -> None:
    """A test's data need not outlive the machine; what this process opens is not synchronised."""
    sqlite = connect._sqlite

    @wraps(sqlite)
    def unsynchronised(url: URL, lock_timeout_ms: int) -> connect.Engines:
        engines = sqlite(url, lock_timeout_ms)
        # First, as a new file gets its journal, and last, after the program has set it.
        for first in (True, False):
            event.listen(engines.reading, "connect", _do_not_synchronise, insert=first)
        return engines

    patches.setattr(connect, "_sqlite", unsynchronised)
    patches.setattr(os, "fsync", lambda _: None)


def _do_not_synchronise(opened: sqlite3.Connection, _: object) -> None:
    opened.execute("PRAGMA synchronous = OFF")


def _compile_statements_once(patches: pytest.MonkeyPatch) -> None:
    """A statement's SQL is kept for all engines of a kind, not for one alone; so their dialects count as equal.

    https://docs.sqlalchemy.org/en/20/core/connections.html#using-a-dictionary-to-cache
    """

    @wraps(create_engine)
    def sharing(url: URL, **options: Any) -> Any:
        return create_engine(url, execution_options={"compiled_cache": _compiled}, **options)

    patches.setattr(connect, "create_engine", sharing)
    patches.setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))
    patches.setattr(DefaultDialect, "__hash__", lambda one: hash(type(one)))


def _compile_tables_once(patches: pytest.MonkeyPatch) -> None:
    create_all = MetaData.create_all

    def kept(tables: MetaData, bind: Connection, **options: Any) -> None:
        if tables is not metadata:
            create_all(tables, bind, **options)
            return
        driver: Any = bind.connection.driver_connection
        for statement in _statements(bind.dialect):
            driver.execute(statement)

    patches.setattr(MetaData, "create_all", kept)


@cache
def _statements(dialect: Dialect) -> tuple[str, ...]:
    """What makes all tables of a store; PostgreSQL, which is not in this process, takes it as one."""
    tables = metadata.sorted_tables
    made: list[ExecutableDDLElement] = [*map(CreateTable, tables)]
    made += [CreateIndex(index) for table in tables for index in table.indexes]
    statements = [str(statement.compile(dialect=dialect)) for statement in made]
    return (";".join(statements),) if dialect.name == "postgresql" else tuple(statements)
