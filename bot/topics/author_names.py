"""Authors' names as people write them, and when two of them can be the same person's.

Pure. Knows spelling only: two people of one name are one to it. A topic's name is read in every way that it can be
meant, a paper's is signed in one; they meet where the family name is the same letters and the given names do not
disagree.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.text import flatten_tex, normalise
from bot.topics.family_names import BEGINNINGS, EASTERN, PARTICLES

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
        "Ü": "Ue",
        "Ö": "Oe",
        "Ä": "Ae",
        "Ø": "Oe",
        "Å": "Aa",
    }
)
"""As German, Danish and others write them where there are no such letters, and arXiv's own index does."""
_COLLABORATION = re.compile(
    r"(?:(?:on behalf of|for|and) )?(?:the )?(.+?)(?: scientific)? (collaborations?|team|group|consortium)\Z"
)


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
        if not self.given or "".join(self.given) == "".join(given):
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
            yield "".join(self.words[start:]), self.words[:start]


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
        found[Name((), f" {''.join(words)}")] = None
    return tuple(found)


def signed(written: str) -> tuple[Signed, ...]:
    """How a paper's author can be spelled: with ü as u and as ue, with initials before or behind the family name."""
    found: dict[Signed, None] = {}
    for spelled in _spellings(written):
        families = _collaboration(spelled)
        found.update(dict.fromkeys(Signed((family,), 1) for family in families))
        found.update(dict.fromkeys(Signed(*read) for read in (() if families else _orders(spelled)) if read[0]))
    return tuple(found)


def is_one(meant: Iterable[Name], of: Iterable[Signed]) -> bool:
    """Whether one of the readings is one of the spellings."""
    splits = [split for each in of for split in each.splits()]
    return any(name.family == family and name.fits(given) for name in meant for family, given in splits)


def _spellings(written: str) -> Iterable[str]:
    """The name, and where it has an ü or the like, as who has none writes it."""
    flat = unicodedata.normalize("NFC", flatten_tex(written))
    return dict.fromkeys([flat, flat.translate(_EXPANDED)])


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
    starts = [place for place, word in enumerate(words) if place and word in PARTICLES]
    least = len(words) - min([len(words) - max(1, len(family)), *starts])
    return tuple(words), max(1, min(least, len(words)))


def _meant(words: tuple[str, ...], least: int) -> Iterator[Name]:
    """The name with each beginning that its family name may have."""
    surely = len(words) - least
    for start in range(1 if words[:1] and surely and words[0] not in BEGINNINGS else 0, surely + 1):
        yield Name(words[:start], "".join(words[start:]))


def _turned(words: tuple[str, ...], least: int) -> Iterator[Name]:
    """The name if its family name is written where the given one stands, or the other way round."""
    if len(words) > least and min(map(len, words)) > 1 and not EASTERN.issuperset(words):
        yield Name(words[-least:], "".join(words[:-least]), is_turned=True)
        yield Name(words[1:], words[0], is_turned=True)


def _collaboration(spelled: str) -> tuple[str, ...]:
    """What a collaboration is called, with and without the word that says that it is one; empty for a person."""
    found = _COLLABORATION.fullmatch(" ".join(normalise(spelled).split()))
    if found is None:
        return ()
    name = "".join(re.findall(r"\w+", found[1]))
    return f" {name}{found[2].removesuffix('s')}", f" {name}"


def _words(text: str) -> list[str]:
    words = [word if word in ("'s", "'t") else word.replace("'", "") for word in re.split(r"[ ._]+", normalise(text))]
    return [word for word in words if any(map(str.isalnum, word)) and word not in _SUFFIXES]


def _agree_in_order(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether the first names agree, of which either may be written in several words, and the middle ones."""
    if _agree(some[0], others[0]) and _in_order(some[1:], others[1:]):
        return True
    return any(
        one[0] == "".join(other[:count]) and _in_order(one[1:], other[count:])
        for one, other in ((some, others), (others, some))
        for count in range(2, len(other) + 1)
    )


def _agree(one: str, other: str) -> bool:
    """Equal, or one is the other's initial."""
    return one == other or (1 in (len(one), len(other)) and one[0] == other[0])


def _in_order(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether the shorter sequence of middle names goes through the longer one."""
    few, many = sorted((some, others), key=len)
    rest = iter(many)
    return all(any(_agree(name, candidate) for candidate in rest) for name in few)
