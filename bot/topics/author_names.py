"""Compares authors' names as people write them: whether two of them can be the same person's.

Pure. Compares spellings only, so two people with one name are the same. A topic's name has several readings, a
paper's author several spellings; they match if the family names have the same letters and the given names do not
disagree.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING

from bot.text import flatten_tex, normalise
from bot.topics.family_names import BEGINNINGS, CHINESE_AND_KOREAN, FIRST_SURNAMES, PARTICLES, VIETNAMESE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv"])
_IN_ASCII = {"ü": "ue", "ö": "oe", "ä": "ae", "ø": "oe", "å": "aa", "đ": "dj"}
_EXPANDED = str.maketrans(_IN_ASCII | {letter.upper(): two.capitalize() for letter, two in _IN_ASCII.items()})
"""German, Danish and other letters as they are written without such letters, and in arXiv's own index."""
_COLLABORATION = re.compile(
    r"(?:(?:on behalf of|for|and) )?(?:the )?(.+?)(?: scientific)? "
    r"(collaborations?|collab|team|group|consortium)\.?\Z"
)
_COLLABORATIONS = ("collaborations", "collab")
_APOSTROPHE = re.compile(r"(?<=\w)[`‘’ʼ´′](?=\w)")
_TITLE = re.compile(r"^(?:(?:dr|prof|professor|sir)\.?\s+)+|,?\s+ph\.?\s?d\.?$", re.IGNORECASE)
_INITIALS = re.compile(r"(?:^|(?<=\s))([A-Z])([A-Z])([A-Z]?)(?=\s|$)")
_FOOTNOTE = re.compile(r"(?<=\w)\s*(?:(?<=[a-z])\d+|\^\S*|[*†‡§¶]+|[⁰¹²³⁴-⁹][⁰¹²³⁴-⁹,]*|\[\d+\])$")
"""Marks of affiliations and of footnotes behind a name."""
_ON_BEHALF = re.compile(r"(.+?),? (?:for|on behalf of) (?:the )?(.+)", re.IGNORECASE)
_MOST_SPELLINGS = 8
_LONGEST_ABBREVIATION = 5
_WITH_TWO_FAMILY_NAMES = 4
_WITHOUT_DOTS = str.maketrans("", "", ".'")


@dataclass(frozen=True, slots=True)
class Name:
    """One reading of a name in a topic, normalised."""

    given: tuple[str, ...]
    """First and middle names or initials; empty if any given name matches."""
    family: str
    """As one word, so that MacLane and Mac Lane are equal; for a collaboration its whole name, after a space."""
    is_turned: bool = False
    """Whether the family name is in the place of the given one; then the whole name has to be equal."""

    def fits(self, given: tuple[str, ...]) -> bool:
        """Whether these given names, of an author with that family name, do not disagree.

        Initials match names, and middle names may be missing.
        """
        if not self.given or _joined(self.given) == _joined(given):
            return True
        return bool(given) and not self.is_turned and _agree_in_order(self.given, given)


