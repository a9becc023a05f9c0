from __future__ import annotations

from typing import TYPE_CHECKING

from bot.compose.picks import with_picks
from tests.builders import entry, paper, section
from tests.world import MONDAY, TUESDAY

if TYPE_CHECKING:
    from bot.model import Section

BIRDS = section([entry(paper(name), topic="birds") for name in ("b1", "b2", "b3")], topic="birds")
FISH = section([entry(paper(name), topic="fish") for name in ("f1", "f2")], topic="fish")


def identifiers(sections: tuple[Section, ...]) -> list[list[str]]:
    return [[each.paper.identifier for each in some.entries] for some in sections]


def test_the_best_papers_of_all_topics_stand_first_and_nowhere_else() -> None:
    scores = {"b1": 3.0, "b2": 1.0, "b3": 0.0, "f1": 2.0, "f2": 4.0}

    found = with_picks([BIRDS, FISH], 3, scores)

    assert identifiers(found) == [["f2", "b1", "f1"], ["b2", "b3"]]
    assert found[0].title == "Picks"
    assert [each.match.topic for each in found[0].entries] == ["fish", "birds", "fish"]


def test_where_a_topic_has_no_scores_the_topics_take_turns() -> None:
    assert identifiers(with_picks([BIRDS, FISH], 3, {"b1": 3.0, "b2": 1.0, "b3": 0.0})) == [
        ["b1", "f1", "b2"],
        ["b3"],
        ["f2"],
    ]


def test_without_picks_the_sections_stay() -> None:
    assert with_picks([BIRDS, FISH], None, {}) == (BIRDS, FISH)
    assert with_picks([], 5, {}) == ()


def test_a_section_that_counts_what_it_hides_keeps_a_paper_to_show_it_under() -> None:
    fish = section(FISH.entries, topic="fish", hidden=7)

    found = with_picks([fish], 5, {})

    assert identifiers(found) == [["f1"], ["f2"]]
    assert [each.hidden for each in found] == [0, 7]


def test_picks_of_several_mailings_are_the_newest_first() -> None:
    old = entry(paper("old"), mailing_date=MONDAY)
    new = entry(paper("new"), mailing_date=TUESDAY)

    found = with_picks([section([new, old])], 2, {"old": 2.0, "new": 1.0})

    assert identifiers(found) == [["new", "old"]]
