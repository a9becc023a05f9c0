"""Prints a command's answer: tables on a terminal, aligned columns in a pipe. Text from outside is escaped in both.

What draws the tables (`tables`) is imported only for a terminal.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import sys
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING

from bot import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import tzinfo
    from typing import TextIO

    from bot.cli.tables import Terminal


def say(line: str = "", *, indent: str = "") -> None:
    """Prints one line of the answer."""
    sys.stdout.write(indent + text.escape_plain(line) + "\n" if line else "\n")


def say_on_stderr(line: str) -> None:
    """Prints a line on stderr, that does not belong to the answer."""
    sys.stderr.write(text.escape_plain(line) + "\n")


def heading(line: str) -> None:
    """Prints a heading of the answer; bold on a terminal."""
    if not sys.stdout.isatty():
        say(line)
        return
    _terminal(sys.stdout).heading(text.escape_plain(line))


def table(
    rows: Iterable[Sequence[str]], indent: str = "  ", *, heads: Sequence[str] = (), state: int | None = None
) -> None:
    """Prints rows in aligned columns; on a terminal, a table that fits its width.

    Args:
        rows: the cells.
        indent: put before every line.
        heads: the columns' names, on a terminal only.
        state: the column with a state, which a terminal shows in colour.
    """
    lines = [[text.escape_plain(cell) for cell in row] for row in rows]
    if lines and sys.stdout.isatty():
        _terminal(sys.stdout).table(lines, heads=heads, state=-1 if state is None else state, indent=len(indent))
        return
    widths = [max(len(row[column]) for row in lines) for column in range(max(map(len, lines), default=0) - 1)]
    for row in lines:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        sys.stdout.write((indent + "  ".join([*padded, row[-1]])).rstrip() + "\n")


def when(moment: datetime | None, zone: tzinfo) -> str:
    """A moment in a time zone: `Tue 21 Apr 2026 08:00`, or `never` for None."""
    if moment is None:
        return "never"
    local = moment.astimezone(zone)
    return f"{text.day(local.date())} {local:%H:%M}"


def say_json(value: object) -> None:
    """Prints dataclasses, also in lists and dicts, as one line of ASCII JSON; dates in ISO 8601, moments in UTC."""
    sys.stdout.write(json.dumps(value, default=_plain) + "\n")


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


@contextmanager
def progress(what: str) -> Iterator[Callable[[str, int], None]]:
    """Shows progress on stderr: a bar on a terminal, which is removed at the end; in a pipe one line per step.

    Args:
        what: what is being done.

    Yields:
        A function to call after each step, with the step's name and the number of all steps.
    """
    if not sys.stderr.isatty():
        steps = itertools.count(1)
        yield lambda name, total: say_on_stderr(f"{what} {name} ({next(steps)} of {total})")
        return
    with _terminal(sys.stderr).progress(what, text.escape_plain) as step:
        yield step


def _terminal(stream: TextIO) -> Terminal:
    from bot.cli.tables import Terminal  # noqa: PLC0415 - Rich, only on a terminal

    return Terminal(stream)


def plural(count: int, one: str, many: str = "") -> str:
    """`1 paper`, `2 papers`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
