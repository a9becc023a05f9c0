"""Reconstructs what a missed mailing announced, from OAI-PMH records and from what is stored.

    records, days, history -> per day: new | cross | replace | replace-cross

OAI-PMH knows versions and their dates, but neither mailing dates nor announce types: those are concluded here. Pure.
What cannot be known from it: a late cross-list of a paper that no feed of ours ever showed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.arxiv.taxonomy import related
from bot.model import AnnounceType, FeedItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from bot.arxiv.oai import Record, Version
    from bot.store.papers import Event

MODERATION_HOLD = timedelta(days=10)
"""How long moderation may hold a paper back, that it still counts as one of these days'."""

_NEWEST_ANNOUNCED = 5
"""Later versions appear in no feed: https://github.com/arXiv/arxiv-feed, feed/database.py."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored."""

    history: Mapping[str, tuple[Event, ...]]
    """Per identifier, what the category announced of it, oldest first."""
    categories: Mapping[str, frozenset[str]]
    """Per identifier of which any version is stored, under whatever category: its categories."""


def reconstruct(
    category: str,
    records: Iterable[Record],
    days: Sequence[date],
    known: Known,
) -> dict[date, tuple[FeedItem, ...]]:
    """What the category's mailings of these days announced and is not stored yet.

    Args:
        category: whose mailings.
        records: all that changed in its set since the first of the days.
        days: the open mailing dates, oldest first.
        known: what is stored of these records.
    """
    found: dict[date, list[FeedItem]] = {day: [] for day in days}
    for record in sorted(records, key=lambda record: record.paper.identifier):
        told: set[date] = set()
        for kind, version in _events(category, record, days, known):
            day = _day(version, record, days)
            if day is not None and day not in told:
                told.add(day)
                found[day].append(FeedItem(record.paper, kind))
    return {day: tuple(entries) for day, entries in found.items()}


def submitted_after(records: Iterable[Record], day: date) -> Iterator[tuple[str, int]]:
    """The identifiers and versions that no mailing up to that date can have announced: nothing hurries arXiv."""
    for record in records:
        for version in record.versions:
            if calendar.earliest_mailing(version.submitted) > day:
                yield record.paper.identifier, version.number


def _events(
    category: str,
    record: Record,
    days: Sequence[date],
    known: Known,
) -> Iterator[tuple[AnnounceType, Version | None]]:
    """Why the paper must stand in one of these mailings, with the version that tells it, if one does.

    The record shows the newest version only, so a paper that appeared and was replaced since appears in that one.
    """
    paper, newest = record.paper, record.versions[-1]
    own = paper.primary in related(category)
    first = calendar.submissions_from(days[0]) - MODERATION_HOLD
    before = known.history.get(paper.identifier, ())
    appeared = any(not event.type.is_replacement or event.mailing_date < days[0] for event in before)
    if not appeared and record.versions[0].submitted >= first:
        yield (AnnounceType.NEW if own else AnnounceType.CROSS), record.versions[0]
    elif not appeared and _is_late_cross_list(category, record, known):
        yield AnnounceType.CROSS, None
    unseen = all(event.version < newest.number for event in before)
    if 1 < newest.number <= _NEWEST_ANNOUNCED and newest.submitted >= first and unseen:
        yield (AnnounceType.REPLACE if own else AnnounceType.REPLACE_CROSS), newest


def _is_late_cross_list(category: str, record: Record, known: Known) -> bool:
    """Whether we know the paper from elsewhere, and not as one of this category."""
    stored = known.categories.get(record.paper.identifier)
    return stored is not None and stored.isdisjoint(related(category))


def _day(version: Version | None, record: Record, days: Sequence[date]) -> date | None:
    """Which of the open days announced it; None if it belongs to a later mailing.

    The schedule tells the earliest. The datestamp of a record is the day of its newest version's announcement, if
    nothing was changed since: so a paper that moderators held back stands where it was announced.
    """
    earliest = days[0] if version is None else calendar.earliest_mailing(version.submitted)
    if earliest > days[-1]:
        return None
    stamped = version is record.versions[-1] and record.datestamp in days
    if version is None or stamped or earliest < days[0]:
        earliest = min(max(record.datestamp, earliest, days[0]), days[-1])
    return next(day for day in days if day >= earliest)
