"""Commands and clicks of the Discord server on loopback: sent over the gateway, answered over HTTP.

    person acts -> INTERACTION_CREATE -> callback within 3 s -> edits and follow-ups for 15 minutes

Rules: https://docs.discord.com/developers/interactions/receiving-and-responding.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.demo.servers.discord_answers import error_answer, json_answer
from bot.demo.servers.discord_commands import SUBCOMMAND
from bot.demo.servers.discord_limits import errors_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aiohttp import web

    from bot.demo.servers.discord_commands import Commands
    from bot.demo.servers.discord_gateway import Gateway

COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
"""The types of interactions."""
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES = 4, 5, 6, 7, 8
"""The types of answers."""
EPHEMERAL = 1 << 6
MANAGE_CHANNELS = 1 << 4
USE_COMMANDS = 1 << 31
SECONDS_TO_ANSWER, SECONDS_OF_TOKEN = 3.0, 900.0
_MOST_CHOICES = 25


@dataclass(frozen=True, slots=True)
class Person:
    """A person, and their permissions in the channel."""

    id: str
    name: str = "reader"
    permissions: int = USE_COMMANDS

    def as_user(self) -> dict[str, Any]:
        """The user object, as Discord sends it."""
        return {"id": self.id, "username": self.name, "discriminator": "0", "avatar": None, "global_name": self.name}


@dataclass(eq=False, slots=True)
class Interaction:
    """One command, click or completion, and its answers."""

    id: str
    token: str
    created: float
    """Seconds since 1970."""
    type: int
    kind: int | None = None
    """The type of its first answer; None until there is one."""
    answer: dict[str, Any] = field(default_factory=dict)
    """The answer: the message as it is now, or choices."""
    followups: list[dict[str, Any]] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)
    """Status and code of each refused answer."""
    _said: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_ephemeral(self) -> bool:
        """Whether only the person who asked sees the answer."""
        return bool(self.answer.get("flags", 0) & EPHEMERAL)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The offered completions: shown text and sent value."""
        return [(each["name"], each["value"]) for each in self.answer.get("choices", [])]

    def say(self) -> None:
        """Marks that the answer can be seen."""
        self._said.set()

    async def seen(self) -> dict[str, Any]:
        """Waits until there is more to see than "thinking", and returns the answer."""
        await self._said.wait()
        return self.answer


