"""Links to arXiv's own listings, for papers that a digest only counts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Link, listing_url

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from bot.model import Announcement, DigestEntry


def listings(entries: Iterable[DigestEntry], announcements: Iterable[Announcement]) -> tuple[Link, ...]:
    """As few listings as hold all of these papers, chosen greedily, largest first."""
    wanted = {(entry.paper.identifier, entry.mailing_date) for entry in entries}
    holds: dict[tuple[date, str], set[tuple[str, date]]] = {}
    for announcement in announcements:
        paper = (announcement.identifier, announcement.mailing_date)
        if paper in wanted:
            holds.setdefault((announcement.mailing_date, announcement.category), set()).add(paper)
    chosen = []
    while wanted and holds:
        best = max(sorted(holds), key=lambda listing: len(holds[listing] & wanted))
        wanted -= holds.pop(best)
        chosen.append(best)
    return tuple(Link(f"{category} {day:%Y-%m-%d}", listing_url(category, day)) for day, category in chosen)
