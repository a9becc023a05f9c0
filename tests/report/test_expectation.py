"""What `check` says to expect of each topic."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.model import AnnounceType, FeedItem, Message
from bot.report.expectation import expectations
from tests.builders import paper
from tests.world import TUESDAY, WEDNESDAY, morning

if TYPE_CHECKING:
    from bot.model import Digest
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


async def test_each_topic_counts_what_its_own_categories_announced_each_paper_once(environment: Environment) -> None:
    environment.config["topics"] = {
        name: {"categories": categories, "keywords": ["pigeon"]}
        for name, categories in (("birds", ["cs.CV", "cs.CL"]), ("talk", ["cs.CL"]), ("fish", ["cs.LG"]))
    }
    environment.config["subscribers"]["lab"]["topics"] = ["birds", "talk", "fish"]
    announce(environment, 0, 3)
    environment.announce(TUESDAY, paper("2604.07000", title="Pigeon talk"), category="cs.CL")
    environment.announce(TUESDAY, paper("2604.08000", title="Fish", abstract="Of fish."), category="cs.LG")
    await environment.once(morning(TUESDAY), no_deliver=True)
    announce(environment, 1, 1)
    environment.announce(
        WEDNESDAY, *(FeedItem(paper(f"2604.0000{n}", title=f"Pigeon {n}"), AnnounceType.CROSS) for n in (1, 2)),
        category="cs.CL",
    )  # fmt: skip
    environment.announce(WEDNESDAY, category="cs.LG")
    await environment.once(morning(WEDNESDAY), no_deliver=True)
    async with environment.app() as app:
        results = await app.check(send=False)
    said = {result.setting: result.message.partition(",")[0] for result in results}
    assert said["topics.birds"] == "1 to 4 papers a day"
    assert said["topics.talk"] == "1 to 2 papers a day"
    assert said["topics.fish"] == "0 papers a day"


class Counting:
    """A channel whose messages hold ten papers each; it counts how often it renders."""

    rendered = 0

    def render(self, digest: Digest, **_: object) -> tuple[Message, ...]:
        self.rendered += 1
        return tuple(Message({}) for _ in range(0, digest.matched, 10))


async def test_of_many_topics_few_are_rendered_and_each_has_its_own_number_of_messages(
    environment: Environment,
) -> None:
    papers = [paper(f"2604.{n:05d}", title=" ".join(f"word{m}x" for m in range(n, 60))) for n in range(1, 61)]
    topics = {f"t{n}": {"categories": ["cs.CV"], "keywords": [f"word{n}x"]} for n in range(1, 60)}
    environment.config["topics"] = topics
    environment.config["subscribers"]["lab"]["topics"] = list(topics)
    environment.announce(TUESDAY, *papers)
    await environment.once(morning(TUESDAY), no_deliver=True)
    channel = Counting()
    async with environment.app() as app:
        found = list(expectations(app.store, {"slack": channel}, app.settings, TUESDAY))  # type: ignore[dict-item]  # renders alone
    for n, result in enumerate(found, start=1):
        messages = -(-n // 10)
        shape = "one Slack message" if messages == 1 else f"{messages} Slack messages"
        assert result.message == f"{n} paper{'s' if n > 1 else ''} a day, {shape}"
    assert channel.rendered < len(topics) / 2
