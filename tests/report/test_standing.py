from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.compose.test_learned import BREAD, learning, told, vote

if TYPE_CHECKING:
    from tests.world import Environment


async def sentences(environment: Environment, identifier: str) -> list[str]:
    async with environment.app() as app:
        explanation = app.reporter.explain(identifier, app.matcher)
        return [topic.sentence for each in explanation.subscribers for topic in each.topics]


async def test_explain_says_the_place_the_score_s_parts_and_the_nearest_like(environment: Environment) -> None:
    await learning(environment, *map(vote, BREAD[:4]))
    best = (await told(environment))[0]

    _, said = await sentences(environment, best.paper.identifier)

    assert "learned from 4 likes and 0 dislikes: place 1 of 18 on 2026-04-21, score " in said
    found = re.search(r"score (\d\.\d\d) \(likes ([+-]\d\.\d\d)\)", said)
    assert found is not None
    assert float(found[1]) == float(found[2]) > 0
    assert said.endswith(best.reason)


async def test_explain_says_nothing_of_an_order_that_is_not_learned(environment: Environment) -> None:
    await learning(environment)

    assert len(await sentences(environment, "2604.00121")) == 1
