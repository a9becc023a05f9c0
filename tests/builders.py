"""Invented papers and digests for the tests: valid by default, one keyword away from any odd case."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bot.model import AnnounceType, Author, Digest, DigestEntry, Hit, Link, Match, Paper, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

MONDAY = date(2026, 4, 20)


def paper(
    identifier: str = "2604.00001",
    *,
    version: int = 1,
    title: str = "Pigeons Read Maps",
    abstract: str = "We teach pigeons to read maps. They do so better than expected.",
    authors: Sequence[str] = ("Ada Byron", "Bo Chen"),
    categories: Sequence[str] = ("cs.CV", "cs.LG"),
) -> Paper:
    return Paper(
        identifier=identifier,
        version=version,
        title=title,
        abstract=abstract,
        authors=tuple(Author(name) for name in authors),
        categories=tuple(categories),
    )


def entry(
    of: Paper | None = None,
    *,
    type: AnnounceType = AnnounceType.NEW,  # noqa: A002 - the word of the trade
    mailing_date: date = MONDAY,
    topic: str = "birds",
    hits: Sequence[Hit] = (Hit("pigeon", "title"),),
    replaced_to: int | None = None,
    also_in: Sequence[str] = (),
    reason: str = "",
) -> DigestEntry:
    return DigestEntry(
        paper=of or paper(),
        type=type,
        mailing_date=mailing_date,
        match=Match(topic, tuple(hits)),
        replaced_to=replaced_to,
        also_in=tuple(also_in),
        reason=reason,
    )


def section(
    entries: Sequence[DigestEntry],
    *,
    topic: str = "birds",
    title: str = "Birds & Maps",
    hidden: int = 0,
    more: Sequence[Link] = (Link("cs.CV on 20 Apr 2026", "https://arxiv.org/catchup/cs.CV/2026-04-20"),),
) -> Section:
    return Section(topic=topic, title=title, entries=tuple(entries), hidden=hidden, more=tuple(more))


def digest(
    sections: Sequence[Section] | None = None,
    *,
    mailing_dates: Sequence[date] = (MONDAY,),
    announced: int = 312,
    missing: Sequence[str] = (),
) -> Digest:
    return Digest(
        sections=tuple(sections) if sections is not None else (section([entry()]),),
        mailing_dates=tuple(mailing_dates),
        announced=announced,
        missing=tuple(missing),
    )


def many_entries(count: int, *, abstract_words: int = 150) -> list[DigestEntry]:
    """That many different papers, each with an abstract of so many words."""
    return [
        entry(
            paper(
                f"2604.{number:05d}",
                title=f"Pigeon Study {number}: Homing Under Uncertain Weather",
                abstract=" ".join(f"word{number}x{position}" for position in range(abstract_words)) + ".",
                authors=[f"Author {number}-{position}" for position in range(1, 8)],
            ),
        )
        for number in range(1, count + 1)
    ]
