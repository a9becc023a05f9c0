from __future__ import annotations

import numpy as np
import pytest

from bot.topics.features import Document
from bot.topics.paper_space import PaperSpace
from bot.topics.vectors import Vocabulary
from tests.topics.learned_papers import SUBJECTS, background, document, some


@pytest.fixture(scope="module")
def space() -> PaperSpace:
    return PaperSpace(background())


def weights(space: PaperSpace, paper: Document) -> dict[str, float]:
    vectors = space.words([paper])
    names = map(space.vocabulary.name, vectors.columns)
    return dict(zip(names, vectors.values.tolist(), strict=True))


def test_vectors_have_length_one_and_words_that_nobody_else_has_count_nothing(space: PaperSpace) -> None:
    papers = space.words([document("bread", 1), Document("new", "Entirely unheard words"), Document("empty", "")])

    squares = np.bincount(papers.rows, papers.values**2, len(papers))
    assert squares == pytest.approx([1, 0, 0], abs=1e-5)
    assert weights(space, Document("w", "zeppelin oven"))["oven"] == pytest.approx(1)


def test_an_author_whom_nobody_else_has_counts_beside_the_words(space: PaperSpace) -> None:
    found = weights(space, Document("a", "oven crust", authors=("Cy Twill",)))

    assert found["oven"] ** 2 + found["crust"] ** 2 + found["oven crust"] ** 2 == pytest.approx(1, abs=1e-5)
    assert found["author:cy twill"] > 1


def test_a_rare_word_weighs_more_than_a_common_one(space: PaperSpace) -> None:
    found = weights(space, Document("r", "measure oven"))

    assert found["oven"] > found["measure"]


def test_words_that_stand_together_elsewhere_make_papers_near_each_other(space: PaperSpace) -> None:
    papers = [Document("1", "sourdough oven"), Document("2", "yeast gluten"), Document("3", "cable girder")]
    one, same, other = space.place(papers).topics

    assert one @ same > max(0, one @ other)


def test_the_same_papers_make_the_same_space() -> None:
    once, again = (PaperSpace(background()).place(some("bread", 3)) for _ in range(2))

    assert np.array_equal(once.topics, again.topics)
    assert np.array_equal(once.projection, again.projection)
    assert np.array_equal(once.words.values, again.words.values)


def test_what_was_read_before_changes_no_vector() -> None:
    alone = PaperSpace(background()).words(some("bread", 3))
    vocabulary = Vocabulary()
    vocabulary.read(Document("x", "Words that nobody else has, sourdough among them"))
    after = PaperSpace(background(), vocabulary).words(some("bread", 3))

    assert after.values == pytest.approx(alone.values, abs=1e-6)


def test_the_papers_that_fit_keywords_best_are_of_their_subject(space: PaperSpace) -> None:
    found = space.best_for(("sourdough", "wild yeast"), 20)

    assert 20 <= len(found) <= 40
    assert {document.key.partition("-")[0] for document in found} == {"bread"}


def test_keywords_that_stand_nowhere_find_nothing(space: PaperSpace) -> None:
    assert len(space.best_for(("zeppelin",), 20)) == 0


def test_only_the_latest_papers_count() -> None:
    papers = [Document(str(number), f"word{number}") for number in range(4100)]

    assert PaperSpace(papers).documents[0].key == "100"


def test_without_any_paper_there_is_a_space_without_topics() -> None:
    space = PaperSpace(())
    papers = space.place(some("bread", 2))

    assert papers.topics.shape == (2, 0)
    assert not space.similarities(papers, papers).any()


def test_what_is_announced_often_has_more_in_common_with_announced_papers_than_what_is_not(space: PaperSpace) -> None:
    often, once = (space.place([each]) for each in (document("bread", 200), Document("1", "oven of wind")))

    assert space.similarities(often, often)[0, 0] < space.similarities(once, once)[0, 0] < 1.1


def test_similarity_is_a_covariance(space: PaperSpace) -> None:
    papers = space.place([document(subject, number) for subject in SUBJECTS for number in range(9)])
    similarities = space.similarities(papers, papers)

    assert similarities == pytest.approx(similarities.T, abs=1e-5)
    assert np.linalg.eigvalsh(similarities.astype(np.float64)).min() > -1e-4
