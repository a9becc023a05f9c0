"""Text from outside on one line: without invisible characters, its TeX as Unicode. Also author lists and dates.

Pure. Never loses a word, never raises on any string.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.text import latex

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from bot.model import Author


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2800\u3164\uffa0]+")
"""White space, control characters, and characters that look like a blank: the Braille blank, the Hangul fillers."""
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")
_DIRECTIONS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile(
    r"(?P<flag>\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)"
    r"|[\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff0-\ufffb]"
    r"|[\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""Invisible characters: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point, except those that join or
vary their neighbours, and except the tags in the flag of a region."""
_JOINERS = re.compile(
    r"(?<![^\s\x00-\x9f\u180b-\u180d\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef])"
    r"[\u180b-\u180d\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]+(?!\u20e3)"
)
"""Joiners and variation selectors without effect: after white space, ASCII or another of them."""


def clean(raw: str) -> str:
    """One line of text that always encodes to UTF-8 and reads in the order it is written.

    White space and control characters are folded to single blanks and stripped outside, the characters that
    override the direction of writing (https://trojansource.codes) or show nothing at all are gone (the joiners of
    other scripts and of emoji stay), a lone surrogate is U+FFFD.
    """
    folded = " ".join(raw.split())
    if folded.isascii() and folded.isprintable():  # nearly always, and ten times faster
        return folded
    seen = _SPACES.sub(" ", _DIRECTIONS.sub("", _LONE_SURROGATES.sub("\ufffd", folded)))
    return _JOINERS.sub("", _INVISIBLE.sub(lambda found: found["flag"] or "", seen)).strip()


@lru_cache(maxsize=8192)
def flatten_tex(raw: str) -> str:
    """TeX in arXiv's metadata as Unicode, on one line: see `latex.flatten`."""
    return clean(latex.flatten(clean(raw)))


def names(authors: Sequence[Author], most: int) -> str:
    """The first `most` authors' names in Unicode, and "et al." where there are more."""
    shown = ", ".join(flatten_tex(author.name) for author in authors[:most])
    return f"{shown}, et al." if len(authors) > most else shown


def day(moment: date) -> str:
    """A date for readers: `Tue 21 Apr 2026`, in English whatever the locale."""
    return f"{_WEEKDAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
