"""The best few papers of a digest before all others, whichever of its topics they are in.

Pure. Where the order of every topic was learned, the scores decide; else the topics' first papers come before their
second ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.model import Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import DigestEntry

TITLE = "Picks"


def with_picks(sections: Sequence[Section], count: int | None, scores: Mapping[str, float]) -> tuple[Section, ...]:
    """The sections, the best papers moved into one of their own before them.

    A section that counts papers beyond its limit keeps one that it shows, so that the count has its place.

    Args:
        sections: each in its order.
        count: how many papers are picked; none, if None.
        scores: of papers in sections whose order was learned.
    """
    places = [(place, entry) for section in sections for place, entry in enumerate(_free(section))]
    learned = all(entry.paper.identifier in scores for _, entry in places)

    def best_first(placed: tuple[int, DigestEntry]) -> float:
        place, entry = placed
        return -scores[entry.paper.identifier] if learned else place

    picked = [entry for _, entry in sorted(places, key=best_first)[: count or 0]]
    if not picked:
        return tuple(sections)
    picked.sort(key=lambda entry: entry.mailing_date, reverse=True)
    gone = {entry.paper.identifier for entry in picked}
    rest = (
        replace(each, entries=tuple(e for e in each.entries if e.paper.identifier not in gone)) for each in sections
    )
    return Section(topic="", title=TITLE, entries=tuple(picked)), *(each for each in rest if each.entries)


def _free(section: Section) -> Sequence[DigestEntry]:
    return section.entries[:-1] if section.hidden else section.entries
