"""Makes Discord's application commands (`/paperboy follow`) from the table of chat commands.

Discord shows each option's name and help, and asks for completions while somebody types. The commands are registered
for all guilds and for direct messages. https://docs.discord.com/developers/interactions/application-commands
"""

from __future__ import annotations

import hashlib
import inspect
import json
from typing import TYPE_CHECKING, Any

from discord import Interaction, app_commands

from bot.chat.commands import COMMANDS
from bot.chat.discord.completion import COMPLETED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    import discord

    from bot.chat.arguments import Argument, ChatCommand

    Given = Mapping[str, str]
    Run = Callable[[Interaction[Any], ChatCommand, Given], Awaitable[None]]
    Choices = Callable[[Interaction[Any], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]
    Complete = Callable[[Interaction[Any], Argument, str], Awaitable[list[tuple[str, str]]]]

NAME = "paperboy"
LONGEST = 1000
"""The most characters of an option; Discord's own limit is 6,000."""
_HELP = 100
_CHOICE = 100


def grow(client: discord.Client, run: Run, complete: Complete) -> app_commands.CommandTree[Any]:
    """Makes the command tree of a client.

    Args:
        client: the client that receives the commands.
        run: called with a command and its given options.
        complete: returns the completions of an option (shown text, sent value), best first.
    """
    tree = app_commands.CommandTree(client)
    tree.add_command(_group(run, complete))
    return tree


def registered(tree: app_commands.CommandTree[Any]) -> list[dict[str, Any]]:
    """The JSON that registers the commands at Discord."""
    return [dict(command.to_dict(tree)) for command in tree.get_commands()]


def digest(application: int | None, commands: list[dict[str, Any]]) -> str:
    """A hash (hex) of the commands to register and the application, to notice changes."""
    return hashlib.sha256(json.dumps([application, commands], sort_keys=True).encode()).hexdigest()


def _group(run: Run, complete: Complete) -> app_commands.Group:
    group = app_commands.Group(
        name=NAME,
        description="New arXiv papers: follow topics, and ask why a paper came.",
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
    )
    for command in COMMANDS.values():
        group.add_command(_subcommand(command, run, complete))
    return group


def _subcommand(command: ChatCommand, run: Run, complete: Complete) -> app_commands.Command[Any, ..., None]:
    async def callback(interaction: Interaction[Any], **given: str | None) -> None:
        await run(interaction, command, {name: value for name, value in given.items() if value is not None})

    # discord.py reads the options from the function's signature; here they come from the table
    callback.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Interaction),
            *map(_parameter, command.arguments),
        ]
    )
    described = app_commands.describe(**{each.name: each.help[:_HELP] for each in command.arguments})(callback)
    made: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=command.name, description=command.help[:_HELP], callback=described
    )
    for argument in command.arguments:
        if argument.kind in COMPLETED:
            made.autocomplete(argument.name)(_completion(argument, complete))
    return made


def _parameter(argument: Argument) -> inspect.Parameter:
    return inspect.Parameter(
        argument.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if argument.is_required else None,
        annotation=app_commands.Range[str, 1, LONGEST],
    )


def _completion(argument: Argument, complete: Complete) -> Choices:
    async def choices(interaction: Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        offered = await complete(interaction, argument, current)
        return [
            app_commands.Choice(name=shown[:_CHOICE], value=sent) for shown, sent in offered if len(sent) <= _CHOICE
        ]

    return choices
