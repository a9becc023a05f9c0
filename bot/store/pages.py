"""Which pages of the site are written, and the last announcement each of them knows of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.database.dialect import insert
from bot.store.database.tables import pages

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
        with self._database.reading() as connection:
            rows = connection.execute(select(pages)).all()
        # Sorted here: PostgreSQL's order of texts depends on its locale.
        return tuple(sorted(PageRecord(row.topic, row.mailing_date, row.seq, row.papers) for row in rows))

    def put(self, *records: PageRecord) -> None:
        """The files of these pages are complete on disk; all of them are recorded, or none."""
        key = [pages.c.topic, pages.c.mailing_date]
        with self._database.writing() as connection:
            for record in records:
                values = {"seq": record.seq, "papers": record.papers}
                statement = insert(connection, pages).values(
                    topic=record.topic, mailing_date=record.mailing_date, **values
                )
                connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values))
