"""`paperboy rank` says what is known, and with --evaluate whether it helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.compose.test_learned import BREAD, learning, vote
from tests.report.test_evaluation import LATER

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal
    from tests.world import Environment


async def test_what_is_learned_from_is_counted(paperboy: Terminal, environment: Environment) -> None:
    await learning(environment, *map(vote, BREAD[:4]))

    assert "lab all 4 0 learned" in " ".join((await paperboy("rank")).out.split())


async def test_it_is_tried_on_later_likes(paperboy: Terminal, environment: Environment) -> None:
    likes = [vote(name, minutes=minutes) for minutes, name in enumerate([*BREAD[:5], *LATER])]
    await learning(environment, *likes)

    answer = " ".join((await paperboy("rank", "--evaluate")).out.split())

    assert "lab all 5 likes 1 mailing " in answer


async def test_too_few_likes_are_said_to_be_too_few(paperboy: Terminal, environment: Environment) -> None:
    await learning(environment)

    assert "too little" in (await paperboy("rank", "--evaluate")).out


async def test_nothing_is_learned_where_no_topic_asks_for_it(paperboy: Terminal, environment: Environment) -> None:
    await environment.once()

    assert "No topic" in (await paperboy("rank")).out
