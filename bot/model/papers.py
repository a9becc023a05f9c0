"""Papers, and the mailings in which arXiv announces them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.model import withdrawal

if TYPE_CHECKING:
    from datetime import date, datetime


def paper_url(identifier: str, version: int | None = None, *, form: str = "abs") -> str:
    """The `abs`, `pdf` or `html` page of a paper on arXiv, or of one version of it."""
    return f"https://arxiv.org/{form}/{identifier}" + (f"v{version}" if version else "")


def listing_url(category: str, day: date) -> str:
    """ArXiv's own listing of one mailing."""
    return f"https://arxiv.org/catchup/{category}/{day:%Y-%m-%d}"


class AnnounceType(StrEnum):
    """Why a paper is in a mailing, relative to the category asked for.

    https://info.arxiv.org/help/rss.html names the four.
    """

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"

    @property
    def strength(self) -> int:
        """0 for the weakest; where a paper has several types, the strongest counts."""
        return _WEAKEST_FIRST.index(self)

    @property
    def is_replacement(self) -> bool:
        """Whether it announces a new version of a paper, not the paper itself."""
        return self in (AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)


_WEAKEST_FIRST = (
    AnnounceType.REPLACE_CROSS,
    AnnounceType.REPLACE,
    AnnounceType.CROSS,
    AnnounceType.NEW,
)


@dataclass(frozen=True, slots=True)
class Author:
    """One author as the feed names them: TeX accents kept, affiliations kept apart."""

    name: str
    affiliations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """One version of a paper, its text as arXiv gave it (TeX kept, white space folded)."""

    identifier: str
    version: int
    title: str
    abstract: str
    authors: tuple[Author, ...]
    categories: tuple[str, ...]
    """The first is the primary category."""
    license: str | None = None
    doi: str | None = None
    journal_ref: str | None = None
    comment: str | None = None
    """The authors' own remark; no feed has it, OAI-PMH and the catchup page do."""

    @property
    def primary(self) -> str:
        """The primary category, or an empty string where arXiv named none."""
        return self.categories[0] if self.categories else ""

    @property
    def withdrawn(self) -> bool:
        """Whether its text states that it has been withdrawn; arXiv then has no PDF and no HTML of it."""
        return withdrawal.stated(self.title, self.abstract, self.comment)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item of a feed: a paper and why it is in this mailing."""

    paper: Paper
    type: AnnounceType


@dataclass(frozen=True, slots=True)
class InvalidItem:
    """A feed item that could not be parsed. Counted and reported, never dropped silently."""

    where: str
    """What identifies it: its guid, its title, or its place in the feed."""
    reason: str


@dataclass(frozen=True, slots=True)
class Mailing:
    """arXiv's announcement of one mailing date for one category, as one answer carried it."""

    category: str
    mailing_date: date
    """The date in America/New_York that arXiv puts on the feed."""
    entries: tuple[FeedItem, ...]
    unreadable: tuple[InvalidItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Announcement:
    """One paper's appearance in one category's mailing, as stored."""

    seq: int
    """A number that rises in the order of storing; a subscriber's cursor is such a number."""
    mailing_date: date
    category: str
    identifier: str
    version: int
    type: AnnounceType
    reconstructed: bool = False
    """Whether date and type were concluded from OAI-PMH, because that day's feed was missed."""


class MailingState(StrEnum):
    """What we know of one category's mailing on one date. Only COMPLETE and EXPECTED_EMPTY close it."""

    PENDING = "pending"
    COMPLETE = "complete"
    EXPECTED_EMPTY = "expected-empty"
    UNEXPECTED_EMPTY = "unexpected-empty"
    SUSPECT_STALE = "suspect-stale"
    TRUNCATED = "truncated"
    INCOMPLETE = "incomplete"
    FAILED = "failed"

    @property
    def closed(self) -> bool:
        """Whether a well-formed answer for that date has settled it; a closed mailing is not asked for again."""
        return self in (MailingState.COMPLETE, MailingState.EXPECTED_EMPTY)


@dataclass(frozen=True, slots=True)
class MailingRecord:
    """The stored state of one (mailing date, category), with the reason in words."""

    mailing_date: date
    category: str
    state: MailingState
    reason: str
    announced: int
    unreadable: int
    tries: int
    asked_at: datetime | None
    first_asked_at: datetime | None = None
    """When it was first asked for, UTC; on that date or later."""
