"""Asks questions one after another; one can go back, and agrees to a summary at the end. Knows no question itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.output import say, table
from bot.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_BACK = ("b", "back")
_NONE = "-"
HOW = "Enter takes what stands in brackets, - is for none, b goes back."


@dataclass(frozen=True, slots=True)
class Question:
    """One question, asked again until its check accepts the answer."""

    key: str
    """Its name in the summary; no other question has it."""
    text: str
    check: Callable[[str], Any]
    """Returns the answer for a typed text, or raises typer.BadParameter or `OtherAnswers`."""
    default: str | None = None
    """The answer if one just presses Enter; None if there must be an answer, empty if there may be none."""


class OtherAnswers(Exception):  # noqa: N818 - no error: the text answers other questions
    """The typed text answers other questions than the one that was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__()
        self.answers = answers


class _Back(Exception):  # noqa: N818 - no error: somebody wants to go back
    pass


class Interview:
    """Asks questions; which ones, may depend on the answers so far."""

    def __init__(self, questions: Callable[[Mapping[str, Any]], Iterable[Question]]) -> None:
        """Take a function that returns the questions for the answers so far, in order."""
        self._questions = questions
        self._values: dict[str, Any] = {}
        self._before: dict[str, str] = {}
        """Answers to questions that are asked again; they are proposed as defaults."""

    def answers(self) -> dict[str, Any]:
        """Asks all questions and returns the answers by key, once the user agrees to the summary.

        Raises:
            Abort: the input ended, or Ctrl-C was pressed.
            Exit: the user does not agree.
        """
        say(HOW)
        while True:
            asked = list(self._questions(self._values))
            unanswered = next((question for question in asked if question.key not in self._values), None)
            if unanswered:
                self._ask(unanswered, asked)
            elif self._agrees(asked):
                return {question.key: self._values[question.key] for question in asked}

    def _ask(self, question: Question, asked: list[Question]) -> None:
        def read(raw: str) -> Any:  # noqa: ANN401 - what the check makes
            text = clean(raw)
            if text in _BACK:
                raise _Back
            return question.check("" if text == _NONE and question.default is not None else text)

        default = self._before.get(question.key, question.default)
        try:
            self._values[question.key] = typer.prompt(
                question.text, default=default, show_default=bool(default), value_proc=read
            )
        except OtherAnswers as other:
            self._values.update(other.answers)
        except _Back:
            place = asked.index(question)
            if place:
                self._take_back(asked[place - 1])
            else:
                say("This is the first question.")

    def _agrees(self, asked: list[Question]) -> bool:
        """Whether the user agrees to the answers; if not, the question that they name is asked again."""
        say()
        table(
            [str(number), question.key, _shown(self._values[question.key]) or "none"]
            for number, question in enumerate(asked, start=1)
        )

        def read(raw: str) -> int:
            text = raw.strip().lower()
            if text in ("y", "yes"):
                return 0
            if text in ("n", "no"):
                say("Nothing was written.")
                raise typer.Exit
            if text in _BACK:
                return len(asked)
            if text.isascii() and text.isdigit() and 1 <= int(text) <= len(asked):
                return int(text)
            raise typer.BadParameter(f"yes, no, or a number from 1 to {len(asked)} is expected")

        number: int = typer.prompt("Write this? A number changes that answer", default="yes", value_proc=read)
        if number:
            self._take_back(asked[number - 1])
        return number == 0

    def _take_back(self, question: Question) -> None:
        self._before[question.key] = _shown(self._values.pop(question.key))


def _shown(value: Any) -> str:  # noqa: ANN401 - what a check made
    """An answer as a text that one could have typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
