"""Normalised text and term patterns: how a term is compared with a text, plurals included.

Pure. Both are kept as letters without separators, each word spelled by `spelling`: fine-tuning, finetuning and fine
tuning are the same letters, and the places of the separators are kept beside them. The last words may also differ by
the s or es of a plural. A capital S is part of an acronym, in the term and in the text: GPS is not GP, but GPs are.
No rule knows every English word that ends in -s without being a plural. If the rule takes such a word for a plural,
a topic finds one paper too many; it never misses one because of that.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from bot.text import flatten_tex
from bot.topics.spelling import GREEK_NAMES, in_latin, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

# -- of a text -------------------------------------------------------------------------------------------------------

INSIDE, HYPHEN, BLANK = ".", "-", " "
"""What precedes a letter: another letter or sign; a hyphen, dash or superscript's sign; white space."""
_SEPARATORS = re.compile(r"[\s_^\u2010-\u2015\u2212-]+")
_SCRIPT = re.compile(r"[_^](?:\(([^()]*)\)|\{([^{}]*)\})")
"""A superscript or subscript, whose parentheses are no part of the name: La_(2-x)Sr_xCuO₄."""
_DIGITS_RAISED = "⁰¹²³⁴-⁹"
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_IN_TEX = re.compile(r"(?<=[^\W_]|\))\^(?:(\d{1,3})|\((\d{1,3})\)|\{(\d{1,3})\})(?![^\W_])")
_POWER = re.compile(rf"(?<=[^\W{_DIGITS_RAISED}]|\))([{_DIGITS_RAISED}]++)(?![^\W_]|[⁺⁻])")
"""h² is not H2; but a mass number (¹³CO, C¹⁸O) and a charge (Ca²⁺) are read like ordinary digits."""
_PART = re.compile(rf"(?P<separator>{_SEPARATORS.pattern})|[{_DIGITS_RAISED}]+|[^\W_{_DIGITS_RAISED}]+|.", re.DOTALL)
_ALL_CAPITALS_FROM = 3
_LONG_ENOUGH = 3
"""From this many letters on, a word may also be written joined to the next one."""


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """A text as terms are searched in it: its letters and signs without separators, and where these stood."""

    text: str
    """Its letters and signs, without what separates words."""
    joints: str
    """For each letter or sign, what precedes it: `INSIDE`, `HYPHEN` or `BLANK`."""
    ends_in_own_s: frozenset[int]
    """The ends of words whose last s is no plural's: without it, it is another word."""
    greek: frozenset[int]
    """The places of single Greek letters that are words."""

    @classmethod
    def read(cls, written: str, *, as_written: bool = False) -> NormalisedText:
        """Title, abstract or whatever else a term may stand in; `as_written` leaves the spelling alone."""
        pieces = [_piece(piece, as_written) for piece in unspelled(written).split(" ")]
        ends_in_own_s: list[int] = []
        greek: list[int] = []
        start = 0
        for piece in pieces:
            if piece.ends_in_own_s:
                ends_in_own_s += [start + end for end in piece.ends_in_own_s]
            if piece.greek:
                greek += [start + place for place in piece.greek]
            start += len(piece.text)
        return cls(*_together(pieces), frozenset(ends_in_own_s), frozenset(greek))

    def begins_a_word(self, place: int) -> bool:
        """Whether the place is not inside a word."""
        return not place or self.joints[place] != INSIDE or not self.text[place - 1].isalnum()

    def end_of_word(self, place: int) -> int:
        """The end of the word that the place is in, or the place itself if a word ends there."""
        text, joints = self.text, self.joints
        while place < len(text) and joints[place] == INSIDE and text[place].isalnum():
            place += 1
        return place

    def after_article(self, place: int) -> int:
        """The place after an article there, or the place itself if there is none."""
        if not self.text.startswith(("a", "the"), place):
            return place
        for article in ("a", "an", "the"):
            end = place + len(article)
            around = self.joints[place : place + 1], self.joints[end : end + 1]
            if self.text.startswith(article, place) and INSIDE not in around and all(around):
                return end
        return place

    def parts_words(self, place: int) -> bool:
        """Whether the blank there separates words never written as one: "is a", but not "data set", "GPT 4"."""
        if not (self.text[place - 1].isalnum() and self.text[place : place + 1].isalnum()):
            return False  # N = 4 is N=4
        before, behind = place - _LONG_ENOUGH, self.text[place : place + 1].isdecimal() or self._runs_on(place)
        return before < 0 or not self._runs_on(before) or not behind

    def _runs_on(self, start: int) -> bool:
        """Whether so many letters or digits stand there in one word."""
        end = start + _LONG_ENOUGH
        return self.text[start:end].isalnum() and self.joints[start + 1 : end] == INSIDE * (_LONG_ENOUGH - 1)


