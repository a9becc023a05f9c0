"""Sets pylatexenc up with its own table of commands and ours (`math_symbols`). Imported only where there is TeX."""

from __future__ import annotations

import logging
import re
import unicodedata
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from pylatexenc import latex2text, latexwalker
from pylatexenc.macrospec import MacroSpec

from bot.text.math_symbols import AROUND, ARROWS, EDGE, LETTER, MARKS, RAISED, SIGNS, WITH_TWO

if TYPE_CHECKING:
    from collections.abc import Callable

_ONE = re.compile(rf"[\d.]+|{LETTER}[\w.']*|[^\w\s()]+|\([^()]*\)")
"""What a root, a slash or a script before it takes as a whole."""


def converted(tex: str) -> str:
    """The TeX in Unicode, with an `EDGE` around words and fractions.

    Raises:
        Exception: any that pylatexenc raises or causes, such as RecursionError.
    """
    walker = latexwalker.LatexWalker(tex, latex_context=_grammar(), tolerant_parsing=False)
    return str(_converter().nodelist_to_text(walker.get_latex_nodes()[0]))


def _as_one(expression: str) -> str:
    return expression if _ONE.fullmatch(expression) else f"({expression})"


def _marked(mark: str, expression: str) -> str:
    """Each letter with the mark that TeX spreads over them, or a whole expression in parentheses with one."""
    if not expression.isalnum() and len(expression) > 1:
        return f"({expression}){mark}"
    return unicodedata.normalize("NFC", "".join(letter + mark for letter in expression))


def _fraction(above: str, below: str) -> str:
    above = above if re.fullmatch(r"[\w.]+|[^\w\s()]", above) else f"({above})"
    return f"{EDGE}{above}/{_as_one(below)}{EDGE}"


def _root(degree: str, under: str) -> str:
    return f"{degree.translate(RAISED)}√{_as_one(under)}"


def _arrow(sign: str, under: str, over: str) -> str:
    return f" {sign}{under and f'_{_as_one(under)}'}{over and f'^{_as_one(over)}'} "


def _with_script(mark: str, script: str, base: str) -> str:
    return f"{base}{mark}{_as_one(script)}"


def _of_arguments(show: Callable[..., str]) -> Callable[[Any, Any], str]:
    """What pylatexenc calls for a command: shows its arguments by the function of their texts."""

    def shown(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - pylatexenc has no types
        texts = (l2tobj.node_arg_to_text(node, place) for place in range(len(node.nodeargd.argnlist)))
        return show(*(text.strip(f" {EDGE}") for text in texts))

    return shown


@cache
def known() -> Any:  # noqa: ANN401 - pylatexenc has no types
    """What each command becomes. Of what it finds odd pylatexenc warns on stderr; we look at its answer instead."""
    of_arguments: dict[str, Callable[..., str]] = {
        **{name: partial(_marked, mark) for name, mark in MARKS.items()},
        **{name: partial(_arrow, sign) for name, sign in ARROWS.items()},
        "overset": partial(_with_script, "^"),
        "stackrel": partial(_with_script, "^"),
        "underset": partial(_with_script, "_"),
        "frac": _fraction,
        "sqrt": _root,
        "binom": "({} choose {})".format,
    }
    more = SIGNS | AROUND | {name: _of_arguments(show) for name, show in of_arguments.items()}
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)
    found = latex2text.get_default_latex_context_db()
    macros = [latex2text.MacroTextSpec(*item) for item in more.items()]
    two_primes = [latex2text.SpecialsTextSpec("''", "''")]  # which are a closing quote in text alone
    found.add_context_category("ours", prepend=True, macros=macros, specials=two_primes)
    found.set_unknown_macro_spec(latex2text.MacroTextSpec("", simplify_repl=lambda node: str(node.latex_verbatim())))
    return found


@cache
def _grammar() -> Any:  # noqa: ANN401 - pylatexenc has no types
    """Which commands take how many arguments: pylatexenc's table, made once instead of for every formula."""
    takes = dict.fromkeys(MARKS, "{") | {name: "{" * shown.count("%s") for name, shown in AROUND.items()}
    takes |= dict.fromkeys(WITH_TWO, "{{") | dict.fromkeys(ARROWS, "[{")
    grammar = latexwalker.get_default_latex_context_db()
    grammar.add_context_category("ours", prepend=True, macros=[MacroSpec(*item) for item in takes.items()])
    return grammar


@cache
def _converter() -> Any:  # noqa: ANN401 - pylatexenc has no types
    return latex2text.LatexNodes2Text(latex_context=known(), math_mode="text")
