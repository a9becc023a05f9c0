"""What a shell proposes when somebody presses the tabulator key, asked as a shell asks."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import Environment

NAMES = ("vision-lab", "vision-hook", "reading-group")


@pytest.fixture
def config(environment: Environment) -> Path:
    environment.config["subscribers"] = {name: {"slack": "C0123456789", "topics": ["birds"]} for name in NAMES}
    assert environment.settings is not None  # writes the file
    return environment.folder / "config.yaml"


def proposed(line: str, **environ: str) -> list[str]:
    """What bash is told for the last word of the line."""
    words = line.split(" ")
    asked = {"_PAPERBOY_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    program = "import sys; sys.argv = ['paperboy']; from bot.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **asked, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize("command", ["preview", "deliveries list --subscriber"])
def test_subscribers_are_proposed_by_their_names(config: Path, command: str) -> None:
    assert proposed(f"paperboy {command} ", PAPERBOY_CONFIG=str(config)) == list(NAMES)
    assert proposed(f"paperboy {command} vision-", PAPERBOY_CONFIG=str(config)) == ["vision-lab", "vision-hook"]


def test_the_configuration_that_is_named_on_the_line_is_the_one_that_is_read(config: Path) -> None:
    assert proposed(f"paperboy preview --config {config} r", PAPERBOY_CONFIG="nowhere.yaml") == ["reading-group"]


@pytest.mark.parametrize("text", [None, "subscribers: [a, b]", "- just\n- a list", "a: b: c"])
def test_of_a_configuration_that_cannot_be_read_nothing_is_proposed(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    assert proposed("paperboy preview ", PAPERBOY_CONFIG=str(tmp_path / "config.yaml")) == []


def test_commands_are_proposed(tmp_path: Path) -> None:
    del tmp_path
    assert proposed("paperboy de") == ["demo", "deliveries"]
