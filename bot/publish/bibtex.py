"""Writes papers as BibTeX, in the form of arXiv's own export. Pure; the file is always well-formed.

The fields `eprint`, `archivePrefix` and `primaryClass`: https://info.arxiv.org/help/hypertex/bibstyles/index.html.
How BibTeX reads names and capitals: https://mirrors.ctan.org/biblio/bibtex/base/btxdoc.pdf.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

from bot import text
from bot.model import paper_url
from bot.text import latex
from bot.text.math_commands import is_standard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Paper
    from bot.text.math import Formula

_YEAR = re.compile(r"(?:.*/)?(\d\d)\d\d")
_FIRST_YEAR = 91
"""arXiv began in 1991, so 91 to 99 mean the last century."""


def bibliography(papers: Iterable[Paper]) -> str:
    """A whole .bib file: the papers' entries in the order given, an empty line between them."""
    return "\n".join(entry(paper) for paper in papers)


def entry(paper: Paper) -> str:
    """One entry, under the identifier as its key, ending in a line break."""
    fields = {
        "title": _title(paper.title),
        "author": " and ".join(filter(None, (_name(author.name) for author in paper.authors))),
        "year": _year(paper.identifier),
        "eprint": _escaped(text.clean(paper.identifier)),
        "archivePrefix": "arXiv",
        "primaryClass": _escaped(text.clean(paper.primary)),
        "doi": _braced(text.clean(paper.doi or "")),
        "url": _escaped(paper_url(text.clean(paper.identifier))),
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    key = re.sub(r"[^\w./-]", "", paper.identifier)
    return f"@misc{{arXiv:{key},\n" + ",\n".join(lines) + "\n}\n"


def _year(identifier: str) -> str:
    """The year of its first submission, from the identifier."""
    found = _YEAR.match(identifier)
    if found is None:
        return ""
    return f"{'19' if int(found[1]) >= _FIRST_YEAR else '20'}{found[1]}"


_MARKS = range(0xF0000, 0xF1000)
"""Placeholders for formulas, the last two for visible braces; from a private use area, so no text contains them."""
_A_MARK = re.compile(f"[{chr(_MARKS[0])}-{chr(_MARKS[-1])}]")
_OPEN, _CLOSE = chr(_MARKS[-2]), chr(_MARKS[-1])
_CAPITALS = re.compile(r"\{[^{}]*\}|[^\W_]+")
_COMMAND = re.compile(r"\\([A-Za-z]+)")


def _title(raw: str) -> str:
    """A title in TeX: formulas as arXiv gave them, other text encoded, words with capitals in braces."""
    formulas: list[str] = []

    def mark(formula: Formula) -> str:
        shown = _formula(formula)
        if shown is None or len(formulas) == len(_MARKS) - 2:
            return formula.plain or formula.written
        formulas.append(shown)
        return chr(_MARKS[len(formulas) - 1])

    cleaned = _A_MARK.sub("", text.clean(raw)).replace(r"\{", _OPEN).replace(r"\}", _CLOSE)
    flat = _CAPITALS.sub(_protected, text.clean(latex.flatten(cleaned, mark)))
    shown = dict(zip(map(chr, _MARKS), formulas, strict=False)) | {_OPEN: r"\{", _CLOSE: r"\}"}
    marked = _A_MARK.sub(lambda found: shown.get(found[0], ""), _encoded(flat))
    return _braced(marked.replace(_OPEN, r"\{").replace(_CLOSE, r"\}"))


def _formula(formula: Formula) -> str | None:
    """A formula between dollars; None if LaTeX does not know its commands."""
    is_known = all(map(is_standard, _COMMAND.findall(formula.tex))) and _braced(formula.tex) == formula.tex
    if formula.written.startswith("\\begin") or not is_known:
        return None
    inside = re.sub(r"(?<!\\)[%#]", r"\\\g<0>", formula.tex)
    return f"${_SYMBOL.sub(_in_formula, inside)}$"


def _in_formula(found: re.Match[str]) -> str:
    command = _command(found[0])
    return f"\\mbox{{{command}}}" if _OF_TEXT.match(command) else command


def _protected(found: re.Match[str]) -> str:
    """A word in braces if a bibliography style must keep its capitals: not just the first letter, or a single one."""
    word = found[0]
    if len(word) == 1 and found.string.startswith("^", found.end()):  # it goes with its power into a formula
        return word
    is_kept = any(map(str.isupper, word[1:])) or (len(word) == 1 and word.isupper() and word != "A")
    return f"{{{word}}}" if is_kept and word[0] != "{" else word


_SYMBOL = re.compile(r"[^\x00-\x7f\xc0-\u024f\u1e00-\u1eff\u2010-\u2026]")
"""Characters that LaTeX's fonts lack; all but Latin letters and typographic signs."""
_ACTIVE = re.compile(
    rf"(?P<escaped>[$%&\#_])|(?P<base>(?<![^\W_])[A-Za-z])?\^(?P<power>\d+|[A-Za-z](?![A-Za-z]))|(?P<sign>[<>|])|(?P<named>[\\^~])"
    rf"|(?P<raised>[⁰¹²³⁴-⁻ⁿ]+)|(?P<lowered>[₀-₋]+)|(?P<symbol>{_SYMBOL.pattern})",
)
_MATHEMATICAL = re.compile("GREEK|MATHEMATICAL|DOUBLE-STRUCK|SCRIPT|BLACK-LETTER")
_SIGNS = {"→": r"\rightarrow", "←": r"\leftarrow", "°": r"^{\circ}", "·": r"\cdot"}
"""Those for which the encoder has a command of text only."""
_OF_TEXT = re.compile(r"\{\\(?:text|guillemot)")
_NAMED = {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"$\sim$"}


def _encoded(flat: str) -> str:
    """Plain text encoded for TeX, except for its braces."""
    return _ACTIVE.sub(_active, flat)


def _active(found: re.Match[str]) -> str:
    token, kind = found[0], found.lastgroup
    if kind in ("raised", "lowered"):
        plain = unicodedata.normalize("NFKC", token).replace("−", "-")
        return f"${'^' if kind == 'raised' else '_'}{{{plain}}}$"
    if kind == "symbol":
        command = _command(token)
        return token if command == token else command if _OF_TEXT.match(command) else f"${command}$"
    simple = {"escaped": f"\\{token}", "power": f"${found['base'] or ''}^{{{found['power']}}}$", "sign": f"${token}$"}
    return simple.get(str(kind)) or _NAMED[token]


def _command(character: str) -> str:
    """A Greek letter or mathematical sign as a TeX command between dollars; a letter of another script unchanged."""
    if character in _SIGNS:
        return _SIGNS[character]
    category, name = unicodedata.category(character), unicodedata.name(character, "")
    if category[0] in "LMC" and not _MATHEMATICAL.match(name):
        return character
    return re.sub(r"^\\ensuremath\{(.*)\}$", r"\1", str(_encoder().unicode_to_latex(character)))


@cache
def _encoder() -> Any:  # noqa: ANN401 - pylatexenc has no types
    from pylatexenc.latexencode import UnicodeToLatexEncoder  # noqa: PLC0415 - only for what is not ASCII

    return UnicodeToLatexEncoder(unknown_char_policy="keep", unknown_char_warning=False)


def _escaped(flat: str) -> str:
    return _braced(_encoded(flat))


def _braced(value: str) -> str:
    """The value, without its braces if they do not balance: BibTeX counts them even if escaped."""
    depth = 0
    for character in value:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            break
    return (value if depth == 0 else re.sub(r"\\?[{}]", "", value)).rstrip("\\")


_CORPORATE = re.compile(
    r"[&,:;]|\b(?:and|at|for|in|of|on|the|with)\b|^The\b|\b(?:AI|Alliance|Center|Centre|Collaborations?|Committee"
    r"|Consortium|Foundation|Group|Inc|Initiative|Institute|Labs?|Laborator(?:y|ies)|Ltd|Network|Observatory|Project"
    r"|Research|Society|Survey|Teams?|University)\b|^[Oo]thers$"
)
"""Names that are not persons', or that BibTeX would split."""
_SUFFIXED = re.compile(r"(?P<name>[^,]+?),? (?P<suffix>[JS]r\.?|II|III|IV)")
_PARTICLE = re.compile("da|dal|de|del|della|dello|den|der|di|do|dos|du|la|le|lo|san|ten|ter|van|von|zu|zum|zur")


def _name(raw: str) -> str:
    """One author in BibTeX's form, `Family, Jr., Given` if BibTeX would split it wrongly; empty if it has no letter.

    BibTeX takes the last word as the family name, with particles in small letters before it. A corporate author, or a
    name with the word `and`, is put in braces.
    """
    name = text.flatten_tex(raw)
    if not any(map(str.isalnum, name)):
        return ""
    suffixed = _SUFFIXED.fullmatch(name)
    words = (suffixed["name"] if suffixed else name).split(" ")
    if _CORPORATE.search(" ".join(words)) or (suffixed and len(words) == 1):
        return f"{{{_escaped(name)}}}"
    start = next(
        (at for at, word in enumerate(words[:-1]) if at and _PARTICLE.fullmatch(word.lower())), len(words) - 1
    )
    if suffixed is None and (start == len(words) - 1 or not words[start][:1].isupper()):
        return _escaped(name)
    family = [" ".join(words[start:]), *([suffixed["suffix"]] if suffixed else []), " ".join(words[:start])]
    return _escaped(", ".join(family))
