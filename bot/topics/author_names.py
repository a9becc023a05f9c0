"""Authors' names as people write them, and when two of them can be the same person's.

Pure. Knows spelling only: two people of one name are one to it. A topic's name is read in every way that it can be
meant, a paper's is signed in one; they meet where the family name is the same letters and the given names do not
disagree.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING

from bot.text import flatten_tex, normalise
from bot.topics.family_names import BEGINNINGS, EASTERN, FIRST_OF_TWO, PARTICLES, VIETNAMESE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv"])
_EXPANDED = str.maketrans(
    {
        "ü": "ue",
        "ö": "oe",
        "ä": "ae",
        "ø": "oe",
        "å": "aa",
        "đ": "dj",
        "Đ": "Dj",
        "Ü": "Ue",
        "Ö": "Oe",
        "Ä": "Ae",
        "Ø": "Oe",
        "Å": "Aa",
    }
)
"""As German, Danish and others write them where there are no such letters, and arXiv's own index does."""
_COLLABORATION = re.compile(
    r"(?:(?:on behalf of|for|and) )?(?:the )?(.+?)(?: scientific)? "
    r"(collaborations?|collab|team|group|consortium)\.?\Z"
)
_COLLABORATIONS = ("collaborations", "collab")
_APOSTROPHE = re.compile(r"(?<=\w)[`‘’ʼ´′](?=\w)")
_TITLE = re.compile(r"^(?:(?:dr|prof|professor|sir)\.?\s+)+|,?\s+ph\.?\s?d\.?$", re.IGNORECASE)
_INITIALS = re.compile(r"(?:^|(?<=\s))([A-Z])([A-Z])([A-Z]?)(?=\s|$)")
_MOST_SPELLINGS = 8
_LONGEST_ABBREVIATION = 5
_WITH_TWO_FAMILY_NAMES = 4
_WITHOUT_DOTS = str.maketrans("", "", ".'")


@dataclass(frozen=True, slots=True)
class Name:
    """A name as a topic may mean it, in folded words."""

    given: tuple[str, ...]
    """First and middle names or their initials; empty where any will do."""
    family: str
    """In one word, as MacLane and Mac Lane are one; of a collaboration all of its name, after a blank."""
    is_turned: bool = False
    """Whether the family name stands where a given one is expected, so that all of it has to be the same."""

    def fits(self, given: tuple[str, ...]) -> bool:
        """Whether the given names of one with that family name do not disagree.

        Initials stand for names, middle names may be missing.
        """
        if not self.given or _joined(self.given) == _joined(given):
            return True
        return bool(given) and not self.is_turned and _agree_in_order(self.given, given)


