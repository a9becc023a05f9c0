"""Splits arXiv's author string into authors with their affiliations.

Pure. OAI-PMH and the catch-up pages have the string as the authors wrote it; the feeds have what arXiv's own author
parser made of it. The rules here are that parser's, so that a paper has the same authors whatever its source:
https://github.com/arXiv/arxiv-base, arxiv/authors/__init__.py. In a name only blanks change
(`C.Day` is `C. Day`); accents in TeX and odd spellings stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from bot.model import Author
from bot.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BETWEEN_AUTHORS = re.compile(r",?\s+(?:and|\\?&)\s|,|:")
_SUFFIX = re.compile(r"(?i:jr|sr)\.?|[IV]{2,}")
_ET_AL = re.compile(r"(?:^|\s)et\.?\s+al\b.*", re.IGNORECASE)
_TIE = re.compile(r"(?<=\.)(?:~|\\\s+)(?=[^\W\d_])")
"""TeX's blanks behind an initial: `J.~Day`."""
_DOT_BEFORE_LETTER = re.compile(r"(?<!\\)\.(?=\S)")
_COLLABORATION = re.compile(r"\b(?:collaboration|group|team)\b", re.IGNORECASE)
_NUMBERS = re.compile(r"(?:\d|,|&|and|\s)+")
_NUMBERED = re.compile(r"\((\d+)\)(.*?)(?=\(\d+\)|$)")


@dataclass(slots=True)
class _Byline:
    """A name, and the text in the parentheses right after it."""

    name: str
    inside: str = ""


def authors(byline: str) -> tuple[Author, ...]:
    """The authors of `OWL Collaboration: Ada Byron (1), Bo Chen & C.Day, Jr (1,2), et al ((1) Nest, (2) Loft)`.

    Affiliations are in parentheses after a name, or in a numbered list at the end. An author without any gets
    those of the next author who has some; collaborations at the start of the list get none this way. The format:
    https://info.arxiv.org/help/prep.html#author.
    """
    blocks = _blocks(byline)
    numbered = {number: name for _, inside in blocks for number, name in _numbered(inside)}
    bylines = _bylines(blocks)
    affiliations = [_affiliations(byline.inside, numbered) for byline in bylines]
    for place in reversed(range(_collaborations(bylines), len(bylines) - 1)):
        affiliations[place] = affiliations[place] or affiliations[place + 1]
    return tuple(Author(byline.name, own) for byline, own in zip(bylines, affiliations, strict=True))


def creators(elements: Iterable[str]) -> tuple[Author, ...]:
    """The authors in a feed's `dc:creator` elements; arXiv sends one: `Ada Byron (Nest, Loft), Fred Bloom, Jr`."""
    return tuple(
        Author(byline.name, _affiliations(byline.inside, {}))
        for element in elements
        for byline in _bylines(_blocks(element))
    )


def _blocks(text: str) -> list[tuple[str, str]]:
    """Pairs of the text outside parentheses and the text inside the parentheses that follow.

    Parentheses may be nested. One that is never closed reaches to the end; a closing one without an opening is text.
    """
    blocks, depth, start, outside = [], 0, 0, ""
    for mark in re.finditer(r"[()]", text):
        if mark[0] == "(":
            if depth == 0:
                outside, start = text[start : mark.start()], mark.end()
            depth += 1
        elif depth == 1:
            blocks.append((outside, text[start : mark.start()]))
            depth, start = 0, mark.end()
        elif depth:
            depth -= 1
    return [*blocks, (outside, text[start:]) if depth else (text[start:], "")]


def _bylines(blocks: Iterable[tuple[str, str]]) -> list[_Byline]:
    """The names outside parentheses. A suffix (Jr, III) belongs to the name before it, a lone `:` is none."""
    bylines: list[_Byline] = []
    for outside, inside in blocks:
        name = ""
        for name in map(_name, _BETWEEN_AUTHORS.split(outside)):
            if bylines and _SUFFIX.fullmatch(name):
                bylines[-1].name += f", {name}"
            elif name:
                bylines.append(_Byline(name))
        if name and inside:
            bylines[-1].inside = inside
    return bylines


def _collaborations(bylines: Iterable[_Byline]) -> int:
    """How many of the first authors are collaborations, not persons."""
    return sum(1 for _ in takewhile(lambda byline: _COLLABORATION.search(byline.name), bylines))


def _name(piece: str) -> str:
    """The name as arXiv spaces it (`A. B. Day`), without the `and` before it and the `et al` after it, if any."""
    name = _ET_AL.sub("", clean(_TIE.sub(" ", piece))).removeprefix("and ").strip()
    return _DOT_BEFORE_LETTER.sub(". ", name) if any(map(str.isalnum, name)) else ""


def _numbered(inside: str) -> list[tuple[str, str]]:
    """The pairs of number and affiliation in a list such as `(1) Nest, (2) Loft`."""
    found = _NUMBERED.findall(inside) if inside.lstrip().startswith("(") else []
    return [(number, name.strip(" ,;.")) for number, name in found]


def _affiliations(inside: str, numbered: Mapping[str, str]) -> tuple[str, ...]:
    """The affiliations in the parentheses after a name, which may be numbers in the list at the end."""
    if _NUMBERS.fullmatch(inside):
        return tuple(part for number in re.findall(r"\d+", inside) for part in _parts(numbered.get(number, "")))
    return () if inside.lstrip().startswith("(") else _parts(inside)


def _parts(text: str) -> tuple[str, ...]:
    """The parts between commas outside parentheses, as the feeds join them."""
    shielded = re.sub(r"\([^()]*\)", lambda found: found[0].replace(",", "\0"), text)
    parts = (part.replace("\0", ",").strip() for part in shielded.split(","))
    return tuple(part for part in parts if part)
