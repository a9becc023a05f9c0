"""Asks questions one after another, with a way back, and shows all answers before they count. Knows no question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.output import say, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_BACK = ("b", "back")
_NONE = "-"
HOW = "Enter takes what stands in brackets, - is for none, b goes back."


@dataclass(frozen=True, slots=True)
class Question:
    """One question, asked again until its check takes the answer."""

    key: str
    """Its name in the summary; no other question has it."""
    text: str
    check: Callable[[str], Any]
    """Makes the answer of what was typed, or refuses it with typer.BadParameter; may raise `OtherAnswers`."""
    default: str | None = None
    """What Enter stands for; None if there has to be an answer, empty if there may be none."""


class OtherAnswers(Exception):  # noqa: N818 - no error: what was typed answers other questions
    """What was typed answers other questions than the one that was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__()
        self.answers = answers


class _Back(Exception):  # noqa: N818 - no error: somebody wants to go back
    pass


class Interview:
    """The questions that are asked depend on the answers so far."""

    def __init__(self, questions: Callable[[Mapping[str, Any]], Iterable[Question]]) -> None:
        """Take what makes the questions that apply to some answers, in their order."""
        self._questions = questions
        self._values: dict[str, Any] = {}
        self._before: dict[str, str] = {}
        """Answers that were taken back, to be proposed again."""

    def answers(self) -> dict[str, Any]:
        """The answer to each question that applies, by its key, as soon as somebody agrees to all of them.

        Raises:
            Abort: the answers ended, or somebody pressed Ctrl-C.
            Exit: somebody does not want them to count.
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
        from bot.text import clean  # noqa: PLC0415 - not needed for --help

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
        """Whether the answers may count; if not, what was wanted is taken back, to be asked again."""
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
    """An answer as it could have been typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
