"""Whether a stored delivery can still be sent, decided once for the next run and for `deliveries retry`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.deliver.addressing import Reachable, Unreachable, find_address, readdress
from bot.model import DeliveryState
from tests.builders import paper
from tests.deliver.conftest import ON_BOTH
from tests.world import TUESDAY, morning

if TYPE_CHECKING:
    from typing import Any

    from tests.world import Environment

_MAILS = ["a@example.org", "b@example.org"]


async def _compose(environment: Environment, **lab: Any) -> None:
    """One digest for the lab in the outbox, not sent."""
    environment.config["subscribers"] = {"lab": {"topics": ["birds"], **lab}}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY), no_deliver=True)
    async with environment.app() as app:
        await app.runner.compose()


async def _addresses(environment: Environment, **lab: Any) -> list[Reachable | Unreachable]:
    """Where each of its deliveries goes in this configuration, in the order of their addresses."""
    environment.config["subscribers"] = {"lab": {"topics": ["birds"], **lab}} if lab else {}
    async with environment.app() as app:
        lanes = app.store.address_changes.lanes_with_channel()
        return [find_address(lane, channel, app.store, app.settings) for lane, channel in lanes]


async def test_an_address_that_is_still_there_is_found_by_its_hash(environment: Environment) -> None:
    await _compose(environment, mail=_MAILS)
    found = await _addresses(environment, mail=_MAILS)
    assert sorted(each.address.label for each in found if isinstance(each, Reachable)) == _MAILS


async def test_a_lane_follows_an_only_address_that_changed(environment: Environment) -> None:
    await _compose(environment, mail="old@example.org")
    (found,) = await _addresses(environment, mail="new@example.org")
    assert isinstance(found, Reachable)
    assert (found.address.label, found.moved) == ("new@example.org", True)


@ON_BOTH
@pytest.mark.parametrize(
    ("now", "becomes", "reason"),
    [
        pytest.param({}, DeliveryState.WITHDRAWN, "lab is no longer in the configuration", id="gone"),
        pytest.param(
            {"slack": "C0123456789"}, DeliveryState.WITHDRAWN, "lab moved from mail to slack", id="another channel"
        ),
        pytest.param(
            {"mail": "c@example.org"},
            DeliveryState.DROPPED,
            "its address is no longer in the configuration",
            id="one of several is gone",
        ),
    ],
)
async def test_what_has_no_address_any_more_is_what_the_next_run_takes_out_for_the_same_reason(
    environment: Environment, now: dict[str, str], becomes: DeliveryState, reason: str
) -> None:
    await _compose(environment, mail=_MAILS)
    assert await _addresses(environment, **now) == [Unreachable(becomes, reason)] * 2
    async with environment.app() as app:
        reports = readdress(app.store, app.settings, environment.clock.now())
        ended = app.store.queries.all(becomes)
        assert app.store.outbox.lanes() == ()
    assert {report.reason for report in reports} == {reason}
    assert sum(report.withdrawn + report.dropped for report in reports) == len(ended) == 2
    assert {record.reason for record in ended} == {reason}
