"""A consistent copy of a live SQLite store, made while others read and write it.

Uses SQLite's online backup: https://www.sqlite.org/backup.html. A copy of the file alone would miss what is still in
its write-ahead log, or half of a transaction. Never changes the store, never leaves an incomplete copy.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from bot.errors import NoStoreError, PaperboyError, StoreError
from bot.store.database.connect import name_of, parse

_LOCK_TIMEOUT_SECONDS = 30.0


class BackupError(PaperboyError):
    """The copy could not be made; the target file is unchanged."""

    def __init__(self, target: Path, reason: str) -> None:
        super().__init__(f"{target} could not be written: {reason}")
        self.target = target
        self.reason = reason


def is_file(url: str) -> bool:
    """Whether the store is a SQLite file, which `back_up` can copy."""
    return parse(url).drivername == "sqlite"


def back_up(url: str, target: Path) -> int:
    """Copies the SQLite store as it is at one moment; an existing target is replaced once the copy is complete.

    Returns:
        The copy's size in bytes.

    Raises:
        NoStoreError: there is no store yet.
        StoreError: the store cannot be read.
        BackupError: the copy cannot be written, or would replace the store itself.
    """
    store = parse(url)
    name, source = name_of(store), Path(store.database or "")
    if not source.is_file():
        raise NoStoreError(name)
    try:
        if target.exists() and target.samefile(source):
            raise BackupError(target, "it is the store itself")
        handle, part_name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        part = Path(part_name)
        try:
            _copy(name, source, part, target)
            shutil.copymode(source, part)
            size = part.stat().st_size
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(target, error.strerror or str(error)) from error
    return size


def _copy(name: str, source: Path, part: Path, target: Path) -> None:
    with closing(_opened(name, source)) as store, closing(sqlite3.connect(part)) as copy:
        try:
            store.backup(copy)  # in one step: with a write-ahead log a reader does not block writers
            copy.execute("PRAGMA journal_mode = DELETE")  # so that the copy is a single file
        except sqlite3.Error as error:
            raise BackupError(target, str(error)) from error
    with part.open("rb") as written:
        os.fsync(written.fileno())


def _opened(name: str, source: Path) -> sqlite3.Connection:
    """Opens the store, never creates it. Not with `mode=ro`, which cannot read a write-ahead log without an index."""
    try:
        store = sqlite3.connect(f"file:{quote(str(source))}?mode=rw", uri=True, timeout=_LOCK_TIMEOUT_SECONDS)
        store.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise StoreError(name, str(error)) from error
    return store
