"""A subscriber under a new key: said while it can be helped, and with `was` it goes on where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.report.renamed import renamed
from tests.builders import paper
from tests.servers.slack import FaultScript
from tests.world import MONDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from typing import Any

MONDAYS, TUESDAYS, WEDNESDAYS = (
    paper(f"2604.0000{number}", title=f"Pigeons on {day}")
    for number, day in enumerate(("Monday", "Tuesday", "Wednesday"), start=1)
)


def rename(environment: Environment, **changes: Any) -> None:
    subscribers = environment.config["subscribers"]
    subscribers["group"] = {**subscribers.pop("lab"), **changes}


async def sentences(environment: Environment) -> dict[str, str]:
    async with environment.app() as app:
        return renamed(app.store, app.settings)


@pytest.fixture
async def told(environment: Environment) -> Environment:
    """A world in which `lab` was told of Monday's paper."""
    environment.announce(MONDAY, MONDAYS)
    await environment.once(morning(MONDAY))
    assert "Pigeons on Monday" in environment.slack_text()
    return environment


async def test_what_was_told_is_not_told_again_and_nothing_is_lost(told: Environment) -> None:
    told.announce(TUESDAY, TUESDAYS)
    await told.once(morning(TUESDAY), no_deliver=True)
    rename(told, was="lab")
    await told.once(morning(TUESDAY, 8))
    told.announce(WEDNESDAY, WEDNESDAYS)
    await told.once(morning(WEDNESDAY))
    await told.once(morning(WEDNESDAY, 7))
    for title in ("Pigeons on Monday", "Pigeons on Tuesday", "Pigeons on Wednesday"):
        assert told.slack_text().count(title) == 1, title
    assert await sentences(told) == {}


async def test_what_waits_for_it_goes_out_under_the_new_name(told: Environment) -> None:
    told.announce(TUESDAY, TUESDAYS)
    told.slack.script.append(FaultScript(status=503))
    run = await told.once(morning(TUESDAY))
    assert run.left_undone
    rename(told, was="lab")
    (lane,) = (await told.once(morning(TUESDAY, 8))).delivered
    assert (lane.subscriber, lane.sent, lane.withdrawn) == ("group", 1, 0)
    assert told.slack_text().count("Pigeons on Tuesday") == 1


async def test_without_was_it_is_told_again_which_is_said_before(told: Environment) -> None:
    rename(told)
    assert await sentences(told) == {
        "group": "has the address of lab, which is gone: `was: lab` lets it go on, else it starts anew"
    }
    await told.once(morning(MONDAY, 8))
    assert told.slack_text().count("Pigeons on Monday") == 2
    assert await sentences(told) == {}


async def test_with_was_it_is_said_that_it_goes_on(told: Environment) -> None:
    rename(told, was="lab", slack="C9876543210")
    assert await sentences(told) == {"group": "goes on where lab was, from the next run on"}


async def test_another_address_is_another_subscriber(told: Environment) -> None:
    rename(told, slack="C9876543210")
    assert await sentences(told) == {}
