"""Matches papers against all topics at once, with the terms and fields as reasons.

    topics -> terms, each once -> index
    paper -> the terms that stand in it -> the topics that need one of them -> claims

Pure. Reads a paper's text, names and categories; which mailings and announce types a topic reads is decided
elsewhere. A paper costs by its text and its matches, not by the number of topics: of a topic is known which terms it
cannot do without, and only about papers with one of these is it asked. The field calls this percolation:
https://www.elastic.co/docs/reference/query-languages/query-dsl/query-dsl-percolate-query.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import Match
from bot.topics.evaluate import alternatives, evaluate, required_terms, unmet
from bot.topics.query import NOTHING, Or, from_topic, terms
from bot.topics.term_index import CombinedIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Hit, Paper, Topic
    from bot.topics.query import Node, Term
    from bot.topics.term_index import Found, Hits


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a topic says of a paper, with the reasons for both yes and no."""

    match: Match | None
    """The claim, or None."""
    wanted: Hits | None
    """What speaks for the paper, excluded or not; None if the topic does not ask for it at all."""
    excluded_by: Hit | None
    """The first exclusion that applies."""
    unmet: tuple[Node, ...] = ()
    """The parts of what the topic asks for that the paper does not fulfil."""


class Matcher:
    """All topics' conditions, compiled once."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        """Compile the topics.

        Raises:
            QueryError: a topic's query does not parse.
        """
        self._plain: dict[str, tuple[Term, ...]] = {}
        """By name, the topics for which any one of these terms is enough: those with keywords and authors alone."""
        self._named: defaultdict[Term, dict[str, None]] = defaultdict(dict)
        """By a term, the names of those."""
        self._others: dict[str, _Compiled] = {}
        """By name, all other topics."""
        self._asked: defaultdict[Term, list[_Compiled]] = defaultdict(list)
        """By a term that they cannot do without, those."""
        self._always: list[_Compiled] = []
        """Those that may claim a paper in which none of their terms stands."""
        known: dict[Term, Term] = {}
        for topic in topics:
            wanted, excluded = from_topic(topic)
            enough = None if topic.exclude else alternatives(wanted)
            if enough is None:
                known.update((term, term) for node in (wanted, excluded) for term in terms(node))
                self._ask(_Compiled(topic.name, wanted, excluded))
            else:
                # The same object wherever a term is spelled the same: less to hold, and quicker to compare.
                self._plain[topic.name] = tuple([known.setdefault(term, term) for term in enough])
                for term in enough:
                    self._named[term][topic.name] = None
        self._index = CombinedIndex(known)

    def _ask(self, topic: _Compiled) -> None:
        """Have the topic asked about the papers that it may claim."""
        self._others[topic.name] = topic
        required = required_terms(topic.wanted)
        if required is None:
            self._always.append(topic)
        for term in required or ():
            self._asked[term].append(topic)

    def match(self, paper: Paper) -> dict[str, Match]:
        """The claims of all topics that want the paper, by topic name."""
        return {name: Match(name, hits) for name, hits in self.hits(paper).items()}

    def hits(self, paper: Paper) -> dict[str, Hits]:
        """The hits of every topic that wants the paper, by its name; one that wants it without a term has none.

        `match` without the objects: of 100,000 topics very many may want a paper, and most of their `Hits` are one
        and the same tuple here, while each `Match` would be made anew. Hits stand in the order in which the topic
        spells its terms, title before abstract, each once.
        """
        found = self._index.found(paper)
        claims: dict[str, Hits] = {}
        again: set[str] = set()
        for term, hits in found.items():
            names = self._named.get(term)
            if names:
                again |= names.keys() & claims.keys()
                claims.update(dict.fromkeys(names, hits))
        # Where a topic has a second term in the paper, both are to be named, in the topic's own order.
        for name in again:
            claims[name] = tuple([hit for term in self._plain[name] for hit in found.get(term, ())])
        asked = (topic for term in found for topic in self._asked.get(term, ()))
        for topic in dict.fromkeys((*self._always, *asked)):
            claim = topic.claim(found)
            if claim is not None:
                claims[topic.name] = claim
        return claims

    def verdict(self, topic_name: str, paper: Paper) -> Verdict:
        """One topic's view of the paper, for `explain`.

        Raises:
            KeyError: no such topic.
        """
        topic = self._others.get(topic_name) or _Compiled(topic_name, Or(self._plain[topic_name]), NOTHING)
        found = self._index.found(paper)
        claim = topic.claim(found)
        match = None if claim is None else Match(topic_name, claim)
        exclusions = evaluate(topic.excluded, found)
        hits = evaluate(topic.wanted, found)
        wanted = None if hits is None else _each_once(hits)
        return Verdict(match, wanted, exclusions[0] if exclusions else None, unmet(topic.wanted, found))


@dataclass(frozen=True, slots=True, eq=False)
class _Compiled:
    """One topic's wishes and exclusions."""

    name: str
    wanted: Node
    excluded: Node

    def claim(self, found: Found) -> Hits | None:
        """The reasons; None where it does not want the paper."""
        hits = evaluate(self.wanted, found)
        return None if hits is None or evaluate(self.excluded, found) is not None else _each_once(hits)


def _each_once(hits: Hits) -> Hits:
    return tuple(dict.fromkeys(hits))
