"""Every command is documented: in its help, in the command line's README, and every setting in the example."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot import cli
from bot.config.models import WholeFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.cli.lazy import LazyCommand

ROOT = Path(__file__).parents[1]
OF_EVERY_COMMAND = ("--config", "--log-level", "--log-format")
OF_THE_SHELL = ("--help", "--install-completion", "--show-completion")


def commands(known: Mapping[str, LazyCommand], *group: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its names, groups left out."""
    for name, command in known.items():
        if command.commands:
            yield from commands(command.commands, *group, name)
        else:
            yield (*group, name), command.load(name, *group)


COMMANDS = dict(commands(cli.COMMANDS))
every_command = pytest.mark.parametrize("names", COMMANDS, ids=" ".join)


def options(command: Any) -> set[str]:
    """The long names of a command's options."""
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


def passages(text: str) -> list[str]:
    """A text's paragraphs and the rows of its tables."""
    return [part for part in re.split(r"\n\s*\n|\n(?=\|)", text) if part.strip()]


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "bot/cli/README.md").read_text(encoding="utf-8")


@every_command
def test_every_command_says_what_it_does(names: tuple[str, ...]) -> None:
    assert COMMANDS[names].help


@every_command
def test_every_option_and_argument_says_what_it_is(names: tuple[str, ...]) -> None:
    silent = [p.name for p in COMMANDS[names].params if not getattr(p, "help", None)]
    assert silent == []


@every_command
def test_every_command_takes_what_all_of_them_take(names: tuple[str, ...]) -> None:
    without = {"demo": ("--config",), "init": ("--config",)}.get(names[0], ())
    assert set(OF_EVERY_COMMAND) - options(COMMANDS[names]) == set(without)


@every_command
def test_every_command_and_each_of_its_options_stands_in_readme(names: tuple[str, ...], readme: str) -> None:
    about = [part for part in passages(readme) if re.search(rf"paperboy {names[0]}\b", part)]
    assert [part for part in about if all(re.search(rf"\b{name}\b", part) for name in names)], (
        "the command is missing"
    )
    own = options(COMMANDS[names]) - {*OF_EVERY_COMMAND, *OF_THE_SHELL}
    assert [option for option in sorted(own) if not any(option in part for part in about)] == []


@pytest.mark.parametrize("option", OF_EVERY_COMMAND)
def test_what_every_command_takes_stands_in_readme(option: str, readme: str) -> None:
    assert option in readme


@pytest.mark.parametrize("key", WholeFile.model_fields)
def test_every_setting_at_the_top_stands_in_the_example(key: str) -> None:
    example = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    assert re.search(rf"^(# )?{key}:", example, re.MULTILINE)