def unspelled(written: str) -> str:
    """The text with its TeX flattened, on one line; in small letters where all of it is in capitals."""
    flat = flatten_tex(written)
    if "^" in flat or "_" in flat:
        flat = _IN_TEX.sub(lambda found: (found[1] or found[2] or found[3]).translate(_RAISED), flat)
        flat = _SCRIPT.sub(r"_\1\2_", flat)
    if "'" in flat or "’" in flat:
        flat = _POSSESSIVE.sub("", flat)
    return flat.lower() if _is_all_capitals(flat) else flat


_POSSESSIVE = re.compile(r"(?<=[^\W\d_]{2})(?<!\b[Ii]t)(?<!\b[Ll]et)['’]s(?![^\W_])|(?<=[^\W\d_]s)['’](?![^\W_])")
"""Noether's theorem is the Noether theorem, and Bayes' theorem Bayes theorem; a boson Z' is no Z."""


class _Piece(NamedTuple):
    """The text between two blanks, with the fields of `NormalisedText`."""

    text: str
    joints: str
    ends_in_own_s: tuple[int, ...]
    greek: tuple[int, ...]
    last: str
    """Its last word, spelled, its capitals as they are if nothing else changed."""


def _together(pieces: list[_Piece]) -> tuple[str, str]:
    return "".join([piece.text for piece in pieces]), "".join([piece.joints for piece in pieces])


@lru_cache(maxsize=65536)
def _piece(written: str, as_written: bool) -> _Piece:  # noqa: FBT001 - a key of the cache
    text, joints, cased, before = "", "", "", BLANK
    ends_in_own_s: list[int] = []
    greek: list[int] = []
    for found in _PART.finditer(normal_form(written)):
        if found["separator"]:
            before = HYPHEN if text else BLANK
            continue
        cased, letters = _spelled(found[0], as_written)
        if len(found[0]) == 1 and letters in GREEK_NAMES:
            greek.append(len(text))
        text += letters
        joints += (before + INSIDE * (len(letters) - 1))[: len(letters)]
        before = INSIDE if letters else before
        if cased[-1] in "sS" and "s" not in _endings(cased):
            ends_in_own_s.append(len(text))
    return _Piece(text, joints, tuple(ends_in_own_s), tuple(greek), cased)


def parts(normal: str, *, as_written: bool = False) -> Iterator[tuple[int, int, int]]:
    """Of each word and sign of a `normal_form`, where it begins, where it ends, and how many letters it becomes."""
    for found in _PART.finditer(normal):
        if not found["separator"]:
            yield found.start(), found.end(), len(_spelled(found[0], as_written)[1])


def _spelled(part: str, as_written: bool) -> tuple[str, str]:  # noqa: FBT001 - a positional key of the cache
    """A word or sign as it is compared, with its capitals and without."""
    cased = part if as_written else spelled(part)
    return cased, part if _POWER_ALONE.fullmatch(part) else in_latin(cased)


_POWER_ALONE = re.compile(f"[{_DIGITS_RAISED}]+")


def normal_form(written: str) -> str:
    """The text in Unicode's NFKC form (https://unicode.org/reports/tr15/), but powers stay raised."""
    if written.isascii():
        return written
    parts = _POWER.split(written)
    return "".join(part if place % 2 else unicodedata.normalize("NFKC", part) for place, part in enumerate(parts))


def _is_all_capitals(plain: str) -> bool:
    """Whether every word is in capitals, so that capitals do not show which words are acronyms."""
    return plain.isupper() and len(_SEPARATORS.sub(" ", plain).split()) >= _ALL_CAPITALS_FROM


# -- of a term -------------------------------------------------------------------------------------------------------

_BEFORE_ARTICLE = re.compile(
    r"[\s-](?<=[^\W_].)(?:as|at|by|for|from|in|of|on|to|with)(?P<article>[\s-]+(?:(?:an?|the)[\s-]+)?)(?=[^\W_])",
    re.IGNORECASE,
)
"""The places where an article makes no difference: LLM-as-a-judge, state of the art."""
ION = re.compile(
    r"(?<![^\W_])(H|He|C|N|O|Ne|Na|Mg|Al|Si|S|Cl|Ar|K|Ca|Ti|Cr|Mn|Fe|Co|Ni|Zn)(I{1,3}|IV|VI{0,3}|I?X)(?![^\W_])"
)
"""An element's ion, which is also written with a blank: [O III]."""


