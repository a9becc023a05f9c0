"""Ties, dashes and quotes as TeX's authors type them in plain text, and what only looks like one.

Pure. `latex` finds the places of ties, dashes and double quotes, and asks what each is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.text.math_symbols import GREEK

_QUOTED = re.compile(r"""(?<![^\s(\[])(?:''|")(?=\w)((?:(?!''|``|")[^$\\]){1,300}?)(?<=[\w.,!?)])''(?!\w)""")
"""What opens with the quote that closes."""
_SINGLE = re.compile(r"(?<![\w`'\\])`([^\W_](?:[^`'$\\]|(?<=\w)'(?=\w)){0,100}?)(?<=[\w.,!?)])'(?![\w'])")
"""What stands in one pair of single quotes."""


def with_quotes(tex: str) -> str:
    """The text with `single' quotes, and with those that open as others close, ''these'', the right way round."""
    double = _QUOTED.sub(r"“\1”", tex) if "''" in tex else tex
    return _SINGLE.sub(r"‘\1’", double) if "`" in tex else double


_QUANTITY = re.compile(
    rf"(?:(?<![\w.\\'’-])(?:(?:[A-Za-z]-)?[A-Za-z]|k_?B?T|[Rr]edshifts?)|[A-Za-z]_\w+|[A-Za-z]_\{{\w+\}}|[\])]"
    rf"|\$(?:[A-Za-z]|\\(?:{GREEK})|[A-Za-z]_[^$]{{1,20}})\$)$"
)
"""What has a value: a symbol, as physics writes them, or a redshift."""
_CATALOGUED = re.compile(
    r"(?:M~\d{1,3}|A~\d{3,4})(?![\d^%$\\~×]|\.\d|[ ]?(?:M_|Msun|solar|[kMGT]?eV|[kM]?pc|[GM]yr|K\b))"
)
"""Messier's and Abell's objects; a mass has a unit."""
_AMOUNT = re.compile(r"\$?[-−+]?\.?\d")


def tie(tex: str, start: int) -> str:
    """A `~`: a blank that does not break, but a range between numbers, and "about" between a symbol and its value."""
    before, after = tex[start - 1], tex[start + 1 : start + 2].strip()
    if before.isdigit() or before == "%":
        return " " if after and not after.isdigit() else "~"
    is_a_quantity = bool(_QUANTITY.search(tex, max(0, start - 24), start))
    if not after:
        return "" if before.isalnum() and not is_a_quantity else "~"
    is_about = is_a_quantity and _AMOUNT.match(tex, start + 1) and not _CATALOGUED.match(tex, start - 1)
    return "~" if is_about else " "


def dash(hyphens: str) -> str:
    """Two hyphens, or three."""
    return "—" if len(hyphens) > len("--") else "–"


def quote(tex: str, start: int) -> str:
    """Two backticks or two apostrophes.

    A quote that opens is closed later (the pattern of `latex` sees to that), and one that closes was opened before.
    """
    if tex[start] == "`":
        return "“"
    return "”" if 0 <= _first_opening(tex) < start else "''"


@lru_cache(maxsize=1)
def _first_opening(tex: str) -> int:
    """Where the first quote opens: looked for once in a text, however many close."""
    return tex.find("``")
