"""One process at a time for a piece of work: a name, who holds it, and until when.

Only what must not run twice at once takes one: collecting, and each request, because arXiv allows one connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.database.dialect import Lock, hold_lock, insert
from bot.store.database.tables import leases
from bot.store.worker import WorkerId

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from bot.store.database import Database


class LeaseTakenError(Exception):
    """Another process, alive as far as anybody can tell, holds it."""

    def __init__(self, name: str, holder: WorkerId, until: datetime) -> None:
        super().__init__(f"{name} is held by process {holder.pid} on {holder.host}")
        self.name = name
        self.holder = holder
        self.until = until


class Leases:
    """Taking and giving back."""

    def __init__(self, database: Database, owner: WorkerId) -> None:
        self._database = database
        self._owner = owner

    def check(self, name: str, now: datetime) -> None:
        """See that nobody else holds it, without taking it.

        Raises:
            LeaseTakenError: somebody else does.
        """
        with self._database.reading() as connection:
            _refuse_if_taken(connection, name, self._owner, now)

    def acquire(self, name: str, now: datetime, term: timedelta) -> None:
        """Hold it until `now + term`; taking it again prolongs it.

        Raises:
            LeaseTakenError: somebody else holds it.
        """
        with self._database.writing() as connection:
            take(connection, name, self._owner, now, term)

    def release(self, name: str) -> None:
        """Let the next one have it at once."""
        with self._database.writing() as connection:
            give_back(connection, name, self._owner)


def take(connection: Connection, name: str, owner: WorkerId, now: datetime, term: timedelta) -> None:
    """Take a lease, or prolong it, within a transaction.

    Raises:
        LeaseTakenError: somebody else holds it.
    """
    hold_lock(connection, Lock.LEASES)
    _refuse_if_taken(connection, name, owner, now)
    values = {"owner": str(owner), "until": now + term}
    statement = insert(connection, leases).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[leases.c.name], set_=values))


def give_back(connection: Connection, name: str, owner: WorkerId) -> None:
    """Give a lease back within a transaction, if it is the owner's."""
    connection.execute(leases.delete().where((leases.c.name == name) & (leases.c.owner == str(owner))))


def _refuse_if_taken(connection: Connection, name: str, owner: WorkerId, now: datetime) -> None:
    row = connection.execute(select(leases).where(leases.c.name == name)).one_or_none()
    if row is not None and row.until > now and row.owner != str(owner):
        holder = WorkerId.parse(row.owner)
        if not holder.is_surely_dead(owner):
            raise LeaseTakenError(name, holder, row.until)
