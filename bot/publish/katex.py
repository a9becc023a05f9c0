r"""Renders a title or abstract as HTML in which each formula keeps its TeX, so that KaTeX draws it in the browser.

    A bound of $\alpha^2$  ->  A bound of <span class="tex" data-tex="\alpha^2">α²</span>

Pure. Without JavaScript, or if KaTeX does not know a command, the flattened text is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from bot import text
from bot.text import latex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.text.math import Formula

_MARKS = range(0xF0000, 0xF1000)
"""Placeholders for formulas while the text around them is flattened; from a private use area, so no text contains
them. In a text with more formulas than that, the last ones are not drawn."""
_A_MARK = re.compile(f"([{chr(_MARKS[0])}-{chr(_MARKS[-1])}])")
_PAINTS = re.compile(r"\\(?:rule|raisebox|vcenter|kern|mkern|hskip|mskip|[rl]lap|Huge|huge)(?![A-Za-z])")
"""Commands that could cover a page or blank it, even with KaTeX's `maxSize`."""


@dataclass(frozen=True, slots=True)
class Typeset:
    """A text as HTML."""

    markup: Markup
    formulas: int
    """The number of formulas; with 0, KaTeX is not needed."""


def typeset(raw: str, hits: Sequence[tuple[int, int]] = ()) -> Typeset:
    """The text flattened and escaped, its formulas marked.

    Args:
        raw: as arXiv has it.
        hits: where in `text.flatten_tex(raw)` matched terms stand, in order; none is marked in a formula.
    """
    marks: dict[Formula, str] = {}

    def mark(formula: Formula) -> str:
        if len(marks) == len(_MARKS):
            return marks.get(formula) or formula.plain or formula.written
        return marks.setdefault(formula, chr(_MARKS[len(marks)]))

    flat = text.clean(latex.flatten(_A_MARK.sub("", text.clean(raw)), mark))
    spans = {mark: _span(formula) for formula, mark in marks.items()}
    read = {mark: formula.written if formula.plain is None else formula.plain for formula, mark in marks.items()}
    parts = _A_MARK.split(flat)
    if hits and "".join(read.get(part, part) for part in parts) != text.flatten_tex(raw):
        hits = ()  # what is not read alike has no places in common
    pieces, place = [], 0
    for part in parts:
        pieces.append(spans[part] if part in spans else _marked(part, place, hits))
        place += len(read.get(part, part))
    return Typeset(Markup("").join(pieces), sum("data-tex=" in piece for piece in pieces))


def _marked(part: str, place: int, hits: Sequence[tuple[int, int]]) -> Markup:
    """A part of the text that begins at this place, the terms in it marked."""
    pieces, done = [], 0
    for begin, end in ((begin - place, end - place) for begin, end in hits):
        if begin < done or end > len(part):
            continue
        pieces += [_escaped(part[done:begin]), Markup("<mark>{}</mark>").format(_escaped(part[begin:end]))]
        done = end
    return Markup("").join([*pieces, _escaped(part[done:])])


def _span(formula: Formula) -> Markup:
    plain = text.markup_html(formula.written) if formula.plain is None else text.escape_html(formula.plain)
    if _PAINTS.search(formula.tex):
        return Markup(plain)  # noqa: S704 - just escaped
    kind = "tex display" if formula.is_set_off else "tex"
    source = text.escape_html(formula.tex)
    return Markup(f'<span class="{kind}" data-tex="{source}">{plain}</span>')  # noqa: S704 - both just escaped


def _escaped(part: str) -> Markup:
    """The escaped text, with the spaces at its ends, which separate it from a formula."""
    before = " " if part[:1].isspace() else ""
    after = " " if part[-1:].isspace() and part.strip() else ""
    return Markup(f"{before}{text.markup_html(part)}{after}")  # noqa: S704 - just escaped
