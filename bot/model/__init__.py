"""The domain model as frozen dataclasses: paper, announcement, topic, match, digest, message, delivery.

Nothing in here does anything: no I/O, no clock, no text work. Every other module speaks in these.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.model import withdrawal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


def paper_url(identifier: str, version: int | None = None, *, form: str = "abs") -> str:
    """The `abs`, `pdf` or `html` page of a paper on arXiv, or of one version of it."""
    return f"https://arxiv.org/{form}/{identifier}" + (f"v{version}" if version else "")


def listing_url(category: str, day: date) -> str:
    """ArXiv's own listing of one mailing."""
    return f"https://arxiv.org/catchup/{category}/{day:%Y-%m-%d}"


class AnnounceType(StrEnum):
    """Why a paper stands in a mailing, relative to the category asked for.

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
        """Whether it tells of a further version rather than of a paper."""
        return self in (AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)


_WEAKEST_FIRST = (
    AnnounceType.REPLACE_CROSS,
    AnnounceType.REPLACE,
    AnnounceType.CROSS,
    AnnounceType.NEW,
)


@dataclass(frozen=True, slots=True)
class Author:
    """One author as the feed names them: TeX accents kept, affiliations apart."""

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
        """Whether its text states that it has been withdrawn; there is no PDF then and no HTML."""
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
    """Rises in the order of storing; what a subscriber's cursor counts in."""
    mailing_date: date
    category: str
    identifier: str
    version: int
    type: AnnounceType
    reconstructed: bool = False
    """Whether date and type are concluded from OAI-PMH, because no feed of that day was had."""


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
    """The stored state of one (mailing date, category), with its reason in words."""

    mailing_date: date
    category: str
    state: MailingState
    reason: str
    announced: int
    unreadable: int
    tries: int
    asked_at: datetime | None
    first_asked_at: datetime | None = None
    """When it was asked for first, on that date or later."""


class Order(StrEnum):
    """How a topic's papers are ordered within a mailing."""

    RELEVANCE = "relevance"
    LISTING = "listing"


class MatchMode(StrEnum):
    """Whole words on normalised text, the same but in the letters as written, or any substring of the raw text."""

    WORDS = "words"
    EXACT = "exact"
    SUBSTRING = "substring"


@dataclass(frozen=True, slots=True)
class Topic:
    """What somebody cares about. Categories are canonical and expanded (`cs.*` is gone by now)."""

    name: str
    title: str
    categories: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    query: str | None = None
    match: MatchMode = MatchMode.WORDS
    announce: frozenset[AnnounceType] = frozenset({AnnounceType.NEW, AnnounceType.CROSS})
    order: Order = Order.RELEVANCE
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One reason of a match: which term of the topic stands in which field of the paper."""

    term: str
    """As the topic spells it."""
    field: str
    """title, abstract, author, category, comment, journal_ref or id."""


@dataclass(frozen=True, slots=True)
class Match:
    """A topic's claim on a paper, with its reasons. A topic without terms claims with no hits."""

    topic: str
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A label and the URL behind it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """One paper as one digest shows it."""

    paper: Paper
    type: AnnounceType
    mailing_date: date
    match: Match
    replaced_to: int | None = None
    """For a paper announced and replaced between two digests, its version by now: "new, now v2"."""
    also_in: tuple[str, ...] = ()
    """Titles of the subscriber's other topics that claim it too."""
    reconstructed: bool = False
    """Whether date and type are concluded from OAI-PMH, because no feed of that day was had."""

    @property
    def url(self) -> str:
        """The abstract page; a replacement's link names its version."""
        return self._url("abs")

    @property
    def pdf_url(self) -> str:
        """The paper as PDF, in the same version."""
        return self._url("pdf")

    @property
    def html_url(self) -> str:
        """The paper as a web page, in the same version; arXiv has it of nearly all that came since December 2023."""
        return self._url("html")

    @property
    def format_links(self) -> tuple[Link, ...]:
        """The paper as PDF and as a web page; nothing, if it has been withdrawn."""
        return () if self.paper.withdrawn else (Link("PDF", self.pdf_url), Link("HTML", self.html_url))

    def _url(self, form: str) -> str:
        return paper_url(self.paper.identifier, self.paper.version if self.type.is_replacement else None, form=form)


