"""TeX formulas: finds their end, and converts them to Unicode, completely or not at all.

Pure. Nothing of a formula is ever lost: what cannot be shown whole is None, and the caller leaves it as it is
written. What pylatexenc would drop or join wrongly is put differently first, and its answer is checked.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.text.math_symbols import EDGE, LETTER, RAISED, converted, is_known

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_ARGUMENT = 2000
_COLOR = r"\\(?:text)?color\s*(?:\[\w+\])?\{[\w!,. -]+\}"
_SPACE = r"\\[hv]space\*?\s*\{[^{}]*\}"
_LABEL = r"\\label\{[^{}]*\}"
_OF_LAYOUT = (
    r"left|right|middle|[bB]igg?[lrm]?|(?:display|text|script)style|(?:no)?limits|nonumber|notag|protect|xspace"
)
_UPRIGHT = r"math(?:bf|rm|it|sf|tt|up|bfit|normal|bin|rel|ord)|text[a-z]+|[mh]box|smash|pmb|bm|boldsymbol|ce"
_PLAINER = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\\begin\{cases\}", r"\\{ "),
        (r"\\end\{cases\}|\\(?:begin|end)\{(?:aligned|gathered|split)\}|\\hline(?![A-Za-z])", ""),
        (r"\\\\(?:\[[^\]]*\])?(?![^\\]*\\end)", "; "),
        (rf"\\(?:left|right)\s*\.|\\(?:{_OF_LAYOUT})(?![A-Za-z])|\\ensuremath\s*(?=\{{)|{_COLOR}|{_LABEL}", ""),
        (_SPACE, r"\\ "),
        # What old TeX switches on lasts up to the end of the group; \sl is as often the Lie algebra.
        (r"\\(?:rm|bf|it|sf|tt|sc|em|mit|sl(?=[\s{\\]))(?![A-Za-z])\s*", ""),
        (r"\\(?:cal|scr)(?![A-Za-z])(?:\s*([A-Z]+))?", r"\\mathcal{\1}"),
        (r"\\Bbb(?![A-Za-z])(?:\s*([A-Za-z]+))?", r"\\mathbb{\1}"),
        (r"\\frak(?![A-Za-z])(?:\s*([A-Za-z]+))?", r"\\mathfrak{\1}"),
        (r"(\\math(?:cal|bb|frak))\{\}", r"\1"),
        (r"\\math(?:ds|bbm)(?![A-Za-z])", r"\\mathbb"),
        (r"\\(?:operatorname\*?|mathop)\s*(?=\{)", r"\\operatorname"),
        (rf"\\(?:{_UPRIGHT})\s*(?=\{{)", r"\\text"),
        (r"\\(?:math(?:bf|rm|it|sf|tt|bfit)|bm|pmb|boldsymbol)(?![A-Za-z])\s*", ""),
        (r"\\(?:[dtcs]|nice)frac(?![A-Za-z])", r"\\frac"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (r"\\up(?=(?:alpha|beta|gamma|delta|lambda|mu|nu|pi|sigma|tau|theta|omega)(?![A-Za-z]))", r"\\"),
        (r"\\mu\s+(?=[msKA](?![A-Za-z]))", r"\\mu{}"),  # a unit
        (r"\\pmod\s*(?:\{([^{}]*)\}|(\w))", r"\\ (mod \1\2)"),
        (r"\^(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))", "°"),
        (r"\^(?:\{\s*((?:\\prime\s*)+)\}|(\\prime)(?![A-Za-z]))", r"\1\2"),
        (r"(\\(?:l[vV]ert|langle|lfloor|lceil))\s+", r"\1{}"),
        (r"\s+(?=\\(?:r[vV]ert|rangle|rfloor|rceil)(?![A-Za-z]))", ""),
        (r"(\\[A-Za-z]+)(?=[^\W\d_A-Za-z])", r"\1 "),
        (r"(?<!\\)%", r"\\%"),
    )
)
"""The same in the plainest TeX, one after the other, so that pylatexenc knows it."""
_INFIX = re.compile(r"\\(?:over|choose)(?![A-Za-z])")
_PART = r"((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)"
_PREFIXED = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (rf"\{{{_PART}\\over(?![A-Za-z]){_PART}\}}", r"{\\frac{\1}{\2}}"),
        (rf"^{_PART}\\over(?![A-Za-z]){_PART}$", r"\\frac{\1}{\2}"),
        (rf"\{{{_PART}\\choose(?![A-Za-z]){_PART}\}}", r"{\\binom{\1}{\2}}"),
        (rf"^{_PART}\\choose(?![A-Za-z]){_PART}$", r"\\binom{\1}{\2}"),
    )
)
_CODE_POINT = re.compile(r"\\unicode\{x([0-9A-Fa-f]{2,5})\}")
"""MathJax's own: https://docs.mathjax.org/en/latest/input/tex/extensions/unicode.html."""
_UNKNOWN_LAYOUT = re.compile(r"\\begin\{(?!(?:cases|aligned|gathered|split|array|[bpvBV]?matrix|smallmatrix)\})")
_COMMAND = re.compile(rf"\\(?:begin|end)\{{\w+\*?\}}|{_COLOR}|{_SPACE}|{_LABEL}|\\[A-Za-z]+|\\\\\[[^\]]*\]")
"""What is no letter or digit of the formula."""
_NAME = re.compile(r"\\([A-Za-z]+)(?![A-Za-z{])")
_NUMBER_SETS = dict(zip("CEFHNPQRTZ", "ℂ𝔼𝔽ℍℕℙℚℝ𝕋ℤ", strict=True))
"""What authors mean by `\\R` and the like, which TeX itself does not know."""
_RAISED = re.compile(r"\^(?:\{([-+]?(?:\d+n?|n)|[-+])\}|([\d+-]))")
_LOWERED = re.compile(r"_(?:\{(\d+)\}|(\d)|\{?\\text\{(\d+)\}\}?)")
_LOWER = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LOPSIDED = re.compile(r"(?<=\S) ?([=<>≈∈∉≤≥⩽⩾≲≳≠→↦⇒⇔∼≃≅≡⊂⊆∝≪≫∖⊗⊕⋉⋊↪↠⊨⊢∤∪∩×±·]) (?=\S)")
_ATOM = re.compile(
    rf"[-+]?\d+(?:\.\d+)?|[-+]?{LETTER}(?:{LETTER}|[\d.])*[*']*|[*']+|\([^()]*\)|\[[^\[\]]*\]"
    r"|\\[A-Za-z]+\s*(?:\{[\w .-]+\})?"
)
"""What stands raised or lowered without parentheses, or has them already."""
_BETWEEN = re.compile(rf"(?<=[\w)\]}}\u0300-\u036f\u20d7])(?<!_){EDGE}+(?=[^\W_⁰¹²³⁴-ⁿ₀-₉])")
"""Where a word or a fraction runs into a letter or digit: not where it has its own scripts."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula where it stands in a text."""

    written: str
    """With its fences."""
    tex: str
    """Without them, but for an environment, which says how its lines are set."""
    is_set_off: bool
    """On a line of its own."""

    @property
    def plain(self) -> str | None:
        """In Unicode, or None where something of it would be lost."""
        if not self.written.startswith("\\begin"):
            return flattened(self.tex)
        return flattened(self.tex[self.tex.index("}") + 1 : self.tex.rindex("\\end")])


