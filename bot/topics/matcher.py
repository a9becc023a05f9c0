"""Matches papers against all topics at once, with the terms and fields as reasons.

    topics -> terms, each once -> index
    paper  -> terms found in it -> topics that need one of these terms -> matches

Pure. Reads a paper's texts, authors and categories; a topic's categories and announce types are considered elsewhere
(`selection`). The time for a paper depends on its text and its matches, not on the number of topics: the terms that a
topic needs are known, and it is evaluated only for papers with one of them. This is called percolation:
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
    """Whether a topic matches a paper, with the reasons for both."""

    match: Match | None
    """The match, or None."""
    wanted: Hits | None
    """The hits for the paper, even if it is excluded; None if the topic's terms do not match."""
    excluded_by: Hit | None
    """The first exclusion that applies; None if none does."""
    unmet: tuple[Node, ...] = ()
    """The parts of the topic's query that do not match the paper."""


class Matcher:
    """All topics' query trees, compiled once."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        """Compile the topics.

        Raises:
            QueryError: a topic's query does not parse.
        """
        self._plain: dict[str, tuple[Term, ...]] = {}
        """By name, the terms of topics for which any one term is enough (keywords and authors only)."""
        self._named: defaultdict[Term, dict[str, None]] = defaultdict(dict)
        """By term, the names of such topics."""
        self._others: dict[str, _Compiled] = {}
        """By name, the other topics."""
        self._asked: defaultdict[Term, list[_Compiled]] = defaultdict(list)
        """By term, the other topics that need it."""
        self._always: list[_Compiled] = []
        """Topics that may match a paper without any of their terms."""
        known: dict[Term, Term] = {}
        for topic in topics:
            wanted, excluded = from_topic(topic)
            enough = None if topic.exclude else alternatives(wanted)
            if enough is None:
                known.update((term, term) for node in (wanted, excluded) for term in terms(node))
                self._ask(_Compiled(topic.name, wanted, excluded))
            else:
                # One object for equal terms: less memory, and faster to compare.
                self._plain[topic.name] = tuple([known.setdefault(term, term) for term in enough])
                for term in enough:
                    self._named[term][topic.name] = None
        self._index = CombinedIndex(known)

    def _ask(self, topic: _Compiled) -> None:
        """Stores with which terms the topic has to be evaluated."""
        self._others[topic.name] = topic
        required = required_terms(topic.wanted)
        if required is None:
            self._always.append(topic)
        for term in required or ():
            self._asked[term].append(topic)

    def match(self, paper: Paper) -> dict[str, Match]:
        """The matches of all topics with the paper, by topic name."""
        return {name: Match(name, hits) for name, hits in self.hits(paper).items()}

    def hits(self, paper: Paper) -> dict[str, Hits]:
        """The hits of every topic that matches the paper, by topic name; a topic without terms has no hits.

        Like `match` without the `Match` objects: of 100,000 topics very many may match a paper, and most of them
        share one tuple of hits. Hits are in the order of the topic's terms, title before abstract, each once.
        """
        found = self._index.found(paper)
        claims: dict[str, Hits] = {}
        again: set[str] = set()
        for term, hits in found.items():
            names = self._named.get(term)
            if names:
                again |= names.keys() & claims.keys()
                claims.update(dict.fromkeys(names, hits))
        # A topic with several terms in the paper names them all, in its own order.
        for name in again:
            claims[name] = tuple([hit for term in self._plain[name] for hit in found.get(term, ())])
        asked = (topic for term in found for topic in self._asked.get(term, ()))
        for topic in dict.fromkeys((*self._always, *asked)):
            claim = topic.claim(found)
            if claim is not None:
                claims[topic.name] = claim
        return claims

    def verdict(self, topic_name: str, paper: Paper) -> Verdict:
        """Whether one topic matches the paper, and why, for `explain`.

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
    """One topic's query tree and exclusions."""

    name: str
    wanted: Node
    excluded: Node

    def claim(self, found: Found) -> Hits | None:
        """The hits; None if the topic does not match the paper."""
        hits = evaluate(self.wanted, found)
        return None if hits is None or evaluate(self.excluded, found) is not None else _each_once(hits)


def _each_once(hits: Hits) -> Hits:
    return tuple(dict.fromkeys(hits))
