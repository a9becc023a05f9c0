"""TeX formulas: finds their end, and converts them to Unicode, completely or not at all.

Pure. No part of a formula is ever lost: if it cannot be shown completely the answer is None, and the caller leaves it
unconverted. TeX that pylatexenc would drop or join wrongly is rewritten first, and pylatexenc's answer is checked.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.text.math_commands import is_known, library
from bot.text.math_symbols import EDGE, FUNCTIONS, GREEK, LETTER, LOWERED, RAISED

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_ARGUMENT = 2000
_DEEPEST = 40
"""Braces within braces: each level is read with all that is in it, so that 300 of them took ten seconds."""
_COLOR = r"\\(?:text)?color\s*(?:\[\w+\])?\{[\w!,. -]+\}"
_SPACE = r"\\[hv]space\*?\s*\{[^{}]*\}"
_LABEL = r"\\label\{[^{}]*\}"
_SHIFT = r"\\(?:kern|mkern|hskip|mskip|raise|lower)\s*-?\s*[\d.]+\s*(?:em|ex|pt|mu|mm|cm|in)(?![A-Za-z])"
_UNSEEN = r"\\[hv]?phantom\s*\{[^{}]*\}"
_COLUMNS = r"\\begin\{array\}\s*\{[^{}]*\}"
_OF_LAYOUT = (
    "left|right|middle|[bB]igg?[lrm]?|(?:no)?limits|nonumber|notag|protect|xspace|relax|null|(?:math)?strut|boldmath"
)
_UPRIGHT = (
    "math(?:bf|rm|it|sf|tt|up|bfit|normal|bin|rel|ord|open|close|punct|inner)|text[a-z]+|[mh]box|smash|pmb|bm"
    "|boldsymbol|ce"
)
_NESTED = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_TILDE = r"(?:\{\s*_?\s*(?:\\sim|\{\s*\\sim\s*\})\s*\}|\\sim(?![A-Za-z]))"
_HOURS, _MINUTES, _SECONDS = (
    rf"\^(?:\{{\s*(?:\\rm\s*|\\(?:mathrm|text)\s*\{{)?{unit}\s*\}}+|{unit}(?![A-Za-z(]))(?:\s|\\,)*" for unit in "hms"
)
_Rules = tuple[tuple[re.Pattern[str], str], ...]


def _rules(*rules: tuple[str, str]) -> _Rules:
    return tuple((re.compile(pattern), instead) for pattern, instead in rules)


_SELDOM = re.compile(
    r"\\(?:[!\\]|begin|m?kern|[hm]skip|raise|lower|[hv]?phantom|left\s*<|right\s*>|EuScript|mathpzc|mathscr|math(?:ds|bbm)"
    r"|[dt]binom|buildrel|stackrel|substack|(?:under|over)brace|braket|innerproduct|ip|prescript|up|var|text|pmod|tag|(?:center)?not|Bbb|frak|(?:m?c|cal|mathcal|bb|mathbb)[A-Z]|[bcdHkrtuv](?![A-Za-z])|ra(?![A-Za-z]))"
)
_SELDOM_USED = _rules(
    (r"\\substack\{\s*\+\s*([\d.]+)\s*\\\\\s*-\s*([\d.]+)\s*\}", r"^{+\1}_{-\2}"),
    (rf"(\\[A-Za-z]+)(?:\\!|{_SHIFT}|{_UNSEEN})+", r"\1{}"),
    (rf"\\!|{_SHIFT}|{_UNSEEN}", ""),
    (r"(?<!\\)\\\\(?=[A-Za-z])", r"\\\\ "),
    (r"\\begin\{cases\}", r"\\{ "),
    (r"\\end\{cases\}|\\(?:begin|end)\{(?:aligned|gathered|split)\}|\\hline(?![A-Za-z])", ""),
    (_COLUMNS, r"\\begin{smallmatrix}"),
    (r"\\end\{array\}", r"\\end{smallmatrix}"),
    (r"\\\\(?:\[[^\]]*\])?(?![^\\]*\\end)", "; "),
    (r"\\left\s*<", r"\\langle "),
    (r"\\right\s*>", r"\\rangle "),
    (r"\\Bbb(?![A-Za-z])(?:\s*([A-Za-z]+))?", r"\\mathbb{\1}"),
    (r"\\frak(?![A-Za-z])(?:\s*([A-Za-z]+))?", r"\\mathfrak{\1}"),
    (r"\\(?:m?c|cal|mathcal)([A-Z])(?![A-Za-z])", r"\\mathcal{\1}"),
    (r"\\(?:bb|mathbb)([A-Z])(?![A-Za-z])", r"\\mathbb{\1}"),
    (r"\\la(?![A-Za-z])(.*?)\\ra(?![A-Za-z])", r"\\langle \1\\rangle "),
    (r"\\math(?:ds|bbm)(?![A-Za-z])", r"\\mathbb"),
    (r"\\(?:EuScript|mathpzc|mathscr)(?![A-Za-z])", r"\\mathcal"),
    (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
    (rf"\\buildrel\s*(\S+?)\s*\\over\s*(\\[A-Za-z]+|{_NESTED}|\S)", r"\\stackrel{\1}{\2}"),
    (rf"\\stackrel\s*\{{\s*(?:<|\\lt)\s*\}}\s*{_TILDE}", r"\\lesssim "),
    (rf"\\stackrel\s*\{{\s*(?:>|\\gt)\s*\}}\s*{_TILDE}", r"\\gtrsim "),
    (r"\\(?:under|over)brace\s*\{([^{}]*)\}", r"(\1)"),
    (r"\\not\s*\{(?:\\!|\s)*([A-Za-z])(?=[^}])", r"{\\not \1"),
    (r"\\(?:braket|innerproduct|ip)\{([^{}]*)\}\{", r"\\braket{\1|"),
    (r"\\prescript\{([^{}]*)\}\{([^{}]*)\}", r"{}^{\1}_{\2}"),
    (rf"\\(?:up|text|var(?=[A-Z]))(?=(?:{GREEK})(?![A-Za-z]))", r"\\"),
    (r"\\pmod\s*(?:\{([^{}]*)\}|(\w))", r"\\ (mod \1\2)"),
    (r"\\tag\*?\{([^{}]*)\}", r"\\ (\1)"),
    (r"\\(?:centernot(?![A-Za-z])|not(?=\s|\{\}))(?:\s|\{\})*", r"\\not "),
    # The letters and accents of text are an author's own commands here, but for those inside a word.
    (r"(?<![^\W\d_])\\(?:(d)|[bcHkrtuv])\s*(?=\{)", r"\1"),
)
_OFTEN_USED = _rules(
    (r"([\d}])\s+(?=\{?\\(?:rm|mathrm|text|textrm|mbox|hbox)(?![A-Za-z]))", r"\1\\ "),  # a number and its unit
    (rf"(\d){_HOURS}(\d+){_MINUTES}(\d[\d.]*){_SECONDS}", r"\1ʰ\2ᵐ\3ˢ"),
    (rf"(\d){_HOURS}(\d+){_MINUTES}", r"\1ʰ\2ᵐ"),
    (r"\\(?:display|text|script|scriptscript)style(?![A-Za-z])\s*", ""),
    (r"(\\f(?:[hms]|dg|arc[ms]))\s+(?=\d)", r"\1{}"),
    (rf"\\(?:left|right)\s*\.|\\(?:{_OF_LAYOUT})(?![A-Za-z])|\\ensuremath\s*(?=\{{)|{_COLOR}|{_LABEL}", ""),
    (_SPACE, r"\\ "),
    # What old TeX switches on lasts up to the end of the group; \sl is as often the Lie algebra.
    (r"\\(?:rm|bf|it|sf|tt|sc|em|mit|(?:script|footnote)size|small|tiny|large|sl(?=[\s{\\]))(?![A-Za-z])\s*", ""),
    (r"\{\s*\{([^{}]*)\}\s*\}", r"{\1}"),
    (r"[\^_]\{\s*\}", ""),
    (r"_\{\s*_\{([^{}]*)\}\s*\}", r"_{\1}"),
    (r"\\(?:cal|scr)(?![A-Za-z])(?:\s*([A-Z]+))?", r"\\mathcal{\1}"),
    (r"(\\math(?:cal|bb|frak))\{\}", r"\1"),
    (r"\\(?:operatorname\*?|mathop)\s*(?=\{)", r"\\operatorname"),
    (rf"\\(?:{_UPRIGHT})\s*(?=\{{)", r"\\text"),
    (r"\\(?:math(?:bf|rm|it|sf|tt|bfit)|bm|pmb|boldsymbol)(?![A-Za-z])\s*", ""),
    (r"\\(?:[dtcs]|nice)frac(?![A-Za-z])", r"\\frac"),
    (rf"(\\(?:{GREEK}))\s+(?=[A-Z]{{2}})", r"\1{}"),  # one word, as in \Lambda CDM
    (r"\\mu\s+(?=(?:[msKAGVWT]|Jy|Hz|as|eV)(?![A-Za-z]))", r"\\mu{}"),  # a unit
    (r"\^(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))", "°"),
    (r"\^(?:\{\s*((?:\\prime\s*)+)\}|(\\prime)(?![A-Za-z]))", r"\1\2"),
    (r"(\\(?:l[vV]ert|langle|lfloor|lceil)|(?<!\s)\\[vV]ert|\\[vV]ert(?=[^\\|]*\\rangle))\s+", r"\1{}"),
    (r"\s+(?=\\(?:r[vV]ert|rangle|rfloor|rceil)(?![A-Za-z]))", ""),
    (r"(\\[A-Za-z]+)(?=[^\W\d_A-Za-z])", r"\1 "),
    (r"(?<!\\)%", r"\\%"),
)
"""The same in the plainest TeX, one after the other, so that pylatexenc knows it."""
_ANY = re.compile(r"[\\%^]")
_INFIX = re.compile(r"\\(?:over|choose)(?![A-Za-z])")
_PART = r"((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)"
_PREFIXED = _rules(
    (rf"\{{{_PART}\\over(?![A-Za-z]){_PART}\}}", r"{\\frac{\1}{\2}}"),
    (rf"^{_PART}\\over(?![A-Za-z]){_PART}$", r"\\frac{\1}{\2}"),
    (rf"\{{{_PART}\\choose(?![A-Za-z]){_PART}\}}", r"{\\binom{\1}{\2}}"),
    (rf"^{_PART}\\choose(?![A-Za-z]){_PART}$", r"\\binom{\1}{\2}"),
)
_CODE_POINT = re.compile(r"\\unicode\{x([0-9A-Fa-f]{2,5})\}")
"""MathJax's own: https://docs.mathjax.org/en/latest/input/tex/extensions/unicode.html."""
_UNKNOWN_LAYOUT = re.compile(r"\\begin\{(?!(?:cases|aligned|gathered|split|array|[bpvBV]?matrix|smallmatrix)\})")
_COMMAND = re.compile(
    rf"{_COLUMNS}|\\(?:begin|end)\{{\w+\*?\}}|{_COLOR}|{_SPACE}|{_LABEL}|{_SHIFT}|{_UNSEEN}|\\[A-Za-z]+|\\\\\[[^\]]*\]"
)
"""What is no letter or digit of the formula."""
_NAME = re.compile(r"\\([A-Za-z]+)(?:\{\}|(?![A-Za-z{]))")
_NUMBER_SETS = dict(zip("CEFHNPQRTZ", "ℂ𝔼𝔽ℍℕℙℚℝ𝕋ℤ", strict=True))
"""What authors mean by `\\R` and the like, which TeX itself does not know."""
_LETTERS = frozenset(
    ["O", "S", "L", "l", "o", "d", "c", "b", "u", "v", "r", "k", "t", "i", "j", "ss", "ae", "AE", "oe"]
)
"""Letters and accents of text, in a formula an author's own commands as well."""
_RAISED = re.compile(r"\^(?:\{\s*([-+]?(?:\d+n?|n)|\d*[-+]{1,3})\s*\}|([\d+-])|\{?\\text\{(\d+)\}\}?)")
_LOWERED = re.compile(r"_(?:\{\s*([-+]?\d+|[-+])\s*\}|(\d)|\{?\\text\{(\d+)\}\}?)")
_UPPER, _LOWER = (
    rf"{script}\s*\{{\s*{sign}(?:\s|\\,)*(\d*\.?\d+°?)\s*\}}" for script, sign in ((r"\^", r"\+"), ("_", "[-−–]"))
)
_ERRORS, _ERRORS_REVERSED = re.compile(rf"{_UPPER}\s*{_LOWER}"), re.compile(rf"{_LOWER}\s*{_UPPER}")
"""A measured value's, upwards and downwards."""
_CLOSE_AROUND = "=<>≈∈∉≤≥⩽⩾≲≳≠→↦⇒⇔≃≅≡⊂⊆∝≪≫⊗⊕⋉⋊↪↠⊨⊢∤∪∩×∥⊥∗≍⊊⊋≺≻≼≽⊣↾∨∧⊑⊒⊓⊔∘≔⟶⟹⟺△←↔"
_LOPSIDED = re.compile(
    rf"(?<=[^\s(\[{{^_]) ?(?P<after>[{_CLOSE_AROUND}∼∖±·]) (?=\S)|(?<=\S) (?P<before>[{_CLOSE_AROUND}])(?=[^\s=<>^_])"
)
"""A sign with a blank on one side, where it wants none or two."""
_MEANT = _rules(
    (r"(?:(?<=\d)|^\s*)\^(?:\{\s*(?:\\rm\s+|\\mathrm\s*\{)?o\s*\}+|o(?![A-Za-z(]))", "°"),
    (r"\^\{\s*(th)\s*\}", r"\1"),
    (r"\^\{?\s*\\(?:rm\s+|(?:mathrm|text|textrm)\s*\{\s*)(th|st|nd|rd)\s*\}+", r"\1"),
    (r"(?:(?<=\d)|^)\^\{\s*(st|nd|rd)\s*\}", r"\1"),
    (r"\\genfrac\{[^{}]*\}\{[^{}]*\}\{0pt\}\{\d?\}", r"\\binom"),
    (r"\\genfrac\{[^{}]*\}\{[^{}]*\}\{[^{}]*\}\{\d?\}", r"\\frac"),
)
"""An o for the sign of degrees, a raised ending as in 5th, a fraction whose line has a thickness of its own."""
_ATOM = re.compile(
    rf"[-+]?\d+(?:\.\d+)?|[-+]?{LETTER}(?:{LETTER}|[\d.])*[*']*|[*']+|\([^()]*\)|\[[^\[\]]*\]"
    r"|\\[A-Za-z]+\s*(?:\{[\w .-]+\})?"
)
"""What stands raised or lowered without parentheses, or has them already."""
_BETWEEN = re.compile(rf"(?<=[\w)\]}}∞\u0300-\u036f\u20d7])(?<!_){EDGE}+(?=[^\W_⁰¹²³⁴-ⁿ₀-₉])")
"""Where a word or a fraction runs into a letter or digit: not where it has its own scripts."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula found in a text."""

    written: str
    """With its fences."""
    tex: str
    """Without them, but for an environment, which says how its lines are set."""
    is_set_off: bool
    """On a line of its own."""

    @property
    def plain(self) -> str | None:
        """In Unicode, or None if part of it would be lost."""
        if not self.written.startswith("\\begin"):
            return flattened(self.tex)
        return flattened(self.tex[self.tex.index("}") + 1 : self.tex.rindex("\\end")])


