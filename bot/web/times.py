"""Parses times and dates of forms: `<input type=time>`, `<input type=date>`. Pure."""

from __future__ import annotations

from datetime import date, time

from bot.config import value_types


def read_hour(text: str) -> time | None:
    """Parses a time of day; None if it is empty. Browsers send HH:MM, some HH:MM:SS.

    Raises:
        ValueError: with a sentence that says what is expected.
    """
    return value_types.wall_time(text.removesuffix(":00") if text.count(":") == 2 else text) if text else None  # noqa: PLR2004 - as said


def read_day(text: str) -> date | None:
    """Parses a date; None if it is empty.

    Raises:
        ValueError: with a sentence that says what is expected.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day is expected, like 2026-12-24") from None