class TermPattern(NamedTuple):
    """A term: its words, one after the other; a tuple, for an index makes very many of them.

    If the term begins or ends with a letter or digit, a word of the text must begin or end there too; a prefix may
    end inside a word.
    """

    stem: str
    """The letters with which every form of the term begins; empty for a term without words."""
    begins_a_word: bool
    exact: frozenset[str] | None
    """The endings that may follow the last part in its word; None if any may."""
    plural: frozenset[str] = frozenset()
    """The endings that may follow as well if the text's final s is a plural's."""
    further: tuple[str, ...] = ()
    """The parts that follow `stem`, with or without an article in between."""
    joints: tuple[str, ...] = ("",)
    """The joints of `stem` and of each of `further`, as in `NormalisedText`."""
    is_acronym: bool = False
    """Whether it is one word in capitals, which a Greek letter does not match: PHI, CHI."""

    @classmethod
    def read(cls, written: str, *, prefix: bool = False) -> TermPattern:
        """Reads a keyword, a query's words or, with `prefix`, how words begin. Without a word it never matches."""
        plain = unspelled(written)
        if prefix:
            text, joints = _together([_piece(piece, True) for piece in plain.split(" ")])  # noqa: FBT003
            return cls(text, text[:1].isalnum(), exact=None, joints=(joints,))
        parts = [[_piece(piece, False) for piece in part.split(" ")] for part in _parts(plain)]  # noqa: FBT003
        letters, joints_of = map(list, zip(*map(_together, parts), strict=True))
        begins_a_word, exact, plural = letters[0][:1].isalnum(), None, frozenset[str]()
        if letters[-1][-1:].isalnum():
            ending, exact, plural = _tails(_last(parts[-1]))
            letters[-1] = letters[-1].removesuffix(ending)
        return cls(
            letters[0],
            begins_a_word,
            exact,
            plural,
            tuple(letters[1:]),
            tuple(joints_of),
            is_acronym=plain.isalpha() and plain.isupper(),
        )

    def matches_at(self, start: int, words: NormalisedText) -> bool:
        """Whether the term is at `start`, a place where the caller has found `stem`; that is not checked again."""
        text, joints = words.text, words.joints
        if self.begins_a_word and joints[start] == INSIDE and text[start - 1].isalnum():
            return False
        end = start + len(self.stem)
        if self.further:
            return text.startswith((self.further[0], "a", "the"), end) and bool(self.ends(start, words))
        return (
            (self.exact is None or self._has_ending(end, words))
            and (BLANK not in joints[start + 1 : end] or _is_one(self.joints[0], start, end, words))
            and not (self.is_acronym and start in words.greek)
        )

    def ends(self, start: int, words: NormalisedText) -> set[int]:
        """Where the term can end if it begins at `start`, where the caller has found `stem`; empty if it does not."""
        if self.begins_a_word and not words.begins_a_word(start):
            return set()
        if self.is_acronym and start in words.greek:
            return set()
        end = start + len(self.stem)
        ends = {end} if _is_one(self.joints[0], start, end, words) else set()
        for part, joints in zip(self.further, self.joints[1:], strict=True):
            places = {place for end in ends for place in (end, words.after_article(end))}
            ends = {
                place + len(part)
                for place in places
                if words.text.startswith(part, place) and _is_one(joints, place, place + len(part), words)
            }
        if self.exact is None:
            return ends
        return {words.end_of_word(end) for end in ends if self._has_ending(end, words)}

    def _has_ending(self, end: int, words: NormalisedText) -> bool:
        """Whether the rest of the last word is an ending that the term may have."""
        after = words.text[end : end + 1]
        if not after.isalnum() or words.joints[end] != INSIDE:
            return "" in (self.exact or ()) or ("" in self.plural and end not in words.ends_in_own_s)
        if after not in _ENDING:
            return False
        end_of_word = words.end_of_word(end)
        tail = words.text[end:end_of_word]
        return tail in (self.exact or ()) or (tail in self.plural and end_of_word not in words.ends_in_own_s)


