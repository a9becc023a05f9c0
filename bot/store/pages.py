"""Which pages of the site are written, and the last announcement each of them knows of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from bot.store.tables import pages

if TYPE_CHECKING:
    from datetime import date

    from bot.store.engine import Database


@dataclass(frozen=True, slots=True)
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
        statement = select(pages).order_by(pages.c.topic, pages.c.mailing_date)
        with self._database.reading() as connection:
            return tuple(
                PageRecord(row.topic, row.mailing_date, row.seq, row.papers) for row in connection.execute(statement)
            )

    def put(self, record: PageRecord) -> None:
        """The page's file is complete on disk."""
        values = {"seq": record.seq, "papers": record.papers}
        statement = insert(pages).values(topic=record.topic, mailing_date=record.mailing_date, **values)
        statement = statement.on_conflict_do_update(index_elements=[pages.c.topic, pages.c.mailing_date], set_=values)
        with self._database.writing() as connection:
            connection.execute(statement)
