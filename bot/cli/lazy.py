"""Commands that are imported when they are called, so that each loads only what it needs, and `--help` none.

Knows no command: they are listed in `bot.cli.COMMANDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from bot.cli.options import LogLevel, TakesQuery, logging_as_asked

_PLAIN: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False}
"""How every Typer application is set: without completion of its own, Rich, and tracebacks that print variables."""


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command's module, and what the CLI needs to know without importing it."""

    help: str
    """The first line of its docstring; of a group, its whole help."""
    module: str = ""
    """Its module in `bot.cli.commands`; the group's or, without a group, named as the command, if empty."""
    function: str = ""
    """Its function there; named as the command, if empty."""
    level: LogLevel = LogLevel.WARNING
    """Its default log level."""
    takes_query: bool = False
    """Whether its argument is a query, which may begin with a dash."""
    commands: Mapping[str, LazyCommand] = field(default_factory=dict)
    """Its own commands, if it is a group."""


class LazyCommands(Mapping[str, Any]):
    """The commands by name; each is imported when it is looked up."""

    def __init__(self, commands: Mapping[str, LazyCommand], module: str) -> None:
        self._commands = commands
        self._module = module
        self._load = cache(self._loaded)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - of Typer's own click, which is private
        return self._load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)

    def _loaded(self, name: str) -> Any:  # noqa: ANN401 - of Typer's own click, which is private
        command = self._commands[name]
        module = command.module or self._module or name
        loaded: Any
        if command.commands:
            group = lazy_group(command.commands, module)
            loaded = typer.main.get_group(typer.Typer(cls=group, help=command.help, no_args_is_help=True, **_PLAIN))
        else:
            function = getattr(import_module(f"bot.cli.commands.{module}"), command.function or name)
            one = typer.Typer(**_PLAIN)
            one.command(name, cls=TakesQuery if command.takes_query else None)(
                logging_as_asked(function, command.level)
            )
            loaded = typer.main.get_command(one)
        loaded.name = name
        return loaded


def lazy_group(commands: Mapping[str, LazyCommand], module: str = "") -> type[TyperGroup]:
    """A group class for Typer with these commands; a command is imported only to be run or completed.

    Args:
        commands: by name.
        module: the module in `bot.cli.commands` of those that name none.
    """

    class LazyGroup(TyperGroup):
        """Lists its commands with the help of `LazyCommand`."""

        def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - what Typer gives a group
            super().__init__(**attributes)
            self.commands: Any = LazyCommands(commands, module)

        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - Typer's own click is private
            return list(commands)

        def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:  # noqa: ANN401, ARG002 - Typer's own click is private
            """The command with its name and help, for lists; nothing is imported."""
            known = commands.get(cmd_name)
            return TyperCommand(cmd_name, help=known.help) if known else None

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer's own click is private
            """The imported command, to be run or completed."""
            name, command, rest = super().resolve_command(ctx, args)
            return name, self.commands[name] if name in commands else command, rest

    return LazyGroup
