"""The dict of commands says what the commands say of themselves, and asking for help imports none of them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from bot.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.cli.lazy import LazyCommand


def _all(commands: Mapping[str, LazyCommand], *group: str) -> Iterator[tuple[tuple[str, ...], LazyCommand]]:
    """Every command and group by its words on the command line."""
    for name, command in commands.items():
        yield (*group, name), command
        yield from _all(command.commands, *group, name)


@pytest.mark.parametrize(("words", "command"), [*_all(COMMANDS)])
def test_a_command_s_help_in_the_list_is_its_own(words: tuple[str, ...], command: LazyCommand) -> None:
    found: Any = command.load(words[-1], words[0])
    assert found.help.split("\n")[0].strip() == command.help
    assert found.name == words[-1]


SLOW = {"sqlalchemy", "aiohttp", "structlog", "bot.config"}
"""What takes long to import."""

ASKS_FOR_HELP = """
import sys
from contextlib import suppress
from bot.cli import main
for command in sys.argv[2:]:
    sys.argv = ["paperboy", *command.split(), "--help"]
    with suppress(SystemExit):
        main()
    print(command, *sys.modules, file=sys.stderr)
"""
"""After each command's help, everything that is imported by then."""


def imported_by_help_of(*commands: str) -> tuple[str, dict[str, set[str]]]:
    """What one process says that is asked for the help of all of them, and what it has imported after each."""
    program = [sys.executable, "-c", ASKS_FOR_HELP, "", *commands]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    after = zip(commands, done.stderr.splitlines(), strict=True)
    return done.stdout, {command: set(line.removeprefix(command).split()) for command, line in after}


def test_asking_for_help_imports_no_command() -> None:
    said, imported = imported_by_help_of("")
    assert all(name in said for name in COMMANDS)
    assert "bot.cli" in imported[""]
    assert not [name for name in imported[""] if name.startswith("bot.cli.commands.")]


def test_asking_for_a_command_s_help_imports_nothing_that_takes_long() -> None:
    """One after the other in one process: what the first has not imported is no work of the second's either."""
    said, imported = imported_by_help_of(*COMMANDS)
    assert said.count("Usage") == len(COMMANDS)
    assert {command: found for command, modules in imported.items() if (found := modules & SLOW)} == {}
