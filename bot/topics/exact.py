"""The letters of a term as they are written, found in a text: no other spelling, no plural.

Pure. A word with a capital is found in the same letters, GPS not in GPs; one in small letters at the beginning of a
sentence or in a title too, as editors search ("smart case": https://vimhelp.org/options.txt.html#%27smartcase%27).
"""

from __future__ import annotations

import re

from bot.text import flatten_tex

_SEPARATORS = re.compile(r"[\s\u2010-\u2015\u2212-]+")


def as_written(text: str) -> str:
    """The text with its TeX flattened; hyphens, dashes and white space are one blank.

    Its small letters (`str.lower`) are as many, which only one letter's would not be.
    """
    return _SEPARATORS.sub(" ", flatten_tex(text)).strip().replace("İ", "I")


def stands_at(wanted: str, start: int, text: str, *, prefix: bool) -> bool:
    """Whether a term stands at one of the places where its small letters stand in the text's.

    Args:
        wanted: the term, `as_written`.
        start: the place.
        text: the text, `as_written`.
        prefix: whether the term's last word may go on.
    """
    end = start + len(wanted)
    if wanted[0].isalnum() and text[:start][-1:].isalnum():
        return False
    if not prefix and wanted[-1].isalnum() and text[end : end + 1].isalnum():
        return False
    words = zip(wanted.split(" "), text[start:end].split(" "), strict=True)
    return all(want in (found, want.lower()) for want, found in words)
