from __future__ import annotations

from typing import TYPE_CHECKING

from bot.report.evaluation import Evaluation, evaluate
from bot.topics.matched_papers import MatchedPapers
from tests.compose.test_learned import BREAD, learning, vote

if TYPE_CHECKING:
    from bot.store.feedback import FeedbackRecord
    from tests.world import Environment

LATER = ["2604.00122", "2604.00128"]
"""Of bread, in Tuesday's mailing."""


async def evaluated(environment: Environment, *votes: FeedbackRecord) -> Evaluation:
    await learning(environment, *votes)
    async with environment.app() as app:
        planner = app.planner(app.settings)
        matched = MatchedPapers(lambda: app.matcher)
        (found,) = evaluate(app.store, app.settings, matched, planner.learned)
        return found


async def test_what_was_liked_first_is_learned_from_and_tried_on_what_was_liked_later(
    environment: Environment,
) -> None:
    likes = [vote(name, minutes=minutes) for minutes, name in enumerate([*BREAD[:5], *LATER])]

    found = await evaluated(environment, *likes)

    assert (found.subscriber, found.topic, found.likes, found.mailings) == ("lab", "all", 5, 1)
    assert found.learned > 0.6 > found.relevance > 0


async def test_too_few_likes_say_nothing(environment: Environment) -> None:
    assert (await evaluated(environment, *map(vote, BREAD[:3]))).mailings == 0
