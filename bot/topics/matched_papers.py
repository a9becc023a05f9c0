"""Remembers what all topics say of the papers of one run, so that each paper is matched once for all of them.

Pure but for what it remembers. Digests, pages and explanations all ask here.
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
    """The topics' matches in the papers that were added or asked about; one run's."""

    def __init__(self, compiled: Callable[[], Matcher]) -> None:
        """Take what compiles the topics: called when the first paper is to be matched, for that takes long."""
        self._compiled = cache(compiled)
        self._read: set[tuple[str, int]] = set()
        self._hits: dict[str, dict[tuple[str, int], Hits]] = {}
        """By topic and (identifier, version); of a topic that claims nothing there is nothing."""

    def add(self, paper: Paper) -> None:
        """Match the paper against all topics, unless that was done before."""
        key = (paper.identifier, paper.version)
        if key not in self._read:
            self._read.add(key)
            for topic, hits in self._compiled().hits(paper).items():
                self._hits.setdefault(topic, {})[key] = hits

    def match(self, topic: str, paper: Paper) -> Match | None:
        """The topic's claim on this version of a paper."""
        self.add(paper)
        hits = self._hits.get(topic, {}).get((paper.identifier, paper.version))
        return None if hits is None else Match(topic, hits)

    def excludes(self, topic: str, paper: Paper) -> bool:
        """Whether an exclusion of the topic is in this version of a paper.

        Raises:
            KeyError: no such topic.
        """
        return self._compiled().verdict(topic, paper).excluded_by is not None

    def claimed_by(self, topic: str) -> AbstractSet[str]:
        """The identifiers of the added papers of which the topic claims a version."""
        return {identifier for identifier, _ in self._hits.get(topic, ())}
