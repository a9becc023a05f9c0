r"""The commands of TeX's mathematics, and how each is shown in Unicode: pylatexenc's table, with additions.

Pure. An unknown command stays as it is written, with its backslash, so that the caller sees it.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

EDGE = "\u2063"
"""Unicode's invisible separator: marks where a word or a fraction must not be joined to its neighbour."""
LETTER = r"[^\W\d_⁰¹²³⁴-ⁿ₀-₉]"
"""A letter that is not written raised or lowered, as a pattern."""
RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")

LOWERED = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|chi|psi|omega"
    "|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)
"""The names of the Greek letters that TeX has, as a pattern."""
FUNCTIONS = (
    "log|ln|lg|exp|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|sinh|cosh|tanh|coth|max|min|sup|inf|lim|det|dim|deg|"
    "ker|hom|gcd|arg|Pr|mod"
)
"""Words that stand apart from the letters beside them, as a pattern."""

_WORDS = {word: word for word in FUNCTIONS.split("|")} | {
    "bmod": "mod",
    "limsup": "lim sup",
    "liminf": "lim inf",
    "varlimsup": "lim sup",
    "varliminf": "lim inf",
    "injlim": "inj lim",
    "varinjlim": "inj lim",
    "projlim": "proj lim",
    "varprojlim": "proj lim",
}
_ALIKE = {
    **dict(zip(["eps", "veps", "vphi", "lam", "Lam", "gam", "Gam", "sig"], "εεφλΛγΓσ", strict=True)),
    **{f"{letter}sun": f"{letter.upper()}_⊙" for letter in "MmLlRrZz"},
    "LCDM": "ΛCDM",
    "lcdm": "ΛCDM",
    "kms": "km s⁻¹",
    "Lya": "Lyα",
    "Halpha": "Hα",
    "Hbeta": "Hβ",
}
"""Commands of their own that authors define alike."""
_TABLE = """
° degree arcdeg degr, °. fdg, ′ arcmin, ″ arcsec, ′. farcm, ″. farcs, ʰ. fh, ᵐ. fm, ˢ. fs,
☉ sun astrosun, ⊕ earth, ♂ mars, μm micron, μ muup, Å angstrom,
≠ ne, ≲ la lsim simlt ltsim apprle, ≳ ga gsim simgt gtsim apprge, ⋘ lll, ⋙ ggg, ≁ nsim, ≇ ncong,
∼ thicksim, ≈ thickapprox, ≂ eqsim, ∝ varpropto, ∣ shortmid, ∥ shortparallel, ⊨ models vDash,
≔ coloneqq coloneq defeq, ≕ eqqcolon eqdef, : vcentcolon, ∋ owns,
⇔ iff, ⇒ implies, ⇐ impliedby, ⇝ leadsto, ← gets, ↤ mapsfrom, ⇢ dashrightarrow, ⇠ dashleftarrow,
¬ neg, ∧ land, ∨ lor, ⊥ bot, □ Box square, ■ blacksquare, ◇ Diamond, △ triangle, ★ bigstar,
✓ checkmark, ✠ maltese, ⌀ diameter, ♣ clubsuit, ♥ heartsuit, ♠ spadesuit, ♦ diamondsuit,
⊲ lhd, ⊳ rhd, ⊴ unlhd, ⊵ unrhd, ⋒ doublecap Cap, ⋓ doublecup Cup, ⋈ Join, · centerdot, ↾ restriction,
⨀ bigodot, ⨄ biguplus, ⨆ bigsqcup, ⨌ iiiint, ∯ oiint,
ℜ Re, ℑ Im, ð eth, ƛ lambdabar, 𝟙 openone, 𝕜 Bbbk, ⅁ Game, Ⅎ Finv, ı imath, ȷ jmath,
‖ | lVert rVert, [ lbrack, ] rbrack, ⟦ llbracket, ⟧ rrbracket, ∖ backslash, / slash,
… dots hdots, • item, ‘ lq, ’ rq, − textminus, ~ texttildelow, _ textunderscore, < textless, > textgreater, | textbar,
§ S, ¶ P, £ pounds, € euro, ¥ yen, © copyright, ® circledR, ‡ ddag ddagger, i.e. ie, e.g. eg,
τ PGt, μ PGm, γ PGg, π PGp, ν PGn, η PGh, ϕ PGf, ρ PGr, ω PGo
"""
_SIGNS = (
    {name: shown for shown, *names in map(str.split, re.split(r",\s", _TABLE.strip())) for name in names}
    | {name: f"{EDGE}{words}{EDGE}" for name, words in (_WORDS | _ALIKE).items()}
    | {"colon": ": ", "mid": " | "}
    | dict.fromkeys(("space", "nobreakspace", "thinspace", "enspace"), " ")
)
"""What pylatexenc lacks, or has otherwise than it is read; among them what astronomers' journals define:
https://journals.aas.org/aastexguide/#symbols."""
_MARKS = {
    "overline": "\u0305",
    "underline": "\u0332",
    "widetilde": "\u0303",
    "undertilde": "\u0330",
    "widehat": "\u0302",
    "mathring": "\u030a",
    "dddot": "\u20db",
    "overrightarrow": "\u20d7",
    "overleftarrow": "\u20d6",
    # Short names that authors give to them.
    "ol": "\u0305",
    "wt": "\u0303",
    "wh": "\u0302",
    "slashed": "\u0338",
    "cancel": "\u0338",
}
_AROUND = (
    {"operatorname": f"{EDGE}%s{EDGE}", "substack": "%s", "abs": "|%s|", "norm": "‖%s‖", "order": "𝒪(%s)"}
    | {"ket": "|%s⟩", "Ket": "|%s⟩", "bra": "⟨%s|", "Bra": "⟨%s|", "braket": "⟨%s⟩", "Braket": "⟨%s⟩"}
    | {"ketbra": "|%s⟩⟨%s|", "dyad": "|%s⟩⟨%s|", "mel": "⟨%s|%s|%s⟩", "expval": "⟨%s⟩"}
    | {"comm": "[%s,%s]", "acomm": "{%s,%s}", "dv": "d%s/d%s", "pdv": "∂%s/∂%s", "dd": "d%s"}
)
r"""What stands around the arguments, as LaTeX's braket and physics packages have it."""
_WITH_TWO = ("binom", "overset", "stackrel", "underset")
_ARROWS = {
    "xrightarrow": "→",
    "xleftarrow": "←",
    "xleftrightarrow": "↔",
    "xRightarrow": "⇒",
    "xmapsto": "↦",
    "xhookrightarrow": "↪",
}
_ONE = re.compile(rf"[\d.]+|{LETTER}[\w.']*|[^\w\s()]+|\([^()]*\)")
"""What a root, a slash or a script before it takes as a whole."""


