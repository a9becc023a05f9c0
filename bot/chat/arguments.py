"""The arguments of the chat's commands: their kinds, and how each is read from words. Pure.

A value that the configuration also has is checked by the configuration's own rules, with the same error messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.arxiv import identifier
from bot.config import value_types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, time
    from typing import Any

    from bot.chat.answers import Answer
    from bot.chat.asking import Ask

ANY_HOUR = "any"
"""Instead of an hour: as soon as the mailing is in."""
_WEEKDAY_LETTERS = 3
_text = " ".join


class Kind(StrEnum):
    """The kind of an argument."""

    WHAT = "what to follow"
    """The name of a topic that is offered, or words."""
    WORDS = "words"
    """Words, and phrases in quotes."""
    CATEGORIES = "categories"
    TITLE = "title"
    FOLLOWED = "followed"
    """A topic that is followed."""
    QUERY = "query"
    HOUR = "hour"
    WEEKDAYS = "weekdays"
    ZONE = "zone"
    DATE = "date"
    IDENTIFIER = "identifier"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command."""

    name: str
    kind: Kind
    help: str
    after: str = ""
    """The keyword before it in a typed line; the first argument needs none."""
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class ChatCommand:
    """One command of the chat."""

    name: str
    arguments: tuple[Argument, ...]
    help: str
    """One line, at most 100 characters: Discord takes no more."""
    run: Callable[[Ask, Mapping[str, Any]], Answer]
    changes: bool = False
    """Whether it changes what a channel or person gets. In a channel only those that `who` names may run it."""
    is_slow: bool = False
    """Whether it looks through many papers."""
    example: str = ""


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    """A command with the values of its arguments."""

    command: ChatCommand
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InvalidCommand:
    """An error: what was typed is no valid command."""

    sentence: str
    """What is wrong, in the configuration's words, and what was probably meant."""
    command: ChatCommand | None = None
    """The command that was probably meant; None if that is not clear."""


def read(command: ChatCommand, words: Mapping[str, Sequence[str]]) -> ParsedCommand | InvalidCommand:
    """Reads the values of a command's arguments.

    Args:
        command: which one.
        words: by an argument's name, its words; a query is one string.

    Returns:
        The command with the value of each argument that was given, or the first error.
    """
    values = {}
    for argument in command.arguments:
        given = [word for word in words.get(argument.name, ()) if word.strip()]
        if not given and argument.is_required:
            return InvalidCommand(f"{argument.name}: is missing: {argument.help}", command)
        if given:
            try:
                values[argument.name] = _READERS[argument.kind](given)
            except ValueError as error:
                return InvalidCommand(f"{argument.name}: {error}", command)
    return ParsedCommand(command, values)


def _hour(given: Sequence[str]) -> time | str:
    text = _text(given)
    return ANY_HOUR if text.lower() == ANY_HOUR else value_types.wall_time(text)


def _weekdays(given: Sequence[str]) -> frozenset[int]:
    """Weekdays, each by three letters or its whole name."""
    full = [word[:_WEEKDAY_LETTERS] if word.lower().endswith("day") else word for word in given]
    return frozenset(map(value_types.weekday, full))


def _date(given: Sequence[str]) -> date:
    return value_types.day(_text(given))


def _identifier(given: Sequence[str]) -> str:
    try:
        return identifier.parse(_text(given))[0]
    except ValueError:
        raise ValueError("an arXiv identifier is expected, like 2504.10757 or hep-th/9901001, or its link") from None


def _zone(given: Sequence[str]) -> str:
    return value_types.zone("_".join(given)).key


_READERS: Mapping[Kind, Callable[[Sequence[str]], object]] = {
    Kind.WHAT: tuple,
    Kind.WORDS: tuple,
    Kind.CATEGORIES: tuple,
    Kind.TITLE: _text,
    Kind.FOLLOWED: _text,
    Kind.QUERY: _text,
    Kind.HOUR: _hour,
    Kind.WEEKDAYS: _weekdays,
    Kind.ZONE: _zone,
    Kind.DATE: _date,
    Kind.IDENTIFIER: _identifier,
}
