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


def test_asking_for_help_imports_no_command() -> None:
    program = (
        "import sys; sys.argv = ['paperboy', '--help']\nfrom bot.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('bot.cli.commands.')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_asking_for_a_command_s_help_imports_nothing_that_takes_long(name: str) -> None:
    code = (
        f"import sys; sys.argv = ['paperboy', {name!r}, '--help']\nfrom bot.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    print(sorted({'sqlalchemy', 'aiohttp', 'structlog', 'bot.config'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    assert done.stderr.strip() == "[]"
