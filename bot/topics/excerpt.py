"""An excerpt of a paper: its title and the lines of its abstract that say what it does, matched terms marked.

Pure. The marks are exactly where `topics` found the terms, see `topics.found_at`. The channel decides how a mark
looks and how text is escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.model import MatchMode
from bot.text import ELLIPSIS, contribution, flatten_tex, latex, main_clause, truncate
from bot.topics import found_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.model import Match, Paper
    from bot.topics.found_at import Span

_WORD = re.compile(r"\S+")
_SENTENCE_START = re.compile(r"[.!?][)\]\"'”’]?\s+(?=[^\sa-z])")


@dataclass(frozen=True, slots=True)
class MatchedTerm:
    """A matched term and all fields in which it was found."""

    term: str
    fields: tuple[str, ...]
    """The fields' names for people: `journal ref`."""
    mode: MatchMode = MatchMode.WORDS
    """How it is compared."""


def matched_terms(match: Match) -> tuple[MatchedTerm, ...]:
    """The match's hits with each term once, in the order of their first hits."""
    fields: dict[str, dict[str, None]] = {}
    modes: dict[str, MatchMode] = {}
    for hit in match.hits:
        fields.setdefault(hit.term, {})[hit.field.replace("_", " ")] = None
        modes.setdefault(hit.term, hit.mode)
    return tuple(MatchedTerm(term, tuple(found), modes[term]) for term, found in fields.items())


@dataclass(frozen=True, slots=True)
class MarkedText:
    """Flat text with the places of terms in it, in order and not overlapping."""

    text: str
    spans: tuple[Span, ...] = ()

    def as_markup(self, escape: Callable[[str], str], mark: str, *, whole_words: bool = False) -> str:
        """The text as markup.

        Args:
            escape: escapes text for the target format.
            mark: the markup of a term, with `{}` for the term.
            whole_words: whether the format cannot mark a part of a word.
        """
        parts, position = [], 0
        for start, end in self.spans:
            if whole_words and (self.text[:start][-1:].isalnum() or self.text[end:][:1].isalnum()):
                continue
            parts += [
                _escape_keeping_blanks(self.text[position:start], escape),
                mark.format(escape(self.text[start:end])),
            ]
            position = end
        return "".join([*parts, _escape_keeping_blanks(self.text[position:], escape)])


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A paper's title and excerpt."""

    title: MarkedText
    abstract: MarkedText


def excerpt(
    paper: Paper, terms: Sequence[MatchedTerm], *, title: int, abstract: int, measure: Callable[[str], int] = len
) -> Excerpt:
    """The paper's title and a few lines of its abstract, truncated, with terms marked.

    The lines begin where the abstract says what the paper does; at the words "we ..." if much is before them. If no
    sentence says so, they are the first lines; or those from the first sentence with a term, if neither the title nor
    the first lines have one.
    """
    flat_title, text = flatten_tex(paper.title), flatten_tex(paper.abstract)
    shown_title = truncate(flat_title, title, measure)
    heading = _spans_kept(shown_title, flat_title, _spans("title", paper.title, terms))
    spans = _spans("abstract", paper.abstract, terms)
    first = truncate(text, abstract, measure)
    shown = _spans_kept(first, text, spans)
    start = 0 if first == text else _where_it_says(text, flat_title, abstract // 3)
    if start is None:
        start = _start(text, spans[0][0], abstract // 3) if spans and not heading.spans and not shown.spans else 0
    if not start:
        return Excerpt(heading, shown)
    later = ELLIPSIS + " " + truncate(text[start:], abstract - 2, measure)
    shift = len(ELLIPSIS) + 1 - start
    moved = [(begin + shift, end + shift) for begin, end in spans if begin >= start]
    return Excerpt(heading, _spans_kept(later, ELLIPSIS + " " + text[start:], moved))


@lru_cache(maxsize=1024)  # one paper is shown to many subscribers
def _where_it_says(text: str, title: str, before: int) -> int | None:
    """The place where the abstract says what the paper does, at most `before` characters before that clause."""
    sentence = contribution(text, title)
    if sentence is None:
        return None
    clause = main_clause(text, sentence)
    return clause if clause - sentence > before else sentence


def _spans_kept(shown: str, source: str, spans: Iterable[Span]) -> MarkedText:
    """The truncated text with those places of the source that it still contains."""
    kept = (span for span in spans if shown[: span[1]] == source[: span[1]])
    return MarkedText(shown, tuple(kept))


def _start(text: str, place: int, before: int) -> int:
    """The start of the sentence with that place, or a later word if that is more than `before` characters away."""
    sentence = max((found.end() for found in _SENTENCE_START.finditer(text, 0, place)), default=0)
    return sentence if place - sentence <= before else text.find(" ", place - before, place) + 1 or place


def _spans(field: str, written: str, terms: Iterable[MatchedTerm]) -> list[Span]:
    """The places of the terms, without overlapping ones and those in links or formulas."""
    wanted = [(term.term, term.mode) for term in terms if field in term.fields]
    return found_at.places(wanted, written, _unbreakable(flatten_tex(written))) if wanted else []


def _unbreakable(text: str) -> list[Span]:
    """Places that a mark would break: links, addresses, and formulas that stay TeX."""
    words = [] if "\\" not in text else [found.span() for found in latex.KEPT_AS_TEX.finditer(text)]
    if "://" in text or "@" in text:
        words += [found.span() for found in _WORD.finditer(text) if "://" in found[0] or "@" in found[0]]
    return words


def _escape_keeping_blanks(piece: str, escape: Callable[[str], str]) -> str:
    """The escaped piece with the spaces at its ends, which escapes strip."""
    inside = piece.strip()
    if not inside:
        return " " if piece else ""
    return f"{' ' * piece.startswith(' ')}{escape(inside)}{' ' * piece.endswith(' ')}"
