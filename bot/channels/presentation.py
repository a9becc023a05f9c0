"""What all channels present alike: matched terms with their fields, a paper's links, topics merged into one.

Pure. Knows no platform and no template; measures, cuts and escapes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import Link, MatchMode, Section
from bot.text import links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import DigestEntry, Match

MOST_LINKS = 8
"""How many lists are named where papers are only counted; the other lists are counted too."""


@dataclass(frozen=True, slots=True)
class MatchedTerm:
    """A matched term and all fields in which it was found."""

    term: str
    fields: tuple[str, ...]
    """In words: `journal ref`."""
    mode: MatchMode = MatchMode.WORDS
    """How it was found."""


def matched_terms(match: Match) -> tuple[MatchedTerm, ...]:
    """The match's hits with each term once, in the order of their first hits."""
    fields: dict[str, dict[str, None]] = {}
    modes: dict[str, MatchMode] = {}
    for hit in match.hits:
        fields.setdefault(hit.term, {})[hit.field.replace("_", " ")] = None
        modes.setdefault(hit.term, hit.mode)
    return tuple(MatchedTerm(term, tuple(found), modes[term]) for term, found in fields.items())


def paper_links(entry: DigestEntry) -> tuple[Link, ...]:
    """Where else a paper can be had than on its abstract page: as PDF and HTML, and what its authors link to."""
    return (*entry.format_links, *links.found(entry.paper.abstract, entry.paper.comment))


def paper_count(section: Section) -> int:
    """How many papers the section tells of, shown or counted."""
    return len(section.entries) + section.hidden


def merged(sections: Sequence[Section]) -> Section:
    """All topics as one, for where there are too many even to count each: newest mailing first, each link once."""
    entries = [entry for section in sections for entry in section.entries]
    return Section(
        topic="",
        title=f"{len(sections)} topics",
        entries=tuple(sorted(entries, key=lambda entry: entry.mailing_date, reverse=True)),
        hidden=sum(section.hidden for section in sections),
        more=tuple(dict.fromkeys(link for section in sections for link in section.more)),
    )
