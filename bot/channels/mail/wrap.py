"""Wraps the text part of a mail. Pure."""

from __future__ import annotations

import re

TEXT_COLUMNS = 72
_INDENT = re.compile(r" *(\d+\. |- )?")


def wrap(text: str) -> str:
    """Wraps text to at most 72 columns; URLs are not broken, and the indent is kept.

    A line that begins with a number or a dash is continued below its first word.
    """
    return "\n".join(_wrapped(line) for line in text.splitlines()) + "\n"


def _wrapped(line: str) -> str:
    if len(line) <= TEXT_COLUMNS:
        return line.rstrip()
    found = _INDENT.match(line)
    indent = len(found.group()) if found else 0
    room, rest, lines = TEXT_COLUMNS - indent, line[indent:].strip(), []
    while len(rest) > room:
        end = rest.rfind(" ", 0, room + 1)
        if end < 0:  # a word longer than a line: a URL stays whole, anything else is broken
            word = rest.split(" ", 1)[0]
            end = len(word) if "://" in word else room
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return line[:indent] + f"\n{' ' * indent}".join([*lines, rest] if rest else lines)
