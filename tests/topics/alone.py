"""One topic evaluated by itself, one regular expression per term: slow, plain, and what the index must agree with."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bot.model import Hit, Match, MatchMode
from bot.taxonomy import related
from bot.text import bare, lowered
from bot.topics.names import Name, readings
from bot.topics.query import And, Node, Not, Term, from_topic
from bot.topics.words import Words, _endings, _further

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.model import Paper, Topic

    Test = Callable[["Text"], bool]
    Condition = Callable[["Text"], "tuple[Hit, ...] | None"]


class Text:
    """A paper as matching reads it, made ready once for however many topics."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        fields = {
            "title": paper.title,
            "abstract": paper.abstract,
            "comment": paper.comment or "",
            "journal_ref": paper.journal_ref or "",
        }
        self.raw = {field: text.casefold() for field, text in fields.items()}
        self.words = {field: Words.read(text) for field, text in fields.items()}
        self.authors = [Name.read(author.name) for author in paper.authors]
        self.author_words = [Words.read(author.name) for author in paper.authors]
        self.codes = {
            "category": [category.casefold() for category in paper.categories],
            "id": [paper.identifier, f"{paper.identifier}v{paper.version}"],
        }


class Alone:
    """One topic, compiled."""

    def __init__(self, topic: Topic) -> None:
        wanted, excluded = from_topic(topic)
        self._name = topic.name
        self._wanted = _condition(wanted)
        self._excluded = _condition(excluded)

    def claim(self, text: Text) -> Match | None:
        hits = self._wanted(text)
        if hits is None or self._excluded(text) is not None:
            return None
        return Match(self._name, tuple(dict.fromkeys(hits)))


def _condition(node: Node) -> Condition:
    match node:
        case Term():
            tests = [(Hit(node.spelled, field), _test(node, field)) for field in node.fields]
            return lambda text: tuple(hit for hit, holds in tests if holds(text)) or None
        case Not():
            refused = _condition(node.node)
            return lambda text: () if refused(text) is None else None
    conditions = [_condition(part) for part in node.nodes]
    enough = all if isinstance(node, And) else any

    def hits(text: Text) -> tuple[Hit, ...] | None:
        parts = [condition(text) for condition in conditions]
        return tuple(hit for part in parts for hit in part or ()) if enough(p is not None for p in parts) else None

    return hits


def _test(term: Term, field: str) -> Test:
    if field == "author":
        return _author(term)
    if field in ("category", "id"):
        return _code(term, field)
    if field in ("title", "abstract") and term.mode is MatchMode.SUBSTRING:
        return lambda text: term.text.casefold() in text.raw[field]
    return lambda text: _stands(term, text.words[field])


def _author(term: Term) -> Test:
    if term.prefix:
        return lambda text: any(_stands(term, words) for words in text.author_words)
    meant = readings(term.text)
    return lambda text: any(each.may_be(name) for each in meant for name in text.authors)


def _code(term: Term, field: str) -> Test:
    if term.prefix:
        return lambda text: any(code.startswith(term.text.casefold()) for code in text.codes[field])
    names = {name.casefold() for name in (related(term.text) if field == "category" else (term.text,))}
    return lambda text: not names.isdisjoint(text.codes[field])


def _stands(term: Term, words: Words) -> bool:
    pattern, exact = _pattern(term)
    found = pattern.search(words.text)
    while found and found[0] not in exact and found.end() in words.whole:
        found = pattern.search(words.text, found.start() + 1)
    return found is not None


@cache
def _pattern(term: Term) -> tuple[re.Pattern[str], frozenset[str]]:
    """What finds the term, and the forms of it that need no plural's s."""
    plain = bare(term.text)
    words = lowered(plain)
    if not words:
        return re.compile(r"(?!)"), frozenset()
    start = r"(?<![^\W_])" if words[0].isalnum() else ""
    if term.prefix or not words[-1].isalnum():
        return re.compile(start + re.escape(words)), frozenset({words})
    last = re.split(r"[\W_]", plain)[-1]
    exact = {words, *(words.removesuffix(ending) for ending in _endings(last))}
    either = "|".join(map(re.escape, sorted(_forms(exact, last))))
    return re.compile(rf"{start}(?:{either})(?![^\W_])"), frozenset(exact)


def _forms(exact: set[str], last: str) -> Sequence[str]:
    return [*exact, *(word + ending for word in exact for ending in ("s", *_further(last)))]
