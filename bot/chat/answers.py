"""Answers as values: plain texts and papers without markup. Each platform's templates show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from bot.model import Paper, Topic


@dataclass(frozen=True, slots=True)
class ShownPaper:
    """A paper in an answer, on one line."""

    paper: Paper
    mailing_date: date | None = None
    why: str = ""
    """Which words of the query or topic were found in it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an answer: a heading, and the lines or papers under it."""

    heading: str = ""
    lines: tuple[str, ...] = ()
    papers: tuple[ShownPaper, ...] = ()
    more: int = 0
    """How many more papers there are than these."""
    code: str = ""
    """A text that is shown verbatim, for copying."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button under an answer: its label, and the command that it runs, as it would be typed."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, which only the person who asked can see."""

    text: str
    """One sentence: what is in effect now, or why nothing was done."""
    parts: tuple[Part, ...] = ()
    choices: tuple[Choice, ...] = ()
    is_good: bool = True
    """False: nothing was done."""
    has_changed: bool = False
    """Whether something was changed that the daemon should act on at once."""
    previews: tuple[Topic, ...] = ()
    """Topics for which the answer has yet to show what they would have brought lately."""
