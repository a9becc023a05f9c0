"""Text shortened to a limit, at the end of a sentence or word.

Pure. Never cuts a character in two.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from bot.text import latex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


ELLIPSIS = "…"


def utf16(text: str) -> int:
    """The length in UTF-16 code units, which is how JavaScript, and so Discord's client, counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


_SENTENCE_END = re.compile(r"(?<!\bal)(?<!\bvs)(?<!\bcf)(?<!\.g)(?<!\.e)[.!?][)\]\"'”’]?(?=\s+[^\sa-z])")


def truncate(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """The text if it measures at most `limit`, else as much as fits with an ellipsis; empty if not even that fits.

    Cut at a sentence's end if one lies in the last third, else at a word's end; only a first word that is too long
    by itself is cut inside, and never between a letter and its accents or within an emoji. A formula that is kept as
    TeX counts as one word.
    """
    if measure(text) <= limit or not text:
        return text
    fits, too_long = 0, len(text)
    guesses = [limit, limit - 1]  # where most texts are cut: they measure as much as they have characters
    while fits + 1 < too_long:
        middle = guesses.pop() if guesses else (fits + too_long) // 2
        if fits < middle < too_long:
            fits, too_long = (middle, too_long) if measure(text[:middle] + ELLIPSIS) <= limit else (fits, middle)
    solid = latex.KEPT_AS_TEX.sub(lambda formula: "x" * len(formula[0]), text) if "\\" in text else text
    ends = [end.end() for end in _SENTENCE_END.finditer(solid[: fits + 1]) if end.end() * 3 >= fits * 2]
    if ends and measure(sentence := f"{text[: ends[-1]]} {ELLIPSIS}") <= limit:
        return sentence
    words = text[:fits] if solid[fits].isspace() else text[: max(0, solid.rfind(" ", 0, fits))]
    kept = words.rstrip(" ,;:.") or words or text[: _between_characters(text, fits)]
    while kept and measure(kept + ELLIPSIS) > limit:  # escaped, as `measure` may, a part may be longer than the whole
        kept = text[: _between_characters(text, len(kept) - 1)]
    return kept + ELLIPSIS if measure(kept + ELLIPSIS) <= limit else ""


def some(names: Sequence[str], most: int = 2) -> str:
    """The first names, and how many more there are: `cs.AI, cs.CL and 32 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


_JOINING = frozenset("\u200d" + "".join(map(chr, range(0x1F3FB, 0x1F400))))
"""Zero-width joiner and skin tones."""


def _between_characters(text: str, end: int) -> int:
    """The last place up to `end` that is not inside a character as a reader sees it."""
    while end > 0 and (
        unicodedata.category(text[end]) in ("Mn", "Mc", "Me") or text[end] in _JOINING or text[end - 1] == "\u200d"
    ):
        end -= 1
    return end
