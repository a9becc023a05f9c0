"""Makes Discord's application commands (`/paperboy follow`) from the table of chat commands.

Discord shows each option's name and help, and asks for completions while somebody types. The commands are registered
for all guilds and for direct messages. https://docs.discord.com/developers/interactions/application-commands
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from discord import Interaction, app_commands

from bot.chat.commands import COMMANDS
from bot.chat.discord.completion import COMPLETED

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.chat.arguments import Argument, ChatCommand
    from bot.chat.discord.interactions import InteractionHandler

    Choices = Callable[[Interaction[Any], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]

NAME = "paperboy"
LONGEST = 1000
"""The most characters of an option; Discord's own limit is 6,000."""
_HELP = 100
_CHOICE = 100


def group(answering: InteractionHandler) -> app_commands.Group:
    """All commands, for a client's command tree; the handler carries them out and completes their options."""
    made = app_commands.Group(
        name=NAME,
        description="New arXiv papers: follow topics, and ask why a paper came.",
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
    )
    for command in COMMANDS.values():
        made.add_command(_subcommand(command, answering))
    return made


def _subcommand(command: ChatCommand, answering: InteractionHandler) -> app_commands.Command[Any, ..., None]:
    async def callback(interaction: Interaction[Any], **given: str | None) -> None:
        texts = {name: value for name, value in given.items() if value is not None}
        await answering.command(interaction, command, texts)

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
            made.autocomplete(argument.name)(_completion(argument, answering))
    return made


def _parameter(argument: Argument) -> inspect.Parameter:
    return inspect.Parameter(
        argument.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if argument.is_required else None,
        annotation=app_commands.Range[str, 1, LONGEST],
    )


def _completion(argument: Argument, answering: InteractionHandler) -> Choices:
    async def choices(interaction: Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        offered = await answering.complete(interaction, argument, current)
        return [
            app_commands.Choice(name=shown[:_CHOICE], value=sent) for shown, sent in offered if len(sent) <= _CHOICE
        ]

    return choices
