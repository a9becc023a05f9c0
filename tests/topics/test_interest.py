from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.topics.features import Document
from bot.topics.interest import Examples, Interest
from bot.topics.paper_space import PaperSpace
from bot.topics.similarity_table import SimilarityTable
from tests.topics.learned_papers import SUBJECTS, background, document, some

if TYPE_CHECKING:
    from collections.abc import Sequence

MAILING = [paper for subject in SUBJECTS for paper in some(subject, 10, start=300)]


@pytest.fixture(scope="module")
def space() -> PaperSpace:
    return PaperSpace(background())


def learned(
    space: PaperSpace, likes: Sequence[Document], dislikes: Sequence[Document] = (), keywords: Sequence[str] = ()
) -> Interest:
    return Interest.alone(space, Examples(tuple(likes), tuple(dislikes), tuple(keywords)))


def best(interest: Interest, count: int = 10, papers: Sequence[Document] = MAILING) -> list[str]:
    """The subjects of the best papers, in order."""
    scores = interest.scores(papers).tolist()
    ranked = sorted(zip(scores, papers, strict=True), key=lambda each: -each[0])
    return [paper.key.partition("-")[0] for _, paper in ranked[:count]]


def test_what_is_like_the_likes_comes_first(space: PaperSpace) -> None:
    assert best(learned(space, some("bread", 3))) == ["bread"] * 10


def test_keywords_alone_are_enough(space: PaperSpace) -> None:
    assert best(learned(space, (), keywords=["girder"])) == ["bridges"] * 10


def test_a_paper_with_a_keyword_comes_before_papers_of_the_same_subject_without_it(space: PaperSpace) -> None:
    same = some("bridges", 40, start=400)
    without = [paper for paper in same if "girder" not in (paper.title + paper.abstract).lower()]
    papers = [*without, Document("with-1", "Girder dating of early silver")]

    assert len(without) > 4
    assert best(learned(space, (), keywords=["girder"]), 1, papers) == ["with"]


def test_keywords_help_a_few_likes(space: PaperSpace) -> None:
    stray = [document("bread", 1)]

    assert best(learned(space, stray, keywords=["homing", "loft"]), 4) == ["pigeons"] * 4


def test_what_is_like_the_dislikes_falls(space: PaperSpace) -> None:
    papers = some("pigeons", 10, start=300)
    indifferent, against = (learned(space, some("bread", 3), some("pigeons", count)) for count in (0, 8))

    assert (against.scores(papers) < indifferent.scores(papers)).all()
    assert best(against) == ["bread"] * 10


def test_an_author_who_was_liked_is_followed(space: PaperSpace) -> None:
    likes = [Document(str(number), "A rare subject", authors=("Cy Twill",)) for number in range(3)]
    papers = [Document("theirs", "Plain words", authors=("Cy Twill",)), Document("others", "Plain words")]

    assert best(learned(space, likes), 1, papers) == ["theirs"]


def test_with_many_likes_what_only_they_share_decides() -> None:
    """All are of bread and have one word besides; bread without it was announced often, and not liked."""
    space = PaperSpace([*background(), Document("once", "Rye")])
    likes = [Document(f"like {n}", f"{paper.title} rye", paper.abstract) for n, paper in enumerate(some("bread", 40))]
    papers = [*some("bread", 9, start=300), Document("rye", "Rye", "rye " * 9 + document("coins", 320).abstract)]

    assert best(learned(space, likes), 1, papers) == ["rye"]


def test_a_liked_paper_of_the_background_is_not_counted_against_itself(space: PaperSpace) -> None:
    announced = [paper for paper in space.documents if paper.key.startswith("bread")][:40]
    papers = [announced[0], document("bread", 300), document("bridges", 300)]

    scores = learned(space, announced).scores(papers)

    assert scores[0] > scores[2]
    assert scores[1] > scores[2]


def test_an_interest_that_moved_is_followed_and_the_old_one_is_kept(space: PaperSpace) -> None:
    interest = learned(space, [*some("bread", 60), *some("bridges", 6)])

    assert set(best(interest, 20)) == {"bread", "bridges"}
    assert set(best(interest, 6)) == {"bread", "bridges"}


def test_the_same_votes_give_the_same_scores() -> None:
    once, again = (
        learned(each, some("bread", 4), keywords=["oven"]).scores(MAILING).tolist()
        for each in (PaperSpace(background()), PaperSpace(background()))
    )

    assert once == again


def test_the_reason_is_the_nearest_like_and_what_speaks_for_the_paper(space: PaperSpace) -> None:
    likes = [Document("s", "Sourdough in a cold oven"), Document("c", "Cable girders", authors=("Cy Twill",))]
    reason = learned(space, likes).reasons([Document("g", "A girder of cable", authors=("Cy Twill", "Bo Chen"))])[0]

    assert reason.like == likes[1]
    assert set(reason.terms) == {"Cy Twill", "girder", "cable"}


def test_the_reason_of_keywords_alone_names_no_like(space: PaperSpace) -> None:
    reason = learned(space, (), keywords=["girder"]).reasons([document("bridges", 300)])[0]

    assert reason.like is None
    assert reason.terms


def test_the_reason_says_nothing_twice(space: PaperSpace) -> None:
    terms = learned(space, some("bread", 5)).reasons([document("bread", 300)])[0].terms

    assert len(terms) == 3
    assert not any(one in other for one in terms for other in terms if one != other)


def test_without_examples_all_scores_are_0(space: PaperSpace) -> None:
    assert not learned(space, ()).scores(MAILING).any()


def test_a_score_is_the_sum_of_its_parts_by_the_kind_of_examples(space: PaperSpace) -> None:
    interest = learned(space, some("bread", 5), some("pigeons", 3), ["oven"])

    parts = interest.parts(document("bread", 300))

    assert list(parts) == ["likes", "keywords", "dislikes"]
    assert sum(parts.values()) == pytest.approx(interest.scores([document("bread", 300)])[0], abs=1e-4)
    assert parts["likes"] > parts["keywords"] > 0


def test_a_paper_like_the_likes_scores_about_1_whether_few_or_many_are_the_examples(space: PaperSpace) -> None:
    papers = some("bread", 20, start=300)

    few, many = (learned(space, some("bread", count)).scores(papers).mean() for count in (5, 60))

    assert few == pytest.approx(1, abs=0.3)
    assert many == pytest.approx(1, abs=0.3)


def test_readers_who_share_a_table_get_the_scores_and_reasons_that_each_would_get_alone(space: PaperSpace) -> None:
    readers = [
        Examples(tuple(some("bread", 5)), tuple(some("coins", 2)), ("oven",)),
        Examples((*some("bridges", 30), *some("bread", 7)), keywords=("girder",)),
        Examples((), keywords=("loft",)),
    ]
    table = SimilarityTable(space, [document for each in readers for document in each.documents(space)])

    for examples in readers:
        alone, together = Interest.alone(space, examples), Interest(examples, table)
        assert together.scores(MAILING[:7]) == pytest.approx(alone.scores(MAILING[:7]), abs=1e-4)
        assert together.scores(MAILING) == pytest.approx(alone.scores(MAILING), abs=1e-4)
        assert together.reasons(MAILING) == alone.reasons(MAILING)
        assert together.parts(MAILING[0]) == pytest.approx(alone.parts(MAILING[0]), abs=1e-4)
