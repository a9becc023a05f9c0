"""What `check` says to expect of each topic."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.builders import paper
from tests.world import TUESDAY, WEDNESDAY, morning

if TYPE_CHECKING:
    from tests.world import Environment


async def expected(environment: Environment) -> list[str]:
    async with environment.app() as app:
        results = await app.check(send=False)
    return [result.message for result in results if result.setting == "topics.birds"]


def announce(environment: Environment, day: int, papers: int) -> None:
    environment.announce(
        TUESDAY + timedelta(days=day),
        *(paper(f"2604.{day * 1000 + number:05d}", title=f"Pigeon {number}") for number in range(1, papers + 1)),
    )


async def test_the_fewest_and_the_most_papers_of_a_day_and_how_they_would_come(environment: Environment) -> None:
    environment.config["subscribers"] |= {
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
        "eve": {"mail": "eve@example.org", "topics": ["birds"]},
        "all": {"slack": "C0000000002", "topics": ["birds"], "max_messages": 50, "thread": False},
    }
    for day, papers in enumerate((4, 90)):
        announce(environment, day, papers)
        await environment.once(morning(TUESDAY + timedelta(days=day)), no_deliver=True)
    (said,) = await expected(environment)
    assert said == "4 to 90 papers a day, a Slack thread of 2, one mail, 6 Slack messages"


async def test_one_paper_on_the_only_day_is_one_message(environment: Environment) -> None:
    announce(environment, 0, 1)
    await environment.once(morning(TUESDAY), no_deliver=True)
    assert await expected(environment) == ["1 paper a day, one Slack message"]


async def test_a_digest_of_what_was_liked_is_nothing_to_expect_of_a_day(environment: Environment) -> None:
    environment.config["subscribers"]["liked"] = {"mail": "a@example.org", "topics": ["birds"], "digest": "liked"}
    announce(environment, 0, 1)
    await environment.once(morning(TUESDAY), no_deliver=True)
    assert await expected(environment) == ["1 paper a day, one Slack message"]


async def test_what_is_not_known_yet_is_said(environment: Environment) -> None:
    (said,) = await expected(environment)
    assert said == "nothing is known yet: `paperboy once --no-deliver` collects a mailing"


async def test_a_day_without_a_match_counts(environment: Environment) -> None:
    announce(environment, 0, 2)
    await environment.once(morning(TUESDAY), no_deliver=True)
    environment.announce(WEDNESDAY, paper("2604.09999", title="Fish", abstract="Of fish."))
    await environment.once(morning(WEDNESDAY), no_deliver=True)
    assert await expected(environment) == ["0 to 2 papers a day, one Slack message"]
