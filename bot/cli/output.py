"""The answer's lines: tables on a terminal, aligned columns in a pipe, nothing from outside unescaped in either.

A pipe gets the plain lines alone, and what draws the tables is imported only for a terminal.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import sys
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import tzinfo


def say(line: str = "", *, indent: str = "") -> None:
    """One line of the answer."""
    sys.stdout.write(indent + _escaped(line) + "\n" if line else "\n")


def say_on_stderr(line: str) -> None:
    """A line that is not the answer: beside it, on stderr."""
    sys.stderr.write(_escaped(line) + "\n")


def heading(line: str) -> None:
    """A line that opens a part of the answer; on a terminal it stands out."""
    if not sys.stdout.isatty():
        say(line)
        return
    from bot.cli.tables import draw_heading  # noqa: PLC0415 - Rich, only on a terminal

    draw_heading(_escaped(line), sys.stdout)


def table(
    rows: Iterable[Sequence[str]], indent: str = "  ", *, heads: Sequence[str] = (), state: int | None = None
) -> None:
    """Rows whose columns, but the last, are as wide as their widest cell; on a terminal they fit its width.

    Args:
        rows: the cells.
        indent: what stands to the left of every line.
        heads: what the columns are called, for a terminal only.
        state: which column says how it stands; a terminal has it in colour.
    """
    lines = [[_escaped(cell) for cell in row] for row in rows]
    if lines and sys.stdout.isatty():
        from bot.cli.tables import draw_table  # noqa: PLC0415 - as above

        draw_table(lines, sys.stdout, heads=heads, state=-1 if state is None else state, indent=len(indent))
        return
    widths = [max(len(row[column]) for row in lines) for column in range(max(map(len, lines), default=0) - 1)]
    for row in lines:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        sys.stdout.write((indent + "  ".join([*padded, row[-1]])).rstrip() + "\n")


def _escaped(line: str) -> str:
    from bot import text  # noqa: PLC0415 - 10 ms that --help does not need

    return text.escape_plain(line)


def when(moment: datetime | None, zone: tzinfo) -> str:
    """A moment in the reader's zone: `Tue 21 Apr 2026 08:00`, or `never`."""
    if moment is None:
        return "never"
    from bot import text  # noqa: PLC0415 - as above

    local = moment.astimezone(zone)
    return f"{text.day(local.date())} {local:%H:%M}"


def some(names: Sequence[str]) -> str:
    """The first two names, and how many more there are: `cs.AI, cs.CL and 32 more`."""
    from bot import text  # noqa: PLC0415 - 10 ms that --help does not need

    return text.some(names)


def to_json(value: object) -> str:
    """Dataclasses, alone or within lists and dicts, as one line of ASCII JSON: dates in ISO 8601, moments in UTC."""
    return json.dumps(value, default=_plain)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


@contextmanager
def progress(what: str) -> Iterator[Callable[[str, int], None]]:
    """A bar on a terminal's stderr while something goes on, gone when it is over; in a pipe a plain line a step.

    Args:
        what: what goes on.

    Returns:
        What to call after each step, with its name and with how many steps there are in all.
    """
    if not sys.stderr.isatty():
        steps = itertools.count(1)
        yield lambda name, total: say_on_stderr(f"{what} {name} ({next(steps)} of {total})")
        return
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415 - as above

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda name, total: bar.update(task, advance=1, total=total, description=_escaped(f"{what} {name}"))


def plural(count: int, one: str, many: str = "") -> str:
    """`1 paper`, `2 papers`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
