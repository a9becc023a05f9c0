"""Parses the dates in arXiv's answers strictly: refuses every text that is not a plausible date.

Pure. Refuses an impossible year and a UTC offset of a day or more, because later computations with such a date would
overflow. Other libraries guess instead: feedparser reads the year -1 as 1999.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

YEARS = range(1980, 2200)
"""Plausible years; arXiv began in 1991 and has some older papers."""

_ZONE = re.compile(r" (?:[+-][0-9]{4}|[A-Z]{1,4})$")


def from_mail_date(text: str) -> datetime:
    """The moment, in UTC, of `Mon, 20 Apr 2026 17:59:59 GMT` (RFC 5322).

    Raises:
        ValueError: it is no such date, names no zone, or is of no plausible year.
    """
    if not _ZONE.search(text):
        raise ValueError(f"a date without a zone: {text[:100]!r}")
    try:
        return _plausible(parsedate_to_datetime(text))
    except OverflowError as error:  # a year of thirty digits
        raise ValueError(f"not a date: {text[:100]!r}") from error


def from_iso(text: str) -> datetime:
    """The moment, in UTC, of `2026-04-21T02:31:27Z` (ISO 8601); one without a zone is in UTC.

    Raises:
        ValueError: it is no such date, or of no plausible year.
    """
    return _plausible(datetime.fromisoformat(text))


def _plausible(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError(f"a date of the year {moment.year}")
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
