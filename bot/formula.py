"""TeX formulas to Unicode, whole or not at all.

Pure. Nothing of a formula is ever lost: what cannot be shown whole is None, and the caller leaves it as it is
written. What pylatexenc would drop or join wrongly is put differently first, and its answer is checked.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

_LONGEST_ARGUMENT = 2000
_PLAINER = (
    (re.compile(r"\\begin\{cases\}"), r"\\{ "),
    (re.compile(r"\\end\{cases\}|\\(?:begin|end)\{(?:aligned|gathered|split)\}|\\hline(?![A-Za-z])"), ""),
    (re.compile(r"\\\\(?:\[[^\]]*\])?(?![^\\]*\\end)"), "; "),
    (
        re.compile(
            r"\\(?:left|right)\s*\.|\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits)(?![A-Za-z])"
        ),
        "",
    ),
    (
        re.compile(
            r"\\(?:(?:math(?:bf|rm|it|sf|tt|bin|rel)|text[a-z]+|operatorname\*?|smash|bm|boldsymbol)\s*(?=\{))"
        ),
        r"\\text",
    ),
    (re.compile(r"\\(?:math(?:bf|rm|it|sf|tt)|bm|boldsymbol)(?![A-Za-z])"), ""),
    (re.compile(r"\\[dtc]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\pmod\s*(?:\{([^{}]*)\}|(\w))"), r"\\ (mod \1\2)"),
    (re.compile(r"\^(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))"), "°"),
    (re.compile(r"(\\[A-Za-z]+)(?=[^\W\d_A-Za-z])"), r"\1 "),
    (re.compile(r"(?<!\\)%"), r"\\%"),
)
_CODE_POINT = re.compile(r"\\unicode\{x([0-9A-Fa-f]{2,5})\}")
"""MathJax's own: https://docs.mathjax.org/en/latest/input/tex/extensions/unicode.html."""
_UNKNOWN_LAYOUT = re.compile(r"\\begin\{(?!(?:cases|aligned|gathered|split|array|[bpvBV]?matrix|smallmatrix)\})")
_COMMAND = re.compile(r"\\(?:begin|end)\{\w+\*?\}|\\[A-Za-z]+|\\\\\[[^\]]*\]")
_NAME = re.compile(r"\\([A-Za-z]+)(?![A-Za-z{])")
_NUMBER_SETS = dict(zip("CEFHNPQRTZ", "ℂ𝔼𝔽ℍℕℙℚℝ𝕋ℤ", strict=True))
"""What authors mean by `\\R` and the like, which TeX itself does not know."""
_RAISED = re.compile(r"\^(?:\{([-+]?(?:\d+|n)|[-+])\}|([\d+]))")
_LOWERED = re.compile(r"_(?:\{(\d+)\}|(\d))")
_RAISE = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_LOWER = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LOPSIDED = re.compile(r"(?<=\S) ?([=<>≈∈∉≤≥≠→∼≡⊂⊆∝≪≫×±·]) (?=\S)")
_ATOM = re.compile(r"[-+]?[\w.*]+|\\[A-Za-z]+\s*(?:\{[\w .-]+\})?")


@lru_cache(maxsize=8192)
def flattened(tex: str) -> str | None:
    """The formula, without its fences, in Unicode, or None where something of it would be lost."""
    tex = plainer = _CODE_POINT.sub(lambda found: chr(int(found[1], 16)), tex)
    if _UNKNOWN_LAYOUT.search(tex):  # a drawing, or what else we know nothing of
        return None
    for pattern, instead in _PLAINER:
        plainer = pattern.sub(instead, plainer)
    plainer = _NAME.sub(_named, plainer)
    plainer = _RAISED.sub(lambda found: (found[1] or found[2]).translate(_RAISE), plainer)
    plainer = _LOWERED.sub(lambda found: (found[1] or found[2]).translate(_LOWER), plainer)
    try:
        shown = _converted(f"${_scripts(plainer)}$")
    except Exception:  # noqa: BLE001 - whatever it trips over, the formula is then shown as it is written
        return None
    shown = _LOPSIDED.sub(r" \1 ", " ".join(shown.split()))
    return shown if "\\" not in shown and _is_within(_COMMAND.sub("", tex), shown) else None


def argument(tex: str, start: int) -> tuple[str | None, int]:
    """What stands in the braces that open at `start`, and where they end; None if none open or close there."""
    depth, position, last = 0, start, min(len(tex), start + _LONGEST_ARGUMENT)
    while position < last:
        if tex[position] == "\\":
            position += 1
        else:
            depth += (tex[position] == "{") - (tex[position] == "}")
        if depth == 0:
            break
        position += 1
    return (tex[start + 1 : position], position + 1) if start < position < last else (None, start)


