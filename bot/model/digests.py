"""Digests: what one subscriber gets at once, and the messages that a channel makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.model.papers import paper_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bot.model.papers import AnnounceType, Paper
    from bot.model.topics import Match


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
    """Titles of the subscriber's other topics that match it too."""
    reconstructed: bool = False
    """Whether date and type were concluded from OAI-PMH, because that day's feed was missed."""
    reason: str = ""
    """Why it stands where it does, in a few words, where the order was learned; has a stranger's title in it."""
    votes: str = ""
    """How many of its readers liked and saved it, in a digest of what they liked: "4 liked this, 2 saved it"."""

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
        """The paper as a web page, in the same version; arXiv has one of nearly all papers since December 2023."""
        return self._url("html")

    @property
    def format_links(self) -> tuple[Link, ...]:
        """Links to the PDF and the web page; none if the paper has been withdrawn."""
        return () if self.paper.withdrawn else (Link("PDF", self.pdf_url), Link("HTML", self.html_url))

    def _url(self, form: str) -> str:
        return paper_url(self.paper.identifier, self.paper.version if self.type.is_replacement else None, form=form)


@dataclass(frozen=True, slots=True)
class Section:
    """One topic's part of a digest: newest mailing first, then in the topic's order."""

    topic: str
    """Its name; empty for the picks, which are of any topic."""
    title: str
    entries: tuple[DigestEntry, ...]
    hidden: int = 0
    """Papers beyond the topic's `limit`: counted and linked, not shown."""
    more: tuple[Link, ...] = ()
    """Where the papers that are not shown can be read."""
    pages: tuple[Link, ...] = ()
    """The site's own pages of the section, newest first, where there is a site that is published."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What one subscriber gets at once. It names no subscriber: equal digests are rendered and stored once."""

    sections: tuple[Section, ...]
    mailing_dates: tuple[date, ...]
    """Newest first."""
    announced: int
    """Distinct papers announced in the topics' categories on these dates."""
    missing: tuple[str, ...] = ()
    """Mailings of these dates that are not collected yet: today's by category, earlier ones with their date."""
    across_days: bool = False
    """Whether the best of all its mailings come first, whichever day they are of; else the newest mailing does."""
    liked_since: date | None = None
    """If it is of what readers liked and saved, most votes first: since when; `announced` says nothing then."""

    @property
    def matched(self) -> int:
        """The number of papers in this digest, shown or counted."""
        return sum(len(section.entries) + section.hidden for section in self.sections)


@dataclass(frozen=True, slots=True)
class Note:
    """A short message other than a digest: why there are no papers, an alert to the operator, a test."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One part of a digest in a channel's form, before it has an address. Stored in the outbox as it is."""

    payload: Mapping[str, Any]
    """JSON values only."""
    plain: Mapping[str, Any] | None = None
    """The form without markup, sent once if the platform rejects the payload as malformed."""
    reply: bool = False
    """Whether it goes into the thread under the digest's first message."""
    papers: tuple[str, ...] = ()
    """Identifiers of the papers that it shows, in full or as a line, in order; not those that it only counts."""
