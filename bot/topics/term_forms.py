"""Normalised text and term patterns: how a term is compared with a text, plurals included.

Pure. Term and text are equal when their last words differ by a final s or es that is a plural's. Written in capitals
it is part of an acronym, in the term as in the text: GPS is not GP, but GPs are. English has more words in -s that
are no plurals than a rule can know; one that joins two of them finds a paper too many, never one too few.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from bot.text import fold_case, strip_accents

_MARK = "\x00"
"""Stands in no text that `strip_accents` made."""
_ENDS_IN_S = re.compile(r"(?<![^\W_])[^\W_]+[sS](?![^\W_])")
_NO_PLURAL = re.compile(r".*(?:ss|us|is|ias)|[Nn]ews", re.DOTALL)
"""Class, campus, analysis, bias: such an end has no plural's s. Nor is what is new news."""
_SHORTEST = 2
_ALL_CAPITALS_FROM = 3


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """A text, folded."""

    text: str
    ends_in_own_s: frozenset[int]
    """Ends of words whose final s is no plural (class, GPS): the form without it is another word."""

    @classmethod
    def read(cls, written: str) -> NormalisedText:
        """Title, abstract or whatever else a term may stand in."""
        plain = strip_accents(written)
        if _is_all_capitals(plain):
            plain = plain.lower()
        parts = fold_case(_ENDS_IN_S.sub(_marked, plain)).split(_MARK)
        ends, length = set(), 0
        for part in parts[:-1]:
            length += len(part)
            ends.add(length)
        return cls("".join(parts), frozenset(ends))


@dataclass(frozen=True, slots=True)
class TermPattern:
    """A term: its words, one after the other.

    A letter or digit at an end of the term must be the end of a word in the text, a prefix's last one excepted.
    """

    stem: str
    """What a text that holds the term holds in any case, where the term begins; a term without words is empty."""
    begins_a_word: bool
    exact: frozenset[str] | None
    """What may follow `stem` up to the word's end; None where anything may."""
    plural: frozenset[str] = frozenset()
    """What else may follow, if the word's final s is a plural's."""

    @classmethod
    def read(cls, written: str, *, prefix: bool = False) -> TermPattern:
        """A keyword, a query's words or, with `prefix`, how they begin. One without any is never found."""
        plain = strip_accents(written)
        words = fold_case(plain)
        begins_a_word = words[:1].isalnum()
        if prefix or not words[-1:].isalnum():
            return cls(words, begins_a_word, exact=None)
        last = re.split(r"[\W_]", plain)[-1]
        ending, exact, plural = _tails(last)
        return cls(words.removesuffix(ending), begins_a_word, exact, plural)

    def matches_at(self, start: int, words: NormalisedText) -> bool:
        """Whether the term stands in the text at one of the places where `stem` does."""
        text = words.text
        if self.begins_a_word and start and text[start - 1].isalnum():
            return False
        if self.exact is None:
            return True
        after = end = start + len(self.stem)
        while end < len(text) and text[end].isalnum():
            end += 1
        tail = text[after:end]
        return tail in self.exact or (tail in self.plural and end not in words.ends_in_own_s)


@lru_cache(maxsize=4096)
def spellings(written: str) -> frozenset[str]:
    """The folded words that a term is, its plural's singular too: terms that share one may stand on one word."""
    wanted = TermPattern.read(written)
    return frozenset(wanted.stem + tail for tail in wanted.exact or ("",))


@lru_cache(maxsize=4096)
def _tails(word: str) -> tuple[str, frozenset[str], frozenset[str]]:
    """What a term's last word, as it is written, may lose, and what may follow the rest: `TermPattern`'s two sets."""
    endings = _endings(word)
    longest = max(endings, key=len, default="")
    exact = {longest, *(longest.removesuffix(ending) for ending in endings)}
    plural = {tail + ending for tail in exact for ending in ("s", *_further(word))} - exact
    return longest, frozenset(exact), frozenset(plural)


def _marked(found: re.Match[str]) -> str:
    word = found[0]
    return word if "s" in _endings(word) else word + _MARK


@lru_cache(maxsize=4096)
def _endings(word: str) -> tuple[str, ...]:
    """Which of the two ends the word, as it is written, may lose."""
    if word.isupper():
        return ()
    candidates = [ending for ending in ("s", "es") if word.endswith((ending, ending.upper()))]
    return tuple(
        ending
        for ending in candidates
        if _is_a_word(word[: -len(ending)]) and not (ending == "s" and _NO_PLURAL.fullmatch(word))
    )


def _further(word: str) -> list[str]:
    """The other end that the word, as it is written, may have: uses are not of the US."""
    return ["es"] if len(word) > _SHORTEST and not word.isupper() else []


def _is_a_word(stem: str) -> bool:
    """What is left must be long enough; two letters are an acronym in capitals (AIs), or nothing (gas)."""
    return len(stem) > _SHORTEST or (len(stem) == _SHORTEST and stem.isupper())


def _is_all_capitals(plain: str) -> bool:
    """A title in capitals only: then capitals do not mark acronyms."""
    return plain.isupper() and len(plain.split()) >= _ALL_CAPITALS_FROM
