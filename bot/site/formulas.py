r"""A title or an abstract as HTML in which each formula keeps its TeX, for KaTeX to draw in the reader's browser.

    A bound of $\alpha^2$  ->  A bound of <span class="tex" data-tex="\alpha^2">α²</span>

Pure. Without JavaScript the flattened text stands; so it does where KaTeX does not know a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from bot import text

_MARK = "\ue000"
"""Stands for a formula while the text around it is flattened; of the private use area, so no text needs it."""
_FORMULA = re.compile(
    r"""
      \\\((?P<inline>[^$]{1,999}?)\\\) | \\\[(?P<set_off>[^$]{1,999}?)\\\]
    | \\.                                                                  # an escaped dollar opens nothing
    | \$\$(?P<display>(?:[^$\\]|\\.){1,999})\$\$ | \$(?P<dollars>(?:[^$\\]|\\.){1,999})\$(?P<digit>(?=\d))?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Typeset:
    """A text fit to stand in a page."""

    markup: Markup
    formulas: int
    """How many of them it has; 0 needs no KaTeX."""


def typeset(raw: str) -> Typeset:
    """The text flattened and escaped, its formulas marked."""
    formulas: list[Markup] = []
    marked, position = [], 0
    raw = raw.replace(_MARK, "")
    while found := _FORMULA.search(raw, position):
        body, display = _body(found)
        if body is None:
            # An escape, or a `$` that opens no formula: look again right behind it.
            end = found.end() if found[0][0] == "\\" else found.start() + 1
            marked.append(raw[position:end])
        else:
            end = found.end()
            marked += [raw[position : found.start()], _MARK]
            formulas.append(_span(found[0], body, display=display))
        position = end
    parts = text.flatten_tex("".join([*marked, raw[position:]])).split(_MARK)
    if len(parts) != len(formulas) + 1:  # TeX that shows an argument twice or not at all
        return Typeset(Markup(text.escape_html(text.flatten_tex(raw))), 0)  # noqa: S704 - just escaped
    pieces = [_escaped(part) for part in parts]
    shown = pieces[0] + Markup("").join(formula + piece for formula, piece in zip(formulas, pieces[1:], strict=True))
    return Typeset(shown, len(formulas))


def _body(found: re.Match[str]) -> tuple[str | None, bool]:
    """The formula between its fences, None if it is none, and whether it stands on a line of its own."""
    if (body := found["dollars"]) is not None:
        return (body if _is_formula(body, before_digit=found["digit"] is not None) else None), False
    display = found["display"] or found["set_off"]
    return display or found["inline"], display is not None


def _is_formula(body: str, *, before_digit: bool) -> bool:
    """Whether two `$` enclose mathematics, by the rule of `tex.flatten`: no prose, and TeX or no loose ends."""
    if re.search(r"[a-z]{3,} [a-z]{3,}", re.sub(r"\\[a-z]+(?:\{[^{}]*\})?", "\\\\", body)):
        return False
    if re.search(r"\\[A-Za-z]|[\^_{}=<>]|^[^\w\s]+$", body):
        return True
    return not (body[:1].isspace() or body[-1:].isspace() or before_digit)


def _span(span: str, body: str, *, display: bool) -> Markup:
    kind = "tex display" if display else "tex"
    tex, plain = text.escape_html(body), text.escape_html(text.flatten_tex(span))
    return Markup(f'<span class="{kind}" data-tex="{tex}">{plain}</span>')  # noqa: S704 - both just escaped


def _escaped(part: str) -> Markup:
    """Escaped like any text, but with the blanks at its ends, which part it from a formula."""
    before = " " if part[:1].isspace() else ""
    after = " " if part[-1:].isspace() and part.strip() else ""
    return Markup(f"{before}{text.escape_html(part)}{after}")  # noqa: S704 - just escaped
