"""Which pages of the site are written, and the last announcement each of them knows of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.database.dialect import upsert
from bot.store.database.tables import pages
from bot.store.database.values import row_of, value_of

if TYPE_CHECKING:
    from datetime import date

    from bot.store.database import Database


@dataclass(frozen=True, slots=True, order=True)
class PageRecord:
    """One written page."""

    topic: str
    mailing_date: date
    seq: int
    papers: int


class Pages:
    """The site's side of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def written(self) -> tuple[PageRecord, ...]:
        """Every page, topics in order, oldest first."""
        # Sorted here: PostgreSQL's order of texts depends on its locale.
        return tuple(sorted(value_of(PageRecord, row) for row in self._database.read_rows(select(pages))))

    def put(self, *records: PageRecord) -> None:
        """The files of these pages are complete on disk; all of them are recorded, or none."""
        with self._database.writing() as connection:
            upsert(connection, pages, *map(row_of, records))