@lru_cache(maxsize=8192)
def flattened(tex: str) -> str | None:
    """The formula, without its fences, in Unicode, or None where something of it would be lost."""
    tex = plainer = _CODE_POINT.sub(lambda found: chr(int(found[1], 16)), tex)
    if _UNKNOWN_LAYOUT.search(tex):  # a drawing, or what else we know nothing of
        return None
    for pattern, instead in (*_PLAINER, *(_PREFIXED if _INFIX.search(plainer) else ())):
        plainer = pattern.sub(instead, plainer)
    plainer = _NAME.sub(_named, plainer)
    plainer = _RAISED.sub(lambda found: (found[1] or found[2]).translate(RAISED), plainer)
    plainer = _LOWERED.sub(lambda found: (found[1] or found[2] or found[3]).translate(_LOWER), plainer)
    try:
        shown = converted(f"${_scripts(plainer)}$")
    except Exception:  # noqa: BLE001 - whatever it trips over, the formula is then shown as it is written
        return None
    shown = " ".join(_BETWEEN.sub(" ", shown).replace(EDGE, "").split())
    shown = _LOPSIDED.sub(r" \1 ", shown)
    return shown if "\\" not in shown and _is_within(_COMMAND.sub("", tex), shown) else None


_SCRIPT = re.compile(r"[\^_](?=\{)")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)


