"""The registered application commands of the Discord server on loopback, and the rules for them.

Rules: https://docs.discord.com/developers/interactions/application-commands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.demo.servers.discord_answers import json_answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aiohttp import web

CREATES_A_DAY = 200
SUBCOMMAND, GROUP = 1, 2
"""The types of options that are subcommands."""
_NAME = re.compile(r"[-_'\w]{1,32}")
_SECONDS_TO_TOMORROW = 43_200.0
_MOST_CHARACTERS = 8000


class Commands:
    """The commands of one application for all guilds."""

    def __init__(self) -> None:
        self.registered: list[dict[str, Any]] = []
        self.overwrites = 0
        """How often the whole list was accepted."""
        self.created_today = 0
        """The number of new names; a command with a known name is not new."""

    def named(self, name: str) -> Mapping[str, Any]:
        """A registered command.

        Raises:
            LookupError: there is none with that name.
        """
        return next(each for each in self.registered if each["name"] == name) if self._has(name) else _missing(name)

    def overwrite(self, commands: Sequence[dict[str, Any]], application: str) -> web.Response:
        """Replaces the list by a new one, and answers; a list with errors is refused."""
        errors = {str(number): found for number, each in enumerate(commands) if (found := list(complaints(each)))}
        if errors:
            nested = {number: {"_errors": [{"message": each} for each in found]} for number, found in errors.items()}
            return json_answer({"code": 50035, "message": "Invalid Form Body", "errors": nested}, 400)
        new = sum(not self._has(each["name"]) for each in commands)
        if self.created_today + new > CREATES_A_DAY:
            said = f"Max number of daily application command creates has been reached ({CREATES_A_DAY})"
            waits = {"code": 30034, "message": said, "retry_after": _SECONDS_TO_TOMORROW, "global": False}
            # 429, as observed in https://github.com/discordjs/discord.js/issues/10458
            return json_answer(waits, 429, {"Retry-After": f"{_SECONDS_TO_TOMORROW:.0f}"})
        self.created_today += new
        self.overwrites += 1
        made = {"application_id": application, "version": str(self.overwrites), "type": 1}
        self.registered = [made | each | {"id": str(int(application) + 1 + n)} for n, each in enumerate(commands)]
        return json_answer(self.registered)

    def _has(self, name: str) -> bool:
        return any(each["name"] == name for each in self.registered)


def _missing(name: str) -> Mapping[str, Any]:
    raise LookupError(f"/{name} is not registered")


def complaints(command: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a command, with its subcommands and options."""
    if (size := sum(_sizes(command))) > _MOST_CHARACTERS:
        yield f"{command['name']}: {size} characters, {_MOST_CHARACTERS} at most"
    yield from _complaints(command, command["name"])


def _complaints(part: Mapping[str, Any], path: str) -> Iterator[str]:
    name, description = str(part["name"]), str(part.get("description", ""))
    options, choices = part.get("options") or [], part.get("choices") or []
    if not _NAME.fullmatch(name) or name != name.lower():
        yield f"{path}: not a name"
    if part.get("type", 1) in range(1, 12) and not 1 <= len(description) <= 100:
        yield f"{path}: a description has 1 to 100 characters"
    if len(options) > 25 or len(choices) > 25 or (choices and part.get("autocomplete")):
        yield f"{path}: 25 options and 25 choices at most, and no autocompletion beside choices"
    yield from _option_complaints(options, path)
    for choice in choices:
        if not 1 <= len(choice["name"]) <= 100 or not 1 <= len(str(choice["value"])) <= 100:
            yield f"{path}: a choice has 1 to 100 characters"
    for each in options:
        yield from _complaints(each, f"{path} {each['name']}")


def _option_complaints(options: Sequence[Mapping[str, Any]], path: str) -> Iterator[str]:
    if len({each["name"] for each in options}) < len(options):
        yield f"{path}: two options of one name"
    values = [each for each in options if each["type"] > GROUP]
    required = [bool(each.get("required")) for each in values]
    if required != sorted(required, reverse=True):
        yield f"{path}: required options come first"
    if values and len(values) < len(options):
        yield f"{path}: options beside subcommands"


def _sizes(part: Mapping[str, Any]) -> Iterator[int]:
    yield len(str(part["name"])) + len(str(part.get("description", "")))
    for choice in part.get("choices") or []:
        yield len(choice["name"]) + len(str(choice["value"]))
    for each in part.get("options") or []:
        yield from _sizes(each)
