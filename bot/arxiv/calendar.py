"""arXiv's calendar: the date of a mailing, when the next one comes, and which ones are empty because of a holiday.

Pure: every moment is an argument (aware, in any zone). A holiday only explains an empty feed; the feed is asked for
nevertheless, because arXiv adds holidays at short notice.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

EASTERN = ZoneInfo("America/New_York")
"""The time zone of all of arXiv's times: https://info.arxiv.org/help/availability.html."""

# Feeds change at midnight (https://info.arxiv.org/help/rss.html); some minutes later all of them have changed.
_FEED_TIME = time(0, 20)
_DEADLINE = time(14)
_SATURDAY = 5
_FIRST_KNOWN_YEAR = 2025

# A mailing is empty if arXiv skipped the submission deadline of the weekday before. Skipped days: arxiv-base at
# 0f94fa03, arxiv/db/arxiv_holidays_seed.sql. Here are the mailings of 2025 and 2026 after skipped days that are no
# federal holidays. A daily crawl of nine such mailings, of both kinds, found one short mailing and no normal one.
_DEFERRED_FOR_OTHER_REASONS = ("2025-01-01", "2025-12-31", "2026-12-30", "2027-01-01")


def mailing_date(now: datetime) -> date:
    """The date of arXiv's feeds at that moment: the date in America/New_York."""
    return now.astimezone(EASTERN).date()


def is_mailing_day(day: date) -> bool:
    """Whether there normally is a mailing of that date: Monday to Friday."""
    return day.weekday() < _SATURDAY


def deferred(day: date) -> bool:
    """Whether an empty feed is expected on that mailing day: after a federal holiday, and around New Year's Day.

    Complete for 2025 and 2026. For later years: only the mailing after each federal holiday that arXiv kept in both;
    not the days that arXiv adds between Christmas and New Year's Day.
    """
    if day.isoformat() in _DEFERRED_FOR_OTHER_REASONS:
        return True
    return day.year >= _FIRST_KNOWN_YEAR and day in map(next_mailing_day, _holidays(day.year))


def _holidays(year: int) -> set[date]:
    """The federal holidays that arXiv keeps; one on a weekend is kept on the nearest Friday or Monday."""
    fixed = [date(year, month, day) for month, day in ((1, 1), (6, 19), (7, 4), (12, 25))]
    shift = {_SATURDAY: timedelta(days=-1), _SATURDAY + 1: timedelta(days=1)}
    kept = {day + shift.get(day.weekday(), timedelta()) for day in fixed}
    return kept | {_weekday_of(year, 1, 0, 3), _weekday_of(year, 9, 0, 1), _weekday_of(year, 11, 3, 4)}


def _weekday_of(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth Monday (0), Tuesday (1)... of a month: Martin Luther King Day, Labor Day, Thanksgiving."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def next_mailing(now: datetime) -> datetime:
    """When the next mailing after `now` is expected in the feed, in UTC; holidays are not considered."""
    day = mailing_date(now)
    while not is_mailing_day(day) or expected(day) <= now:
        day += timedelta(days=1)
    return expected(day)


def earliest_mailing(submitted: datetime) -> date:
    """The first mailing that can announce what was submitted at that moment; moderation can only make it later.

    https://info.arxiv.org/help/availability.html: a submission before 14:00 from Monday to Thursday is announced that
    evening, one on Friday on Sunday evening; the mailing has the date of the next day.
    """
    local = submitted.astimezone(EASTERN)
    day = local.date()
    while not is_mailing_day(day) or local > datetime.combine(day, _DEADLINE, EASTERN):
        day += timedelta(days=1)
    return next_mailing_day(day)


def submissions_from(day: date) -> datetime:
    """The start of that mailing's submission window, in UTC: the deadline (14:00 in New York) two weekdays before."""
    first = previous_mailing_day(previous_mailing_day(day))
    return datetime.combine(first, _DEADLINE, EASTERN).astimezone(UTC)


def previous_mailing_day(day: date) -> date:
    """The last mailing day before that date."""
    day -= timedelta(days=1)
    while not is_mailing_day(day):
        day -= timedelta(days=1)
    return day


def next_mailing_day(day: date) -> date:
    """The first mailing day after that date."""
    return mailing_days(day, day + timedelta(days=3))[0]


def span(days: Sequence[date]) -> str:
    """The range of mailing days as text: `2026-04-20`, or with their number `2026-04-16 to 2026-04-20 (3)`."""
    first, last = days[0], days[-1]
    return f"{first}" if len(days) == 1 else f"{first} to {last} ({len(days)})"


def mailing_days(after: date, upto: date) -> tuple[date, ...]:
    """The mailing days after `after`, up to and including `upto`, oldest first."""
    days = (after + timedelta(days=offset) for offset in range(1, (upto - after).days + 1))
    return tuple(day for day in days if is_mailing_day(day))


def expected(day: date) -> datetime:
    """When the mailing of that date is expected in the feed, in UTC."""
    return datetime.combine(day, _FEED_TIME, EASTERN).astimezone(UTC)