@lru_cache(maxsize=8192)
def flattened(tex: str) -> str | None:
    """The formula, without its delimiters, in Unicode, or None if part of it would be lost, or nobody can read it."""
    if _depth(tex) > _DEEPEST:
        return None
    tex = _CODE_POINT.sub(lambda found: chr(int(found[1], 16)), tex)
    for pattern, instead in _MEANT:
        tex = pattern.sub(instead, tex)
    tex = plainer = _ERRORS_REVERSED.sub(r"^{+\2}_{-\1}", tex)
    if _UNKNOWN_LAYOUT.search(tex):  # a drawing, or what else we know nothing of
        return None
    for uses, rules in ((_SELDOM, _SELDOM_USED), (_ANY, _OFTEN_USED), (_INFIX, _PREFIXED)):
        for pattern, instead in rules if uses.search(plainer) else ():
            plainer = pattern.sub(instead, plainer)
    plainer = _ERRORS.sub(_errors, _NAME.sub(_named, plainer))
    plainer = _RAISED.sub(lambda found: (found[1] or found[2] or found[3]).translate(RAISED), plainer)
    plainer = _LOWERED.sub(lambda found: (found[1] or found[2] or found[3]).translate(LOWERED), plainer)
    try:
        shown = library().converted(f"${{}}{_scripts(plainer)}$")
    except Exception:  # noqa: BLE001 - whatever it trips over, the formula is then shown as it is written
        return None
    shown = " ".join(_BETWEEN.sub(" ", shown).replace(EDGE, "").split())
    shown = _LOPSIDED.sub(lambda found: f" {found['after'] or found['before']} ", shown)
    return shown if "\\" not in shown and _is_within(_COMMAND.sub("", tex), shown) else None