@lru_cache(maxsize=1024)
def symbol(name: str) -> str | None:
    """The character that a command without arguments stands for."""
    shown = _known().get_macro_spec(name).simplify_repl
    return shown if isinstance(shown, str) and "%" not in shown and "<" not in shown else None


def _named(found: re.Match[str]) -> str:
    r"""An author's own command by its name, as `\ours` is read; one that TeX knows is left alone."""
    name = found[1]
    meant = _NUMBER_SETS.get(name)
    if meant is None and (name in ("begin", "end") or _known().get_macro_spec(name).macroname):
        return found[0]
    blank = " " if found.string[: found.start()][-1:].isalnum() else ""
    return f"{blank}\\text{{{meant or name}}}"


def _scripts(tex: str) -> str:
    """Raised or lowered expressions of several parts in parentheses, as their braces will go."""
    shown, position = [], 0
    while found := re.compile(r"[\^_](?=\{)").search(tex, position):
        body, end = argument(tex, found.end())
        if body is None:
            break
        body = _scripts(body.strip())
        shown += [tex[position : found.end()], "{", body if _ATOM.fullmatch(body) else f"({body})", "}"]
        position = end
    return "".join([*shown, tex[position:]])


def _is_within(part: str, whole: str) -> bool:
    """Whether every letter and digit of the part is in the whole, in this order."""
    rest = iter(unicodedata.normalize("NFKD", whole))
    return all(c in rest for c in unicodedata.normalize("NFKD", part) if c.isalnum())


def _as_one(expression: str) -> str:
    return expression if re.fullmatch(r"[\w.]+", expression) else f"({expression})"


@cache
def _known() -> Any:  # noqa: ANN401 - pylatexenc has no types
    """The table of pylatexenc's commands, with what it lacks; one that it does not know shows as it is written."""
    from pylatexenc.latex2text import MacroTextSpec, get_default_latex_context_db  # noqa: PLC0415 - only for TeX

    def fraction(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - as above
        return "/".join(_as_one(l2tobj.node_arg_to_text(node, position)) for position in (0, 1))

    def choice(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - as above
        return f"({' choose '.join(l2tobj.node_arg_to_text(node, position) for position in (0, 1))})"

    def root(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - as above
        degree = l2tobj.node_arg_to_text(node, 0).translate(_RAISE)
        return f"{degree}√{_as_one(l2tobj.node_arg_to_text(node, 1))}"

    def arrow(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - as above
        over = l2tobj.node_arg_to_text(node, 1).strip()
        return f" →^{_as_one(over)} " if over else " → "

    def as_written(node: Any) -> str:  # noqa: ANN401 - as above
        return str(node.latex_verbatim())

    signs = {
        "gcd": "gcd",
        "degree": "°",
        "ne": "≠",
        "dots": "…",
        "ie": "i.e.",
        "eg": "e.g.",
        "|": "‖",
        "item": "•",
        "bmod": "mod",
    }
    more = {"frac": fraction, "sqrt": root, "binom": choice, "xrightarrow": arrow, **signs}
    known = get_default_latex_context_db()
    known.add_context_category("ours", prepend=True, macros=[MacroTextSpec(*item) for item in more.items()])
    known.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=as_written))
    return known


@cache
def _grammar() -> Any:  # noqa: ANN401 - as above
    """Which commands take how many arguments: pylatexenc's table, made once instead of for every formula."""
    from pylatexenc.latexwalker import get_default_latex_context_db  # noqa: PLC0415 - as above
    from pylatexenc.macrospec import MacroSpec  # noqa: PLC0415 - as above

    grammar = get_default_latex_context_db()
    macros = [MacroSpec("binom", "{{"), MacroSpec("xrightarrow", "[{")]
    grammar.add_context_category("ours", prepend=True, macros=macros)
    return grammar


def _converted(tex: str) -> str:
    from pylatexenc.latexwalker import LatexWalker  # noqa: PLC0415 - as above

    walker = LatexWalker(tex, latex_context=_grammar(), tolerant_parsing=False)
    return str(_converter().nodelist_to_text(walker.get_latex_nodes()[0]))


@cache
def _converter() -> Any:  # noqa: ANN401 - as above
    from pylatexenc.latex2text import LatexNodes2Text  # noqa: PLC0415 - as above

    return LatexNodes2Text(latex_context=_known(), math_mode="text")
