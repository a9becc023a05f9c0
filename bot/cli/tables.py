"""The answer on a terminal: Rich tables as wide as it is, bold headings, few colours. Imported where there is one.

Texts come in as they are to be shown: nothing in here reads markup, emoji codes or anything else out of them.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

GOOD, WAITING, BAD = "green", "yellow", "red"

_TINTS = {
    **dict.fromkeys(("complete", "complete already", "expected-empty", "expected-empty already", "sent", "ok"), GOOD),
    **dict.fromkeys(("pending", "not asked", "sending", "unknown", "held"), WAITING),
    **dict.fromkeys(("unexpected-empty", "suspect-stale", "truncated", "incomplete"), WAITING),
    **dict.fromkeys(("failed", "dead", "WRONG"), BAD),
}
"""A state as a command says it -> its colour; any other word has none."""


def draw_heading(line: str, screen: TextIO) -> None:
    """A line that opens a part of the answer, set off from what was said before."""
    _console(screen).print(Text(line, style="bold"))


def draw_table(
    rows: Sequence[Sequence[str]], screen: TextIO, *, heads: Sequence[str], state: int, indent: int
) -> None:
    """Rows in columns; where the terminal is narrower than they are, the widest are folded, but short words never.

    Args:
        rows: the cells; a row may have fewer than the widest.
        screen: the terminal.
        heads: what the columns are called; without any there is no head, and no rule under it.
        state: the column whose word is coloured; -1 for none.
        indent: how many blanks stand to the left.
    """
    console = _console(screen)
    columns = max(map(len, rows), default=0)
    drawn = Table(
        box=SIMPLE_HEAD if heads else None, show_header=bool(heads), show_edge=False, pad_edge=False, header_style=""
    )
    for at, head in enumerate((*heads, *[""] * columns)[:columns]):
        words = [head, *(row[at] for row in rows if at < len(row))]
        drawn.add_column(Text(head, style="dim"), overflow="fold", no_wrap=_are_short(words, console.width // 4))
    for row in rows:
        drawn.add_row(*(_tinted(cell) if at == state else Text(cell) for at, cell in enumerate(row)))
    console.print(Padding(drawn, (0, 0, 1 if heads else 0, indent), expand=False))


def _are_short(words: Sequence[str], most: int) -> bool:
    """Whether these are names, ids and the like, none wider than that: to break one would spoil it."""
    return all(" " not in word and cell_len(word) <= most for word in words)


def _tinted(cell: str) -> Text:
    """The state at the cell's beginning in its colour: of `dead, 2 tries: ...` the first word."""
    state = re.split("[,:]", cell, maxsplit=1)[0]
    text = Text(cell)
    text.stylize(_TINTS.get(state, ""), 0, len(state))
    return text


def _console(screen: TextIO) -> Console:
    return Console(file=screen, markup=False, emoji=False, highlight=False)


@contextmanager
def draw_progress(what: str, escape: Callable[[str], str], stream: TextIO) -> Iterator[Callable[[str, int], None]]:
    """A bar while something goes on, gone when it is over.

    Args:
        what: what goes on.
        escape: makes a step's name fit to show.
        stream: a terminal.

    Returns:
        What to call after each step, with its name and with how many steps there are in all.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda name, total: bar.update(task, advance=1, total=total, description=escape(f"{what} {name}"))
