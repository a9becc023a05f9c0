"""Questions with a way back: what is asked follows from the answers, and nothing counts before all is agreed to."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer

from bot.cli.interview import Interview, OtherAnswers, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def questions(answers: Mapping[str, Any]) -> Iterator[Question]:
    yield Question("bird", "Which bird", bird)
    yield Question("rings", "Which rings", lambda text: text.split(), "")
    if answers.get("bird") == "pigeon":
        yield Question("loft", "Which loft", str, "roof")


def bird(text: str) -> str:
    if text == "squeaker":  # a young pigeon
        raise OtherAnswers({"bird": "pigeon", "rings": ["none yet"]})
    if text not in ("pigeon", "owl"):
        raise typer.BadParameter("a bird is expected")
    return text


def answered(monkeypatch: pytest.MonkeyPatch, *lines: str) -> dict[str, Any]:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return Interview(questions).answers()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("owl", "", ""), {"bird": "owl", "rings": []}),
        (("pigeon", "a b", "", "y"), {"bird": "pigeon", "rings": ["a", "b"], "loft": "roof"}),
        (("pigeon", "b", "owl", "", "yes"), {"bird": "owl", "rings": []}),
        (("b", "owl", "", ""), {"bird": "owl", "rings": []}),
        (("dog", "owl", "", ""), {"bird": "owl", "rings": []}),
        (("owl", "", "1", "pigeon", "tower", ""), {"bird": "pigeon", "rings": [], "loft": "tower"}),
        (("pigeon", "", "tower", "1", "owl", ""), {"bird": "owl", "rings": []}),
        (("pigeon", "", "tower", "back", "", ""), {"bird": "pigeon", "rings": [], "loft": "tower"}),
        (("pigeon", "", "tower", "9", "x", "3", "barn", ""), {"bird": "pigeon", "rings": [], "loft": "barn"}),
        (("pigeon", "a", "b", "c", "", ""), {"bird": "pigeon", "rings": ["c"], "loft": "roof"}),
        (("owl", "a", "2", "-", ""), {"bird": "owl", "rings": []}),
        (("squeaker", "", ""), {"bird": "pigeon", "rings": ["none yet"], "loft": "roof"}),
    ],
)
def test_the_answers_are_those_of_the_questions_that_apply(
    monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...], expected: dict[str, Any]
) -> None:
    assert answered(monkeypatch, *lines) == expected


@pytest.mark.parametrize("lines", [(), ("pigeon",), ("owl", ""), ("owl", "", "1")])
def test_answers_that_end_are_no_agreement(monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...]) -> None:
    with pytest.raises(typer.Abort):
        answered(monkeypatch, *lines)


def test_no_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(typer.Exit):
        answered(monkeypatch, "owl", "", "n")
