"""Leases: one process at a time does a piece of work, until a time at which its lease ends by itself.

Collecting takes one, and each request to arXiv, because arXiv allows one connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.database.dialect import Lock, hold_lock, upsert
from bot.store.database.tables import leases
from bot.store.worker import WorkerId

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from bot.store.database import Database


class LeaseTakenError(Exception):
    """Another process, which may be alive, has the lease."""

    def __init__(self, name: str, holder: WorkerId, until: datetime) -> None:
        super().__init__(f"{name} is held by process {holder.pid} on {holder.host}")
        self.name = name
        self.holder = holder
        self.until = until


class Leases:
    """The named leases of one process."""

    def __init__(self, database: Database, owner: WorkerId) -> None:
        self._database = database
        self._owner = owner

    def check(self, name: str, now: datetime) -> None:
        """Checks that no other process has it, without taking it.

        Raises:
            LeaseTakenError: another process has it.
        """
        with self._database.reading() as connection:
            _refuse_if_taken(connection, name, self._owner, now)

    def acquire(self, name: str, now: datetime, term: timedelta) -> None:
        """Takes it until `now + term`, or renews it.

        Raises:
            LeaseTakenError: another process has it.
        """
        with self._database.writing() as connection:
            take(connection, name, self._owner, now, term)

    def release(self, name: str) -> None:
        """Gives it back, so that another process can take it at once."""
        with self._database.writing() as connection:
            give_back(connection, name, self._owner)


def take(connection: Connection, name: str, owner: WorkerId, now: datetime, term: timedelta) -> None:
    """Takes a lease, or renews it, within a transaction.

    Raises:
        LeaseTakenError: another process has it.
    """
    hold_lock(connection, Lock.LEASES)
    _refuse_if_taken(connection, name, owner, now)
    upsert(connection, leases, {"name": name, "owner": str(owner), "until": now + term})


def give_back(connection: Connection, name: str, owner: WorkerId) -> None:
    """Gives a lease back within a transaction, if the owner has it."""
    connection.execute(leases.delete().where((leases.c.name == name) & (leases.c.owner == str(owner))))


def _refuse_if_taken(connection: Connection, name: str, owner: WorkerId, now: datetime) -> None:
    row = connection.execute(select(leases).where(leases.c.name == name)).one_or_none()
    if row is not None and row.until > now and row.owner != str(owner):
        holder = WorkerId.parse(row.owner)
        if not holder.is_surely_dead(owner):
            raise LeaseTakenError(name, holder, row.until)
