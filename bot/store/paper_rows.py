"""Papers, announcements and mailings as rows of their tables, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.model import Announcement, AnnounceType, Author, MailingRecord, MailingState, Paper
from bot.store.database.values import value_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from bot.model import Mailing


def paper_row(paper: Paper, now: datetime) -> dict[str, Any]:
    """A paper as a row of `papers`, stored at `now` (UTC)."""
    return {
        "identifier": paper.identifier,
        "version": paper.version,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": [[author.name, *author.affiliations] for author in paper.authors],
        "categories": list(paper.categories),
        "license": paper.license,
        "doi": paper.doi,
        "journal_ref": paper.journal_ref,
        "comment": paper.comment,
        "stored_at": now,
    }


def announcement_rows(mailing: Mailing, *, reconstructed: bool) -> list[dict[str, Any]]:
    """A mailing's entries as rows of `announcements`."""
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


def to_paper(row: Row[Any]) -> Paper:
    """A row of `papers` as a paper."""
    return Paper(
        identifier=row.identifier,
        version=row.version,
        title=row.title,
        abstract=row.abstract,
        authors=tuple(Author(name, tuple(affiliations)) for name, *affiliations in row.authors),
        categories=tuple(row.categories),
        license=row.license,
        doi=row.doi,
        journal_ref=row.journal_ref,
        comment=row.comment,
    )


def to_announcement(row: Row[Any]) -> Announcement:
    """A row of `announcements` as an announcement."""
    return value_of(Announcement, row, type=AnnounceType(row.type))


def to_mailing_record(row: Row[Any]) -> MailingRecord:
    """A row of `mailings` as the state of that mailing."""
    return value_of(MailingRecord, row, state=MailingState(row.state))
