"""Text as matching compares it: without case, accents and the marks between words.

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


def strip_accents(raw: str) -> str:
    """TeX flattened, no accents, nothing invisible; hyphens, dashes and white space are one blank. Case is kept."""
    return _SEPARATORS.sub(" ", _without_marks(flatten_tex(raw))).strip()


def fold_case(text: str) -> str:
    """What `strip_accents` made, case folded, and letters with a stroke or of two in their plainest form."""
    return _without_marks(text.casefold().translate(_LETTERS_FOLDED))


def normalise(raw: str) -> str:
    """What matching uses: TeX flattened, case and accents folded, hyphens, dashes and white space one blank."""
    return fold_case(strip_accents(raw))


def _without_marks(text: str) -> str:
    """Decomposed, without what stands on, under or invisibly between letters."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
