"""The one truth: tables, papers, outbox.

`Store` opens the database and hands out its sides; who needs one side takes only that.
"""

from __future__ import annotations

from bot.store.engine import Database
from bot.store.gates import ArxivGate
from bot.store.leases import Leases
from bot.store.ledger import Ledger
from bot.store.outbox import Outbox
from bot.store.owner import Owner
from bot.store.pages import Pages
from bot.store.papers import Papers
from bot.store.readers import Readers


class Store:
    """One open store."""

    def __init__(self, url: str, owner: Owner | None = None) -> None:
        """Open it, making the tables where there are none.

        Raises:
            StoreError: it cannot be opened, is not ours, or is newer than this program.
        """
        self._database = Database(url)
        self.owner = owner or Owner.current()
        self.papers = Papers(self._database)
        self.readers = Readers(self._database)
        self.outbox = Outbox(self._database)
        self.ledger = Ledger(self._database)
        self.pages = Pages(self._database)
        self.leases = Leases(self._database, self.owner)
        self.arxiv_gate = ArxivGate(self._database)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