def converted(tex: str) -> str:
    """The TeX in Unicode, with an `EDGE` around words and fractions.

    Raises:
        Exception: any that pylatexenc raises or causes, such as RecursionError.
    """
    from pylatexenc.latexwalker import LatexWalker  # noqa: PLC0415 - only for TeX

    walker = LatexWalker(tex, latex_context=_grammar(), tolerant_parsing=False)
    return str(_converter().nodelist_to_text(walker.get_latex_nodes()[0]))


@lru_cache(maxsize=1024)
def symbol(name: str) -> str | None:
    """The character, or the word, that a command without arguments stands for."""
    shown = _known().get_macro_spec(name).simplify_repl
    if not isinstance(shown, str) or (len(shown) > 1 and ("%" in shown or "<" in shown)):
        return None
    return shown.strip(EDGE)


@lru_cache(maxsize=1024)
def is_known(name: str) -> bool:
    """Whether there is such a command, with or without arguments."""
    return bool(_known().get_macro_spec(name).macroname)


@lru_cache(maxsize=1024)
def is_standard(name: str) -> bool:
    """Whether a document knows such a command by TeX, LaTeX or the AMS' packages alone."""
    return is_known(name) and name not in _ALIKE and (name not in _AROUND or name in ("operatorname", "substack"))


def _as_one(expression: str) -> str:
    return expression if _ONE.fullmatch(expression) else f"({expression})"


