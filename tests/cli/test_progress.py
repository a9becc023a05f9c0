"""Progress goes to stderr: a bar on a terminal, a plain line a category in a pipe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.cli import output
from tests.builders import paper
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Screen, Terminal


async def test_once_counts_the_categories_on_a_terminal(
    paperboy: Terminal, environment: Environment, screen: Screen
) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    environment.announce(TUESDAY, paper("2604.00002"), category="cs.CL")
    screen.plug_in("stderr")
    answer = await paperboy("once")
    drawn = screen.read()
    assert answer.code == 0
    assert answer.out.startswith("Collected\n")
    assert "\x1b" not in answer.out
    assert "collected cs.CV" in drawn
    assert "2/2" in drawn


async def test_once_in_a_pipe_says_a_plain_line_for_each_category(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper())
    answer = await paperboy("once")
    assert answer.err.splitlines() == ["collected cs.CL (1 of 2)", "collected cs.CV (2 of 2)"]
    assert answer.out.startswith("Collected\n")


async def test_what_goes_on_is_drawn_without_control_sequences_of_its_own(screen: Screen) -> None:
    screen.plug_in("stderr")
    drawn = ""
    with output.progress("collected") as step:
        step("[red]\x1b[2J", 2)
        while "1/2" not in drawn:  # ten times a second, by a thread
            await asyncio.sleep(0.01)
            drawn += screen.read()
    assert "collected [red]" in drawn
    assert "\x1b[2J" not in drawn


def test_a_report_that_is_no_dataclass_has_no_json() -> None:
    with pytest.raises(TypeError, match="no JSON for object"):
        output.say_json(object())
