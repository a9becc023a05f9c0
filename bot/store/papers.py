"""Papers, announcements and the state of every mailing: what arXiv announced.

One transaction per answer. Nothing in here knows a subscriber.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from bot.model import Announcement, AnnounceType, Author, MailingRecord, MailingState, Paper
from bot.store.database import rows_among
from bot.store.database.dialect import Lock, hold_lock, insert
from bot.store.database.tables import announcements, mailings, papers
from bot.store.database.values import row_of, value_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Connection, Row, Table

    from bot.model import Mailing
    from bot.store.database import Database


_CLOSED = tuple(state for state in MailingState if state.closed)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer, or none, means for a (mailing date, category): its state, and the reason in words."""

    state: MailingState
    reason: str


@dataclass(frozen=True, slots=True)
class Event:
    """An earlier announcement of a paper in the same category."""

    mailing_date: date
    version: int
    type: AnnounceType


class Papers:
    """What was collected from arXiv."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- writing -------------------------------------------------------------------------------------------------

    def record(self, mailing: Mailing, verdict: Verdict, now: datetime, *, reconstructed: bool = False) -> int:
        """Stores one answer: its papers, announcements and verdict. Returns the number of new announcements.

        What is known already stays as it was first told; recording the same answer again changes only the tries.
        `reconstructed` announcements are marked so.
        """
        with self._database.writing() as connection:
            hold_lock(connection, Lock.ANNOUNCEMENTS)
            new = 0
            if mailing.entries:
                rows = [_paper_row(entry.paper, now) for entry in mailing.entries]
                connection.execute(insert(connection, papers).on_conflict_do_nothing(), rows)
                statement = insert(connection, announcements).on_conflict_do_nothing()
                announced = _announcement_rows(mailing, reconstructed=reconstructed)
                new = connection.execute(statement, announced).rowcount
            _put_mailing(
                connection, mailing.mailing_date, mailing.category, verdict, now, unreadable=len(mailing.unreadable)
            )
            return new

    def add_comments(self, mailing_date: date, category: str, comments: Mapping[str, str]) -> None:
        """Adds comments, by identifier, to the papers of that mailing that have none."""
        if comments:
            with self._database.writing() as connection:
                of = [{"of": identifier, "says": comment} for identifier, comment in sorted(comments.items())]
                connection.execute(_COMMENT, [{"day": mailing_date, "list": category, **each} for each in of])

    def record_failure(self, mailing_date: date, category: str, verdict: Verdict, now: datetime) -> None:
        """Stores that a request brought nothing usable for that date. What was stored for it stays."""
        with self._database.writing() as connection:
            hold_lock(connection, Lock.ANNOUNCEMENTS)
            _put_mailing(connection, mailing_date, category, verdict, now, unreadable=0)

    def reopen(self, mailing_date: date, category: str, verdict: Verdict) -> None:
        """Reopens a closed mailing whose announcements belong to another day; they are deleted. It is due at once.

        The papers stay, and what was told of them stays told.
        """
        announced, mailing = (_of_mailing(table, mailing_date, category) for table in (announcements, mailings))
        values = {"state": verdict.state, "reason": verdict.reason, "announced": 0, "asked_at": None}
        with self._database.writing() as connection:
            hold_lock(connection, Lock.ANNOUNCEMENTS)
            connection.execute(announcements.delete().where(announced))
            connection.execute(mailings.update().where(mailing).values(values))

    # -- reading -------------------------------------------------------------------------------------------------

    def mailing(self, mailing_date: date, category: str) -> MailingRecord | None:
        """The state of one (mailing date, category), or None if it was never asked for."""
        statement = select(mailings).where(_of_mailing(mailings, mailing_date, category))
        rows = self._database.read_rows(statement)
        return _mailing_record(rows[0]) if rows else None

    def mailings_since(self, first: date) -> tuple[MailingRecord, ...]:
        """Every mailing's state from that date on, oldest first, categories in order."""
        statement = select(mailings).where(mailings.c.mailing_date >= first)
        # Sorted here: PostgreSQL's order of texts depends on its locale.
        rows = map(_mailing_record, self._database.read_rows(statement))
        return tuple(sorted(rows, key=attrgetter("mailing_date", "category")))

    def open_since(self, first: date) -> tuple[MailingRecord, ...]:
        """The state of every mailing from that date on that was asked for and is still open, in no order."""
        statement = select(mailings).where(mailings.c.mailing_date >= first, mailings.c.state.not_in(_CLOSED))
        return tuple(map(_mailing_record, self._database.read_rows(statement)))

    def closed_since(self, first: date) -> frozenset[tuple[date, str]]:
        """The mailing date and category of every closed mailing from that date on."""
        keys = select(mailings.c.mailing_date, mailings.c.category)
        closed = keys.where(mailings.c.mailing_date >= first, mailings.c.state.in_(_CLOSED))
        return frozenset((row.mailing_date, row.category) for row in self._database.read_rows(closed))

    def first_asked(self) -> dict[str, date]:
        """By category, the first mailing date that was asked for."""
        statement = select(mailings.c.category, func.min(mailings.c.mailing_date)).group_by(mailings.c.category)
        return self._database.read_pairs(statement)

    def last_seq(self) -> int:
        """The highest announcement number given so far, 0 in a new store."""
        return self._database.read_scalar(select(func.max(announcements.c.seq))) or 0

    def last_seqs(self, after: int) -> dict[str, int]:
        """By category, the highest number of an announcement after that one; categories without any are left out."""
        later = announcements.c.seq > after
        statement = select(announcements.c.category, func.max(announcements.c.seq)).where(later)
        return self._database.read_pairs(statement.group_by(announcements.c.category))

    def latest_mailing(self, category: str) -> date | None:
        """The newest mailing date with a stored announcement in the category; None if there is none."""
        statement = select(func.max(announcements.c.mailing_date)).where(announcements.c.category == category)
        latest: date | None = self._database.read_scalar(statement)
        return latest

    def start_of_latest_mailing(self, category: str) -> int:
        """The cursor with which a new subscriber gets the category's latest mailing, and nothing before it."""
        theirs = announcements.c.category == category
        latest = select(func.max(announcements.c.mailing_date)).where(theirs).scalar_subquery()
        first = select(func.min(announcements.c.seq)).where(theirs, announcements.c.mailing_date == latest)
        return (self._database.read_scalar(first) or 1) - 1

    def announcements_after(self, category: str, cursor: int, upto: int) -> tuple[Announcement, ...]:
        """The category's announcements after the cursor, none beyond `upto`, in the order of storing."""
        if cursor >= upto:
            return ()
        between = (announcements.c.seq > cursor) & (announcements.c.seq <= upto)
        return self._announcements((announcements.c.category == category) & between)

    def announcements_on(self, mailing_date: date, categories: Collection[str]) -> tuple[Announcement, ...]:
        """One date's announcements in these categories, in the order of storing."""
        theirs = announcements.c.category.in_(categories)
        return self._announcements((announcements.c.mailing_date == mailing_date) & theirs)

    def announcements_of(self, identifier: str) -> tuple[Announcement, ...]:
        """Everything arXiv announced of one paper, in the order of storing."""
        return self._announcements(announcements.c.identifier == identifier)

    def _announcements(self, where: ColumnElement[bool]) -> tuple[Announcement, ...]:
        rows = self._database.read_rows(select(announcements).where(where).order_by(announcements.c.seq))
        return tuple(value_of(Announcement, row, type=AnnounceType(row.type)) for row in rows)

    def dates_after(self, categories: Collection[str], cursor: int) -> dict[date, int]:
        """Mailing dates with announcements in these categories after the cursor, with their highest number."""
        statement = (
            select(announcements.c.mailing_date, func.max(announcements.c.seq))
            .where(announcements.c.category.in_(categories), announcements.c.seq > cursor)
            .group_by(announcements.c.mailing_date)
        )
        return self._database.read_pairs(statement)

    def identifiers_on(self, mailing_date: date, category: str) -> frozenset[str]:
        """The papers that were announced in that category's mailing."""
        statement = select(announcements.c.identifier).where(_of_mailing(announcements, mailing_date, category))
        return frozenset(row.identifier for row in self._database.read_rows(statement))

    def history(self, category: str, identifiers: Collection[str]) -> dict[str, tuple[Event, ...]]:
        """What the category announced of these papers, oldest first; papers it never announced are left out."""
        found: dict[str, list[Event]] = {}
        ordered = select(announcements).order_by(announcements.c.mailing_date, announcements.c.seq)
        with self._database.reading() as connection:
            for row in rows_among(connection, ordered, announcements.c.identifier, identifiers):
                # Told apart here: SQLite would rather read all of the category than a few papers' rows.
                if row.category == category:
                    event = Event(row.mailing_date, row.version, AnnounceType(row.type))
                    found.setdefault(row.identifier, []).append(event)
        return {identifier: tuple(events) for identifier, events in found.items()}

    def categories_of(self, identifiers: Collection[str], *, before: datetime) -> dict[str, frozenset[str]]:
        """The categories of these papers, in all versions stored before then; unknown papers are left out."""
        found: dict[str, frozenset[str]] = {}
        earlier = select(papers.c.identifier, papers.c.categories).where(papers.c.stored_at < before)
        with self._database.reading() as connection:
            for identifier, categories in rows_among(connection, earlier, papers.c.identifier, identifiers):
                found[identifier] = found.get(identifier, frozenset()) | frozenset(categories)
        return found

    def load(self, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], Paper]:
        """The papers with these (identifier, version); those that are not stored are left out."""
        wanted = frozenset(keys)
        identifiers = {identifier for identifier, _ in wanted}
        with self._database.reading() as connection:
            # Every version, though of most papers one is wanted: SQLite finds pairs only by reading the whole table.
            rows = rows_among(connection, select(papers), papers.c.identifier, identifiers)
            found = (row for row in rows if (row.identifier, row.version) in wanted)
            return {(row.identifier, row.version): _paper(row) for row in found}

    def newest(self, identifiers: Collection[str]) -> dict[str, Paper]:
        """Of each paper the newest stored version; unknown papers are left out."""
        ordered = select(papers).order_by(papers.c.version)
        with self._database.reading() as connection:
            rows = rows_among(connection, ordered, papers.c.identifier, identifiers)
            return {row.identifier: _paper(row) for row in rows}

    def latest(self, categories: Collection[str], *, since: date, before: date, most: int) -> tuple[Paper, ...]:
        """The papers that these categories announced from one date to before another, each once, the latest last.

        Args:
            categories: whose mailings count.
            since: the first date.
            before: the first date that is too late.
            most: of more than so many, the latest.
        """
        last = func.max(announcements.c.seq).label("last")
        statement = (
            select(announcements.c.identifier, last)
            .where(
                announcements.c.mailing_date >= since,
                announcements.c.mailing_date < before,
                announcements.c.category.in_(categories),
            )
            .group_by(announcements.c.identifier)
            .order_by(last.desc())
            .limit(most)
        )
        identifiers = [row.identifier for row in self._database.read_rows(statement)]
        known = self.newest(identifiers)
        return tuple(known[identifier] for identifier in reversed(identifiers))

    def versions(self, identifier: str) -> tuple[Paper, ...]:
        """Every stored version of a paper, oldest first."""
        statement = select(papers).where(papers.c.identifier == identifier).order_by(papers.c.version)
        return tuple(map(_paper, self._database.read_rows(statement)))