class Interactions:
    """All interactions."""

    def __init__(
        self,
        application: str,
        gateway: Gateway,
        commands: Commands,
        now: Callable[[], float],
        number: Callable[[], str],
    ) -> None:
        self.asked: list[Interaction] = []
        self.locale = "en-US"
        self._application = application
        self._gateway = gateway
        self._commands = commands
        self._now = now
        self._number = number

    async def command(
        self, person: Person, words: str, channel: Mapping[str, Any], /, **options: str | int
    ) -> Interaction:
        """A person chooses a command: `words` are its name and the subcommand's, as in "paperboy follow".

        Raises:
            LookupError: there is no registered command with this name and these options.
        """
        return await self._ask(COMMAND, self._chosen(words, options, focused=None), person, channel)

    async def complete(
        self, person: Person, words: str, channel: Mapping[str, Any], focused: str, /, **options: str | int
    ) -> Interaction:
        """A person types into the option `focused` of a command; see `command`."""
        return await self._ask(AUTOCOMPLETE, self._chosen(words, options, focused), person, channel)

    async def click(
        self,
        person: Person,
        custom_id: str,
        channel: Mapping[str, Any],
        message: Mapping[str, Any],
        *,
        values: Sequence[str] = (),
    ) -> Interaction:
        """A person clicks a button under a message, or chooses `values` in a menu."""
        data = {"custom_id": custom_id, "component_type": 3 if values else 2, "values": list(values)}
        return await self._ask(COMPONENT, data, person, channel, {"message": message})

    def _chosen(self, words: str, options: Mapping[str, str | int], focused: str | None) -> dict[str, Any]:
        name, *steps = words.split()
        command = self._commands.named(name)
        data: dict[str, Any] = {"id": command["id"], "name": name, "type": 1}
        part, place = command, data
        for step in steps:
            part = _option(part, step)
            place["options"] = [{"name": step, "type": part["type"]}]
            place = place["options"][0]
        known = {each["name"]: each for each in part.get("options") or []}
        if any(each["type"] == SUBCOMMAND for each in known.values()):
            raise LookupError(f"/{words} is not a whole command")
        missing = [each for each in known if known[each].get("required") and each not in options]
        if missing and focused is None:
            raise LookupError(f"/{words}: {', '.join(missing)} are required")
        place["options"] = [
            {"name": each, "type": _option(part, each)["type"], "value": value}
            | ({"focused": True} if each == focused else {})
            for each, value in options.items()
        ]
        return data

    async def _ask(
        self,
        kind: int,
        data: Mapping[str, Any],
        person: Person,
        channel: Mapping[str, Any],
        more: dict[str, Any] | None = None,
    ) -> Interaction:
        asked = Interaction(self._number(), secrets.token_urlsafe(24), self._now(), kind)
        self.asked.append(asked)
        await self._gateway.dispatch(
            "INTERACTION_CREATE",
            self._told(asked, person, channel) | {"data": data, **(more or {})},
            channel.get("guild_id"),
        )
        return asked

    def _told(self, asked: Interaction, person: Person, channel: Mapping[str, Any]) -> dict[str, Any]:
        guild = channel.get("guild_id")
        told: dict[str, Any] = {
            "id": asked.id,
            "application_id": self._application,
            "type": asked.type,
            "token": asked.token,
            "version": 1,
            "channel_id": channel["id"],
            "channel": dict(channel),
            "app_permissions": str(USE_COMMANDS),
            "locale": self.locale,
            "entitlements": [],
            "attachment_size_limit": 10 << 20,
        }
        if guild is None:
            return told | {"user": person.as_user(), "context": 1, "authorizing_integration_owners": {"0": "0"}}
        member = {
            "user": person.as_user(),
            "roles": [],
            "joined_at": "2026-01-01T00:00:00+00:00",
            "deaf": False,
            "mute": False,
            "flags": 0,
            "permissions": str(person.permissions),
        }
        where = {
            "guild_id": guild,
            "guild": {"id": guild, "locale": "en-US", "features": []},
            "guild_locale": "en-US",
        }
        return told | where | {"member": member, "context": 0, "authorizing_integration_owners": {"0": guild}}

    def callback(self, number: str, token: str, body: Mapping[str, Any]) -> web.Response:
        """Takes a bot's first answer."""
        asked = next((each for each in self.asked if (each.id, each.token) == (number, token)), None)
        if asked is None:
            return error_answer(404, 10062, "Unknown interaction")
        if asked.kind is not None:
            return _refused(asked, 400, 40060, "Interaction has already been acknowledged.")
        if self._now() - asked.created > SECONDS_TO_ANSWER:
            return _refused(asked, 404, 10062, "Unknown interaction")
        kind, data = int(body["type"]), dict(body.get("data") or {})
        if complaint := _complaint(asked.type, kind, data):
            return _refused(asked, 400, 50035, complaint)
        asked.kind, asked.answer = kind, data
        if kind in (MESSAGE, UPDATE, CHOICES, DEFERRED_UPDATE):
            asked.say()
        return json_answer(self._called_back(asked))

    def _called_back(self, asked: Interaction) -> dict[str, Any]:
        kind = asked.kind
        told: dict[str, Any] = {"id": asked.id, "type": asked.type}
        if kind not in (MESSAGE, DEFERRED):
            return {"interaction": told, "resource": {"type": kind}}
        told |= {
            "response_message_id": asked.id,
            "response_message_loading": kind == DEFERRED,
            "response_message_ephemeral": asked.is_ephemeral,
        }
        return {"interaction": told, "resource": {"type": kind, "message": self.message(asked.id, asked.answer)}}

    def find(self, token: str) -> Interaction | web.Response:
        """The interaction of a follow-up or an edit, or the refusal."""
        asked = next((each for each in self.asked if each.token == token), None)
        if asked is None or asked.kind is None:
            return error_answer(404, 10015, "Unknown Webhook")
        if self._now() - asked.created > SECONDS_OF_TOKEN:
            return _refused(asked, 401, 50027, "Invalid Webhook Token")
        return asked

    def edit(self, asked: Interaction, body: Mapping[str, Any]) -> web.Response:
        """Takes a new text for the first answer; who may see it does not change."""
        if errors_in(body):
            return _refused(asked, 400, 50035, "Invalid Form Body")
        asked.answer = asked.answer | dict(body) | {"flags": asked.answer.get("flags", 0)}
        asked.say()
        return json_answer(self.message(asked.id, asked.answer))

    def follow_up(self, asked: Interaction, body: Mapping[str, Any]) -> web.Response:
        """Takes another message as an answer."""
        if errors_in(body):
            return _refused(asked, 400, 50035, "Invalid Form Body")
        asked.followups.append(dict(body))
        return json_answer(self.message(self._number(), body))

    def message(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A message of the bot, as Discord sends it."""
        user = Person(self._application, "paperboy").as_user() | {"bot": True}
        return {
            "id": number,
            "type": 20,
            "channel_id": "0",
            "author": user,
            "content": body.get("content") or "",
            "embeds": body.get("embeds") or [],
            "components": body.get("components") or [],
            "flags": body.get("flags", 0),
            "timestamp": "2026-01-01T00:00:00+00:00",
            "edited_timestamp": None,
            "attachments": [],
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": False,
        }


def _option(part: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Iterable[Mapping[str, Any]] = (each for each in part.get("options") or [] if each["name"] == name)
    option = next(iter(found), None)
    if option is None:
        raise LookupError(f"{part['name']} has no {name}")
    return option


def _complaint(asked: int, kind: int, data: Mapping[str, Any]) -> str:
    """What is wrong with an answer to an interaction of type `asked`; empty if nothing is."""
    fits = {COMMAND: (MESSAGE, DEFERRED), AUTOCOMPLETE: (CHOICES,)}
    if kind not in fits.get(asked, (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE)):
        return "Invalid interaction response type"
    choices = data.get("choices") or []
    if len(choices) > _MOST_CHOICES or any(
        not 1 <= len(each["name"]) <= 100 or not 1 <= len(str(each["value"])) <= 100 for each in choices
    ):
        return "Must be 25 or fewer in length, of 1 to 100 characters each."
    if kind == MESSAGE and not any(data.get(each) for each in ("content", "embeds", "components")):
        return "Cannot send an empty message"
    return "Invalid Form Body" if errors_in(data) else ""


def _refused(asked: Interaction, status: int, code: int, message: str) -> web.Response:
    asked.errors.append((status, code))
    return error_answer(status, code, message)