_SCRIPT = re.compile(r"[\^_](?=\{)")
_MARGINS = re.compile(r"^(?:\s|~|\\[,;: ])+|(?:\s|(?<!\\)~)+$")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)


def argument(tex: str, start: int) -> tuple[str | None, int]:
    """The text in the braces that open at `start`, and where they end; None if there are none or they never close."""
    end = _pairs(tex).get(start) if tex.startswith("{", start) else None
    if end is None or end - start >= _LONGEST_ARGUMENT:
        return None, start
    return tex[start + 1 : end], end + 1


def _depth(tex: str) -> int:
    """How many braces are open at once where most are."""
    open_now = most = 0
    for found in _BRACES.finditer(tex):
        open_now += (found[0] == "{") - (found[0] == "}")
        most = max(most, open_now)
    return most


@lru_cache(maxsize=16)
def _pairs(tex: str) -> dict[int, int]:
    """Where each brace that opens is closed: looked for once in a text, however many open."""
    opened: list[int] = []
    pairs: dict[int, int] = {}
    for found in _BRACES.finditer(tex):
        if found[0] == "{":
            opened.append(found.start())
        elif found[0] == "}" and opened:
            pairs[opened.pop()] = found.start()
    return pairs


def _named(found: re.Match[str]) -> str:
    r"""An author's own command by its name, as `\ours` is read; one that TeX knows is left alone."""
    name = found[1]
    if name[0] in _NUMBER_SETS and name in (name[0], 2 * name[0]):
        return f"\\text{{{_NUMBER_SETS[name[0]]}}}"
    is_a_letter = name in _LETTERS and not (
        name.islower() and found.string[found.start() - 1 : found.start()].isalpha()
    )
    if not is_a_letter and (name in ("begin", "end") or is_known(name)):
        return found[0]
    return f"\\text{{{EDGE}{name}{EDGE}}}"


