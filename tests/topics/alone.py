"""One topic evaluated by itself, one regular expression per term: slow, plain, what the index must agree with.

Folds text and reads queries and names as the program does; what a plural is, and where a word ends, it says itself.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bot.arxiv.taxonomy import related
from bot.model import Hit, Match, MatchMode
from bot.text import fold_case, strip_accents
from bot.topics.author_names import Name, readings
from bot.topics.query import And, Node, Not, Term, from_topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model import Paper, Topic

    Test = Callable[["Text"], bool]
    Condition = Callable[["Text"], "tuple[Hit, ...] | None"]


class ReferenceText:
    """A text, folded, and where a word ends there whose s makes no plural of it."""

    def __init__(self, raw: str) -> None:
        plain = strip_accents(raw)
        if plain.isupper() and len(plain.split()) > 2:
            plain = plain.lower()
        self.folded = fold_case(plain)
        in_s = [word for word in re.finditer(r"[^\W_]+", plain) if word[0].endswith(("s", "S"))]
        own = [word for word in in_s if fold_case(word[0][:-1]) not in _singulars(word[0])]
        self.own_s = {len(fold_case(plain[: word.end()])) for word in own}


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
        self.words = {field: ReferenceText(text) for field, text in fields.items()}
        self.authors = [Name.read(author.name) for author in paper.authors]
        self.author_words = [ReferenceText(author.name) for author in paper.authors]
        self.codes = {
            "category": [category.casefold() for category in paper.categories],
            "id": [paper.identifier, f"{paper.identifier}v{paper.version}"],
        }


class ReferenceMatcher:
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


def _stands(term: Term, prose: ReferenceText) -> bool:
    pattern, exact = _pattern(term)
    found = pattern.search(prose.folded)
    while found and found[0] not in exact and found.end() in prose.own_s:
        found = pattern.search(prose.folded, found.start() + 1)
    return found is not None


@cache
def _pattern(term: Term) -> tuple[re.Pattern[str], set[str]]:
    """What finds the term, and what of that is no plural of it."""
    plain = strip_accents(term.text)
    if not plain:
        return re.compile(r"(?!)"), set()
    words = fold_case(plain)
    start = r"(?<![^\W_])" if words[0].isalnum() else ""
    if term.prefix or not plain[-1].isalnum():
        return re.compile(start + re.escape(words)), {words}
    last = re.split(r"[\W_]", plain)[-1]
    before = words.removesuffix(fold_case(last))
    singulars = {before + word for word in (fold_case(last), *_singulars(last))}
    endings = ["", "s"] if last.isupper() or len(last) < 3 else ["", "s", "es"]
    either = "|".join(sorted(re.escape(word + ending) for word in singulars for ending in endings))
    return re.compile(rf"{start}(?:{either})(?![^\W_])"), singulars


def _singulars(written: str) -> set[str]:
    """What a word, as it is written, may be a plural of: not of GP if it is GPS, nor of new, campu, ga or cla."""
    if written.isupper():
        return set()
    found = set()
    if re.search(r"(?<!s)(?<!u)(?<!i)(?<!ia)[sS]\Z", written) and written not in ("news", "News"):
        found.add(written[:-1])
    if written.endswith(("es", "ES")):
        found.add(written[:-2])
    return {fold_case(stem) for stem in found if len(stem) > 2 or (len(stem) == 2 and stem.isupper())}
