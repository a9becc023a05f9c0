from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.topics.features import Document
from bot.topics.interest import Interest
from bot.topics.paper_space import PaperSpace
from tests.topics.learned_papers import SUBJECTS, background, document, some

if TYPE_CHECKING:
    from collections.abc import Sequence

MAILING = [paper for subject in SUBJECTS for paper in some(subject, 10, start=300)]


@pytest.fixture(scope="module")
def space() -> PaperSpace:
    return PaperSpace(background())


def best(space: PaperSpace, interest: Interest, count: int = 10, papers: Sequence[Document] = MAILING) -> list[str]:
    """The subjects of the best papers, in order."""
    scores = interest.scores(space.vectors(papers)).tolist()
    ranked = sorted(zip(scores, papers, strict=True), key=lambda each: -each[0])
    return [paper.key.partition("-")[0] for _, paper in ranked[:count]]


def test_what_is_like_the_likes_comes_first(space: PaperSpace) -> None:
    assert best(space, Interest(space, some("bread", 3))) == ["bread"] * 10


def test_keywords_alone_are_enough(space: PaperSpace) -> None:
    assert best(space, Interest(space, (), keywords=["girder"])) == ["bridges"] * 10


def test_keywords_help_a_few_likes(space: PaperSpace) -> None:
    stray = [document("bread", 1)]

    assert best(space, Interest(space, stray, keywords=["homing", "loft"]), 4) == ["pigeons"] * 4


def test_a_paper_that_says_the_same_in_other_words_is_found(space: PaperSpace) -> None:
    likes = [Document(f"like {words}", words) for words in ("sourdough oven", "crust yeast", "fermentation baking")]
    papers = [Document("bread-x", "gluten flour"), Document("bridges-x", "girder truss")]

    assert best(space, Interest(space, likes), 1, papers) == ["bread"]


def test_what_is_like_the_dislikes_falls(space: PaperSpace) -> None:
    papers = space.vectors(some("pigeons", 10, start=300))
    indifferent, against = (Interest(space, some("bread", 3), some("pigeons", count)) for count in (0, 8))

    assert (against.scores(papers) < indifferent.scores(papers)).all()
    assert best(space, against) == ["bread"] * 10


def test_an_author_who_was_liked_is_followed(space: PaperSpace) -> None:
    likes = [Document(str(number), "A rare subject", authors=("Cy Twill",)) for number in range(3)]
    papers = [Document("theirs", "Plain words", authors=("Cy Twill",)), Document("others", "Plain words")]

    assert best(space, Interest(space, likes), 1, papers) == ["theirs"]


def test_with_many_likes_what_only_they_share_decides() -> None:
    """All are of bread and have one word besides; bread without it was announced often, and not liked."""
    space = PaperSpace([*background(), Document("once", "Rye")])
    likes = [Document(f"like {n}", f"{paper.title} rye", paper.abstract) for n, paper in enumerate(some("bread", 40))]
    papers = [*some("bread", 9, start=300), Document("rye", "Rye", "rye " * 9 + document("coins", 320).abstract)]

    assert best(space, Interest(space, likes), 1, papers) == ["rye"]


def test_a_liked_paper_of_the_background_is_not_counted_against_itself(space: PaperSpace) -> None:
    announced = [paper for paper in space.documents if paper.key.startswith("bread")][:40]
    papers = space.vectors([announced[0], document("bread", 300), document("bridges", 300)])

    scores = Interest(space, announced).scores(papers)

    assert scores[0] > scores[2]
    assert scores[1] > scores[2]


def test_an_interest_that_moved_is_followed_and_the_old_one_is_kept(space: PaperSpace) -> None:
    interest = Interest(space, [*some("bread", 60), *some("bridges", 6)])

    assert set(best(space, interest, 20)) == {"bread", "bridges"}
    assert set(best(space, interest, 6)) == {"bread", "bridges"}


def test_the_same_votes_give_the_same_scores() -> None:
    once, again = (
        Interest(each, some("bread", 4), keywords=["oven"]).scores(each.vectors(MAILING)).tolist()
        for each in (PaperSpace(background()), PaperSpace(background()))
    )

    assert once == again


def test_the_reason_is_the_nearest_like_and_what_speaks_for_the_paper(space: PaperSpace) -> None:
    likes = [Document("s", "Sourdough in a cold oven"), Document("c", "Cable girders", authors=("Cy Twill",))]
    reason = Interest(space, likes).reason(Document("g", "A girder of cable", authors=("Cy Twill", "Bo Chen")))

    assert reason.like == likes[1]
    assert set(reason.terms) == {"Cy Twill", "girder", "cable"}


def test_the_reason_of_keywords_alone_names_no_like(space: PaperSpace) -> None:
    reason = Interest(space, (), keywords=["girder"]).reason(document("bridges", 300))

    assert reason.like is None
    assert reason.terms


def test_the_reason_says_nothing_twice(space: PaperSpace) -> None:
    terms = Interest(space, some("bread", 5)).reason(document("bread", 300)).terms

    assert len(terms) == 3
    assert not any(one in other for one in terms for other in terms if one != other)


def test_who_said_nothing_ranks_nothing(space: PaperSpace) -> None:
    assert not Interest(space, ()).scores(space.vectors(MAILING)).any()
