"""The state of chat platforms: when a machine was last connected, why none is, which commands are registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.database.dialect import upsert
from bot.store.database.tables import listening
from bot.store.database.values import value_of

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class ListeningRecord:
    """The state of one platform."""

    platform: str
    heard_at: datetime
    """When a machine last had a working connection; if none ever had, when the first one tried."""
    reason: str
    """Why a machine has no connection, as it recorded last; empty while one has."""


class Listening:
    """Reads and records the state of chat platforms."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, platform: str, now: datetime, reason: str = "") -> None:
        """Records that this machine has a working connection now; or, with a `reason`, that it has none.

        Raises:
            StoreError: the store cannot be written.
        """
        row = {"platform": platform, "heard_at": now, "reason": reason}
        with self._database.writing() as connection:
            upsert(connection, listening, row, kept=("heard_at",) if reason else ())

    def commands(self, platform: str) -> str | None:
        """The hash of the commands that were registered last; None if none were.

        Raises:
            StoreError: the store cannot be read.
        """
        statement = select(listening.c.commands).where(listening.c.platform == platform)
        found: str | None = self._database.read_scalar(statement)
        return found

    def note_commands(self, platform: str, commands: str, now: datetime) -> None:
        """Records the hash of the registered commands.

        Raises:
            StoreError: the store cannot be written.
        """
        row = {"platform": platform, "heard_at": now, "reason": "", "commands": commands}
        with self._database.writing() as connection:
            upsert(connection, listening, row, kept=("heard_at", "reason"))

    def all(self) -> tuple[ListeningRecord, ...]:
        """The states of all platforms that were ever listened to.

        Raises:
            StoreError: the store cannot be read.
        """
        rows = self._database.read_rows(select(listening).order_by(listening.c.platform))
        return tuple(value_of(ListeningRecord, row) for row in rows)