def in_both_numbers(written: str) -> tuple[str, ...]:
    """The term, and its form with the noun before "of" in the other number: equation of state, equations of state."""
    found = _BEFORE_OF.search(written) if "of" in written else None
    if found is None or found["noun"].isupper():
        return (written,)
    noun = found["noun"]
    other = noun[:-1] if "s" in _endings(noun) else f"{noun}{'es' if noun.endswith(_HISSING) else 's'}"
    return written, f"{written[: found.start('noun')]}{other}{written[found.end('noun') :]}"


_BEFORE_OF = re.compile(r"(?P<noun>[^\W\d_]{3,})(?=[\s-]+of[\s-]+[^\W_])")
_HISSING = ("s", "x", "ch", "sh")


def _is_one(joints: str, start: int, end: int, words: NormalisedText) -> bool:
    """Whether the text's words between the two places are joined as in the term, or are another spelling of it."""
    inside = words.joints[start + 1 : end]
    if BLANK not in inside or inside == joints[1 : end - start]:
        return True
    return not any(
        joint == BLANK and own == INSIDE and words.parts_words(place)
        for place, (joint, own) in enumerate(zip(inside, joints[1:], strict=False), start + 1)
    )


def _parts(plain: str) -> list[str]:
    """The term, split where an article may be."""
    if not plain.islower():
        plain = ION.sub(r"\1 \2", plain)
    parts, start = [], 0
    for found in _BEFORE_ARTICLE.finditer(plain):
        parts.append(plain[start : found.start("article")])
        start = found.end()
    return [*parts, plain[start:]]


def _last(pieces: list[_Piece]) -> str:
    return next((piece.last for piece in reversed(pieces) if piece.text), "")


@lru_cache(maxsize=4096)
def spellings(written: str) -> frozenset[str]:
    """The term's spellings in a `NormalisedText`, singular and plural; terms that share one can match one word."""
    wanted = TermPattern.read(written)
    return frozenset("".join([wanted.stem, *wanted.further, tail]) for tail in wanted.exact or ("",))


# -- of a word -------------------------------------------------------------------------------------------------------

_NO_PLURAL = re.compile(r".*(?:ss|(?<!ea)(?<![cgt]p)(?<!men)us|(?<!tax)is|(?:b|al|el|th)ias)|[Nn]ews", re.DOTALL)
"""Class, campus (but plateaus, cpus, menus), analysis, bias: such an end has no plural's s. Nor is the new news."""
_PLURAL_OF_IS = {"basis": "bases", "ellipsis": "ellipses"}
"""Words whose plural is also another word's (bases: base, basis), so that it is not replaced by one singular."""
_NAMES_IN_ES = frozenset(["bayes", "james", "hermes", "ares", "antares"])
"""Words that without their ending would be other words."""
_SHORTEST = 2
_ENDING = "eis"
"""What a plural's ending is made of, and the singular's of one in -is."""


@lru_cache(maxsize=65536)
def _tails(word: str) -> tuple[str, frozenset[str], frozenset[str]]:
    """The ending that a term's last word may lose; what may follow then: `exact` and `plural` of `TermPattern`."""
    small = word.lower()
    if small in _PLURAL_OF_IS:
        return "is", frozenset(["is"]), frozenset(["es"])
    if small in _PLURAL_OF_IS.values():
        return "es", frozenset(["es", "e", "is", ""]), frozenset()
    endings = _endings(word)
    longest = max(endings, key=len, default="")
    exact = {longest, *(longest.removesuffix(ending) for ending in endings)}
    plural = {tail + ending for tail in exact for ending in ("s", *_further(word))} - exact
    return longest, frozenset(exact), frozenset(plural)


@lru_cache(maxsize=65536)
def _endings(word: str) -> tuple[str, ...]:
    """Which of the two endings, s and es, the written word may lose."""
    if word.isupper() or word.lower() in _NAMES_IN_ES:
        return ()
    candidates = [ending for ending in ("s", "es") if word.endswith((ending, ending.upper()))]
    return tuple(
        ending
        for ending in candidates
        if _is_a_word(word[: -len(ending)]) and not (ending == "s" and _NO_PLURAL.fullmatch(word))
    )


def _further(word: str) -> list[str]:
    """The other endings that the written word may have: "uses" is no plural of "US"."""
    return ["es"] if len(word) > _SHORTEST and not word.isupper() else []


def _is_a_word(stem: str) -> bool:
    """Whether a stem is long enough to be a word; two letters are one only as an acronym (AIs, but not gas)."""
    return len(stem) > _SHORTEST or (len(stem) == _SHORTEST and stem.isupper())