def _errors(found: re.Match[str]) -> str:
    """Writes errors that are whole numbers as superscript and subscript; Unicode cannot do so with others."""
    up, down = found.groups()
    behind = found.string[found.end() :]
    if up.isdigit() and down.isdigit():
        is_apart = re.match(r"\s+\{*[A-Za-z\\]", behind)
        return f"^{{+{up}}}_{{-{down}}}" + ("\\ " if is_apart else "")
    is_close = re.match(r"\(|\\(?:times|cdot)", behind)
    return f"\\text{{ +{up}/−{down}{EDGE}{' ' if is_close else ''}}}"


def _scripts(tex: str) -> str:
    """Puts superscripts and subscripts of several parts in parentheses, because their braces are removed."""
    shown, position = [], 0
    while found := _SCRIPT.search(tex, position):
        body, end = argument(tex, found.end())
        if body is None:
            break
        body = _scripts(_MARGINS.sub("", body))
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


_GROUPS = re.compile(r"\{\\(?:rm|it|bf|sf|tt|sc|em)(?![A-Za-z])[^{}]*\}|\\[a-z]+(?:\{[^{}]*\})?")
_LOOSE = re.compile(
    r"\s+(?:(?!\w)(?=[(\[])(?:[^A-Za-z]|(?<![A-Za-z])[A-Za-z](?![A-Za-z]))*[)\]]"
    rf"|(?=[A-Za-z])(?:[^A-Za-z]|(?<![A-Za-z])(?:[A-Za-z]|{FUNCTIONS}|[A-Za-z]{{2,4}}(?=\())(?![A-Za-z]))+)\s+"
)
"""Brackets, or symbols from the first on: single letters, functions, and names before a parenthesis."""
_SYMBOL = re.compile(r"[^\W\d_]\w{0,2}'*(?:\([^()$]{1,9}\))?")


