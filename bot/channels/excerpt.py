"""An excerpt of a paper: its title and the lines of its abstract that say what it does, matched terms marked.

Pure. `topics` has found the terms; where exactly they stand is looked for here, for the eye alone: what is not found
again is not marked. How a mark looks, and how text is escaped, is the channel's decision.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.text import ELLIPSIS, contribution, flatten_tex, fold_case, latex, strip_accents, truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.channels.presentation import MatchedTerm
    from bot.model import Paper

Span = tuple[int, int]
"""Where a term begins and ends."""

_GAP = r"[\s\u2010-\u2015\u2212-]+"
_WORD = re.compile(r"\S+")
_SENTENCE_START = re.compile(r"[.!?][)\]\"'”’]?\s+(?=[^\sa-z])")


@dataclass(frozen=True, slots=True)
class MarkedText:
    """Flat text, and where in it terms stand: in order, none within another."""

    text: str
    spans: tuple[Span, ...] = ()

    def as_markup(self, escape: Callable[[str], str], mark: str, *, whole_words: bool = False) -> str:
        """The text as markup.

        Args:
            escape: makes any text fit for its place.
            mark: the markup of a marked term, with `{}` for the term.
            whole_words: whether the place knows no mark inside of a word.
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
    """A paper in a few lines."""

    title: MarkedText
    abstract: MarkedText


def excerpt(
    paper: Paper, terms: Sequence[MatchedTerm], *, title: int, abstract: int, measure: Callable[[str], int] = len
) -> Excerpt:
    """The paper's title and a few lines of its abstract, cut to what they may measure, their terms marked.

    The lines begin where the abstract says what the paper does. Where no sentence says so, they are the first ones,
    or, if neither the title nor they show a term, those from the sentence on in which the abstract first has one.
    """
    flat_title, text = flatten_tex(paper.title), flatten_tex(paper.abstract)
    heading = _marked(truncate(flat_title, title, measure), _of("title", terms))
    spans = _spans(text, _of("abstract", terms))
    first = truncate(text, abstract, measure)
    shown = _spans_kept(first, text, spans)
    start = 0 if first == text else _contribution(text, flat_title)
    if start is None:
        start = _start(text, spans[0][0], abstract // 3) if spans and not heading.spans and not shown.spans else 0
    if not start:
        return Excerpt(heading, shown)
    later = ELLIPSIS + " " + truncate(text[start:], abstract - 2, measure)
    shift = len(ELLIPSIS) + 1 - start
    moved = [(begin + shift, end + shift) for begin, end in spans if begin >= start]
    return Excerpt(heading, _spans_kept(later, ELLIPSIS + " " + text[start:], moved))


_contribution = lru_cache(maxsize=1024)(contribution)
"""One paper is shown to many subscribers."""


def _of(field: str, terms: Iterable[MatchedTerm]) -> tuple[str, ...]:
    return tuple(term.term for term in terms if field in term.fields)


def _marked(text: str, terms: Sequence[str]) -> MarkedText:
    return MarkedText(text, tuple(_spans(text, terms)))


def _spans_kept(shown: str, source: str, spans: Iterable[Span]) -> MarkedText:
    """The places of the source that its cut form still has."""
    kept = (span for span in spans if shown[: span[1]] == source[: span[1]])
    return MarkedText(shown, tuple(kept))


def _start(text: str, place: int, before: int) -> int:
    """Where the sentence with that place begins, or, where that is too far before it, a word nearer to it."""
    sentence = max((found.end() for found in _SENTENCE_START.finditer(text, 0, place)), default=0)
    return sentence if place - sentence <= before else text.find(" ", place - before, place) + 1 or place


def _spans(text: str, terms: Sequence[str]) -> list[Span]:
    """Where the terms stand, those within or across others left out, and those that a mark would break."""
    if not terms:
        return []
    folded, at = _folded(text)
    unbreakable = _unbreakable(text)
    spans: list[Span] = []
    for term in terms:
        words, anywhere = _patterns(term)
        found = list(words.finditer(folded)) or list(anywhere.finditer(folded))
        for span in ((at[each.start()], at[each.end()]) for each in found if each[0]):
            if not any(start < span[1] and span[0] < end for start, end in (*unbreakable, *spans)):
                spans.append(span)
    return sorted(spans)


def _unbreakable(text: str) -> list[Span]:
    """What a mark would break: links, addresses, and formulas that had to stay TeX."""
    words = [] if "\\" not in text else [found.span() for found in latex.KEPT_AS_TEX.finditer(text)]
    if "://" in text or "@" in text:
        words += [found.span() for found in _WORD.finditer(text) if "://" in found[0] or "@" in found[0]]
    return words


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text as terms are compared with it, and of each of its letters, and its end, the place in the text."""
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    letters, at = [], []
    for place, letter in enumerate(text):
        folded = fold_case(letter)
        letters.append(folded)
        at += [place] * len(folded)
    return "".join(letters), [*at, len(text)]


@lru_cache(maxsize=4096)
def _patterns(term: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds the term, in one of its numbers and at the edges of words; and what finds it anywhere.

    Matching has found the term already; here only its position is looked for, first as a word, then anywhere.
    """
    prefix = term.endswith("*") and len(term) > 1
    words = [re.escape(word) for word in fold_case(strip_accents(term.removesuffix("*") if prefix else term)).split()]
    if not words:
        nothing = re.compile(r"(?!)")
        return nothing, nothing
    anywhere = _GAP.join(words)
    last = words[-1]
    if prefix:
        words[-1] += r"[^\W_]*"
    elif last[-1:].isalnum():
        words[-1] = re.sub(r"(?<=\w\w)e?s$", "", last) + r"(?:e?s|e)?(?![^\W_])"
    edge = r"(?<![^\W_])" if words[0][:1].isalnum() else ""
    return re.compile(edge + _GAP.join(words)), re.compile(anywhere)


def _escape_keeping_blanks(piece: str, escape: Callable[[str], str]) -> str:
    """The piece escaped; the blanks at its ends, which an escape takes away, are put back."""
    inside = piece.strip()
    if not inside:
        return " " if piece else ""
    return f"{' ' * piece.startswith(' ')}{escape(inside)}{' ' * piece.endswith(' ')}"