def _marked(expression: str, mark: str) -> str:
    """Each letter with the mark that TeX spreads over them, or a whole expression in parentheses with one."""
    if not expression.isalnum() and len(expression) > 1:
        return f"({expression}){mark}"
    return unicodedata.normalize("NFC", "".join(letter + mark for letter in expression))


@cache
def _known() -> Any:  # noqa: ANN401 - pylatexenc has no types
    """What each command becomes. Of what it finds odd pylatexenc warns on stderr; we look at its answer instead."""
    from pylatexenc.latex2text import (  # noqa: PLC0415 - only for TeX
        MacroTextSpec,
        SpecialsTextSpec,
        get_default_latex_context_db,
    )

    def parts(node: Any, l2tobj: Any) -> list[str]:  # noqa: ANN401 - pylatexenc has no types
        shown = (l2tobj.node_arg_to_text(node, place) for place in range(len(node.nodeargd.argnlist)))
        return [part.strip(f" {EDGE}") for part in shown]

    def fraction(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - pylatexenc has no types
        above, below = parts(node, l2tobj)
        above = above if re.fullmatch(r"[\w.]+|[^\w\s()]", above) else f"({above})"
        return f"{EDGE}{above}/{_as_one(below)}{EDGE}"

    def choice(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - pylatexenc has no types
        return f"({' choose '.join(parts(node, l2tobj))})"

    def root(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - pylatexenc has no types
        degree, under = parts(node, l2tobj)
        return f"{degree.translate(RAISED)}√{_as_one(under)}"

    def arrow(sign: str) -> Any:  # noqa: ANN401 - pylatexenc has no types
        def shown(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - pylatexenc has no types
            under, over = parts(node, l2tobj)
            return f" {sign}{under and f'_{_as_one(under)}'}{over and f'^{_as_one(over)}'} "

        return shown

    def with_script(mark: str) -> Any:  # noqa: ANN401 - pylatexenc has no types
        def shown(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - pylatexenc has no types
            script, base = parts(node, l2tobj)
            return f"{base}{mark}{_as_one(script)}"

        return shown

    def with_mark(mark: str) -> Any:  # noqa: ANN401 - pylatexenc has no types
        return lambda node, l2tobj: _marked(parts(node, l2tobj)[0], mark)

    more = {
        **_SIGNS,
        **_AROUND,
        **{name: with_mark(mark) for name, mark in _MARKS.items()},
        "frac": fraction,
        "sqrt": root,
        "binom": choice,
        **{name: arrow(sign) for name, sign in _ARROWS.items()},
        "overset": with_script("^"),
        "stackrel": with_script("^"),
        "underset": with_script("_"),
    }
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)
    known = get_default_latex_context_db()
    macros = [MacroTextSpec(*item) for item in more.items()]
    two_primes = [SpecialsTextSpec("''", "''")]  # which are a closing quote in text alone
    known.add_context_category("ours", prepend=True, macros=macros, specials=two_primes)
    known.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=lambda node: str(node.latex_verbatim())))
    return known


@cache
def _grammar() -> Any:  # noqa: ANN401 - pylatexenc has no types
    """Which commands take how many arguments: pylatexenc's table, made once instead of for every formula."""
    from pylatexenc.latexwalker import get_default_latex_context_db  # noqa: PLC0415 - only for TeX
    from pylatexenc.macrospec import MacroSpec  # noqa: PLC0415 - only for TeX

    takes = dict.fromkeys(_MARKS, "{") | {name: "{" * shown.count("%s") for name, shown in _AROUND.items()}
    takes |= dict.fromkeys(_WITH_TWO, "{{") | dict.fromkeys(_ARROWS, "[{")
    grammar = get_default_latex_context_db()
    grammar.add_context_category("ours", prepend=True, macros=[MacroSpec(*item) for item in takes.items()])
    return grammar


@cache
def _converter() -> Any:  # noqa: ANN401 - pylatexenc has no types
    from pylatexenc.latex2text import LatexNodes2Text  # noqa: PLC0415 - only for TeX

    return LatexNodes2Text(latex_context=_known(), math_mode="text")
