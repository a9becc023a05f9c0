"""The backlog: which mailings are still open, today's and earlier ones, and when to try each again.

Works on the stored states alone; sends no requests.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.model import MailingRecord, MailingState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from bot.store.papers import Papers

LOOK_BACK = timedelta(days=90)
"""How far back missed mailings are caught up without being asked to: as far as arXiv's catch-up pages go."""

_FIRST_PAUSE = timedelta(minutes=10)
_LONGEST_PAUSE = timedelta(hours=1)
_LONGEST_PAUSE_FOR_MISSED = timedelta(hours=6)


def missed(
    papers: Papers,
    categories: Iterable[str],
    today: date,
    *,
    since: date | None = None,
) -> tuple[MailingRecord, ...]:
    """The mailings before today that are still open, oldest first; also those that were never asked for.

    Args:
        papers: the store.
        categories: canonical names; those that are collected now.
        today: today's mailing date.
        since: the first mailing date to look at; else each category's first day, within `LOOK_BACK`.
    """
    start = today - LOOK_BACK if since is None else since
    still_open = {(record.mailing_date, record.category): record for record in papers.open_since(start)}
    closed = papers.closed_since(start)
    first = papers.first_asked() if since is None else {}
    return tuple(
        still_open.get((day, category)) or _never_asked(day, category)
        for day in calendar.mailing_days(start - timedelta(days=1), today - timedelta(days=1))
        for category in sorted(set(categories))
        if (day, category) not in closed and (since is not None or day >= first.get(category, today))
    )


def late(
    papers: Papers, categories: Iterable[str], now: datetime, *, after: timedelta
) -> dict[str, tuple[MailingRecord, ...]]:
    """By category, the mailings that are still open so long `after` they were expected, oldest first."""
    today = calendar.mailing_date(now)
    records = list(missed(papers, categories, today))
    if calendar.is_mailing_day(today):
        known = (papers.mailing(today, category) or _never_asked(today, category) for category in categories)
        records += [record for record in known if not record.state.closed]
    found: dict[str, tuple[MailingRecord, ...]] = {}
    for record in records:
        if now - calendar.expected(record.mailing_date) >= after:
            found[record.category] = (*found.get(record.category, ()), record)
    return found


def _never_asked(day: date, category: str) -> MailingRecord:
    """The record of a mailing that was never asked for, because nothing ran on its day."""
    return MailingRecord(
        mailing_date=day,
        category=category,
        state=MailingState.PENDING,
        reason="it was never asked for",
        announced=0,
        unreadable=0,
        tries=0,
        asked_at=None,
    )


def next_attempt(record: MailingRecord | None, due: datetime, now: datetime, *, past: bool = False) -> datetime:
    """When an open mailing is asked for next: as soon as it is due, then at growing intervals.

    Args:
        record: its stored state, if there is one.
        due: when it is first expected; earlier requests do not count.
        now: the moment, UTC; an `asked_at` in the future was written by a wrong clock and is ignored.
        past: whether its day is over; then the intervals grow longer.
    """
    if record is None or record.asked_at is None or record.asked_at < due or record.asked_at > now:
        return due
    longest = _LONGEST_PAUSE_FOR_MISSED if past else _LONGEST_PAUSE
    pause: timedelta = min(_FIRST_PAUSE * (1 << min(max(record.tries - 1, 0), 10)), longest)
    return record.asked_at + pause
