"""Whether a paper is what a topic asks for, and by which words in which field.

    topics -> terms, each once -> index
    paper -> the terms that stand in it -> the topics that need one of them -> claims

Pure. Reads a paper's text, names and categories; which mailings and announce types a topic reads is decided
elsewhere. A paper costs by its text and its matches, not by the number of topics: of a topic is known which terms it
cannot do without, and only about papers with one of these is it asked. The field calls this percolation:
https://www.elastic.co/docs/reference/query-languages/query-dsl/query-dsl-percolate-query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import Match
from bot.topics.conditions import AllOf, AnyOf, condition
from bot.topics.index import Index, Sought
from bot.topics.query import from_topic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Hit, MatchMode, Paper, Topic
    from bot.topics.conditions import Condition
    from bot.topics.index import Found, Hits
    from bot.topics.query import Node, Term


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
        compiler = _Compiler()
        self._topics = {topic.name: compiler.compiled(topic) for topic in topics}
        self._index = Index(compiler.terms)
        self._always: list[_Compiled] = []
        """Topics that may claim a paper in which none of their terms stands."""
        self._plain: dict[Sought, dict[str, _Compiled]] = {}
        """By a term that is all they need, topics by name."""
        self._others: dict[Sought, list[_Compiled]] = {}
        """By a term that they cannot do without."""
        for topic in self._topics.values():
            needs = topic.wanted.needs()
            if needs is None:
                self._always.append(topic)
            elif topic.plain:
                for sought in needs:
                    self._plain.setdefault(sought, {})[topic.name] = topic
            else:
                for sought in needs:
                    self._others.setdefault(sought, []).append(topic)

    def match(self, paper: Paper) -> dict[str, Match]:
        """The claims of all topics that want the paper, by topic name."""
        return {name: Match(name, hits) for name, hits in self.hits(paper).items()}

    def hits(self, paper: Paper) -> dict[str, Hits]:
        """By the name of each topic that wants the paper, every hit: what there is to say of very many claims.

        Hits stand in the order in which the topic spells its terms, title before abstract, each once.
        """
        found = self._index.found(paper)
        claims: dict[str, Hits] = {}
        others = dict.fromkeys(self._always)
        for sought, hits in found.items():
            others.update(dict.fromkeys(self._others.get(sought, ())))
            plain = self._plain.get(sought)
            if plain:
                # Where a topic has a second term in the paper, both are to be named, in the topic's own order.
                again = plain.keys() & claims.keys()
                others.update(dict.fromkeys(plain[name] for name in again))
                claims.update(dict.fromkeys(plain, hits))
        for topic in others:
            claim = topic.claim(found)
            if claim is not None:
                claims[topic.name] = claim
        return claims

    def verdict(self, topic_name: str, paper: Paper) -> Verdict:
        """One topic's view of the paper, for `explain`.

        Raises:
            KeyError: no such topic.
        """
        topic = self._topics[topic_name]
        found = self._index.found(paper)
        claim = topic.claim(found)
        wanted, stops = topic.wanted.met(found) or (), topic.excluded.met(found)
        match = None if claim is None else Match(topic.name, claim)
        return Verdict(match, tuple(dict.fromkeys(wanted)), stops[0] if stops else None)


@dataclass(frozen=True, slots=True, eq=False)
class _Compiled:
    """One topic's wishes and exclusions, ready to run."""

    name: str
    wanted: Condition
    excluded: Condition

    @property
    def plain(self) -> bool:
        """Whether any one of its terms makes it claim a paper, and that term's hits are the reason."""
        parts = self.wanted.parts if isinstance(self.wanted, AnyOf) else (self.wanted,)
        return self.excluded is _NOTHING and all(isinstance(part, Sought) for part in parts)

    def claim(self, found: Found) -> Hits | None:
        """The reasons, each once; None where it does not want the paper."""
        hits = self.wanted.met(found)
        if hits is None or self.excluded.met(found) is not None:
            return None
        return tuple(dict.fromkeys(hits))


_EVERYTHING = AllOf(())
_NOTHING = AnyOf(())


class _Compiler:
    """Compiles topics over terms that they share."""

    def __init__(self) -> None:
        self._terms: dict[tuple[Term, MatchMode], Sought] = {}

    @property
    def terms(self) -> Iterable[Sought]:
        """Each once."""
        return self._terms.values()

    def compiled(self, topic: Topic) -> _Compiled:
        """The topic over these terms, to which its own are added."""

        def sought(term: Term) -> Sought:
            key = (term, topic.match)
            if key not in self._terms:
                self._terms[key] = Sought(*key)
            return self._terms[key]

        def over(node: Node | None, otherwise: Condition) -> Condition:
            return otherwise if node is None else condition(node, sought)

        wanted, excluded = from_topic(topic)
        return _Compiled(topic.name, over(wanted, _EVERYTHING), over(excluded, _NOTHING))
