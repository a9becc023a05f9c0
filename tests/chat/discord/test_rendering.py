"""An answer as Discord takes it, however long it is and whatever stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from bot import text
from bot.chat.answers import Answer, Choice, Part, ShownPaper
from bot.chat.discord.rendering import BAD, CUSTOM_ID, GOOD, PAGES, render
from bot.demo.servers.discord_limits import errors_in
from bot.text.templates import Templates
from tests.builders import paper

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATES = Templates()
HOSTILE = st.text(st.sampled_from("ab `*_~|[]()<>@#\\\n\u200b\u202e\U0001f600é"), max_size=300)


def texts(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [message["embeds"][0]["description"] for message in messages]


def test_a_refusal_is_red_and_a_sentence_is_all_there_is() -> None:
    (message,) = render(Answer("No.", is_good=False), TEMPLATES)
    assert message == {"embeds": [{"description": "No.", "color": BAD}], "components": []}


def test_a_part_has_a_heading_lines_papers_and_what_is_not_shown() -> None:
    shown = ShownPaper(paper("2604.00001", title="On $x^2$"), why="'x' in title")
    (message,) = render(Answer("Yes.", (Part("Papers", ("one",), (shown,), 2),)), TEMPLATES)
    assert message["embeds"][0] == {
        "description": "Yes.\n\n**Papers**\n- one\n"
        "- On x² [2604.00001](https://arxiv.org/abs/2604.00001) · 'x' in title\nand 2 more",
        "color": GOOD,
    }


def test_code_keeps_its_lines_and_cannot_end_its_block() -> None:
    (message,) = render(Answer("Yes.", (Part(code="@article{a,\n  title = {```\u202eb}\n}"),)), TEMPLATES)
    assert texts([message]) == ["Yes.\n```\n@article{a,\n  title = {'''b}\n}\n```"]


def test_a_long_answer_goes_on_in_further_messages_and_a_block_in_further_blocks() -> None:
    code = "\n".join(f"line {number:04}" for number in range(700))
    messages = render(Answer("Yes.", (Part(code=code),)), TEMPLATES)
    assert len(messages) == 2
    shown = texts(messages)
    assert all(each.count("```") == 2 for each in shown)
    assert [line for each in shown for line in each.splitlines() if line.startswith("line")] == code.splitlines()


def test_a_cut_is_said() -> None:
    messages = render(Answer("Yes.", (Part(lines=("x" * 500,) * 60),)), TEMPLATES)
    assert len(messages) == PAGES + 1
    assert texts(messages)[-1] == "The rest is cut: it would take 8 messages."


def test_choices_are_rows_of_buttons_without_those_that_no_button_can_say() -> None:
    choices = [Choice(f"Follow {number}", f"follow {number}") for number in range(6)]
    choices.append(Choice("Long", "follow " + "x" * CUSTOM_ID))
    (message,) = render(Answer("Yes.", choices=tuple(choices)), TEMPLATES)
    rows = [[button["custom_id"] for button in row["components"]] for row in message["components"]]
    assert rows == [[f"do|follow {number}" for number in range(5)], ["do|follow 5"]]


@given(HOSTILE, HOSTILE, HOSTILE, st.lists(HOSTILE, max_size=40))
def test_whatever_stands_in_it_discord_takes_it(sentence: str, heading: str, code: str, lines: list[str]) -> None:
    shown = ShownPaper(paper("2604.00001", title=heading), why=code)
    parts = (Part(heading, tuple(lines), (shown,), 1, code),)
    for message in render(Answer(sentence or "x", parts, (Choice(heading or "x", "help"),)), TEMPLATES):
        assert errors_in(message) == {}
        assert text.utf16(message["embeds"][0]["description"]) <= 4096