_ANNOUNCED = select(announcements.c.version).where(
    announcements.c.mailing_date == bindparam("day"),
    announcements.c.category == bindparam("list"),
    announcements.c.identifier == bindparam("of"),
)
_COMMENT = (
    papers.update()
    .where(papers.c.identifier == bindparam("of"), papers.c.version.in_(_ANNOUNCED), papers.c.comment.is_(None))
    .values(comment=bindparam("says"))
)


def _of_mailing(table: Table, mailing_date: date, category: str) -> ColumnElement[bool]:
    """The condition for one mailing's rows in `announcements` or `mailings`."""
    return (table.c.mailing_date == mailing_date) & (table.c.category == category)


def _paper_row(paper: Paper, now: datetime) -> dict[str, Any]:
    authors = [[author.name, *author.affiliations] for author in paper.authors]
    return row_of(paper, authors=authors, categories=list(paper.categories), stored_at=now)


def _paper(row: Row[Any]) -> Paper:
    authors = tuple(Author(name, tuple(affiliations)) for name, *affiliations in row.authors)
    return value_of(Paper, row, authors=authors, categories=tuple(row.categories))


def _announcement_rows(mailing: Mailing, *, reconstructed: bool) -> list[dict[str, Any]]:
    return [
        {
            "mailing_date": mailing.mailing_date,
            "category": mailing.category,
            "identifier": entry.paper.identifier,
            "version": entry.paper.version,
            "type": entry.type,
            "reconstructed": reconstructed,
        }
        for entry in mailing.entries
    ]


def _mailing_record(row: Row[Any]) -> MailingRecord:
    return value_of(MailingRecord, row, state=MailingState(row.state))


def _put_mailing(
    connection: Connection,
    mailing_date: date,
    category: str,
    verdict: Verdict,
    asked_at: datetime,
    *,
    unreadable: int,
) -> None:
    announced = select(func.count()).where(_of_mailing(announcements, mailing_date, category))
    values = {
        "state": verdict.state,
        "reason": verdict.reason,
        "announced": connection.scalar(announced),
        "unreadable": unreadable,
        "asked_at": asked_at,
    }
    statement = insert(connection, mailings).values(
        mailing_date=mailing_date,
        category=category,
        tries=1,
        first_asked_at=asked_at,
        **values,
    )
    statement = statement.on_conflict_do_update(
        index_elements=[mailings.c.mailing_date, mailings.c.category],
        set_={**values, "tries": mailings.c.tries + 1},
        # What a well-formed answer has closed, no later failure opens again.
        where=mailings.c.state.not_in(_CLOSED),
    )
    connection.execute(statement)
