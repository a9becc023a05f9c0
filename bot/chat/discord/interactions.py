"""Handles Discord's interactions: commands, clicks, and completions while somebody types.

    interaction -> acknowledged at once (deferred, ephemeral) -> Request -> ChatService -> messages in its place

If the acknowledgement fails (too late, or another machine was first), nothing is done: Discord then shows the person
that no answer came. https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import structlog

from bot.arxiv import taxonomy
from bot.channels.buttons import decode
from bot.chat import sentences
from bot.chat.arguments import InvalidCommand, Kind, read
from bot.chat.asking import Asker, Request
from bot.chat.commands import COMMANDS
from bot.chat.discord.completion import complete
from bot.chat.discord.rendering import BAD, COMMAND, render
from bot.chat.parse import parse, words
from bot.errors import PaperboyError, RenderError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.chat.answers import Answer
    from bot.chat.arguments import Argument, ChatCommand, ParsedCommand
    from bot.chat.service import ChatService
    from bot.text.templates import Templates

    Interaction = discord.Interaction[Any]

log = structlog.get_logger(__name__)

ALREADY_ACKNOWLEDGED = 40060
NOBODY = discord.AllowedMentions.none()
_BROKEN = "The operator's template for answers is broken, and their log says where."
_SEVERAL = frozenset({Kind.WHAT, Kind.WORDS, Kind.CATEGORIES, Kind.WEEKDAYS, Kind.ZONE})
"""Kinds of options whose text is several words and phrases."""


class InteractionHandler:
    """Answers interactions, over one configuration at a time."""

    def __init__(self, service: ChatService, templates: Templates) -> None:
        self.exchange(service, templates)

    def exchange(self, service: ChatService, templates: Templates) -> None:
        """Uses this service and its configuration from now on."""
        self._service = service
        self._templates = templates
        addresses = (
            each for subscriber in service.context.settings.subscribers.values() for each in subscriber.addresses
        )
        self._forums = {each.value.reveal() for each in addresses if each.kind == "forum"}

    async def command(self, interaction: Interaction, command: ChatCommand, given: Mapping[str, str]) -> None:
        """Carries out a command and answers.

        Args:
            interaction: Discord's interaction.
            command: the command.
            given: the text of each given option.
        """
        if await _acknowledge(interaction):
            arguments = {each.name: each for each in command.arguments}
            found = read(command, {name: _words(arguments[name], said) for name, said in given.items()})
            await self._answer(interaction, found)

    async def click(self, interaction: Interaction) -> None:
        """Carries out the click or command that a button or menu entry contains; ignores all others."""
        data: Any = interaction.data
        said = str(next(iter(data.get("values") or ()), data["custom_id"]))
        click = decode(said)
        if (click is None and not said.startswith(COMMAND)) or not await _acknowledge(interaction):
            return
        if click is not None:
            answer = await self._service.press(
                str(interaction.id), _presser(interaction, self._asker(interaction)), click
            )
            await self._say(interaction, answer)
            return
        await self._answer(interaction, parse(said.removeprefix(COMMAND), COMMANDS))

    async def complete(self, interaction: Interaction, argument: Argument, typed: str) -> list[tuple[str, str]]:
        """The completions of an option; none if the store cannot be read now."""
        try:
            known = await self._known(interaction, argument.kind)
        except PaperboyError as error:
            log.info("nothing to complete with", reason=type(error).__name__)
            return []
        return complete(argument.kind, typed, known)

    async def _answer(self, interaction: Interaction, found: ParsedCommand | InvalidCommand) -> None:
        if isinstance(found, InvalidCommand):
            await self._say(interaction, sentences.invalid_command(found, in_fields=True))
            return
        request = Request(str(interaction.id), self._asker(interaction), found.command.name, found.values)

        async def is_manager() -> bool:
            return interaction.permissions.manage_channels

        await self._say(interaction, await self._service.answer(request, is_manager))

    async def _say(self, interaction: Interaction, answer: Answer | None) -> None:
        """Replaces the acknowledgement by the answer's first message, and sends the others after it.

        Without an answer, the request was carried out and answered before.
        """
        if answer is None:
            return
        try:
            first, *others = self._render(answer)
            await interaction.edit_original_response(
                embeds=_embeds(first), view=_view(first), allowed_mentions=NOBODY
            )
            for message in others:
                await interaction.followup.send(embeds=_embeds(message), ephemeral=True, allowed_mentions=NOBODY)
        except (discord.DiscordException, aiohttp.ClientError, TimeoutError) as error:
            log.warning("an answer did not get through", reason=_why(error))

    def _render(self, answer: Answer) -> list[dict[str, Any]]:
        try:
            return render(answer, self._templates)
        except RenderError as error:
            log.error("an answer's template is broken", template=error.template, reason=error.reason)  # noqa: TRY400 - said whole
            return [{"embeds": [{"description": _BROKEN, "color": BAD}]}]

    async def _known(self, interaction: Interaction, kind: Kind) -> Sequence[tuple[str, str]]:
        settings = self._service.context.settings
        if kind is Kind.WHAT:
            return [(topic.title, name) for name, topic in settings.topics.items()]
        if kind is Kind.CATEGORIES:
            return [(f"{each} ({taxonomy.name(each)})", each) for each in sorted(settings.named_categories)]
        if kind is Kind.FOLLOWED:
            return await self._service.followed(self._asker(interaction))
        return ()

    def _asker(self, interaction: Interaction) -> Asker:
        """The person and the place; in a thread of a forum of the YAML, the place is the forum."""
        channel: Any = interaction.channel
        parent = str(getattr(channel, "parent_id", None) or "")
        return Asker(
            platform="discord",
            person=str(interaction.user.id),
            destination=str(interaction.channel_id),
            is_direct=interaction.guild_id is None,
            names=(parent,) if parent in self._forums else (),
        )


def _presser(interaction: Interaction, asker: Asker) -> Asker:
    """The person who clicked under a paper, and the place: for a thread also its channel, whose digest it may be."""
    parent = getattr(interaction.channel, "parent_id", None)
    return asker if parent is None else replace(asker, names=(str(parent),))


async def _acknowledge(interaction: Interaction) -> bool:
    """Acknowledges the interaction; returns whether Discord accepted that."""
    try:
        await interaction.response.defer(ephemeral=True, thinking=True)
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError) as error:
        is_another_s = isinstance(error, discord.HTTPException) and error.code == ALREADY_ACKNOWLEDGED
        if not is_another_s:
            log.warning("a command came too late or was not acknowledged", reason=_why(error))
        return False
    return True


def _why(error: Exception) -> str:
    """The status and code of the error; its text may contain the interaction's token."""
    if isinstance(error, discord.HTTPException):
        return f"Discord answered {error.status} (code {error.code})"
    return type(error).__name__


def _words(argument: Argument, said: str) -> list[str]:
    return words(said) if argument.kind in _SEVERAL else [said]


def _embeds(message: Mapping[str, Any]) -> list[discord.Embed]:
    return [discord.Embed.from_dict(each) for each in message["embeds"]]


def _view(message: Mapping[str, Any]) -> discord.ui.View | None:
    """The buttons. Stopped, so that discord.py does not store the view: a click's `custom_id` contains all."""
    view = discord.ui.View(timeout=None)
    for row, each in enumerate(message.get("components", ())):
        for button in each["components"]:
            view.add_item(discord.ui.Button(label=button["label"], custom_id=button["custom_id"], row=row))
    view.stop()
    return view if view.children else None
