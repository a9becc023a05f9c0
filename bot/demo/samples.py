"""The demo's sample mailings: three mailing dates with a weekend between, as arXiv would announce them.

All papers are invented and stored in `samples.yaml`, each with its history: when it was announced, replaced and
cross-listed. This module makes the mailings of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bot.model import AnnounceType, Author, FeedItem, Mailing, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

CATEGORIES = ("cs.CL", "cs.CV", "q-bio.NC")
"""The categories of the demo's mailings."""

_LISTING = (AnnounceType.NEW, AnnounceType.CROSS, AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)
_OWN_FIELDS = ("announced", "replaced", "cross_listed", "authors", "id", "categories", "hostile")


@dataclass(frozen=True, slots=True)
class _PaperHistory:
    """A paper with its history."""

    paper: Paper
    """As first announced."""
    announced: date
    replaced: Mapping[date, int]
    """Version by date."""
    cross_listed: Mapping[str, date]
    """Dates of later cross-lists, by category."""

    def seen(self, category: str, day: date) -> FeedItem | None:
        """The paper's item in the category's mailing of that date; None if it is not in it.

        A paper is `new` in its primary category: https://info.arxiv.org/help/rss.html.
        """
        listed = (*self.paper.categories, *(c for c, since in self.cross_listed.items() if since <= day))
        if category not in listed:
            return None
        primary = category == self.paper.primary
        if day in self.replaced:
            kind = AnnounceType.REPLACE if primary else AnnounceType.REPLACE_CROSS
        elif day == self.announced:
            kind = AnnounceType.NEW if primary else AnnounceType.CROSS
        elif self.cross_listed.get(category) == day:
            kind = AnnounceType.CROSS
        else:
            return None
        return FeedItem(self._as_of(day, listed), kind)

    def _as_of(self, day: date, listed: tuple[str, ...]) -> Paper:
        version = max((version for since, version in self.replaced.items() if since <= day), default=1)
        return replace(self.paper, version=version, categories=listed)


def mailings() -> tuple[tuple[date, Mapping[str, Mailing]], ...]:
    """Every mailing date, oldest first, with the mailing of each of `CATEGORIES`, in arXiv's own order."""
    return tuple(
        (day, {category: Mailing(category, day, tuple(_entries(category, day))) for category in CATEGORIES})
        for day in _samples()["mailing_dates"]
    )


def topics() -> dict[str, Any]:
    """The section `topics` of the demo's configuration, as plain YAML values."""
    found: dict[str, Any] = _samples()["topics"]
    return found


def hostile() -> dict[str, str]:
    """What each title that is hostile on purpose would do where it is not escaped, by title."""
    return {record["title"]: record["hostile"] for record in _samples()["papers"] if "hostile" in record}


def _entries(category: str, day: date) -> list[FeedItem]:
    entries = [entry for history in _histories() if (entry := history.seen(category, day))]
    return sorted(entries, key=lambda entry: (_LISTING.index(entry.type), entry.paper.identifier))


def _histories() -> Iterator[_PaperHistory]:
    for record in _samples()["papers"]:
        yield _PaperHistory(
            paper=Paper(
                identifier=record["id"],
                version=1,
                authors=tuple(_author(name) for name in record["authors"]),
                categories=tuple(record["categories"]),
                **{name: value for name, value in record.items() if name not in _OWN_FIELDS},
            ),
            announced=record["announced"],
            replaced=record.get("replaced", {}),
            cross_listed=record.get("cross_listed", {}),
        )


def _author(written: str) -> Author:
    """The author in `Name (One Place, Another)`."""
    name, _, places = written.removesuffix(")").partition(" (")
    return Author(name, tuple(places.split(", ")) if places else ())


@cache
def _samples() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(
        (Path(__file__).parent / "samples.yaml").read_text(encoding="utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),  # noqa: S506 - both are safe; C is there or not
    )
    return loaded
