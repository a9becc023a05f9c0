"""TeX as it stands in arXiv's metadata, to Unicode: formulas, accents and text commands, and nothing else.

Pure. One scan over what may be TeX; whatever no rule knows, or cannot be converted whole, stays as it is written, so
that no word is ever lost. pylatexenc sees formulas only: to it a bare `%` is a comment that eats the rest.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

_TEX = re.compile(
    r"""
      (?P<link>    (?<!\w)https?://(?:[^\s\\{}$]|\\[_%&\#])+ )
    | (?P<math>    \$\$(?:[^$\\]|\\.){1,999}\$\$ | \$(?:[^$\\]|\\.){1,999}\$
                   | \\\([^$]{1,999}?\\\) | \\\[[^$]{1,999}?\\\] )
    | (?P<accent>  \\(?:'\s*|[`"^~=.]|[uvHck]\s+(?=[A-Za-z])|[uvHckdbr]\s*(?=\{))
                   (?:\{\s*(?:[^\W\d_]|\\[ij])\s*\} | \\[ij](?![A-Za-z])[ ]? | [^\W\d_]) )
    | (?P<escaped> \\(?:[%&_\#${}]|[~^]\{\s*\}) )
    | (?P<space>   \\[,;:!/\\\ -] )
    | (?P<command> \\[A-Za-z]+\*? )
    | (?P<group>   \{(?=\\[^\s{}]) )
    | (?P<tie>     (?<=[^\s/(~=<>])~(?=[^\s~=]) )
    | (?P<dash>    (?<![\s-])---?(?!-) | (?<=\s)---?(?=\s) )                # not that of `--an-option`
    | (?P<quote>   (?<!`)``(?!`)(?=[^`]*?(?:''|")) | (?<=[^\s'])''(?!') )
    """,
    re.VERBOSE,
)
_DEEPEST = 12
_LONGEST_ARGUMENT = 2000
_ACCENTS = {
    **dict(zip("'`\"^~=.", "\u0301\u0300\u0308\u0302\u0303\u0304\u0307", strict=True)),
    **dict(zip("uvHckdbr", "\u0306\u030c\u030b\u0327\u0328\u0323\u0331\u030a", strict=True)),
}
_LETTERS = re.compile("ss|ae|AE|oe|OE|aa|AA|[oOlLij]|th|TH|dh|DH|dj|DJ|ng|NG")
_SWITCHES = re.compile(
    "em|bf|it|tt|sc|rm|sf|sl|(?:bf|mdt|rmf|sff|ttf)(?:series|amily)|(?:it|sc|sl|up)shape|normalfont|tiny|scriptsize|"
    "footnotesize|small|normalsize|[lL]arge|noindent|centering|xspace|(?:display|text)style|left|right"
)
_BLANKS = re.compile("q?quad|par|newline|linebreak")
_STYLES = re.compile(
    "emph|text(?:bf|it|tt|sc|sf|rm|sl|md|up|normal|superscript|subscript)?|underline|uline|[mh]box|"
    "math(?:rm|bf|it|sf|tt)|boldsymbol|url|path|gls"
)


def flatten(tex: str) -> str:
    r"""What is surely TeX in the text, as Unicode.

    Converted are formulas, accents (`\'e`, `{\"o}`, `\v{c}`, `\L`), text commands (`\emph{}`, `\href{}{}`, ...),
    escaped characters, ties, dashes and ``quotes'', as https://info.arxiv.org/help/prep.html#tex allows them. All
    else is text: a bare `%`, an unpaired `$` or a price's, braces, and what an author's own macros are called.
    """
    return _scan(tex, 0)


def _scan(tex: str, depth: int) -> str:
    shown, position = [], 0
    while found := _TEX.search(tex, position):
        shown.append(tex[position : found.start()])
        text, position = _RULES[str(found.lastgroup)](found, depth)
        shown.append(text)
    return "".join([*shown, tex[position:]])


def _link(found: re.Match[str], _depth: int) -> tuple[str, int]:
    return re.sub(r"\\(.)", r"\1", found[0]), found.end()


def _math(found: re.Match[str], _depth: int) -> tuple[str, int]:
    """A formula flattened, or as it is written; a `$` that is none, such as a price's, is text."""
    span = found[0]
    fence = 1 if span[0] == "$" != span[1] else 2
    body = span[fence:-fence]
    if span[0] == "$" and not _is_formula(body, found.string[found.end() :][:1]):
        return "$", found.start() + 1
    return _formula(body) or span, found.end()


def _is_formula(body: str, after: str) -> bool:
    """Whether two `$` enclose mathematics: no prose between them, and either TeX in it or no loose ends.

    The loose ends are Pandoc's rule: https://pandoc.org/MANUAL.html#extension-tex_math_dollars.
    """
    if re.search(r"[a-z]{3,} [a-z]{3,}", re.sub(r"\\[a-z]+(?:\{[^{}]*\})?", "\\\\", body)):
        return False
    if re.search(r"\\[A-Za-z]|[\^_{}=<>]|^[^\w\s]+$", body):
        return True
    return not (body[:1].isspace() or body[-1:].isspace() or after.isdigit())


def _accent(found: re.Match[str], _depth: int) -> tuple[str, int]:
    r"""The letter with its accent; where no such letter is, as in `don\'t`, the backslash meant something else."""
    token = found[0]
    letter = re.sub(r"[\s{}\\]", "", token[2:])
    accented = unicodedata.normalize("NFC", letter + _ACCENTS[token[1]])
    return accented if len(accented) == 1 else token, found.end()


def _escaped(found: re.Match[str], _depth: int) -> tuple[str, int]:
    return found[0][1], found.end()


def _space(found: re.Match[str], _depth: int) -> tuple[str, int]:
    return "" if found[0][1] in "!/-" else " ", found.end()


def _tie(found: re.Match[str], _depth: int) -> tuple[str, int]:
    """A blank that does not break; between numbers it means a range and stays."""
    before, after = found.string[found.start() - 1], found.string[found.end()]
    return "~" if (before.isdigit() or before == "%") and after.isdigit() else " ", found.end()


def _dash(found: re.Match[str], _depth: int) -> tuple[str, int]:
    return "—" if len(found[0]) > len("--") else "–", found.end()


def _quote(found: re.Match[str], _depth: int) -> tuple[str, int]:
    """A quote that opens is closed later (the pattern sees to that), and one that closes was opened before."""
    if found[0] == "``":
        return "“", found.end()
    return "”" if "``" in found.string[: found.start()] else found[0], found.end()


def _group(found: re.Match[str], depth: int) -> tuple[str, int]:
    """Braces around a command go with it, if we know it."""
    inner, end = _argument(found.string, found.start())
    if inner is None or depth >= _DEEPEST:
        return found[0], found.end()
    shown = _scan(inner, depth + 1)
    return f"{{{shown}}}" if shown.startswith("\\") else shown, end


def _command(found: re.Match[str], depth: int) -> tuple[str, int]:
    tex, name, end = found.string, found[0][1:].rstrip("*"), found.end()
    if _LETTERS.fullmatch(name):
        return _symbol(name) or found[0], end + len(tex[end:]) - len(tex[end:].removeprefix("{}").lstrip())
    if _SWITCHES.fullmatch(name):
        return "", end + tex.startswith(" ", end)
    if _BLANKS.fullmatch(name):
        return " ", end
    wanted, show = _COMMANDS.get("emph" if _STYLES.fullmatch(name) else name, (0, ""))
    arguments: list[str] = []
    after = end
    while len(arguments) < wanted:
        argument, after = _argument(tex, after)
        if argument is None or depth >= _DEEPEST:
            return found[0], end
        arguments.append(_scan(argument, depth + 1))
    if name == "href" and arguments[0] == arguments[1]:
        return arguments[0], after
    return (show.format(*arguments), after) if wanted else (_symbol(name) or found[0], end)


_COMMANDS = {
    "emph": (1, "{0}"),
    "footnote": (1, " ({0})"),
    "cite": (1, "[{0}]"),
    "citep": (1, "[{0}]"),
    "citet": (1, "[{0}]"),
    "textcolor": (2, "{1}"),
    "href": (2, "{1} ({0})"),
}
"""How many arguments a command takes, and how they are shown. Every style shows its argument as `emph` does."""


_RULES = {
    "link": _link,
    "math": _math,
    "accent": _accent,
    "escaped": _escaped,
    "space": _space,
    "command": _command,
    "group": _group,
    "tie": _tie,
    "dash": _dash,
    "quote": _quote,
}


def _argument(tex: str, start: int) -> tuple[str | None, int]:
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


# Formulas: what pylatexenc would drop or join wrongly is put differently first, and its answer is checked.

_PLAINER = (
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
_RAISED = re.compile(r"\^(?:\{([-+]?(?:\d+|n)|[-+])\}|([\d+]))")
_LOWERED = re.compile(r"_(?:\{(\d+)\}|(\d))")
_RAISE = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_LOWER = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LOPSIDED = re.compile(r"(?<=\S) ?([=<>≈∈∉≤≥≠→∼≡⊂⊆∝≪≫×±·]) (?=\S)")
_ATOM = re.compile(r"[-+]?[\w.*]+|\\[A-Za-z]+\s*(?:\{[\w .-]+\})?")


@lru_cache(maxsize=8192)
def _formula(tex: str) -> str | None:
    """The formula in Unicode, or None where something of it would be lost."""
    tex = plainer = _CODE_POINT.sub(lambda found: chr(int(found[1], 16)), tex)
    for pattern, instead in _PLAINER:
        plainer = pattern.sub(instead, plainer)
    plainer = _RAISED.sub(lambda found: (found[1] or found[2]).translate(_RAISE), plainer)
    plainer = _LOWERED.sub(lambda found: (found[1] or found[2]).translate(_LOWER), plainer)
    try:
        shown = _converter().latex_to_text(f"${_scripts(plainer)}$", tolerant_parsing=False)
    except Exception:  # noqa: BLE001 - whatever it trips over, the formula is then shown as it is written
        return None
    shown = _LOPSIDED.sub(r" \1 ", " ".join(shown.split()))
    return shown if "\\" not in shown and _is_within(re.sub(r"\\[A-Za-z]+", "", tex), shown) else None


def _scripts(tex: str) -> str:
    """Raised or lowered expressions of several parts in parentheses, as their braces will go."""
    shown, position = [], 0
    while found := re.compile(r"[\^_](?=\{)").search(tex, position):
        body, end = _argument(tex, found.end())
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

    def root(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - as above
        degree = l2tobj.node_arg_to_text(node, 0).translate(_RAISE)
        return f"{degree}√{_as_one(l2tobj.node_arg_to_text(node, 1))}"

    def as_written(node: Any) -> str:  # noqa: ANN401 - as above
        return str(node.latex_verbatim())

    signs = {"gcd": "gcd", "degree": "°", "ne": "≠", "dots": "…", "ie": "i.e.", "eg": "e.g.", "|": "‖"}
    more = {"frac": fraction, "sqrt": root, **signs}
    known = get_default_latex_context_db()
    known.add_context_category("ours", prepend=True, macros=[MacroTextSpec(*item) for item in more.items()])
    known.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=as_written))
    return known


@lru_cache(maxsize=1024)
def _symbol(name: str) -> str | None:
    """The character that a command without arguments stands for."""
    shown = _known().get_macro_spec(name).simplify_repl
    return shown if isinstance(shown, str) and "%" not in shown and "<" not in shown else None


@cache
def _converter() -> Any:  # noqa: ANN401 - as above
    from pylatexenc.latex2text import LatexNodes2Text  # noqa: PLC0415 - as above

    return LatexNodes2Text(latex_context=_known(), math_mode="text")
