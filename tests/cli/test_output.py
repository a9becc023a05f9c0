"""On a terminal the answer is in tables that fit it; in a pipe it is the plain lines that it always was."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bot.cli import output
from bot.model import FeedItem
from tests.builders import paper
from tests.servers.slack import FaultScript
from tests.world import CROSS, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Screen, Terminal

SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
"""The colours and weights that Rich draws with."""
RULE = "─"

TABLES = {
    ("status",): [
        *("category", "mailing", "reason", "subscriber", "channel", "today"),
        *("subscriber", "digest", "part", "state"),
    ],
    ("deliveries", "list", "--all"): ["id", "subscriber", "digest", "composed", "state"],
    ("explain", "2604.00001"): ["mailing", "category", "as"],
    ("search", "pigeons"): ["paper", "mailing", "categories", "title", "[why]"],
    ("once",): ["category", "mailing", "answer", "subscriber", "digest"],
}
"""Command -> what its columns are called, for a terminal only."""


def plain(drawn: str) -> str:
    shown = SEQUENCE.sub("", drawn)
    assert "\x1b" not in shown
    return shown


def letters(text: str) -> Counter[str]:
    """How often each stands in it: folding moves letters to other lines and loses none."""
    return Counter("".join(text.split()))


async def a_morning(paperboy: Terminal, environment: Environment) -> None:
    """Two papers, a delivery that stayed behind, and one who waits for its hour."""
    environment.config["subscribers"] |= {
        "other": {"slack": "C0000000002", "topics": ["birds"]},
        "later": {"slack": "C0000000003", "topics": ["birds"], "at": "17:00"},
    }
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper(title="[red]Pigeons[/red] :dove: read"), FeedItem(paper("2604.00002"), CROSS))
    environment.slack.script.append(FaultScript(body={"ok": False, "error": "service_unavailable"}))
    await paperboy("once")


@pytest.mark.parametrize("columns", [30, 100])
async def test_a_terminal_shows_every_letter_that_a_pipe_gets_in_lines_that_fit_it(
    paperboy: Terminal, environment: Environment, screen: Screen, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    await a_morning(paperboy, environment)
    pipe = sys.stdout
    for command, heads in TABLES.items():
        monkeypatch.setattr(sys, "stdout", pipe)
        if command == ("once",):
            await paperboy(*command)  # sends what stayed behind, so that the next two have the same to say
        said = await paperboy(*command)
        screen.plug_in("stdout", columns=columns)
        answer = await paperboy(*command)
        shown = plain(screen.read())
        assert answer.code == said.code
        assert max(map(len, shown.splitlines())) <= columns, command
        assert letters(said.out) + letters("".join(heads)) <= letters(shown), command


async def test_markup_in_a_title_is_text_and_its_control_sequences_are_gone(
    paperboy: Terminal, environment: Environment, screen: Screen
) -> None:
    await a_morning(paperboy, environment)
    screen.plug_in("stdout")
    await paperboy("search", "pigeons")
    await paperboy("preview", "later", "--latest")
    assert plain(screen.read()).count("[red]Pigeons[/red] :dove: read") == 2
    output.heading("[red]\x1b[2J")
    output.table([["\x1b]8;;https://evil.example\x07here", "[link=x]"]], heads=("[b]", "\x1b[1m"))
    assert "[red] [2J" in plain(screen.read())


async def test_only_a_state_is_coloured(screen: Screen) -> None:
    screen.plug_in("stdout")
    output.table([["failed", "failed, 2 tries: dead"], ["sent", "whatever"]], state=1)
    drawn = screen.read()
    assert "\x1b[31mfailed\x1b[0m, 2 tries: dead" in drawn
    assert drawn.count("\x1b[") == 2


async def test_who_wants_no_colour_gets_none(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    screen.plug_in("stdout")
    monkeypatch.setenv("NO_COLOR", "1")
    output.table([["failed"]], state=0)
    assert "\x1b[3" not in screen.read()


async def test_where_it_is_narrow_a_sentence_is_folded_and_a_name_is_not(screen: Screen) -> None:
    screen.plug_in("stdout", columns=40)
    output.table([["reading-gr", "a sentence that goes on and on", "another one that goes on"]] * 2)
    assert plain(screen.read()).count("reading-gr ") == 2


async def test_what_is_too_long_for_its_column_is_folded_and_not_cut(screen: Screen) -> None:
    screen.plug_in("stdout", columns=40)
    path = "/srv/paperboy/site/vision-language/2026-03-09.md"
    output.table([[path, "reading-gr", "4 papers"]])
    assert letters(path) <= letters(plain(screen.read()))


async def test_a_table_without_rows_draws_nothing(screen: Screen) -> None:
    screen.plug_in("stdout")
    output.table([], heads=("paper",))
    assert screen.read() == ""


@pytest.mark.parametrize(("command", "unneeded"), [("status", "bot.cli.tables"), ("--help", "rich")])
async def test_a_pipe_does_not_wait_for_what_only_a_terminal_needs(
    paperboy: Terminal, environment: Environment, command: str, unneeded: str
) -> None:
    await a_morning(paperboy, environment)
    code = f"import sys, bot.cli\ntry: bot.cli.main()\nfinally: print({unneeded!r} in sys.modules)"
    answer = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code, command],
        env={**os.environ, "PAPERBOY_CONFIG": str(environment.folder / "config.yaml")},
        capture_output=True,
        check=True,
        timeout=60,
        text=True,
    )
    said = answer.stdout.splitlines()
    assert len(said) > 5
    assert said[-1] == "False"
