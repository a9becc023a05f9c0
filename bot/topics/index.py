"""Which of all topics' terms stand in a paper, and in which of its fields, found in one reading of its text.

Pure; knows no topic. However many the terms are, a paper costs by its length and by what is found in it: words by an
Aho-Corasick automaton (https://doi.org/10.1145/360825.360855), names, categories and identifiers by looking them up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import ahocorasick_rs

from bot.model import Hit, MatchMode
from bot.taxonomy import related
from bot.topics.names import Name
from bot.topics.query import ALL
from bot.topics.words import Wanted, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.model import Paper
    from bot.topics.query import Term


@dataclass(frozen=True, slots=True, eq=False)
class Sought:
    """One term in one mode, the same for all topics that spell it so. Equal to itself only."""

    term: Term
    mode: MatchMode

    @property
    def spelled(self) -> str:
        """As the topic spells it."""
        return f"{self.term.text}*" if self.term.prefix else self.term.text

    def met(self, found: Found) -> Hits | None:
        """Where it stands in the paper, or None."""
        return found.get(self)

    def needs(self) -> tuple[Sought, ...]:
        """Itself: a paper without it does not meet it."""
        return (self,)


Hits = tuple[Hit, ...]
Found = dict[Sought, Hits]
"""The terms that stand in a paper, each with where, in the order of the fields."""


class Index:
    """All terms, ready to be found."""

    def __init__(self, terms: Iterable[Sought]) -> None:
        asked: dict[type[_Shelf], list[tuple[Sought, str]]] = {shelf: [] for shelf in _SHELVES}
        for sought in terms:
            for name in sought.term.fields:
                asked[_shelf(sought, name)].append((sought, name))
        self._shelves = [shelf(pairs) for shelf, pairs in asked.items() if pairs]

    def found(self, paper: Paper) -> Found:
        """The terms that stand in the paper."""
        found: Found = {}
        for name in ALL:
            texts = _texts(paper, name)
            for sought in dict.fromkeys(each for shelf in self._shelves for each in shelf.look(name, texts)):
                found[sought] = (*found.get(sought, ()), Hit(sought.spelled, name))
        return found


def _texts(paper: Paper, name: str) -> Sequence[str]:
    """What stands in one of the fields that a query can name."""
    match name:
        case "author":
            return [author.name for author in paper.authors]
        case "category":
            return paper.categories
        case "id":
            return [paper.identifier, f"{paper.identifier}v{paper.version}"]
    text = {"title": paper.title, "abstract": paper.abstract, "comment": paper.comment}.get(name, paper.journal_ref)
    return [text] if text else []


# -- shelves: each kind of term by what finds it ---------------------------------------------------------------------


class _Shelf(Protocol):
    """The terms of one kind."""

    def __init__(self, asked: Iterable[tuple[Sought, str]]) -> None: ...

    def look(self, name: str, texts: Sequence[str]) -> Iterator[Sought]:
        """Those that stand in one of the texts of that field; the same one may come again."""
        ...


class _Phrases(_Shelf):
    """Looked for as whole words, or as how words begin."""

    def __init__(self, asked: Iterable[tuple[Sought, str]]) -> None:
        by_words: dict[Wanted, dict[str, list[Sought]]] = {}
        for sought, name in asked:
            wanted = Wanted.read(sought.term.text, prefix=sought.term.prefix)
            if wanted.least:
                by_words.setdefault(wanted, {}).setdefault(name, []).append(sought)
        self._fields = {name for by_field in by_words.values() for name in by_field}
        self._wanted = list(by_words)
        self._asking = list(by_words.values())
        self._automaton = ahocorasick_rs.AhoCorasick((w.least for w in self._wanted), store_patterns=False)

    def look(self, name: str, texts: Sequence[str]) -> Iterator[Sought]:
        for text in texts if name in self._fields else ():
            words, done = Words.read(text), set[int]()
            for place, start, _ in self._automaton.find_matches_as_indexes(words.text, overlapping=True):
                if place not in done and self._wanted[place].stands_at(start, words):
                    done.add(place)
                    yield from self._asking[place].get(name, ())


class _Substrings(_Shelf):
    """Looked for in the raw text, whatever stands around them; in bytes, as the text may be what UTF-8 is not."""

    def __init__(self, asked: Iterable[tuple[Sought, str]]) -> None:
        by_part: dict[bytes, dict[str, list[Sought]]] = {}
        for sought, name in asked:
            if sought.term.text:
                by_part.setdefault(_raw(sought.term.text), {}).setdefault(name, []).append(sought)
        self._asking = list(by_part.values())
        self._automaton = ahocorasick_rs.BytesAhoCorasick(by_part)

    def look(self, name: str, texts: Sequence[str]) -> Iterator[Sought]:
        for text in texts if name in _RAW else ():
            found = self._automaton.find_matches_as_indexes(_raw(text), overlapping=True)
            for place in dict.fromkeys(place for place, _, _ in found):
                yield from self._asking[place].get(name, ())


class _Authors(_Shelf):
    """Looked for by the last word of their names; `_` is a blank, as in arXiv's own `au:del_maestro`."""

    def __init__(self, asked: Iterable[tuple[Sought, str]]) -> None:
        self._by_last: dict[str, dict[Name, list[Sought]]] = {}
        for sought, _ in asked:
            meant = Name.read(sought.term.text.replace("_", " "))
            self._by_last.setdefault(meant.last, {}).setdefault(meant, []).append(sought)

    def look(self, name: str, texts: Sequence[str]) -> Iterator[Sought]:
        for author in map(Name.read, texts if name == "author" else ()):
            for meant, asking in self._by_last.get(author.last, {}).items():
                if meant.may_be(author):
                    yield from asking


class _Codes(_Shelf):
    """Categories, by whichever of their names, and identifiers, with or without version; or how they begin."""

    def __init__(self, asked: Iterable[tuple[Sought, str]]) -> None:
        self._whole: dict[tuple[str, str], list[Sought]] = {}
        self._beginnings: dict[tuple[str, str], list[Sought]] = {}
        for sought, name in asked:
            written = sought.term.text
            if sought.term.prefix:
                self._beginnings.setdefault((name, written.casefold()), []).append(sought)
            else:
                for each in {code.casefold() for code in (related(written) if name == "category" else (written,))}:
                    self._whole.setdefault((name, each), []).append(sought)

    def look(self, name: str, texts: Sequence[str]) -> Iterator[Sought]:
        for code in map(str.casefold, texts if name in _CODES else ()):
            yield from self._whole.get((name, code), ())
            for end in range(len(code) + 1) if self._beginnings else ():
                yield from self._beginnings.get((name, code[:end]), ())


_SHELVES: tuple[type[_Shelf], ...] = (_Phrases, _Substrings, _Authors, _Codes)
_RAW = ("title", "abstract")
"""The fields in which the mode `substring` looks for parts of words."""
_CODES = ("category", "id")


def _shelf(sought: Sought, name: str) -> type[_Shelf]:
    if name in _CODES:
        return _Codes
    if name == "author" and not sought.term.prefix:
        return _Authors
    return _Substrings if name in _RAW and sought.mode is MatchMode.SUBSTRING else _Phrases


def _raw(text: str) -> bytes:
    return text.casefold().encode("utf-8", "surrogatepass")
