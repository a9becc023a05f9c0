"""Parses times and dates of forms: `<input type=time>`, `<input type=date>`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.config import value_types

if TYPE_CHECKING:
    from datetime import date, time


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
    return value_types.day(text) if text else None