def argument(tex: str, start: int) -> tuple[str | None, int]:
    """What stands in the braces that open at `start`, and where they end; None if none open or close there."""
    if not tex.startswith("{", start):
        return None, start
    depth = 0
    for found in _BRACES.finditer(tex, start, start + _LONGEST_ARGUMENT):
        depth += (found[0] == "{") - (found[0] == "}")
        if depth == 0:
            return tex[start + 1 : found.start()], found.end()
    return None, start


def _named(found: re.Match[str]) -> str:
    r"""An author's own command by its name, as `\ours` is read; one that TeX knows is left alone."""
    name = found[1]
    if name in _NUMBER_SETS:
        return f"\\text{{{_NUMBER_SETS[name]}}}"
    if name in ("begin", "end") or is_known(name):
        return found[0]
    return f"\\text{{{EDGE}{name}{EDGE}}}"


def _scripts(tex: str) -> str:
    """Raised or lowered expressions of several parts in parentheses, as their braces will go."""
    shown, position = [], 0
    while found := _SCRIPT.search(tex, position):
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


_STEP = re.compile(r"\\.|[{}$]", re.DOTALL)
_LONGEST_FORMULA = 999


def closings(tex: str, start: int) -> Iterator[int]:
    """Where a formula that begins at `start` may end: at the first `$` outside braces, else at the first of all."""
    depth, inside = 0, None
    for found in _STEP.finditer(tex, start, start + _LONGEST_FORMULA):
        if found[0] == "$" and depth > 0:
            inside = found.start() if inside is None else inside
        elif found[0] == "$":
            yield found.start()
            break
        else:
            depth += (found[0] == "{") - (found[0] == "}")
        if depth < 0:
            break
    if inside is not None:
        yield inside


_LOOSE = re.compile(r"\s+(?:[A-Za-z]|(?!\w)(?=[(\[])(?:[^A-Za-z]|(?<![A-Za-z])[A-Za-z](?![A-Za-z]))*[)\]])\s+")


def is_formula(body: str, after: str) -> bool:
    """Whether two `$` enclose mathematics: no prose between them, and either TeX in it or no loose ends.

    The loose ends are Pandoc's rule: https://pandoc.org/MANUAL.html#extension-tex_math_dollars. With a blank at both
    ends it takes brackets or a single letter, and no price behind it.
    """
    if not body or re.search(r"[a-z]{3,} [a-z]{3,}", re.sub(r"\\[a-z]+(?:\{[^{}]*\})?", "\\\\", body)):
        return False
    if re.search(r"\\[A-Za-z]|[\^_{}=<>]|^[^\w\s]+$", body):
        return True
    if body[0].isspace() and body[-1].isspace():
        return bool(_LOOSE.fullmatch(body)) and not after.strip()[:1].isdigit()
    return not (body[0].isspace() or body[-1].isspace() or after[:1].isdigit())
