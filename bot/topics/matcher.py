"""Whether a paper is what a topic asks for, and by which words in which field.

Pure. Reads a paper's text, names and categories; which mailings and announce types a topic reads is decided
elsewhere. Every paper's text is prepared once, for all topics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bot.model import Hit, Match, MatchMode
from bot.taxonomy import related
from bot.topics.names import Name
from bot.topics.query import And, Node, Not, Or, Term, from_topic
from bot.topics.words import Wanted, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.model import Paper, Topic


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a topic says of a paper, with the reasons for both yes and no."""

    match: Match | None
    """The claim, or None."""
    wanted: tuple[Hit, ...]
    """What spoke for the paper, excluded or not."""
    stopped_by: Hit | None
    """The first exclusion that applies."""


class Matcher:
    """All topics' conditions, compiled once."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        """Compile the topics.

        Raises:
            QueryError: a topic's query does not parse.
        """
        self._topics = {topic.name: _Compiled(topic) for topic in topics}

    def match(self, paper: Paper) -> dict[str, Match]:
        """The claims of all topics that want the paper, by topic name, each with every hit.

        Hits stand in the order in which the topic spells its terms, title before abstract, each once.
        """
        text = _Text(paper)
        verdicts = ((name, topic.verdict(text)) for name, topic in self._topics.items())
        return {name: verdict.match for name, verdict in verdicts if verdict.match}

    def verdict(self, topic_name: str, paper: Paper) -> Verdict:
        """One topic's view of the paper, for `explain`.

        Raises:
            KeyError: no such topic.
        """
        return self._topics[topic_name].verdict(_Text(paper))


class _Text:
    """A paper as matching reads it, each form made once and only when asked for."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper

    @cached_property
    def words(self) -> dict[str, Words]:
        paper = self.paper
        texts = {
            "title": paper.title,
            "abstract": paper.abstract,
            "journal_ref": paper.journal_ref or "",
            "comment": "",
        }
        return {field: Words.read(text) for field, text in texts.items()}

    @cached_property
    def raw(self) -> dict[str, str]:
        return {"title": self.paper.title.casefold(), "abstract": self.paper.abstract.casefold()}

    @cached_property
    def names(self) -> dict[str, list[Name]]:
        """The authors under the last words of their names."""
        names: dict[str, list[Name]] = {}
        for author in self.paper.authors:
            name = Name.read(author.name)
            names.setdefault(name.last, []).append(name)
        return names

    @cached_property
    def spelled_names(self) -> tuple[Words, ...]:
        return tuple(Words.read(author.name) for author in self.paper.authors)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        return tuple(category.casefold() for category in self.paper.categories)


_Test = Callable[[_Text], bool]
_Condition = Callable[[_Text], "tuple[Hit, ...] | None"]
"""The hits that fulfil a condition (there may be none to show), or None where it is not fulfilled."""


class _Compiled:
    """One topic's wishes and exclusions, ready to run."""

    def __init__(self, topic: Topic) -> None:
        wanted, excluded = from_topic(topic)
        self._name = topic.name
        self._wanted = _condition(wanted or And(()), topic.match)
        self._excluded = _condition(excluded or Or(()), topic.match)

    def verdict(self, text: _Text) -> Verdict:
        hits, stops = self._wanted(text), self._excluded(text)
        wanted = tuple(dict.fromkeys(hits or ()))
        claimed = hits is not None and stops is None
        return Verdict(Match(self._name, wanted) if claimed else None, wanted, stops[0] if stops else None)


def _condition(node: Node, mode: MatchMode) -> _Condition:
    """The tree as one function: an `And` of nothing always holds, an `Or` of nothing never."""
    match node:
        case Term():
            return _any_field(node, mode)
        case Not():
            refused = _condition(node.node, mode)
            return lambda text: () if refused(text) is None else None
        case And():
            return _all_of([_condition(part, mode) for part in node.nodes])
    return _any_of([_condition(part, mode) for part in node.nodes])


def _all_of(conditions: Sequence[_Condition]) -> _Condition:
    def hits(text: _Text) -> tuple[Hit, ...] | None:
        found: list[Hit] = []
        for condition in conditions:
            part = condition(text)
            if part is None:
                return None
            found += part
        return tuple(found)

    return hits


def _any_of(conditions: Sequence[_Condition]) -> _Condition:
    def hits(text: _Text) -> tuple[Hit, ...] | None:
        parts = [part for condition in conditions if (part := condition(text)) is not None]
        return tuple(hit for part in parts for hit in part) if parts else None

    return hits


def _any_field(term: Term, mode: MatchMode) -> _Condition:
    spelled = f"{term.text}*" if term.prefix else term.text
    tests = [(Hit(spelled, field), _test(term, field, mode)) for field in term.fields]

    def hits(text: _Text) -> tuple[Hit, ...] | None:
        return tuple(hit for hit, holds in tests if holds(text)) or None

    return hits


def _test(term: Term, field: str, mode: MatchMode) -> _Test:
    match field:
        case "author":
            return _author(term)
        case "category":
            return _category(term)
        case "id":
            return _identifier(term)
        case "title" | "abstract" if mode is MatchMode.SUBSTRING:
            part = term.text.casefold()
            return lambda text: part in text.raw[field]
        case _:
            words = Wanted.read(term.text, prefix=term.prefix)
            least = words.least  # most terms stand in no text, and this is quick to see
            return lambda text: least in text.words[field].text and words.is_in(text.words[field])


def _author(term: Term) -> _Test:
    """One of the authors may be the one meant; `_` is a blank, as in arXiv's own `au:del_maestro`."""
    if term.prefix:
        words = Wanted.read(term.text, prefix=True)
        return lambda text: any(words.is_in(name) for name in text.spelled_names)
    meant = Name.read(term.text.replace("_", " "))
    return lambda text: any(meant.may_be(name) for name in text.names.get(meant.last, ()))


def _category(term: Term) -> _Test:
    """One of the categories is the one meant, by whichever of its names, or begins so."""
    if term.prefix:
        start = term.text.casefold()
        return lambda text: any(category.startswith(start) for category in text.categories)
    meant = {name.casefold() for name in related(term.text)}
    return lambda text: not meant.isdisjoint(text.categories)


def _identifier(term: Term) -> _Test:
    """The identifier, with or without its version, or how it begins."""
    return lambda text: (
        text.paper.identifier.startswith(term.text)
        if term.prefix
        else term.text in (text.paper.identifier, f"{text.paper.identifier}v{text.paper.version}")
    )