def is_formula(body: str, after: str) -> bool:
    """Whether two `$` enclose mathematics: no prose between them, and either TeX in it or no loose ends.

    The loose ends are Pandoc's rule: https://pandoc.org/MANUAL.html#extension-tex_math_dollars. With a blank at both
    ends it takes brackets or symbols, and no price behind it; with a digit behind it, `$E$1`, it takes a symbol.
    """
    if not body or re.search(r"[a-z]{3,} [a-z]{3,}", _GROUPS.sub("", body)):
        return False
    if re.search(r"\\[A-Za-z]|[\^_{}=<>]|^[^\w\s]+$", body):
        return True
    if body[0].isspace() and body[-1].isspace():
        return bool(_LOOSE.fullmatch(body)) and not after.strip()[:1].isdigit()
    if after[:1].isdigit():
        return bool(_SYMBOL.fullmatch(body))
    return not (body[0].isspace() or body[-1].isspace())


_NEXT_SCRIPT = re.compile(r"[\^_](?:(?=\{)|[\w*+-])")


def scripts(tex: str, start: int) -> tuple[str | None, int]:
    """What is raised or lowered from `start` on outside of any formula, 10^{-16} or T_{c}^2, and where that ends."""
    end = start
    while script := _NEXT_SCRIPT.match(tex, end):
        body, after = argument(tex, script.end())
        if body is None and tex.startswith("{", script.end()):  # which is never closed
            break
        end = after
    return (flattened(tex[start:end]) if end > start else None), end


