"""Finds where in a text a term is, to mark it; uses the code of matching, so that marks are where the matches are.

Pure. Slower than matching.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.model import MatchMode
from bot.text import flatten_tex
from bot.topics import exact
from bot.topics.term_forms import NormalisedText, TermPattern, in_both_numbers, normal_form, parts, unspelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Span = tuple[int, int]
"""Start and end in the text."""


@lru_cache(maxsize=8192)  # the same papers are shown to many who look for the same terms
def spans(term: str, mode: MatchMode, text: str) -> tuple[Span, ...]:
    """The places of a term in `flatten_tex(text)`, in order; whole words, except for `MatchMode.SUBSTRING`.

    Args:
        term: as a topic spells it, with a `*` at its end for the start of a word.
        mode: how the topic compares it.
        text: a title or an abstract, as arXiv has it.
    """
    found = tuple(sorted(_spans(term, mode, text, prefix=False)))
    if found or not term.endswith("*"):
        return found
    return tuple(_spans(term.rstrip("*"), mode, text, prefix=True))


def places(terms: Iterable[tuple[str, MatchMode]], text: str, without: Iterable[Span] = ()) -> list[Span]:
    """Where terms stand in `flatten_tex(text)`, in order; of those within or across others the earlier term's.

    Args:
        terms: each as a topic spells it, and how the topic compares it.
        text: as for `spans`.
        without: what no place may touch.
    """
    taken, found = list(without), []
    for term, mode in terms:
        for span in spans(term, mode, text):
            if not any(start < span[1] and span[0] < end for start, end in taken):
                taken.append(span)
                found.append(span)
    return sorted(found)


def _spans(term: str, mode: MatchMode, text: str, *, prefix: bool) -> Iterator[Span]:
    if mode is MatchMode.SUBSTRING and not prefix:
        return _of_substring(term, text)
    return _of_letters(term, text, prefix=prefix) if mode is MatchMode.EXACT else _of_words(term, text, prefix=prefix)


def _of_words(term: str, text: str, *, prefix: bool) -> Iterator[Span]:
    """The words at which the term stands, however they are spelled."""
    located = _located(text, prefix)
    for written in (term,) if prefix else in_both_numbers(term):
        yield from _of_pattern(TermPattern.read(written, prefix=prefix), located)


def _of_pattern(wanted: TermPattern, located: _Located) -> Iterator[Span]:
    letters = located.words.text
    start = letters.find(wanted.stem) if wanted.stem else -1
    while start >= 0:
        end = min(wanted.ends(start, located.words), default=None)
        if end is not None:
            yield located.span(start, end)
        start = letters.find(wanted.stem, start + 1 if end is None else max(end, start + 1))


def _of_letters(term: str, text: str, *, prefix: bool) -> Iterator[Span]:
    """Where the term stands in the letters as they are written."""
    flat, wanted, written = flatten_tex(text), exact.as_written(term), exact.as_written(text)
    if not wanted:
        return
    pattern = r"(?:\s|[-\u2010-\u2015\u2212])+".join(map(re.escape, wanted.lower().split(" "))) + r"[^\W_]*" * prefix
    places = re.finditer(f"(?=({pattern}))", flat.replace("İ", "I").lower())
    starts = re.finditer(f"(?={re.escape(wanted.lower())})", written.lower())
    for start, place in zip(starts, places, strict=True):
        if exact.stands_at(wanted, start.start(), written, prefix=prefix):
            yield place.span(1)


def _of_substring(term: str, text: str) -> Iterator[Span]:
    """Where the term stands in the text, whatever is around it."""
    folded, at = "", []
    for place, letter in enumerate(flatten_tex(text)):
        at += [place] * len(letter.casefold())
        folded += letter.casefold()
    for found in re.finditer(re.escape(term.casefold()), folded) if term else ():
        yield at[found.start()], at[found.end() - 1] + 1


@dataclass(frozen=True, slots=True)
class _Located:
    """A text, normalised, and where its words and signs stand in `flatten_tex` of it."""

    words: NormalisedText
    ends: tuple[int, ...]
    """Where each word or sign ends among the letters of `words`."""
    spans: tuple[Span, ...]
    """Where it stands."""

    def span(self, start: int, end: int) -> Span:
        """Where what stands between two places among the letters is written, its first and last word whole."""
        return self.spans[bisect_right(self.ends, start)][0], self.spans[bisect_left(self.ends, end)][1]


@lru_cache(maxsize=2048)  # title and abstract of each paper of a large day, for many terms; 36 MB
def _located(text: str, as_written: bool) -> _Located:  # noqa: FBT001 - a key of the cache
    ends, spans_, letters, start = [], [], 0, 0
    for written, plain in zip(flatten_tex(text).split(" "), unspelled(text).split(" "), strict=True):
        normal = normal_form(plain)
        places = _Places(written, normal)
        for begin, end, count in parts(normal, as_written=as_written):
            letters += count
            ends.append(letters)
            spans_.append((start + places.beginning(begin), start + places.end(end)))
        start += len(written) + 1
    return _Located(NormalisedText.read(text, as_written=as_written), tuple(ends), tuple(spans_))


class _Places:
    """From the places in a word's normal form to those in the word as it is written."""

    def __init__(self, written: str, normal: str) -> None:
        if written.lower() == normal.lower():  # nearly always
            self._blocks = [(0, len(normal), 0, len(written), True)]
        else:
            opcodes = SequenceMatcher(None, normal, written, autojunk=False).get_opcodes()
            self._blocks = [(a, b, c, d, tag == "equal") for tag, a, b, c, d in opcodes]

    def beginning(self, place: int) -> int:
        """Where the letter behind that place is written, or what it was made of."""
        return next(c + (place - a) * same for a, b, c, d, same in self._blocks if a <= place < b)

    def end(self, place: int) -> int:
        """Where the letter before that place ends, or what it was made of."""
        return next(c + (place - a) if same else d for a, b, c, d, same in self._blocks if a < place <= b)
