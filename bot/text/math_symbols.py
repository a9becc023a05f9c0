"""The commands of TeX's mathematics, and how each is shown in Unicode: what pylatexenc lacks or shows otherwise."""

from __future__ import annotations

import re

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

_TWO_WORDS = {words.replace(" ", ""): words for words in ("lim sup", "lim inf", "inj lim", "proj lim")}
_WORDS = (
    {word: word for word in FUNCTIONS.split("|")}
    | _TWO_WORDS
    | {f"var{name}": words for name, words in _TWO_WORDS.items()}
    | {"bmod": "mod"}
)
ALIKE = {
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
SIGNS = (
    {name: shown for shown, *names in map(str.split, re.split(r",\s", _TABLE.strip())) for name in names}
    | {name: f"{EDGE}{words}{EDGE}" for name, words in (_WORDS | ALIKE).items()}
    | {"colon": ": ", "mid": " | "}
    | dict.fromkeys(("space", "nobreakspace", "thinspace", "enspace"), " ")
)
"""What pylatexenc lacks, or has otherwise than it is read; among them what astronomers' journals define:
https://journals.aas.org/aastexguide/#symbols."""
MARKS = {
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
AROUND = (
    {"operatorname": f"{EDGE}%s{EDGE}", "substack": "%s", "abs": "|%s|", "norm": "‖%s‖", "order": "𝒪(%s)"}
    | {"ket": "|%s⟩", "Ket": "|%s⟩", "bra": "⟨%s|", "Bra": "⟨%s|", "braket": "⟨%s⟩", "Braket": "⟨%s⟩"}
    | {"ketbra": "|%s⟩⟨%s|", "dyad": "|%s⟩⟨%s|", "mel": "⟨%s|%s|%s⟩", "expval": "⟨%s⟩"}
    | {"comm": "[%s,%s]", "acomm": "{%s,%s}", "dv": "d%s/d%s", "pdv": "∂%s/∂%s", "dd": "d%s"}
)
r"""What stands around the arguments, as LaTeX's braket and physics packages have it."""
WITH_TWO = ("binom", "overset", "stackrel", "underset")
ARROWS = {
    "xrightarrow": "→",
    "xleftarrow": "←",
    "xleftrightarrow": "↔",
    "xRightarrow": "⇒",
    "xmapsto": "↦",
    "xhookrightarrow": "↪",
}
