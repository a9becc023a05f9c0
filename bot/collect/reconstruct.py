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
"""A paper submitted up to so long before a mailing may still appear in it, held back by moderators."""

_NEWEST_ANNOUNCED = 5
"""Later versions appear in no feed: https://github.com/arXiv/arxiv-feed, feed/database.py."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored."""

    history: Mapping[str, tuple[Event, ...]]
    """By identifier, what the category announced of it, oldest first."""
    categories: Mapping[str, frozenset[str]]
    """By identifier, the paper's categories, if any version of it is stored, collected in whatever category."""


def reconstruct(
    category: str,
    records: Iterable[Record],
    days: Sequence[date],
    known: Known,
    *,
    awaited: date | None = None,
) -> dict[date, tuple[FeedItem, ...]]:
    """Reconstructs what the category's mailings of these days announced, without what is stored already.

    Args:
        category: whose mailings.
        records: all OAI-PMH records of the category that changed since the first of the days.
        days: the open mailing dates, oldest first.
        known: what is stored of these papers.
        awaited: a later mailing date whose feed is still to come: a late cross-list whose record has changed on
            that day is left to it, for OAI-PMH shows it hours before the feed does.

    Returns:
        For each of the days, the papers with their announce types.
    """
    found: dict[date, list[FeedItem]] = {day: [] for day in days}
    for record in sorted(records, key=lambda record: record.paper.identifier):
        told: set[date] = set()
        for kind, version in _events(category, record, days, known):
            is_awaited = version is None and awaited is not None and record.datestamp >= awaited
            day = None if is_awaited else _day(version, record, days)
            if day is not None and day not in told:
                told.add(day)
                found[day].append(FeedItem(record.paper, kind))
    return {day: tuple(entries) for day, entries in found.items()}


def submitted_after(records: Iterable[Record], day: date) -> Iterator[tuple[str, int]]:
    """(identifier, version) of what was submitted too late for any mailing up to that date."""
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
    """The announce types with which the paper appeared in one of these mailings, each with its version, if known.

    A record has the text of the newest version only, so a paper that was replaced meanwhile is shown in that version.
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
    """Whether the paper is stored from another category, and was not in this one then."""
    stored = known.categories.get(record.paper.identifier)
    return stored is not None and stored.isdisjoint(related(category))


def _day(version: Version | None, record: Record, days: Sequence[date]) -> date | None:
    """Which of the open days announced it; None if it belongs to a later mailing.

    The schedule gives the earliest day. A record's datestamp is the day on which its newest version was announced, if
    nothing was changed since; it tells the day of a paper that moderators held back.
    """
    earliest = days[0] if version is None else calendar.earliest_mailing(version.submitted)
    if earliest > days[-1]:
        return None
    stamped = version is record.versions[-1] and record.datestamp in days
    if version is None or stamped or earliest < days[0]:
        earliest = min(max(record.datestamp, earliest, days[0]), days[-1])
    return next(day for day in days if day >= earliest)
