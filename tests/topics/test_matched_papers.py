"""What all topics say of a run's papers, each read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Match, Topic
from bot.topics.matched_papers import MatchedPapers
from bot.topics.matcher import Matcher
from tests.builders import paper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Paper
    from bot.topics.term_index import Hits

BIRDS = Topic("birds", "Birds", ("cs.CV",), ("pigeon",), ("squab",))
MAPS = Topic("maps", "Maps", ("cs.CV",), ("atlas",))


class Counting(Matcher):
    """A matcher that knows how often it read a paper."""

    def __init__(self, *topics: Topic) -> None:
        super().__init__(topics)
        self.read = 0

    def hits(self, paper: Paper) -> Mapping[str, Hits]:  # type: ignore[override]
        self.read += 1
        return super().hits(paper)


def test_a_paper_is_read_once_for_all_topics_and_says_what_the_matcher_says() -> None:
    matcher, bird = Counting(BIRDS, MAPS), paper(title="Pigeon")
    matched = MatchedPapers(lambda: matcher)
    for _ in range(3):
        assert matched.match("birds", bird) == matcher.verdict("birds", bird).match
        assert matched.match("maps", bird) is None
    assert matcher.read == 1


def test_two_versions_of_a_paper_are_two_papers() -> None:
    matched = MatchedPapers(lambda: Matcher([BIRDS]))
    first, second = paper(title="Pigeon", abstract=""), paper(version=2, title="Dove", abstract="")
    assert isinstance(matched.match("birds", first), Match)
    assert matched.match("birds", second) is None


def test_the_papers_that_a_topic_claims_are_known_without_asking_for_each() -> None:
    matched = MatchedPapers(lambda: Matcher([BIRDS, MAPS]))
    for number, title in enumerate(["Pigeon", "Atlas", "Pigeon and squab"], 1):
        matched.add(paper(f"2604.{number:05}", title=title, abstract=""))
    assert matched.claimed_by("birds") == {"2604.00001"}
    assert matched.claimed_by("maps") == {"2604.00002"}
    assert matched.excludes("birds", paper("2604.00003", title="Pigeon and squab"))
    assert not matched.excludes("birds", paper("2604.00001", title="Pigeon"))
