"""Hours and days as forms send them: `<input type=time>`, `<input type=date>`. Pure."""

from __future__ import annotations

from datetime import date, time

from bot.config import value_types


def read_hour(text: str) -> time | None:
    """A time of day; None if nothing was chosen. Browsers send HH:MM, some HH:MM:SS.

    Raises:
        ValueError: with a sentence that says what is expected.
    """
    return value_types.wall_time(text.removesuffix(":00") if text.count(":") == 2 else text) if text else None  # noqa: PLR2004 - as said


def read_day(text: str) -> date | None:
    """A day; None if nothing was chosen.

    Raises:
        ValueError: with a sentence that says what is expected.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day is expected, like 2026-12-24") from None
