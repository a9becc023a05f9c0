"""Finds all topics' terms in a paper, and their fields, in one pass over its text.

Pure; knows no topic. The time for a paper depends on its length and on what is found, not on the number of terms:
words are found by an Aho-Corasick automaton (https://doi.org/10.1145/360825.360855), names, categories and
identifiers in dicts.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Protocol

import ahocorasick_rs

from bot.arxiv.taxonomy import related
from bot.model import Hit, MatchMode
from bot.topics import author_names, exact
from bot.topics.query import ALL, Term
from bot.topics.term_forms import INSIDE, NormalisedText, TermPattern, in_both_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.model import Paper
    from bot.topics.author_names import Name

Hits = tuple[Hit, ...]
Found = dict[Term, Hits]
"""The terms found in a paper, each with its hits in the order of the fields."""


class CombinedIndex:
    """Finds terms of all kinds."""

    def __init__(self, terms: Iterable[Term]) -> None:
        """Index the terms, each given once."""
        asked: defaultdict[type[TermIndex], list[tuple[Term, Fields]]] = defaultdict(list)
        for term in terms:
            for index, fields in _indexes_for(term.fields, term.mode, prefix=term.prefix):
                asked[index].append((term, fields))
        self._indexes = [index(some) for index, some in asked.items()]

    def found(self, paper: Paper) -> Found:
        """The terms found in the paper."""
        found: Found = {}
        for field in ALL:
            texts = _texts(paper, field)
            for index in self._indexes:
                for term in dict.fromkeys(index.find(field, texts)):
                    found[term] = (*found.get(term, ()), Hit(term.spelled, field, term.mode))
        return found


def _texts(paper: Paper, field: str) -> Sequence[str]:
    """The paper's texts in a field."""
    match field:
        case "author":
            return [author.name for author in paper.authors]
        case "category":
            return paper.categories
        case "id":
            return [paper.identifier, f"{paper.identifier}v{paper.version}"]
    text = {"title": paper.title, "abstract": paper.abstract, "comment": paper.comment}.get(field, paper.journal_ref)
    return [text] if text else []


# -- indexes: one for each kind of term ---------------------------------------------------------------------

Fields = tuple[str, ...]


