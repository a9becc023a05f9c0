"""The one truth: tables, papers, outbox.

`Store` opens the database and hands out its sides; who needs one side takes only that.
"""

from __future__ import annotations

from datetime import timedelta

from bot.store.arxiv_limits import ArxivGate
from bot.store.database import Database, migrate
from bot.store.leases import Leases
from bot.store.outbox import Outbox
from bot.store.outbox.manual import Desk
from bot.store.outbox.queries import Ledger
from bot.store.pages import Pages
from bot.store.papers import Papers
from bot.store.search import Catalogue
from bot.store.subscribers import Readers
from bot.store.worker import Owner

__all__ = ["Store", "migrate"]


class Store:
    """One open store."""

    def __init__(self, url: str, owner: Owner | None = None, *, must_exist: bool = False) -> None:
        """Open it, making the tables where there are none and bringing older ones up to date.

        Args:
            url: `sqlite:///FILE` or `postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`.
            owner: in whose name deliveries are claimed and leases taken; this process, if nobody is named.
            must_exist: whether a store that is not there is refused instead of made.

        Raises:
            NoStoreError: there is none, and `must_exist`; nothing was made.
            StoreError: it cannot be opened, is not ours, or is newer than this program.
        """
        self._database = Database(url, must_exist=must_exist)
        self.owner = owner or Owner.current()
        self.papers = Papers(self._database)
        self.readers = Readers(self._database)
        self.outbox = Outbox(self._database)
        self.ledger = Ledger(self._database)
        self.desk = Desk(self._database)
        self.catalogue = Catalogue(self._database, self.papers)
        self.pages = Pages(self._database)
        self.leases = Leases(self._database, self.owner)
        self.arxiv_gate = ArxivGate(self._database)
        self.catchup_gate = ArxivGate(self._database, "arxiv-catchup", farthest=timedelta(days=31))

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
