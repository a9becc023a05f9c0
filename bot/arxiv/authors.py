"""Splits arXiv's author string into authors with their affiliations.

Pure. Never corrects a name: accents in TeX and odd spellings stay as they are.
"""

from __future__ import annotations

import re

from bot.model import Author

_BETWEEN_AUTHORS = re.compile(r",|\sand\s")
_BETWEEN_AFFILIATIONS = re.compile(",")


def authors(names: str) -> tuple[Author, ...]:
    """The authors of `Ada Byron (U. of London, Turin (Maths)), Bo Chen and C. Day`.

    Affiliations stand in parentheses, which nest. Neither a leading `and` nor the `:` after a collaboration is a
    name. Where parentheses do not close, every comma counts.
    https://info.arxiv.org/help/prep.html#author says how authors are to be written.
    """
    return tuple(_author(piece) for piece in _split(names, _BETWEEN_AUTHORS) if any(map(str.isalnum, piece)))


def _author(piece: str) -> Author:
    name, _, inside = piece.strip().removeprefix("and ").partition("(")
    if not name.strip():
        return Author(piece.strip())
    affiliations = (part.strip() for part in _split(inside.strip().removesuffix(")"), _BETWEEN_AFFILIATIONS))
    return Author(name.strip(), tuple(part for part in affiliations if part))


def _split(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts between the separators that stand outside parentheses."""
    parts, depth, start = [], 0, 0
    for mark in re.finditer(rf"[()]|{separator.pattern}", text):
        if mark[0] == "(":
            depth += 1
        elif mark[0] == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            parts.append(text[start : mark.start()])
            start = mark.end()
    return separator.split(text) if depth else [*parts, text[start:]]