@dataclass(frozen=True, slots=True)
class Signed:
    """An author of a paper, normalised."""

    words: tuple[str, ...]
    least: int
    """How many of the last words certainly belong to the family name."""

    def splits(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The possible family names, each with the given names before it."""
        for start in range(len(self.words) - self.least, -1, -1):
            yield _joined(self.words[start:]), self.words[:start]


def readings(written: str) -> tuple[Name, ...]:
    """The readings of a topic's name: `Given Family` or `Family, Given`, ignoring accents, case, dots and hyphens.

    `_` is a space, as in arXiv's own `au:del_maestro`. A name that ends in initials, `byron_a` or `Byron A.`, may be
    a family name with initials, as in arXiv's listings. A family name may have two words, or stand first, as in
    Chinese, Korean and Hungarian; then the whole name has to be equal.
    """
    found: dict[Name, None] = {}
    for spelled in _spellings(written.replace("_", " ")):
        found.update(dict.fromkeys(Name((), family) for family in _collaboration(spelled)[:1]))
        for words, least in _orders(spelled):
            found.update(dict.fromkeys(_meant(words, least)))
        words, least = _read(spelled)
        found.update(dict.fromkeys(_turned(words, least)))
        found[Name((), f" {_joined(words)}")] = None
    return tuple(found)


def signed(written: str) -> tuple[Signed, ...]:
    """The spellings of a paper's author: ü as u and as ue, initials before or after the family name."""
    found: dict[Signed, None] = {}
    behalf = _ON_BEHALF.fullmatch(flatten_tex(written))
    if behalf is not None and _collaboration(behalf[2]):
        return (*signed(behalf[1]), *signed(behalf[2]))
    for spelled in _spellings(written):
        families = _collaboration(spelled)
        found.update(dict.fromkeys(Signed((family,), 1) for family in families))
        for words, least in () if families else _orders(spelled):
            if words:
                found[Signed(words, least)] = None
            if len(words[:-1]) > 1 and words[-2] in FIRST_SURNAMES:
                found[Signed(words[:-1], 1)] = None
    return tuple(found)


def _spellings(written: str) -> Iterable[str]:
    """The name, also with ü and the like written in ASCII, and with JK as J. K."""
    flat = unicodedata.normalize("NFC", flatten_tex(_APOSTROPHE.sub("'", written)))
    flat = _TITLE.sub("", flat) or flat
    flat = _FOOTNOTE.sub("", flat)
    spelled = {" ".join(words): None for words in islice(product(*map(_forms, flat.split(" "))), _MOST_SPELLINGS)}
    if not flat.isupper() and len(_INITIALS.findall(flat)) == 1:
        dotted = (
            _INITIALS.sub(lambda found: f"{'. '.join(filter(None, found.groups()))}.", each) for each in spelled
        )
        spelled |= dict.fromkeys(dotted)
    return spelled


def _forms(word: str) -> Iterable[str]:
    """A word of a name, also in ASCII; ü in a Chinese name is yu or v."""
    chinese = [word[0] + instead + word[2:] for instead in ("yu", "v") if word[:2].lower() in ("lü", "nü")]
    return dict.fromkeys([word, word.translate(_EXPANDED), *chinese])


def _orders(spelled: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """The words and how many certainly are the family name; also with initials at the end moved to the front."""
    words, least = _read(spelled)
    yield words, least
    names = len(words)
    while names and len(words[names - 1]) == 1:
        names -= 1
    if 0 < names < len(words) and "," not in spelled and len(words[0]) > 1:
        yield (*words[names:], *words[:names]), names


def _read(spelled: str) -> tuple[tuple[str, ...], int]:
    """The words, given names first, and how many of the last certainly are the family name (all before a comma)."""
    first, comma, behind = spelled.partition(",")
    given = _words(behind.replace(",", " "))
    is_inverted = bool(given or (comma and not behind.strip()))
    family = _words(first if is_inverted else re.split(r"[\s._]+", first.strip(" ."))[-1])
    words = [*given, *_words(first)]
    particles = PARTICLES - {"van"} if VIETNAMESE.intersection((*words[:1], *words[-1:])) else PARTICLES
    starts = [place for place, word in enumerate(words) if place and word in particles]
    least = len(words) - min([len(words) - max(1, len(family)), *starts])
    return tuple(words), max(1, min(least, len(words)))


def _meant(words: tuple[str, ...], least: int) -> Iterator[Name]:
    """The readings with each possible start of the family name."""
    surely = len(words) - least
    may_begin = words[:1] and (words[0] in BEGINNINGS or words[1:2] in (("y",), ("e",), ("i",)))
    for start in range(1 if surely and not may_begin else 0, surely + 1):
        yield Name(words[:start], _joined(words[start:]))


def _turned(words: tuple[str, ...], least: int) -> Iterator[Name]:
    """The readings with family and given name exchanged."""
    if len(words) > least and min(map(len, words)) > 1 and not CHINESE_AND_KOREAN.issuperset(words):
        yield Name(words[-least:], _joined(words[:-least]), is_turned=True)
        yield Name(words[1:], _joined(words[:1]), is_turned=True)
        if len(words) >= _WITH_TWO_FAMILY_NAMES:
            yield Name(words[2:], _joined(words[:2]), is_turned=True)
        if VIETNAMESE.intersection((words[0], words[-1])):
            yield Name(words[:0:-1], _joined(words[:1]), is_turned=True)


def _collaboration(spelled: str) -> tuple[str, ...]:
    """A collaboration's names, with and without the word "collaboration"; empty for a person."""
    found = _COLLABORATION.fullmatch(" ".join(normalise(spelled).split()))
    if found is None:
        return ()
    name = "".join(re.findall(r"\w+", found[1]))
    kind = "collaboration" if found[2] in _COLLABORATIONS else found[2]
    return f" {name}{kind}", f" {name}"


def _words(text: str) -> list[str]:
    """The words, without dots except for those of abbreviations: Th., Chr., Yu."""
    words = []
    for found in re.finditer(r"([^ ._]+)(\.?)", normalise(text)):
        word = found[1] if found[1] in ("'s", "'t") else found[1].replace("'", "")
        is_short = found[2] and 1 < len(word) <= _LONGEST_ABBREVIATION and word not in BEGINNINGS
        if any(map(str.isalnum, word)) and word not in _SUFFIXES:
            words.append(f"{word}." if is_short else word)
    return words


def _joined(words: Iterable[str]) -> str:
    """A family name, or all given names, as one word."""
    return "".join(words).translate(_WITHOUT_DOTS)


def _agree_in_order(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether first and middle names agree; a first name may be written in several words."""
    if _agree(some[0], others[0]) and _in_order(some[1:], others[1:]):
        return True
    return any(
        one[0] == _joined(other[:count]) and _in_order(one[1:], other[count:])
        for one, other in ((some, others), (others, some))
        for count in range(2, len(other) + 1)
    )


def _agree(one: str, other: str) -> bool:
    """Whether they are equal, or one is the other's initial or abbreviation."""
    if one == other or (1 in (len(one), len(other)) and one[0] == other[0]):
        return True
    short, long = sorted((one.removesuffix("."), other.removesuffix(".")), key=len)
    return f"{short}." in (one, other) and long.startswith(short)


def _in_order(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether the shorter list of middle names is in the longer one, in the same order."""
    few, many = sorted((some, others), key=len)
    rest = iter(many)
    return all(any(_agree(name, candidate) for candidate in rest) for name in few)
