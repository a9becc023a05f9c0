"""Authors' names as people write them, and when two of them can be the same person's.

Pure. Knows spelling only: two people of one name are one to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.text import flatten_tex, normalise

_PARTICLES = frozenset(
    ["al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn", "la", "le", "ten", "ter"],
) | frozenset(["van", "von", "zu", "zum", "zur"])
"""Words that belong to the family name before which they stand, unless the name begins with them ("Di Wang")."""
_SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv"])
_INITIALS = re.compile(r"(?<=[^\W_]{2})(?:_[^\W\d_])+\Z")
_ARTICLE = "the"
"""No name where a name begins with it: "The Pigeon Collaboration"."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name in folded words."""

    given: tuple[str, ...]
    """First and middle names or their initials; empty where only a family name was written."""
    family: tuple[str, ...]

    @classmethod
    def read(cls, written: str) -> Name:
        """A name as `Given Family` or `Family, Given`; accents, case, dots and hyphens do not matter."""
        first, comma, second = flatten_tex(written).partition(",")
        words = _words(f"{second} {first}" if comma else first)
        words = words[1:] if words[1:] and words[0] == _ARTICLE else words
        family = _words(first if comma else first.rpartition(" ")[2])
        start = len(words) - max(1, len(family))
        start = min([start, *(place for place, word in enumerate(words) if place and word in _PARTICLES)])
        return cls(tuple(words[: max(0, start)]), tuple(words[max(0, start) :]))

    @property
    def last(self) -> str:
        """The last word, which two names that may be one share; empty where nothing was written."""
        return self.family[-1] if self.family else ""

    def may_be(self, other: Name) -> bool:
        """Whether the other can be the one meant: the whole family name, and given names that do not disagree.

        Where this name has no given name, any will do. Initials stand for names, middle names may be missing.
        """
        mine, theirs = (*self.given, *self.family), (*other.given, *other.family)
        family = max(len(self.family), len(other.family))
        if not family or mine[-family:] != theirs[-family:]:
            return False
        given, found = mine[:-family], theirs[:-family]
        return not given or (bool(found) and _agree(given[0], found[0]) and _in_order(given[1:], found[1:]))


def readings(written: str) -> tuple[Name, ...]:
    """Whom a topic means by a name.

    `_` is a blank, as in arXiv's own `au:del_maestro`; and what ends in single letters, `au:del_maestro_a`, may be a
    family name and initials, as arXiv's listings link it.
    """
    spaced = written.replace("_", " ")
    initials = _INITIALS.search(written)
    if initials is None:
        return (Name.read(spaced),)
    family = spaced[: initials.start()]
    return (Name.read(spaced), Name.read(f"{family}, {spaced[initials.start() :]}"))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[ .,]+", normalise(text)) if word and word not in _SUFFIXES]


def _agree(one: str, other: str) -> bool:
    """Equal, or one is the other's initial."""
    return one == other or (1 in (len(one), len(other)) and one[0] == other[0])


def _in_order(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether the shorter sequence of middle names goes through the longer one."""
    few, many = sorted((some, others), key=len)
    rest = iter(many)
    return all(any(_agree(name, candidate) for candidate in rest) for name in few)
