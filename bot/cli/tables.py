"""Draws a command's answer on a terminal with Rich: tables of its width, bold headings, few colours.

Texts are shown as they are: no markup or emoji code in them is interpreted.
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
"""The colour of each state; other words have none."""


class Terminal:
    """A terminal to draw on."""

    def __init__(self, screen: TextIO) -> None:
        self._console = Console(file=screen, markup=False, emoji=False, highlight=False)

    def heading(self, line: str) -> None:
        """Draws a heading, in bold."""
        self._console.print(Text(line, style="bold"))

    def table(self, rows: Sequence[Sequence[str]], *, heads: Sequence[str], state: int, indent: int) -> None:
        """Draws rows as a table; on a narrow terminal columns are wrapped, except for those with short single words.

        Args:
            rows: the cells; rows may have different lengths.
            heads: the columns' names; without any there is no head and no line under it.
            state: the column with a state to colour; -1 for none.
            indent: spaces before every line.
        """
        columns = max(map(len, rows), default=0)
        drawn = Table(
            box=SIMPLE_HEAD if heads else None,
            show_header=bool(heads),
            show_edge=False,
            pad_edge=False,
            header_style="",
        )
        for at, head in enumerate((*heads, *[""] * columns)[:columns]):
            words = [head, *(row[at] for row in rows if at < len(row))]
            drawn.add_column(
                Text(head, style="dim"), overflow="fold", no_wrap=_are_short(words, self._console.width // 4)
            )
        for row in rows:
            drawn.add_row(*(_tinted(cell) if at == state else Text(cell) for at, cell in enumerate(row)))
        self._console.print(Padding(drawn, (0, 0, 1 if heads else 0, indent), expand=False))

    @contextmanager
    def progress(self, what: str, escape: Callable[[str], str]) -> Iterator[Callable[[str, int], None]]:
        """Draws a progress bar, and removes it at the end.

        Args:
            what: what is being done.
            escape: escapes a step's name for the terminal.

        Yields:
            A function to call after each step, with the step's name and the number of all steps.
        """
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda name, total: bar.update(task, advance=1, total=total, description=escape(f"{what} {name}"))


def _are_short(words: Sequence[str], most: int) -> bool:
    """Whether these are single words (names, ids) of at most that width, which must not be wrapped."""
    return all(" " not in word and cell_len(word) <= most for word in words)


def _tinted(cell: str) -> Text:
    """The cell with the state at its start in colour: `dead` of `dead, 2 tries: ...`."""
    state = re.split("[,:]", cell, maxsplit=1)[0]
    text = Text(cell)
    text.stylize(_TINTS.get(state, ""), 0, len(state))
    return text