class TermIndex(Protocol):
    """Interface to an index of one kind of term."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        """Index terms, each with its fields in which this index finds it."""
        ...

    def find(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        """The terms found in the texts of that field, perhaps more than once."""
        ...


class _PhraseIndex:
    """Finds terms as whole words, in any spelling."""

    _as_written = False

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        self._terms: list[Term] = []
        self._fields: list[Fields] = []
        self._wanted: list[TermPattern] = []
        for term, fields in asked:
            for written in (term.text,) if term.prefix else in_both_numbers(term.text):
                wanted = TermPattern.read(written, prefix=term.prefix)
                if wanted.stem:
                    self._terms.append(term)
                    self._fields.append(fields)
                    self._wanted.append(wanted)
        self._automaton = ahocorasick_rs.AhoCorasick((w.stem for w in self._wanted), store_patterns=False)
        self._read = frozenset(field for fields in set(self._fields) for field in fields)

    def find(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        found_terms: dict[int, Term] = {}
        for text in texts if field in self._read else ():
            words = NormalisedText.read(text, as_written=self._as_written)
            letters, joints = words.text, words.joints
            for place, start, _ in self._automaton.find_matches_as_indexes(letters, overlapping=True):
                if joints[start] == INSIDE and letters[start - 1].isalnum() and self._wanted[place].begins_a_word:
                    continue  # most are inside of a word: `matches_at` would say so too, a call later
                if (
                    place not in found_terms
                    and field in self._fields[place]
                    and self._wanted[place].matches_at(start, words)
                ):
                    found_terms[place] = self._terms[place]
        return found_terms.values()


class _Beginnings(_PhraseIndex):
    """Finds terms as starts of words, as written, because another spelling may start differently."""

    _as_written = True


class _Exact:
    """Finds terms exactly as they are written."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        read = ((exact.as_written(term.text), term, fields) for term, fields in asked)
        self._asked = [(wanted, term, fields) for wanted, term, fields in read if wanted]
        self._automaton = ahocorasick_rs.AhoCorasick(wanted.lower() for wanted, _, _ in self._asked)

    def find(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        for text in map(exact.as_written, texts):
            for place, start, _ in self._automaton.find_matches_as_indexes(text.lower(), overlapping=True):
                wanted, term, fields = self._asked[place]
                if field in fields and exact.stands_at(wanted, start, text, prefix=term.prefix):
                    yield term


class _SubstringIndex:
    """Finds terms as any part of the raw text; as bytes, because the text may contain lone surrogates."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        self._asked = [(term, fields) for term, fields in asked if term.text]
        self._automaton = ahocorasick_rs.BytesAhoCorasick([_raw(term.text) for term, _ in self._asked])

    def find(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        for text in texts if field in _RAW else ():
            for place, _, _ in self._automaton.find_matches_as_indexes(_raw(text), overlapping=True):
                term, fields = self._asked[place]
                if field in fields:
                    yield term


class _AuthorIndex:
    """Finds authors, by their family names."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        self._by_family: defaultdict[str, list[tuple[Name, Term]]] = defaultdict(list)
        for term, _ in asked:
            for wanted in author_names.readings(term.text):
                self._by_family[wanted.family].append((wanted, term))

    def find(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        authors = (author for text in (texts if field == "author" else ()) for author in author_names.signed(text))
        return (
            term
            for author in authors
            for family, given in author.splits()
            for wanted, term in self._by_family.get(family, ())
            if wanted.fits(given)
        )


class _CodeIndex:
    """Finds categories (by any of their names) and identifiers (with or without version), also by prefix."""

    def __init__(self, asked: Iterable[tuple[Term, Fields]]) -> None:
        self._whole: defaultdict[tuple[str, str], list[Term]] = defaultdict(list)
        self._beginnings: defaultdict[tuple[str, str], list[Term]] = defaultdict(list)
        for term, fields in asked:
            for field in fields:
                for code in _codes(term, field):
                    (self._beginnings if term.prefix else self._whole)[field, code].append(term)

    def find(self, field: str, texts: Sequence[str]) -> Iterable[Term]:
        for code in map(str.casefold, texts if field in _CODES else ()):
            yield from self._whole.get((field, code), ())
            for end in range(len(code) + 1) if self._beginnings else ():
                yield from self._beginnings.get((field, code[:end]), ())


_RAW = ("title", "abstract")
"""The fields in which the mode `substring` finds parts of words."""
_CODES = ("category", "id")


@cache
def _indexes_for(fields: Fields, mode: MatchMode, *, prefix: bool) -> Sequence[tuple[type[TermIndex], Fields]]:
    """The indexes for such a term, each with the fields that it searches."""
    by_index: defaultdict[type[TermIndex], list[str]] = defaultdict(list)
    for field in fields:
        by_index[_index_for(field, mode, prefix=prefix)].append(field)
    return [(index, tuple(some)) for index, some in by_index.items()]


def _index_for(field: str, mode: MatchMode, *, prefix: bool) -> type[TermIndex]:
    if field in _CODES:
        return _CodeIndex
    if field == "author" and not prefix:
        return _AuthorIndex
    if field != "author" and mode is MatchMode.EXACT:
        return _Exact
    if field in _RAW and mode is MatchMode.SUBSTRING:
        return _SubstringIndex
    return _Beginnings if prefix else _PhraseIndex


def _raw(text: str) -> bytes:
    return text.casefold().encode("utf-8", "surrogatepass")


def _codes(term: Term, field: str) -> Iterable[str]:
    """The values that the term matches in the field, or their prefixes."""
    whole_category = field == "category" and not term.prefix
    return {code.casefold() for code in (related(term.text) if whole_category else (term.text,))}
