"""Whose turn it is to write a SQLite file, among the threads of one process.

SQLite lets one write at a time and has the others look again after ever longer pauses, up to 100 ms each; whoever
writes often keeps them out for seconds. Threads that wait here go on the moment the file is free. Between processes
SQLite's own way stays: https://www.sqlite.org/c3ref/busy_timeout.html.
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
"""By file."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where one waits for one's turn."""

    name: str
    """The store's, for errors."""
    lock: threading.Lock | None
    """None where nobody has to wait."""
    seconds: float
    """How long to wait for it."""

    @classmethod
    def of(cls, url: URL, name: str, seconds: float) -> Turn:
        """The one that all share who write this file; PostgreSQL has its own, so there nobody waits."""
        is_file = url.drivername == "sqlite"
        return cls(name, _LOCKS.setdefault(str(url.database), threading.Lock()) if is_file else None, seconds)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """While it is ours.

        Raises:
            StoreError: it did not become ours in time.
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
