"""The stored papers as one looks through them: newest mailing first. Knows no query, never changes a thing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from sqlalchemy import func, select, true

from bot.model import AnnounceType
from bot.store.database.tables import announcements
from bot.store.database.values import value_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from bot.model import Paper
    from bot.store.database import Database
    from bot.store.papers import Papers

_BATCH_SIZE = 500
"""Papers that are held in memory at a time."""

NEWS = (AnnounceType.NEW, AnnounceType.CROSS)
"""What a topic asks for unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """A paper in its newest version, and the last mailing that it stood in."""

    paper: Paper
    mailing_date: date


@dataclass(frozen=True, slots=True)
class Listing:
    """One paper as new or cross-listed in one category's mailing."""

    identifier: str
    version: int
    category: str
    mailing_date: date


@dataclass(frozen=True, slots=True)
class Day:
    """One mailing date's news over all its categories, each paper once."""

    mailing_date: date
    papers: tuple[Paper, ...]


class PaperSearch:
    """The store's side for search and query."""

    def __init__(self, database: Database, papers: Papers) -> None:
        self._database = database
        self._papers = papers

    def papers(self, *, since: date | None = None) -> Iterator[StoredPaper]:
        """Every stored paper whose newest mailing is not older than that date, newest first, a few at a time."""
        day, version = func.max(announcements.c.mailing_date), func.max(announcements.c.version)
        statement = (
            select(announcements.c.identifier, version.label("version"), day.label("day"))
            .group_by(announcements.c.identifier)
            .order_by(day.desc(), announcements.c.identifier.desc())
        )
        if since is not None:
            statement = statement.having(day >= since)
        rows = self._database.read_rows(statement)
        for start in range(0, len(rows), _BATCH_SIZE):
            batch = rows[start : start + _BATCH_SIZE]
            found = self._papers.load([(row.identifier, row.version) for row in batch])
            for row in batch:
                yield StoredPaper(found[row.identifier, row.version], row.day)

    def days(self, since: date, categories: Collection[str] = ()) -> Iterator[Day]:
        """What was announced as new or cross-listed per mailing date from that one on, newest first.

        Of these categories, or of all if none is named. A paper stands on the first of these dates that announced
        it, as a subscriber is told of it once.
        """
        day = func.min(announcements.c.mailing_date)
        listed = announcements.c.category.in_(categories) if categories else true()
        statement = (
            select(announcements.c.identifier, func.min(announcements.c.version).label("version"), day.label("day"))
            .where(announcements.c.mailing_date >= since, announcements.c.type.in_(NEWS), listed)
            .group_by(announcements.c.identifier)
            .order_by(day.desc(), announcements.c.identifier.desc())
        )
        rows = self._database.read_rows(statement)
        for mailing_date, group in groupby(rows, key=attrgetter("day")):
            keys = [(row.identifier, row.version) for row in group]
            found = self._papers.load(keys)
            yield Day(mailing_date, tuple(found[key] for key in keys))

    def listings(self, since: date, categories: Collection[str]) -> tuple[Listing, ...]:
        """What was announced as new or cross-listed in these categories from that date on, oldest first."""
        statement = (
            select(announcements)
            .where(
                announcements.c.mailing_date >= since,
                announcements.c.type.in_(NEWS),
                announcements.c.category.in_(categories),
            )
            .order_by(announcements.c.mailing_date, announcements.c.identifier, announcements.c.category)
        )
        return tuple(value_of(Listing, row) for row in self._database.read_rows(statement))

    def categories(self) -> tuple[str, ...]:
        """The categories of which a mailing is stored, in order."""
        statement = select(announcements.c.category).distinct().order_by(announcements.c.category)
        return tuple(row.category for row in self._database.read_rows(statement))
