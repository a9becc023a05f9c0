"""Caches the matches of all topics with the papers of one run, so that each paper is matched once.

Does no I/O. Digests, pages and explanations use it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from bot.model import Match

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from bot.model import Paper
    from bot.topics.matcher import Matcher
    from bot.topics.term_index import Hits


class MatchedPapers:
    """The topics' matches with the papers of one run."""

    def __init__(self, compiled: Callable[[], Matcher]) -> None:
        """Take what compiles the topics: called when the first paper is to be matched, for that takes long."""
        self._compiled = cache(compiled)
        self._read: set[tuple[str, int]] = set()
        self._hits: dict[str, dict[tuple[str, int], Hits]] = {}
        """By topic and (identifier, version); topics without matches are left out."""

    def add(self, paper: Paper) -> None:
        """Matches the paper against all topics, unless that was done before."""
        key = (paper.identifier, paper.version)
        if key not in self._read:
            self._read.add(key)
            for topic, hits in self._compiled().hits(paper).items():
                self._hits.setdefault(topic, {})[key] = hits

    def match(self, topic: str, paper: Paper) -> Match | None:
        """The topic's match with this version of a paper; None if there is none."""
        self.add(paper)
        hits = self._hits.get(topic, {}).get((paper.identifier, paper.version))
        return None if hits is None else Match(topic, hits)

    def excludes(self, topic: str, paper: Paper) -> bool:
        """Whether an exclusion of the topic applies to this version of a paper.

        Raises:
            KeyError: no such topic.
        """
        return self._compiled().verdict(topic, paper).excluded_by is not None

    def claimed_by(self, topic: str) -> AbstractSet[str]:
        """The identifiers of added papers with a version that the topic matches."""
        return {identifier for identifier, _ in self._hits.get(topic, ())}
