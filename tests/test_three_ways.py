"""The same mornings on SQLite alone, on PostgreSQL alone, and by a fleet's jobs: readers see no difference."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.store import Store
from tests.builders import paper
from tests.crash.judge import log_of, write_config
from tests.servers.slack import FaultScript
from tests.ways import World
from tests.world import MONDAY, TUESDAY, WEDNESDAY, morning

if TYPE_CHECKING:
    from tests.world import Environment

LANES = ("lab", "hook", "group", "room-hook", "alice@example.org", "bob@example.org")


@pytest.fixture(params=["sqlite", *(pytest.param(way, marks=pytest.mark.slow) for way in ("postgres", "fleet"))])
def world(request: pytest.FixtureRequest, environment: Environment) -> World:
    """A subscriber on every channel, and a site."""
    write_config(environment)
    environment.config["subscribers"]["lab"]["thread"] = False
    if request.param != "sqlite":
        environment.config["store"] = request.getfixturevalue("postgres_url")
    if request.param == "fleet":
        environment.config["fleet"] = True
    return World(environment, request.param)


def texts(world: World, lane: str) -> list[str]:
    """What came to a lane, in order."""
    return [text for _, text in log_of(world.environment, lane)]


def state_of(world: World) -> set[str]:
    """The states of all deliveries."""
    store = Store(world.environment.settings.store)
    found = {record.state.value for record in store.queries.all()}
    store.close()
    return found


async def test_everybody_is_told_once_and_the_page_is_there(world: World) -> None:
    world.environment.announce(MONDAY, paper("2604.00001", title="A pigeon of Monday"))
    await world.everything_due(morning(MONDAY))
    await world.everything_due(morning(MONDAY, 7))
    for lane in LANES:
        (only,) = texts(world, lane)
        assert "A pigeon of Monday" in only
    page = world.environment.folder / "site" / "birds" / f"{MONDAY}.md"
    assert "A pigeon of Monday" in page.read_text(encoding="utf-8")


async def test_the_next_day_tells_only_what_is_new(world: World) -> None:
    world.environment.announce(MONDAY, paper("2604.00001", title="A pigeon of Monday"))
    await world.everything_due(morning(MONDAY))
    world.environment.announce(
        TUESDAY, paper("2604.00001", title="A pigeon of Monday"), paper("2604.00002", title="A pigeon of Tuesday")
    )
    await world.everything_due(morning(TUESDAY))
    for lane in LANES:
        first, second = texts(world, lane)
        assert ("A pigeon of Monday" in first, "A pigeon of Monday" in second) == (True, False)
        assert "A pigeon of Tuesday" in second


async def test_law_4_a_destination_that_refuses_keeps_nothing_from_the_others_and_gets_all_in_order(
    world: World,
) -> None:
    world.environment.slack.refuses = lambda payload: "channel_not_found" if payload.get("channel") else ""
    for day, number in ((MONDAY, 1), (TUESDAY, 2)):
        world.environment.announce(day, paper(f"2604.0000{number}", title=f"Pigeon number {number}"))
        await world.everything_due(morning(day))
    assert [len(texts(world, lane)) for lane in LANES] == [0, 2, 2, 2, 2, 2]
    world.environment.slack.refuses = lambda _payload: ""
    await world.everything_due(morning(TUESDAY, 12))
    first, second = texts(world, "lab")
    assert "Pigeon number 1" in first
    assert "Pigeon number 2" in second


async def test_a_lost_answer_is_asked_about_and_the_message_stands_there_once(world: World) -> None:
    world.environment.announce(MONDAY, paper())
    world.environment.slack.script.append(FaultScript(takes=True, drops=True))
    for minutes in (0, 10, 20, 60):
        await world.everything_due(morning(MONDAY) + timedelta(minutes=minutes))
    assert len({key for key, _ in log_of(world.environment, "lab")}) == len(texts(world, "lab")) == 1
    assert state_of(world) == {"sent"}


async def test_an_hour_is_kept(world: World) -> None:
    world.environment.config["subscribers"]["group"]["at"] = "10:00"  # in Berlin; 08:00 UTC
    world.environment.announce(MONDAY, paper())
    await world.everything_due(morning(MONDAY, 7))
    assert [len(texts(world, lane)) for lane in LANES] == [1, 1, 0, 1, 1, 1]
    await world.everything_due(morning(MONDAY, 8, 1))
    assert [len(texts(world, lane)) for lane in LANES] == [1, 1, 1, 1, 1, 1]


async def test_what_waits_for_a_subscriber_that_is_gone_is_not_sent(world: World) -> None:
    world.environment.announce(MONDAY, paper())
    world.environment.mail.bounces["alice@example.org"] = "451 4.3.0 try later"
    await world.everything_due(morning(MONDAY))
    del world.environment.config["subscribers"]["duo"]
    world.environment.mail.bounces.clear()
    await world.everything_due(morning(MONDAY, 12))
    assert (len(texts(world, "alice@example.org")), len(texts(world, "bob@example.org"))) == (0, 1)
    assert state_of(world) == {"sent", "withdrawn"}


async def test_a_mailing_that_was_not_whole_is_told_when_it_is(world: World) -> None:
    world.environment.announce(MONDAY, paper("2604.00001", title="A pigeon of Monday"))
    await world.everything_due(morning(MONDAY))
    world.environment.arxiv.feeds["cs.CV"] = b"<rss"
    await world.everything_due(morning(TUESDAY))
    assert [len(texts(world, lane)) for lane in LANES] == [1] * 6
    world.environment.announce(TUESDAY, paper("2604.00002", title="A pigeon of Tuesday"))
    await world.everything_due(morning(TUESDAY, 12))
    world.environment.announce(WEDNESDAY, paper("2604.00003", title="A pigeon of Wednesday"))
    await world.everything_due(morning(WEDNESDAY))
    for lane in LANES:
        told = zip(("Monday", "Tuesday", "Wednesday"), texts(world, lane), strict=True)
        assert all(f"A pigeon of {day}" in text for day, text in told)
