"""Finds a term in a text as it is written: no other spelling, no plural (the mode `exact`).

Pure. A word with a capital is found only with the same capitals, GPS not in GPs. A word in small letters is also
found with a capital at its start ("smart case" of editors: https://vimhelp.org/options.txt.html#%27smartcase%27).
"""

from __future__ import annotations

import re

from bot.text import flatten_tex

_SEPARATORS = re.compile(r"[\s\u2010-\u2015\u2212-]+")


def as_written(text: str) -> str:
    """The text with its TeX flattened; hyphens, dashes and white space become one space.

    `str.lower` does not change its length: the one letter for which it would is replaced.
    """
    return _SEPARATORS.sub(" ", flatten_tex(text)).strip().replace("İ", "I")


def stands_at(wanted: str, start: int, text: str, *, prefix: bool) -> bool:
    """Whether the term is in the text at a place where it is, ignoring case.

    Args:
        wanted: the term, from `as_written`.
        start: the place in the text.
        text: the text, from `as_written`.
        prefix: whether the term's last word may be only the start of a word.
    """
    end = start + len(wanted)
    if wanted[0].isalnum() and text[:start][-1:].isalnum():
        return False
    if not prefix and wanted[-1].isalnum() and text[end : end + 1].isalnum():
        return False
    words = zip(wanted.split(" "), text[start:end].split(" "), strict=True)
    return all(want in (found, want.lower()) for want, found in words)
