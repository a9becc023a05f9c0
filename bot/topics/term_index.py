"""Which of all topics' terms stand in a paper, and in which of its fields, found in one reading of its text.

Pure; knows no topic. However many the terms are, a paper costs by its length and by what is found in it: words by an
Aho-Corasick automaton (https://doi.org/10.1145/360825.360855), names, categories and identifiers by looking them up.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Protocol

import ahocorasick_rs

from bot.arxiv.taxonomy import related
from bot.model import Hit, MatchMode
from bot.topics import author_names
from bot.topics.author_names import Name
from bot.topics.query import ALL, Term
from bot.topics.term_forms import Wanted, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.model import Paper

Hits = tuple[Hit, ...]
Found = dict[Term, Hits]
"""The terms that stand in a paper, each with where, in the order of the fields."""


class Index:
    """All terms, ready to be found."""

    def __init__(self, terms: Iterable[Term]) -> None:
        """Take in the terms, each given once."""
        asked: defaultdict[type[_Shelf], list[tuple[Term, Fields]]] = defaultdict(list)
        for term in terms:
            for shelf, fields in _shelves(term.fields, term.mode, prefix=term.prefix):
                asked[shelf].append((term, fields))
        self._shelves = [shelf(some) for shelf, some in asked.items()]

    def found(self, paper: Paper) -> Found:
        """The terms that stand in the paper."""
        found: Found = {}
        for field in ALL:
            texts = _texts(paper, field)
            for shelf in self._shelves:
                for term in shelf.look(field, texts):
                    found[term] = (*found.get(term, ()), Hit(term.spelled, field))
        return found


def _texts(paper: Paper, field: str) -> Sequence[str]:
    """What stands in one of the fields that a query can name."""
    match field:
        case "author":
            return [author.name for author in paper.authors]
        case "category":
            return paper.categories
        case "id":
            return [paper.identifier, f"{paper.identifier}v{paper.version}"]
    text = {"title": paper.title, "abstract": paper.abstract, "comment": paper.comment}.get(field, paper.journal_ref)
    return [text] if text else []


# -- shelves: each kind of term by what finds it ---------------------------------------------------------------------

Fields = tuple[str, ...]


class _Shelf(Protocol):
    """The terms of one kind."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        """Take in terms, each with those of its fields in which it is found by this shelf."""
        ...

    def look(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        """Those that stand in one of the texts of that field, each once."""
        ...


class _Phrases:
    """Looked for as whole words, or as how words begin."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        self._terms: list[Term] = []
        self._fields: list[Fields] = []
        self._wanted: list[Wanted] = []
        for term, fields in asked:
            wanted = Wanted.read(term.text, prefix=term.prefix)
            if wanted.least:
                self._terms.append(term)
                self._fields.append(fields)
                self._wanted.append(wanted)
        self._automaton = ahocorasick_rs.AhoCorasick((w.least for w in self._wanted), store_patterns=False)
        self._read = frozenset(field for fields in set(self._fields) for field in fields)

    def look(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        standing: dict[int, Term] = {}
        for text in texts if field in self._read else ():
            words = Words.read(text)
            for place, start, _ in self._automaton.find_matches_as_indexes(words.text, overlapping=True):
                if (
                    place not in standing
                    and field in self._fields[place]
                    and self._wanted[place].stands_at(start, words)
                ):
                    standing[place] = self._terms[place]
        return standing.values()


class _Substrings:
    """Looked for in the raw text, whatever stands around them; in bytes, as the text may be what UTF-8 is not."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        self._asked = [(term, fields) for term, fields in asked if term.text]
        self._automaton = ahocorasick_rs.BytesAhoCorasick([_raw(term.text) for term, _ in self._asked])

    def look(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        standing: dict[Term, None] = {}
        for text in texts if field in _RAW else ():
            for place, _, _ in self._automaton.find_matches_as_indexes(_raw(text), overlapping=True):
                term, fields = self._asked[place]
                if field in fields:
                    standing[term] = None
        return standing


class _Authors:
    """Looked for by the last word of their names."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        self._by_last: defaultdict[str, list[tuple[Name, Term]]] = defaultdict(list)
        for term, _ in asked:
            for meant in author_names.readings(term.text):
                self._by_last[meant.last].append((meant, term))

    def look(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        authors = [Name.read(text) for text in texts] if field == "author" else ()
        return dict.fromkeys(
            term for name in authors for meant, term in self._by_last.get(name.last, ()) if meant.may_be(name)
        )


class _Codes:
    """Categories, by whichever of their names, and identifiers, with or without version; or how they begin."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        self._whole: defaultdict[tuple[str, str], list[Term]] = defaultdict(list)
        self._beginnings: defaultdict[tuple[str, str], list[Term]] = defaultdict(list)
        for term, fields in asked:
            for field in fields:
                for code in _codes(term, field):
                    (self._beginnings if term.prefix else self._whole)[field, code].append(term)

    def look(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        standing: dict[Term, None] = {}
        for code in map(str.casefold, texts if field in _CODES else ()):
            standing.update(dict.fromkeys(self._whole.get((field, code), ())))
            for end in range(len(code) + 1) if self._beginnings else ():
                standing.update(dict.fromkeys(self._beginnings.get((field, code[:end]), ())))
        return standing


_RAW = ("title", "abstract")
"""The fields in which the mode `substring` looks for parts of words."""
_CODES = ("category", "id")


@cache
def _shelves(fields: Fields, mode: MatchMode, *, prefix: bool) -> Sequence[tuple[type[_Shelf], Fields]]:
    """Which shelves find such a term, each in which of its fields."""
    by_shelf: defaultdict[type[_Shelf], list[str]] = defaultdict(list)
    for field in fields:
        by_shelf[_shelf(field, mode, prefix=prefix)].append(field)
    return [(shelf, tuple(some)) for shelf, some in by_shelf.items()]


def _shelf(field: str, mode: MatchMode, *, prefix: bool) -> type[_Shelf]:
    if field in _CODES:
        return _Codes
    if field == "author" and not prefix:
        return _Authors
    return _Substrings if field in _RAW and mode is MatchMode.SUBSTRING else _Phrases


def _raw(text: str) -> bytes:
    return text.casefold().encode("utf-8", "surrogatepass")


def _codes(term: Term, field: str) -> Iterable[str]:
    """What the term may be on a paper, or how that begins."""
    whole_category = field == "category" and not term.prefix
    return {code.casefold() for code in (related(term.text) if whole_category else (term.text,))}