@dataclass(frozen=True, slots=True)
class Signed:
    """An author of a paper, in folded words."""

    words: tuple[str, ...]
    least: int
    """How many of the last words are surely the family name."""

    def splits(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The family names that it can be, and before each the given ones."""
        for start in range(len(self.words) - self.least, -1, -1):
            yield _joined(self.words[start:]), self.words[:start]


def readings(written: str) -> tuple[Name, ...]:
    """Whom a topic means by a name: `Given Family` or `Family, Given`; accents, case, dots and hyphens do not matter.

    `_` is a blank, as in arXiv's own `au:del_maestro`. What ends in initials, `byron_a` or `Byron A.`, may be a
    family name with them, as arXiv's listings have it. A family name may have two words, and it may stand first, as
    in Chinese, Korean and Hungarian; then the whole name has to be the same.
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
    """How a paper's author can be spelled: with ü as u and as ue, with initials before or behind the family name."""
    found: dict[Signed, None] = {}
    for spelled in _spellings(written):
        families = _collaboration(spelled)
        found.update(dict.fromkeys(Signed((family,), 1) for family in families))
        for words, least in () if families else _orders(spelled):
            if words:
                found[Signed(words, least)] = None
            if len(words[:-1]) > 1 and words[-2] in FIRST_OF_TWO:
                found[Signed(words[:-1], 1)] = None
    return tuple(found)


def is_one(meant: Iterable[Name], of: Iterable[Signed]) -> bool:
    """Whether one of the readings is one of the spellings."""
    splits = [split for each in of for split in each.splits()]
    return any(name.family == family and name.fits(given) for name in meant for family, given in splits)


def _spellings(written: str) -> Iterable[str]:
    """The name, and where it has an ü or the like, as who has none writes it; JK is J. K. too."""
    flat = unicodedata.normalize("NFC", flatten_tex(_APOSTROPHE.sub("'", written)))
    flat = _TITLE.sub("", flat) or flat
    spelled = {" ".join(words): None for words in islice(product(*map(_forms, flat.split(" "))), _MOST_SPELLINGS)}
    if not flat.isupper() and len(_INITIALS.findall(flat)) == 1:
        dotted = (
            _INITIALS.sub(lambda found: f"{'. '.join(filter(None, found.groups()))}.", each) for each in spelled
        )
        spelled |= dict.fromkeys(dotted)
    return spelled


def _forms(word: str) -> Iterable[str]:
    """A word of a name, and as who has no ü writes it; in Chinese ones that is yu or v."""
    chinese = [word[0] + instead + word[2:] for instead in ("yu", "v") if word[:2].lower() in ("lü", "nü")]
    return dict.fromkeys([word, word.translate(_EXPANDED), *chinese])


def _orders(spelled: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """The words and how many are surely the family name, as written and, if initials stand last, with these first."""
    words, least = _read(spelled)
    yield words, least
    names = len(words)
    while names and len(words[names - 1]) == 1:
        names -= 1
    if 0 < names < len(words) and "," not in spelled and len(words[0]) > 1:
        yield (*words[names:], *words[:names]), names


def _read(spelled: str) -> tuple[tuple[str, ...], int]:
    """The words, given names first, and how many of the last are surely the family name: all before a comma."""
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
    """The name with each beginning that its family name may have."""
    surely = len(words) - least
    may_begin = words[:1] and (words[0] in BEGINNINGS or words[1:2] in (("y",), ("e",), ("i",)))
    for start in range(1 if surely and not may_begin else 0, surely + 1):
        yield Name(words[:start], _joined(words[start:]))


def _turned(words: tuple[str, ...], least: int) -> Iterator[Name]:
    """The name if its family name is written where the given one stands, or the other way round."""
    if len(words) > least and min(map(len, words)) > 1 and not EASTERN.issuperset(words):
        yield Name(words[-least:], _joined(words[:-least]), is_turned=True)
        yield Name(words[1:], _joined(words[:1]), is_turned=True)
        if len(words) >= _WITH_TWO_FAMILY_NAMES:
            yield Name(words[2:], _joined(words[:2]), is_turned=True)
        if VIETNAMESE.intersection((words[0], words[-1])):
            yield Name(words[:0:-1], _joined(words[:1]), is_turned=True)


def _collaboration(spelled: str) -> tuple[str, ...]:
    """What a collaboration is called, with and without the word that says that it is one; empty for a person."""
    found = _COLLABORATION.fullmatch(" ".join(normalise(spelled).split()))
    if found is None:
        return ()
    name = "".join(re.findall(r"\w+", found[1]))
    kind = "collaboration" if found[2] in _COLLABORATIONS else found[2]
    return f" {name}{kind}", f" {name}"


def _words(text: str) -> list[str]:
    """The words, without dots but for an abbreviated one's: Th., Chr., Yu."""
    words = []
    for found in re.finditer(r"([^ ._]+)(\.?)", normalise(text)):
        word = found[1] if found[1] in ("'s", "'t") else found[1].replace("'", "")
        is_short = found[2] and 1 < len(word) <= _LONGEST_ABBREVIATION and word not in BEGINNINGS
        if any(map(str.isalnum, word)) and word not in _SUFFIXES:
            words.append(f"{word}." if is_short else word)
    return words


def _joined(words: Iterable[str]) -> str:
    """A family name, or all given ones, in one word."""
    return "".join(words).translate(_WITHOUT_DOTS)


def _agree_in_order(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether the first names agree, of which either may be written in several words, and the middle ones."""
    if _agree(some[0], others[0]) and _in_order(some[1:], others[1:]):
        return True
    return any(
        one[0] == _joined(other[:count]) and _in_order(one[1:], other[count:])
        for one, other in ((some, others), (others, some))
        for count in range(2, len(other) + 1)
    )


def _agree(one: str, other: str) -> bool:
    """Equal, or one is the other's initial or abbreviation."""
    if one == other or (1 in (len(one), len(other)) and one[0] == other[0]):
        return True
    short, long = sorted((one.removesuffix("."), other.removesuffix(".")), key=len)
    return f"{short}." in (one, other) and long.startswith(short)


def _in_order(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether the shorter sequence of middle names goes through the longer one."""
    few, many = sorted((some, others), key=len)
    rest = iter(many)
    return all(any(_agree(name, candidate) for candidate in rest) for name in few)
