from __future__ import annotations

import numpy as np

from bot.topics.features import Document
from bot.topics.logistic import regression
from bot.topics.paper_space import PaperSpace
from tests.topics.learned_papers import background, some


def test_it_tells_the_likes_from_all_else_and_likes_that_are_few_weigh_as_much() -> None:
    space = PaperSpace(background())
    weights = regression(space.vectors(some("bread", 5)), space.vectors(some("bridges", 90)), len(space.vocabulary))

    unseen = space.vectors([*some("bread", 20, start=200), *some("bridges", 20, start=200)]).times(weights)

    assert unseen[:20].min() > unseen[20:].max()


def test_it_comes_to_rest_at_the_least_of_what_it_makes_small() -> None:
    """Two papers without a common word: by symmetry the weights of both are as large, with opposite signs."""
    space = PaperSpace([Document("1", "Sourdough"), Document("2", "Bridges"), Document("3", "Pigeons")])
    liked, other = space.vectors(space.documents[:1]), space.vectors(space.documents[1:2])
    weight, opposite, nothing = regression(liked, other, len(space.vocabulary))

    assert np.isclose(weight, -opposite, atol=1e-3)
    assert np.isclose(weight, 15 / (1 + np.exp(weight)), atol=0.05)
    assert nothing == 0
