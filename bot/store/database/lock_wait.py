"""How long a transaction waits for a store that another process has locked: less, once this process is to end."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from sqlalchemy import Engine

_LOOK_EVERY = 0.25
"""Seconds between two looks at who waits."""
_CANCEL = text(
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = ANY(:pids) AND wait_event_type = 'Lock'"
)


class LockWait:
    """As SQLite's transactions wait, which ask here again and again."""

    def __init__(self) -> None:
        self._ends_at = math.inf

    def end_within(self, seconds: float) -> None:
        """After so many seconds nobody waits any more. May be called from a signal's handler."""
        self._ends_at = min(self._ends_at, time.monotonic() + seconds)

    def close(self) -> None:
        """Stop looking who waits."""

    @property
    def is_ending(self) -> bool:
        """Whether the process is to end."""
        return self._ends_at < math.inf

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return time.monotonic() >= self._ends_at


class PostgresLockWait(LockWait):
    """As PostgreSQL's transactions wait: in the server, which is asked to cancel what waits for a lock.

    Only who waits is cancelled: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._connections: WeakSet[Any] = WeakSet()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        event.listen(engine, "connect", lambda connection, _record: self._connections.add(connection))

    def end_within(self, seconds: float) -> None:
        """After so many seconds nobody waits any more. May be called from a signal's handler."""
        super().end_within(seconds)
        if self._thread is None:
            self._thread = threading.Thread(target=self._cancel_again_and_again, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop looking who waits."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _cancel_again_and_again(self) -> None:
        """Until the store is closed."""
        pause = max(0.0, self._ends_at - time.monotonic())
        while not self._closed.wait(pause):
            pids = [each.info.backend_pid for each in tuple(self._connections) if not each.closed]
            try:
                with self._engine.connect() as connection:
                    connection.execute(_CANCEL, {"pids": pids})
            except SQLAlchemyError:
                return  # without a server nobody waits for its locks
            pause = _LOOK_EVERY
