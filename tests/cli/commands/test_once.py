"""`paperboy once` and `paperboy status` where much is not in for one reason: it takes no time, and is said once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.cli.commands.once import _together
from tests.builders import paper
from tests.servers.arxiv import Answer
from tests.world import FRIDAY, MONDAY, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

COMPUTING = (
    """AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NE NI OH OS PF PL RO"""
)
MANY = [f"cs.{name}" for name in COMPUTING.split()]


@pytest.fixture
def unplugged(environment: Environment) -> Environment:
    """A machine without a network, and a topic that reads 34 categories."""
    environment.config["arxiv"] = {
        "rss_url": "http://127.0.0.1:1/rss/{category}",
        "oai_url": "http://127.0.0.1:1/oai",
        "seconds_between_requests": 3,
    }
    environment.config["topics"]["birds"]["categories"] = MANY
    environment.clock.set(morning(TUESDAY))
    return environment


async def test_without_a_network_34_categories_take_seconds_and_are_said_in_two_lines(
    paperboy: Terminal, unplugged: Environment
) -> None:
    answer = await paperboy("once")
    assert answer.code == 1
    assert unplugged.clock.now() - morning(TUESDAY) <= timedelta(seconds=10)
    collected = answer.out.splitlines()[1:3]
    assert [line.split("failed")[0].strip() for line in collected] == [
        "cs.AI, cs.AR and 1 more",
        "cs.CE, cs.CG and 29 more",
    ]
    assert "cannot connect to 127.0.0.1: " in collected[0]
    assert collected[1].endswith("127.0.0.1 was not reached 3 times and is not tried again for now")
    assert answer.out.splitlines()[3:] == [
        "Composed",
        "  lab  nothing new for it; waits for cs.AI, cs.AR and 32 more",
    ]
    assert answer.err.splitlines()[-1] == f"collected {MANY[-1]} (34 of 34)"


@pytest.mark.usefixtures("unplugged")
async def test_status_says_equal_reasons_of_many_categories_in_one_line(paperboy: Terminal) -> None:
    await paperboy("once")
    lines = (await paperboy("status")).out.splitlines()
    start = lines.index("Categories")
    assert lines[start + 3] == "Subscribers"
    assert lines[start + 1].startswith(
        "  cs.AI, cs.AR and 1 more   failed  not to be had since 08:00, asked once, due "
    )
    assert lines[start + 2].startswith(
        "  cs.CE, cs.CG and 29 more  failed  not to be had since 08:00, asked once, due "
    )
    assert len((await paperboy("status", "--json")).json["categories"]) == 34


async def test_what_is_in_keeps_a_line_for_each_category(paperboy: Terminal, environment: Environment) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CL", "cs.CV", "cs.LG"]
    environment.clock.set(morning(TUESDAY))
    for number, category in enumerate(("cs.CL", "cs.CV"), 1):
        environment.announce(TUESDAY, paper(f"2604.0000{number}"), category=category)
    answer = await paperboy("once")
    assert [line.split()[0] for line in answer.out.splitlines()[1:4]] == ["cs.CL", "cs.CV", "cs.LG"]
    assert "  lab  2 papers in 1 message; waits for cs.LG" in answer.out
    status = (await paperboy("status")).out.splitlines()
    assert [line.split()[0] for line in status[status.index("Categories") + 1 :][:3]] == ["cs.CL", "cs.CV", "cs.LG"]


async def test_a_pause_that_outlasts_the_run_is_said_once(paperboy: Terminal, environment: Environment) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CL", "cs.CV", "cs.LG", "math.NA"]
    environment.clock.set(morning(TUESDAY))
    environment.arxiv.feeds["cs.CL"] = Answer(status=503, headers={"Retry-After": "7200"})
    answer = await paperboy("once")
    assert (
        answer.out.splitlines()[2] == "  cs.CV, cs.LG and 1 more  not asked  no request before 2026-04-21 08:00 UTC"
    )
    assert answer.out.count("no request before") == 1


async def test_a_range_that_is_not_to_be_had_is_one_line_and_counted_truly(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CL", "cs.CV"]
    environment.clock.set(morning(TUESDAY))
    for category in ("cs.CL", "cs.CV"):
        environment.announce(TUESDAY, paper(), category=category)
    environment.config["arxiv"]["oai_url"] = "http://127.0.0.1:1/oai"
    answer = await paperboy("catchup", "--since", "2025-01-01", "--log-level", "error")
    assert answer.code == 1
    assert answer.err.splitlines() == [
        "collected cs.CL (1 of 4)",
        "collected cs.CV (2 of 4)",
        "collected cs.CL 2025-01-01 to 2026-04-20 (339) (3 of 4)",
        "collected cs.CV 2025-01-01 to 2026-04-20 (339) (4 of 4)",
    ]
    lines = answer.out.splitlines()
    reason = "OAI-PMH: cannot connect to 127.0.0.1: "
    assert [line for line in lines if reason in line] == [
        line for line in lines if line.startswith("  cs.CL, cs.CV 2025-01-01 to 2026-04-20 (339)  failed")
    ] + [line for line in lines if line.startswith("  cs.CL, cs.CV  2025-01-01 to 2026-04-20 (339)  OAI-PMH")]
    assert len(lines) < 12


def test_days_and_categories_of_which_the_same_is_said_stand_together() -> None:
    said = [
        ("cs.CL", FRIDAY, ("failed", "a")),
        ("cs.CL", MONDAY, ("failed", "a")),
        ("cs.CV", FRIDAY, ("failed", "a")),
        ("cs.CV", MONDAY, ("failed", "b")),
        ("cs.LG", FRIDAY, ("failed", "a")),
        ("cs.LG", MONDAY, ("failed", "a")),
    ]
    assert list(_together(said)) == [
        (["cs.CL", "cs.LG"], [FRIDAY, MONDAY], ("failed", "a")),
        (["cs.CV"], [FRIDAY], ("failed", "a")),
        (["cs.CV"], [MONDAY], ("failed", "b")),
    ]
