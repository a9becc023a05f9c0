"""Words as matching reads them: a text made ready once, a term as what looks for it in any such text.

Pure. Term and text are equal when their last words differ by a final s or es that is a plural's. Written in capitals
it is part of an acronym, in the term as in the text: GPS is not GP, but GPs are. English has more words in -s that
are no plurals than a rule can know; one that joins two of them finds a paper too many, never one too few.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.text import bare, lowered

_MARK = "\x00"
"""Stands in no text that `bare` made."""
_ENDS_IN_S = re.compile(r"[^\W_]+[sS](?![^\W_])")
_NO_PLURAL = re.compile(r".*(?:ss|us|is|ias)|[Nn]ews", re.DOTALL)
"""Class, campus, analysis, bias: such an end has no plural's s. Nor is what is new news."""
_SHORTEST = 2
_SHOUTED = 3


@dataclass(frozen=True, slots=True)
class Words:
    """A text, folded."""

    text: str
    whole: frozenset[int]
    """Where a word ends whose last s is its own, so that the word without it is another."""

    @classmethod
    def read(cls, written: str) -> Words:
        """Title, abstract or whatever else a term may stand in."""
        plain = bare(written)
        if _is_shouted(plain):
            plain = plain.lower()
        parts = lowered(_ENDS_IN_S.sub(_marked, plain)).split(_MARK)
        ends, length = set(), 0
        for part in parts[:-1]:
            length += len(part)
            ends.add(length)
        return cls("".join(parts), frozenset(ends))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A term: its words, one after the other.

    A letter or digit at an end of the term must be the end of a word in the text, a prefix's last one excepted.
    """

    least: str
    """What a text that holds the term holds in any case, for a quick first look."""
    pattern: re.Pattern[str]
    exact: frozenset[str]
    """What may stand there as it is; of anything else that the pattern finds, the text must let its s go."""

    @classmethod
    def read(cls, written: str, *, prefix: bool = False) -> Wanted:
        """A keyword, a query's words or, with `prefix`, how they begin. One without any is never found."""
        plain = bare(written)
        words = lowered(plain)
        if not words:
            return cls(words, re.compile(r"(?!)"), frozenset())
        start = r"(?<![^\W_])" if words[0].isalnum() else ""
        if prefix or not words[-1].isalnum():
            return cls(words, re.compile(start + re.escape(words)), frozenset({words}))
        last = re.split(r"[\W_]", plain)[-1]
        exact = {words, *(words.removesuffix(ending) for ending in _endings(last))}
        forms = exact | {words + ending for ending in ("s", *_further(last))}
        either = "|".join(map(re.escape, sorted(forms)))
        return cls(min(exact, key=len), re.compile(rf"{start}(?:{either})(?![^\W_])"), frozenset(exact))

    def is_in(self, words: Words) -> bool:
        """Whether the text holds the term."""
        found = self.pattern.search(words.text)
        while found and found[0] not in self.exact and found.end() in words.whole:
            found = self.pattern.search(words.text, found.start() + 1)
        return found is not None


def _marked(found: re.Match[str]) -> str:
    word = found[0]
    return word if "s" in _endings(word) else word + _MARK


def _endings(word: str) -> list[str]:
    """Which of the two ends the word, as it is written, may lose."""
    if word.isupper():
        return []
    candidates = [ending for ending in ("s", "es") if word.endswith((ending, ending.upper()))]
    return [
        ending
        for ending in candidates
        if _is_a_word(word[: -len(ending)]) and not (ending == "s" and _NO_PLURAL.fullmatch(word))
    ]


def _further(word: str) -> list[str]:
    """The other end that the word, as it is written, may have: uses are not of the US."""
    return ["es"] if len(word) > _SHORTEST and not word.isupper() else []


def _is_a_word(stem: str) -> bool:
    """What is left must be long enough; two letters are an acronym in capitals (AIs), or nothing (gas)."""
    return len(stem) > _SHORTEST or (len(stem) == _SHORTEST and stem.isupper())


def _is_shouted(plain: str) -> bool:
    """Where every word of a title is in capitals, that tells no acronym from the rest."""
    return plain.isupper() and len(plain.split()) >= _SHOUTED
