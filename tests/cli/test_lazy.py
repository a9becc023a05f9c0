"""The dict of commands says what the commands say of themselves, and asking for help imports none of them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer.main

from bot.cli import COMMANDS, app


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_s_help_in_the_list_is_its_own(name: str) -> None:
    root: Any = typer.main.get_command(app)
    command = root.commands[name]
    assert command.help.split("\n")[0].strip() == COMMANDS[name].help
    assert command.name == name


def test_asking_for_help_imports_no_command() -> None:
    program = (
        "import sys; sys.argv = ['paperboy', '--help']\nfrom bot.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('bot.cli.commands.')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", ["once", "run", "demo", "status", "catchup", "check", "healthcheck"])
def test_asking_for_a_command_s_help_imports_nothing_that_takes_long(name: str) -> None:
    code = (
        f"import sys; sys.argv = ['paperboy', {name!r}, '--help']\nfrom bot.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    print(sorted({'sqlalchemy', 'aiohttp', 'structlog', 'bot.config'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    assert done.stderr.strip() == "[]"
