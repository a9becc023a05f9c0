"""Commands that are imported when they are called, so that each loads only what it needs, and `--help` none.

Knows no command: they are listed in `bot.cli.COMMANDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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

    def load(self, name: str, module: str = "") -> Any:  # noqa: ANN401 - of Typer's own click, which is private
        """Imports the command or group.

        Args:
            name: its name.
            module: the module of the group that it is in, if it is in one.
        """
        module = self.module or module or name
        loaded: Any
        if self.commands:
            group = lazy_group(self.commands, module)
            loaded = typer.main.get_group(typer.Typer(cls=group, help=self.help, no_args_is_help=True, **_PLAIN))
        else:
            function = getattr(import_module(f"bot.cli.commands.{module}"), self.function or name)
            one = typer.Typer(**_PLAIN)
            one.command(name, cls=TakesQuery if self.takes_query else None)(logging_as_asked(function, self.level))
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
        """Lists its commands by name and help, and imports the one that is called."""

        def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - what Typer gives a group
            super().__init__(**attributes)
            self.commands.update({name: TyperCommand(name, help=each.help) for name, each in commands.items()})

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer's own click is private
            """The imported command, to be run or completed."""
            name, listed, rest = super().resolve_command(ctx, args)
            return name, commands[name].load(name, module) if name else listed, rest

    return LazyGroup
