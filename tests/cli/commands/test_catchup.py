"""`paperboy catchup --since DATE`: what nobody asked for in time, from a whole arXiv on loopback, as one digest."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.fake_arxiv.politeness import violations
from tests.fake_arxiv.service import ArxivService
from tests.fake_arxiv.truth import Truth
from tests.world import morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.cli.conftest import Terminal
    from tests.world import Environment

MONDAY = date(2026, 10, 19)
LINK = re.compile(r"https://arxiv\.org/abs/([^|>\"' ]+)")


@pytest.fixture
async def arxiv(environment: Environment) -> AsyncIterator[ArxivService]:
    """Five mailings, the last of Friday the 23rd; its reader wants everything in cs.CV."""
    async with ArxivService(Truth(3, start=MONDAY, mailings=5, new_per_day=8), environment.clock) as service:
        environment.config["arxiv"] = {"rss_url": service.rss_url, "oai_url": service.oai_url}
        environment.config["topics"] = {"all": {"title": "All of it", "categories": ["cs.CV"]}}
        environment.config["subscribers"] = {"lab": {"slack": "C0123456789", "topics": ["all"], "max_messages": 50}}
        yield service


def told(environment: Environment, start: int = 0) -> set[str]:
    return set(LINK.findall(environment.slack_text(start)))


async def test_a_fresh_store_is_told_of_everything_since_then_in_one_digest(
    paperboy: Terminal, environment: Environment, arxiv: ArxivService
) -> None:
    tuesday, _, _, friday = arxiv.truth.days[1:]
    environment.clock.set(morning(friday))
    answer = await paperboy("catchup", "--since", f"{tuesday}")
    assert answer.code == 0, answer.out + answer.err
    assert [line.split()[1:3] for line in answer.out.splitlines()[1:5]] == [
        [f"{day}", "complete"] for day in arxiv.truth.days[1:]
    ]
    assert f"{arxiv.truth.days[0]}" not in answer.out
    owed = arxiv.truth.expected(["cs.CV"], days=arxiv.truth.days[1:])
    assert owed.told - owed.late <= told(environment) <= owed.told | owed.perhaps
    parts = (await paperboy("deliveries", "list", "--all", "--json")).json
    assert {part["parts"] for part in parts} == {len(parts)}
    assert not violations(arxiv.requests, 3)


async def test_a_gap_before_what_is_stored_is_filled_and_nothing_told_twice(
    paperboy: Terminal, environment: Environment, arxiv: ArxivService
) -> None:
    friday = arxiv.truth.days[-1]
    environment.clock.set(morning(friday))
    assert (await paperboy("once")).code == 0
    before, posts = told(environment), environment.received()["slack"]
    answer = await paperboy("catchup", "--since", f"{MONDAY}", "--log-level", "error")
    assert answer.code == 0, answer.out + answer.err
    assert f"cs.CV {friday}" in answer.out
    assert "complete already" in answer.out
    later = told(environment, posts)
    assert not before & later
    owed = arxiv.truth.expected(["cs.CV"])
    assert owed.told - owed.late <= before | later


async def test_with_nothing_missed_it_asks_nobody_and_says_nothing_new(
    paperboy: Terminal, environment: Environment, arxiv: ArxivService
) -> None:
    environment.clock.set(morning(arxiv.truth.days[-1]))
    await paperboy("catchup", "--since", f"{MONDAY}")
    asked, posts = len(arxiv.requests), environment.received()
    answer = await paperboy("catchup", "--since", f"{MONDAY}")
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "  lab  nothing new for it"
    assert (len(arxiv.requests), environment.received()) == (asked, posts)


async def test_it_waits_for_the_subscribers_hours_unless_it_is_told_not_to(
    paperboy: Terminal, environment: Environment, arxiv: ArxivService
) -> None:
    environment.config["subscribers"]["lab"]["at"] = "17:00"
    environment.clock.set(morning(arxiv.truth.days[-1]))
    waiting = await paperboy("catchup", "--since", f"{MONDAY}")
    assert "waits for its hour, Fri 23 Oct 2026 17:00" in waiting.out
    assert environment.received()["slack"] == 0
    assert (await paperboy("catchup", "--since", f"{MONDAY}", "--now")).code == 0
    assert told(environment)


async def test_what_arxiv_does_not_give_stays_missing_and_ends_with_1(
    paperboy: Terminal, environment: Environment, arxiv: ArxivService
) -> None:
    environment.config["arxiv"]["oai_url"] = arxiv.oai_url.replace("/oai", "/gone")
    environment.clock.set(morning(arxiv.truth.days[-1]))
    answer = await paperboy("catchup", "--since", "2026-10-21")
    assert answer.code == 1
    assert "Still missing\n  cs.CV  2026-10-21 to 2026-10-22 (2)  OAI-PMH: " in answer.out


@pytest.mark.parametrize(
    ("date", "advice"),
    [
        ("yesterday", "a date is expected, like 2026-04-21"),
        ("2026-02-30", "a date is expected, like 2026-04-21"),
        ("2026-10-24", "2026-10-24 is still to come, today is 2026-10-23"),
    ],
)
async def test_a_wrong_date_ends_with_2_and_asks_nobody(
    paperboy: Terminal, environment: Environment, arxiv: ArxivService, date: str, advice: str
) -> None:
    environment.clock.set(morning(arxiv.truth.days[-1]))
    answer = await paperboy("catchup", "--since", date)
    assert (answer.code, answer.out) == (2, "")
    assert advice in answer.err
    assert arxiv.requests == []
