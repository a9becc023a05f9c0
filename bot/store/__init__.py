"""The store: papers, outbox, subscribers, what readers said, and limits in one database.

`Store` opens the database; each attribute is the part that one module needs.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from bot.store.alerts import Alerts
from bot.store.arxiv_limits import ArxivLimits
from bot.store.database import Database, migrate
from bot.store.figures import Figures
from bot.store.job_queue import JobQueue
from bot.store.keys import ReaderKeys, read_keys
from bot.store.leases import Leases
from bot.store.listening import Listening
from bot.store.outbox import Outbox
from bot.store.outbox.address_changes import AddressChanges
from bot.store.outbox.manual import ManualActions
from bot.store.outbox.queries import OutboxQueries
from bot.store.pages import Pages
from bot.store.papers import Papers
from bot.store.request_limits import RequestLimits
from bot.store.search import PaperSearch
from bot.store.subscribers import SubscriberStates
from bot.store.transaction import Transaction
from bot.store.worker import WorkerId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from bot.settings import Secret

__all__ = ["Store", "migrate"]


class Store:
    """One open store."""

    def __init__(
        self,
        url: str,
        owner: WorkerId | None = None,
        *,
        must_exist: bool = False,
        lock_timeout_ms: int | None = None,
        fleet: bool = False,
    ) -> None:
        """Open it, making the tables where there are none and bringing older ones up to date.

        Args:
            url: `sqlite:///FILE` or `postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`.
            owner: in whose name deliveries are claimed and leases taken; this process, if nobody is named.
            must_exist: whether a store that is not there is refused instead of made.
            lock_timeout_ms: how long a transaction waits for another one, if not half a minute.
            fleet: whether what is written asks for jobs, if the store has a queue of them.

        Raises:
            NoStoreError: there is none, and `must_exist`; nothing was made.
            StoreError: it cannot be opened, is not ours, or is newer than this program.
        """
        self._shared: ContextVar[Connection | None] = ContextVar("shared", default=None)
        self._database = Database(url, must_exist=must_exist, lock_timeout_ms=lock_timeout_ms)
        self.owner = owner or WorkerId.current()
        self.papers = Papers(self._database)
        self.subscribers = SubscriberStates(self._database)
        self.outbox = Outbox(self._database)
        self.address_changes = AddressChanges(self._database)
        self.alerts = Alerts(self._database)
        self.queries = OutboxQueries(self._database)
        self.manual = ManualActions(self._database)
        self.search = PaperSearch(self._database, self.papers)
        self.pages = Pages(self._database)
        self.leases = Leases(self._database, self.owner)
        self.listening = Listening(self._database)
        self.request_limits = RequestLimits(self._database)
        self.figures = Figures(self._database)
        self.job_queue = JobQueue(self._database, wanted=fleet)
        self.arxiv_limits = ArxivLimits(self._database, self.owner)

    def end_lock_waits(self, seconds: float) -> None:
        """After so many seconds nothing waits any more for what another process has locked in the store.

        For a process that is to end. May be called from a signal's handler.
        """
        self._database.end_lock_waits(seconds)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """What a reader's command does, committed at the end, or not at all.

        Raises:
            StoreError: the store cannot be written.
        """
        shared = self._shared.get()
        if shared is None:
            with self._database.writing() as connection:
                yield Transaction(connection)
        else:
            with self._database.savepoint(shared):
                yield Transaction(shared)

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """The same to read only: a consistent view.

        Raises:
            StoreError: the store cannot be read.
        """
        shared = self._shared.get()
        if shared is None:
            with self._database.reading() as connection:
                yield Transaction(connection, lock=False)
        else:
            yield Transaction(shared, lock=False)

    @contextmanager
    def shared_transaction(self) -> Iterator[None]:
        """One commit for all transactions that this thread begins meanwhile.

        Each of them still holds as a whole or not at all, and a snapshot shows what those before it wrote; but none
        is committed before the end, and then all are. One within another holds as a whole or not at all, too, and is
        committed with that.

        Raises:
            StoreError: the store cannot be written: none of them was committed.
        """
        shared = self._shared.get()
        if shared is not None:
            with self._database.savepoint(shared):
                yield
            return
        with self._database.writing() as connection:
            token = self._shared.set(connection)
            try:
                yield
            finally:
                self._shared.reset(token)

    def reader_keys(self, secrets: Sequence[Secret]) -> ReaderKeys:
        """What hashes of mailboxes and persons are keyed with: by `web.secret`, if any, and all that ever was.

        Raises:
            StoreError: the store cannot be used.
        """
        return read_keys(self._database, secrets)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
