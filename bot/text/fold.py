"""Normalises text for matching: without case, accents and the marks between words.

Pure.
"""

from __future__ import annotations

import re
import unicodedata

from bot.text.clean import flatten_tex

_LETTERS_FOLDED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "’": "'"}
)

_SEPARATORS = re.compile(r"[\s\u2010-\u2015\u2212-]+")


def fold_case(text: str) -> str:
    """Folds case and accents; letters with a stroke and ligatures become plain letters."""
    return _without_marks(text.casefold().translate(_LETTERS_FOLDED))


def normalise(raw: str) -> str:
    """TeX flattened, case and accents folded; hyphens, dashes and white space are one blank."""
    return fold_case(_SEPARATORS.sub(" ", _without_marks(flatten_tex(raw))).strip())


def _without_marks(text: str) -> str:
    """Decomposed, without combining marks and invisible characters."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
