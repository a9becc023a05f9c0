r"""Asks about commands of TeX's mathematics: how they are shown in Unicode, and which are known.

Pure. An unknown command stays as it is written, with its backslash, so that the caller sees it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from bot.text.math_symbols import ALIKE, AROUND, EDGE

if TYPE_CHECKING:
    from types import ModuleType


@cache
def library() -> ModuleType:
    """The module that has pylatexenc set up."""
    from bot.text import math_library  # noqa: PLC0415 - pylatexenc: 20 ms that only TeX needs

    return math_library


@lru_cache(maxsize=1024)
def symbol(name: str) -> str | None:
    """The character, or the word, that a command without arguments stands for."""
    shown = library().known().get_macro_spec(name).simplify_repl
    if not isinstance(shown, str) or (len(shown) > 1 and ("%" in shown or "<" in shown)):
        return None
    return shown.strip(EDGE)


@lru_cache(maxsize=1024)
def is_known(name: str) -> bool:
    """Whether there is such a command, with or without arguments."""
    return bool(library().known().get_macro_spec(name).macroname)


@lru_cache(maxsize=1024)
def is_standard(name: str) -> bool:
    """Whether a document knows such a command by TeX, LaTeX or the AMS' packages alone."""
    return is_known(name) and name not in ALIKE and (name not in AROUND or name in ("operatorname", "substack"))
