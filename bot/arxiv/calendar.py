"""arXiv's days: which date a mailing bears, when the next one comes, which ones are known to be put off.

Pure: every moment is an argument (aware, of any zone). A holiday is a hint for what to call an empty feed, never
a reason not to ask for it: arXiv adds some at short notice.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
"""All of arXiv's times: https://info.arxiv.org/help/availability.html."""

# Feeds change at midnight (https://info.arxiv.org/help/rss.html); they are there for sure a little later.
_IN_THE_FEED = time(0, 20)
_SATURDAY = 5

# The days after the days whose freeze arXiv skips; after a Friday, the Monday. Skipped days: arxiv-base at 0f94fa03,
# arxiv/db/arxiv_holidays_seed.sql. On nine of these a daily crawl saw once a short mailing and never a normal one.
_DEFERRED = frozenset(
    map(
        date.fromisoformat,
        (
            "2025-01-01",
            "2025-01-02",
            "2025-01-21",
            "2025-06-20",
            "2025-07-07",
            "2025-09-02",
            "2025-11-28",
            "2025-12-26",
            "2025-12-31",
            "2026-01-02",
            "2026-01-20",
            "2026-06-22",
            "2026-07-06",
            "2026-09-08",
            "2026-11-27",
            "2026-12-28",
            "2026-12-30",
            "2027-01-01",
        ),
    ),
)


def mailing_date(now: datetime) -> date:
    """The date that arXiv's feeds bear at that moment: the calendar's in America/New_York."""
    return now.astimezone(EASTERN).date()


def is_mailing_day(day: date) -> bool:
    """Whether a mailing bears that date as a rule: Monday to Friday."""
    return day.weekday() < _SATURDAY


def deferred(day: date) -> bool:
    """Whether an empty feed is expected on that mailing day; known for 2025 and 2026 alone."""
    return day in _DEFERRED


def next_mailing(now: datetime) -> datetime:
    """When the next mailing is expected in the feed, in UTC: later than `now`, deferred or not."""
    day = mailing_date(now)
    while not is_mailing_day(day) or expected(day) <= now:
        day += timedelta(days=1)
    return expected(day)


def previous_mailing_day(day: date) -> date:
    """The last mailing day before that date."""
    day -= timedelta(days=1)
    while not is_mailing_day(day):
        day -= timedelta(days=1)
    return day


def mailing_days(after: date, upto: date) -> tuple[date, ...]:
    """The mailing days after the one date up to and with the other, oldest first."""
    days = (after + timedelta(days=offset) for offset in range(1, (upto - after).days + 1))
    return tuple(day for day in days if is_mailing_day(day))


def expected(day: date) -> datetime:
    """When the mailing of that date is expected in the feed, in UTC."""
    return datetime.combine(day, _IN_THE_FEED, EASTERN).astimezone(UTC)
