"""Lines for a terminal or a pipe: aligned columns, nothing from outside unescaped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bot import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo


def say(line: str = "") -> None:
    """One line of the answer."""
    sys.stdout.write(text.escape_plain(line) + "\n" if line else "\n")


def table(rows: Iterable[Sequence[str]], indent: str = "  ") -> None:
    """Rows whose columns, but the last, are as wide as their widest cell."""
    lines = [[text.escape_plain(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in lines) for column in range(max(map(len, lines), default=0) - 1)]
    for row in lines:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        sys.stdout.write((indent + "  ".join([*padded, row[-1]])).rstrip() + "\n")


def when(moment: datetime | None, zone: tzinfo) -> str:
    """A moment in the reader's zone: `Tue 21 Apr 2026 08:00`, or `never`."""
    if moment is None:
        return "never"
    local = moment.astimezone(zone)
    return f"{text.day(local.date())} {local:%H:%M}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 paper`, `2 papers`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
