"""What a shell proposes when somebody presses the tabulator key, asked as a shell asks."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.forks import start

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world import Environment

    Propose = Callable[[str, Path], list[str]]

NAMES = ("vision-lab", "vision-hook", "reading-group")


@pytest.fixture
def config(environment: Environment) -> Path:
    environment.config["subscribers"] = {name: {"slack": "C0123456789", "topics": ["birds"]} for name in NAMES}
    assert environment.settings is not None  # writes the file
    return environment.folder / "config.yaml"


def asked(line: str) -> dict[str, str]:
    """How bash asks for the last word of the line, in its environment."""
    words = line.split(" ")
    return {"_PAPERBOY_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}


@pytest.fixture
def proposed(tmp_path: Path) -> Propose:
    """Asks as bash does, for the last word of a line."""
    numbers = count()

    def propose(line: str, config: Path) -> list[str]:
        said = tmp_path / f"said{next(numbers)}"
        process = start(log=said, environ={**os.environ, **asked(line), "PAPERBOY_CONFIG": str(config)})
        process.join()
        assert process.exitcode == 0
        return said.read_text(encoding="utf-8").split()

    return propose


@pytest.mark.parametrize("command", ["preview", "deliveries list --subscriber"])
def test_subscribers_are_proposed_by_their_names(config: Path, proposed: Propose, command: str) -> None:
    assert proposed(f"paperboy {command} ", config) == list(NAMES)
    assert proposed(f"paperboy {command} vision-", config) == ["vision-lab", "vision-hook"]


def test_the_configuration_that_is_named_on_the_line_is_the_one_that_is_read(config: Path, proposed: Propose) -> None:
    assert proposed(f"paperboy preview --config {config} r", Path("nowhere.yaml")) == ["reading-group"]


@pytest.mark.parametrize("text", [None, "subscribers: [a, b]", "- just\n- a list", "a: b: c"])
def test_of_a_configuration_that_cannot_be_read_nothing_is_proposed(
    tmp_path: Path, proposed: Propose, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    assert proposed("paperboy preview ", tmp_path / "config.yaml") == []


def test_commands_are_proposed_by_a_process_of_its_own() -> None:
    program = [sys.executable, "-c", "import sys; sys.argv = ['paperboy']; from bot.cli import main; main()"]
    environ = {**os.environ, **asked("paperboy de")}
    done = subprocess.run(program, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["demo", "deliveries"]
