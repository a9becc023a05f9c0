"""A lock for writing a SQLite file, among the threads of one process.

SQLite allows one writer at a time. The others sleep and try again after growing pauses, up to 100 ms each, so a
thread that writes often keeps them out for seconds. Threads that wait for this lock go on as soon as the file is
free. Between processes SQLite's own waiting stays: https://www.sqlite.org/c3ref/busy_timeout.html.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

_LOCKS: dict[str, threading.Lock] = {}
"""One lock per file, by path."""


@dataclass(frozen=True, slots=True)
class WriteLock:
    """The lock of one store, shared by all that write its file."""

    name: str
    """The store's name, for errors."""
    lock: threading.Lock | None
    """None for PostgreSQL, where nobody has to wait."""
    seconds: float
    """The longest wait for it."""

    @classmethod
    def of(cls, url: URL, name: str, seconds: float) -> WriteLock:
        """The lock of the store at this URL. PostgreSQL locks by itself, so there is none for it."""
        is_file = url.drivername == "sqlite"
        return cls(name, _LOCKS.setdefault(str(url.database), threading.Lock()) if is_file else None, seconds)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the lock for the duration of the block.

        Raises:
            StoreError: another thread held it for longer than `seconds`.
        """
        if self.lock is None:
            yield
            return
        if not self.lock.acquire(timeout=self.seconds):
            raise StoreError(self.name, "it is locked by another thread")
        try:
            yield
        finally:
            self.lock.release()
