"""Reads a typed line: `follow "visual grounding" in cs.CV cs.CL as grounding`. Pure.

line -> tokens, some of which are a command's keywords (`in`, `as`) -> each argument's words -> values
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.chat.arguments import InvalidCommand, Kind, ParsedCommand, read
from bot.config import value_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.chat.arguments import Argument, ChatCommand

LONGEST = 2_000
"""The most characters of a line: more than any command needs."""
_TOKEN = re.compile(r"""["“”„«»](?P<quoted>[^"“”„«»]*)["“”„«»]?|(?P<bare>[^\s,;"“”„«»]+)""")
"""A word, or a phrase in quotes: also in typographic quotes, as telephones write them, and in some unclosed ones."""


def parse(line: str, commands: Mapping[str, ChatCommand], *, empty: str = "help") -> ParsedCommand | InvalidCommand:
    """Parses a line into a command with its values.

    Args:
        line: the text after `/paperboy`.
        commands: all commands by name.
        empty: the name of the command for an empty line.
    """
    if len(line) > LONGEST:
        return InvalidCommand(f"at most {LONGEST:,} characters are expected")
    name, _, rest = (line.strip() or empty).partition(" ")
    command = commands.get(name.lower())
    if command is None:
        hint = value_types.did_you_mean(name, commands)
        return InvalidCommand(f"there is no command {value_types.shown(name)}{hint}")
    return read(command, arguments_of(command, rest.strip()))


def words(text: str) -> list[str]:
    """The words and quoted phrases in a text."""
    return [_text(token) for token in _TOKEN.finditer(text)]


def _text(token: re.Match[str]) -> str:
    return token["bare"] or token["quoted"] or ""


def arguments_of(command: ChatCommand, rest: str) -> dict[str, list[str]]:
    """The words of each argument, by its name; a query is one string, exactly as it was typed."""
    found: dict[str, list[str]] = {}
    for argument, tokens in _groups(command, rest):
        if argument.kind is Kind.QUERY:
            texts = [rest[tokens[0].start() : tokens[-1].end()]]
        else:
            texts = [_text(token) for token in tokens]
        found.setdefault(argument.name, []).extend(texts)
    return found


def _groups(command: ChatCommand, rest: str) -> Iterator[tuple[Argument, list[re.Match[str]]]]:
    """Each argument with the tokens after its keyword; the first argument needs no keyword."""
    by_word = {argument.after: argument for argument in command.arguments if argument.after}
    argument = next(iter(command.arguments), None)
    tokens: list[re.Match[str]] = []
    for token in _TOKEN.finditer(rest):
        bare = (token["bare"] or "").lower()
        if bare in by_word:
            if argument and tokens:
                yield argument, tokens
            argument, tokens = by_word[bare], []
        else:
            tokens.append(token)
    if argument and tokens:
        yield argument, tokens


def usage(command: ChatCommand) -> str:
    """How a command is typed: `follow WORDS [by AUTHORS] [in CATEGORIES]`."""
    shown = [command.name]
    for argument in command.arguments:
        said = f"{argument.after} {argument.name.upper()}".strip() if argument.after else argument.name.upper()
        shown.append(said if argument.is_required else f"[{said}]")
    return " ".join(shown)


def fields(command: ChatCommand) -> str:
    """How a command is filled in on a platform with a field for each argument: `follow [words:] [authors:]`."""
    shown = (f"{each.name}:" if each.is_required else f"[{each.name}:]" for each in command.arguments)
    return " ".join((command.name, *shown))


def filled_in(line: str, commands: Mapping[str, ChatCommand]) -> str:
    """A typed line rewritten in the form of `fields`: `follow words: "visual grounding" categories: cs.CV`."""
    name, _, rest = line.partition(" ")
    given = arguments_of(commands[name], rest)
    kinds = {each.name: each.kind for each in commands[name].arguments}
    texts = (f"{each}: {words[0] if kinds[each] is Kind.QUERY else quoted(words)}" for each, words in given.items())
    return " ".join((name, *texts))


def quoted(words: Sequence[str]) -> str:
    """The words joined by spaces, phrases in quotes."""
    return " ".join(f'"{word}"' if re.search(r"[\s,;]", word) else word for word in words)
