"""Where readers are listened to: until when each platform was, by any machine, why it is not, what it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.database.dialect import insert
from bot.store.database.tables import listening

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class ListeningRecord:
    """One platform."""

    platform: str
    heard_at: datetime
    """When some machine last had a working connection; before there ever was one, when the first machine tried."""
    reason: str
    """Why a machine had none when it looked last; empty while there is one."""


class Listening:
    """The chat's side of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, platform: str, now: datetime, reason: str = "") -> None:
        """A machine has a working connection at this moment; or it has none, and why.

        Raises:
            StoreError: the store cannot be written.
        """
        changed = {"reason": reason} if reason else {"reason": "", "heard_at": now}
        with self._database.writing() as connection:
            statement = insert(connection, listening).values(platform=platform, heard_at=now, reason=reason)
            connection.execute(statement.on_conflict_do_update(index_elements=["platform"], set_=changed))

    def commands(self, platform: str) -> str | None:
        """A hash of the commands that the platform was sent last; None if it was sent none.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._database.reading() as connection:
            found: str | None = connection.scalar(
                select(listening.c.commands).where(listening.c.platform == platform)
            )
        return found

    def note_commands(self, platform: str, commands: str, now: datetime) -> None:
        """The platform has been sent commands with this hash.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._database.writing() as connection:
            values = {"platform": platform, "heard_at": now, "reason": "", "commands": commands}
            statement = insert(connection, listening).values(**values)
            changed = {"commands": commands}
            connection.execute(statement.on_conflict_do_update(index_elements=["platform"], set_=changed))

    def all(self) -> tuple[ListeningRecord, ...]:
        """Every platform that was ever listened to.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._database.reading() as connection:
            rows = connection.execute(select(listening).order_by(listening.c.platform)).all()
        return tuple(ListeningRecord(row.platform, row.heard_at, row.reason) for row in rows)