_TAKES = {
    **dict.fromkeys(("mathcal", "mathbb", "mathfrak", "mathscr", "mathds", "mathbbm", "bm", "pmb", "ensuremath"), 1),
    **dict.fromkeys(("bar", "hat", "tilde", "vec", "dot", "ddot", "check", "breve", "acute", "grave", "mathring"), 1),
    **dict.fromkeys(("overline", "overrightarrow", "widehat", "widetilde", "slashed", "cancel", "not", "sqrt"), 1),
    **dict.fromkeys(("operatorname", "ket", "bra", "braket", "abs", "norm", "pmod", "xrightarrow"), 1),
    **dict.fromkeys(("frac", "dfrac", "tfrac", "nicefrac", "binom", "overset", "underset", "stackrel", "ketbra"), 2),
}
"""How many arguments the commands of mathematics take that stand outside of formulas at times."""
_TOKEN = re.compile(r"(?:\[[^\[\]{}]{0,99}\])?\s*(?:(?=\{)|(\\[A-Za-z]+|[^\W_]))")
"""An option in brackets, and then an argument in braces, or of one letter, digit or command."""


def command(name: str, tex: str, end: int) -> tuple[str, int] | None:
    r"""A command of mathematics that ends at `end`, outside of any formula: `\mathcal{R}`, `\mathbb Z`, `\sqrt{s}`.

    Returns:
        What it and its arguments are in Unicode, and where they end; None if it is no such command.
    """
    after = end
    for _ in range(_TAKES.get(name, 0)):
        token = _TOKEN.match(tex, after)
        if token is None:
            return None
        after = token.end() if token[1] else argument(tex, token.end())[1]
    shown = flattened(f"\\{name}{tex[end:after]}") if after > end else None
    return None if shown is None else (shown, after)