@dataclass(frozen=True, slots=True)
class Section:
    """One topic's part of a digest: newest mailing first, then in the topic's order."""

    topic: str
    title: str
    entries: tuple[DigestEntry, ...]
    hidden: int = 0
    """Papers beyond the topic's `limit`: counted and linked, not shown."""
    more: tuple[Link, ...] = ()
    """Where the papers that are not shown can be read."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What one subscriber gets at once. Equal digests are rendered and stored once, so it names no subscriber."""

    sections: tuple[Section, ...]
    mailing_dates: tuple[date, ...]
    """Newest first."""
    announced: int
    """Distinct papers announced in the topics' categories on these dates."""
    missing: tuple[str, ...] = ()
    """Mailings that this digest is about and that are not in: today's by category, missed ones with their date."""

    @property
    def matched(self) -> int:
        """Papers told by this digest, shown or counted."""
        return sum(len(section.entries) + section.hidden for section in self.sections)


@dataclass(frozen=True, slots=True)
class Note:
    """A short message that is no digest: why there are no papers, an alert to the operator, a test."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One part of a digest as a channel takes it, before it has an address. Frozen in the outbox as it is."""

    payload: Mapping[str, Any]
    """JSON values only."""
    plain: Mapping[str, Any] | None = None
    """The form without any markup, sent once if the other side calls the payload malformed."""
    reply: bool = False
    """Whether it goes into the thread under the digest's first message."""
    papers: tuple[str, ...] = ()
    """Identifiers of the papers that it shows, in full or as a line, in order; not of those it only counts."""


class DeliveryState(StrEnum):
    """Where a delivery stands. SENT, DEAD, DROPPED and WITHDRAWN are final."""

    PENDING = "pending"
    """Not tried yet, or to be tried again not before its hour."""
    SENDING = "sending"
    """Claimed, and committed so before the first byte was written."""
    UNKNOWN = "unknown"
    """Written, but the answer was never seen."""
    HELD = "held"
    """Unknown, and its subscriber wants a person to decide (`on_unknown: hold`)."""
    SENT = "sent"
    """The other side said so."""
    DEAD = "dead"
    """Refused as malformed, in its plain form too; or refused otherwise for about a day."""
    DROPPED = "dropped"
    """Given up on purpose: by `on_unknown: drop`, by hand, or because its address is gone."""
    WITHDRAWN = "withdrawn"
    """Taken back because its subscriber is gone or moved to another channel: as if it had never been told."""

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self in (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.DROPPED, DeliveryState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one address, claimed to be sent."""

    id: str
    """The idempotency key: the same on every attempt."""
    subscriber: str
    recipient: str
    """Which of the subscriber's addresses: a hash, never the address itself."""
    payload: Mapping[str, Any]
    """The form to send on this attempt, rich or plain."""
    part: int
    parts: int
    created_at: datetime
    tries: int
    reply: bool = False
    """Whether it goes into the thread under the digest's first message."""
    parent: str | None = None
    """The platform's id of the digest's first message, once that is sent; for every later part."""
    thread_gone: bool = False
    """Whether that message's thread takes no replies any more: then it goes to the destination, and says so."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate limit and circuit breaker, of a destination or of a credential: one message passes at a time."""

    key: str
    """What the store files it under; hashes, never an address or a secret."""
    min_interval: float
    """Seconds between two messages, at least."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The two limits that every message has to pass."""

    destination: Limit
    credential: Limit


@dataclass(frozen=True, slots=True)
class Receipt:
    """Confirmation by the platform that it has the message, with the platform's id (may be empty)."""

    platform_id: str = ""


@dataclass(frozen=True, slots=True)
class UnknownDelivery:
    """A delivery whose answer was lost, with what helps its channel to look it up."""

    delivery: Delivery
    """As it was sent, perhaps more than once. No attempt was before its `created_at`."""
    asked_at: datetime
    """The moment of asking, UTC; a channel is never asked before `created_at`."""
    last_known_id: str = ""
    """The platform's id of the last message that is known to have reached the address; empty if there is none."""
    ids_of_others: frozenset[str] = frozenset()
    """The platform's ids of the messages at that address that are other deliveries'."""


class OnUnknown(StrEnum):
    """What becomes of a delivery whose outcome nobody knows and nobody can be asked about."""

    RESEND = "resend"
    DROP = "drop"
    HOLD = "hold"
