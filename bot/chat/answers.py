"""What is answered, as values: plain texts and papers, which each platform's templates show. No markup is in them."""

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
    """What it was found by."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an answer: a heading, and what stands under it."""

    heading: str = ""
    lines: tuple[str, ...] = ()
    papers: tuple[ShownPaper, ...] = ()
    more: int = 0
    """How many papers there are beside these."""
    code: str = ""
    """A text that is shown letter by letter, for copying."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button under an answer: what it says, and the command that it stands for, as it would be typed."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What who asked is told, and nobody else."""

    text: str
    """One sentence: what is so now, or why not."""
    parts: tuple[Part, ...] = ()
    choices: tuple[Choice, ...] = ()
    is_good: bool = True
    """False: nothing was done."""
    has_changed: bool = False
    """Whether something was changed that the verbs should look at now."""
    previews: tuple[Topic, ...] = ()
    """Topics of which is yet to be said what they would have brought lately."""
