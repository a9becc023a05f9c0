"""Two machines on one PostgreSQL: what a reader says at one, the other knows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.members.commands import count_being_sent
from bot.members.mailbox import mailbox_key
from bot.model import Limit, Limits
from bot.store import Store
from bot.store.outbox.claim import ClaimRequest
from bot.store.outbox.policy import Lane
from bot.web.request_limits import SIGNUP
from tests.members.driver import DORA, NOW, wait_for
from tests.web.conftest import Pages, fill, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIMITS = Limits(Limit("mail:d", 0.0), Limit("mail-relay:r", 0.0))


@pytest.fixture
async def machines(postgres_url: str) -> AsyncIterator[tuple[Pages, Pages]]:
    """Each with connections of its own, as two processes have."""
    stores = Store(postgres_url), Store(postgres_url)
    fill(stores[0])
    async with opened(stores[0]) as first, opened(stores[1]) as second:
        yield first, second
    for store in stores:
        store.close()


async def test_who_signs_up_at_one_confirms_steers_and_stops_at_the_other(machines: tuple[Pages, Pages]) -> None:
    first, second = machines
    await first.post("/", ("address", DORA), ("topic", "birds"))
    await second.post(second.confirm())
    await first.post(first.preferences(), ("do", "when"), ("at", "08:00"), ("zone", "UTC"), ("day", "Monday"))
    assert 'value="08:00"' in (await second.get(second.preferences())).text
    await second.post(second.unsubscribe())
    assert "is not written to since" in (await first.get(first.preferences())).said
    await first.post(first.unsubscribe().replace("unsubscribe", "undo"))
    assert second.suppression() is None


async def test_law_10_what_one_machine_was_told_the_other_does_not_send(machines: tuple[Pages, Pages]) -> None:
    """The other has read its roster before, and what waits comes in after the no."""
    first, second = machines
    await first.subscribed()
    member = second.member()
    assert member
    await first.post(first.unsubscribe())
    wait_for(second.readers.store, member.key, member.recipient)
    keys = second.readers.keys.suppression(mailbox_key(DORA))
    request = ClaimRequest(Lane(member.key, member.recipient), LIMITS, suppression_keys=keys)
    store = second.readers.store
    assert store.outbox.claim_batch([], [request], owner=store.owner, now=NOW).outcomes == (None,)
    assert count_being_sent(first.readers, mailbox_key(DORA)) == 0
    assert {record.state.value for record in store.queries.all()} == {"dropped"}


async def test_law_12_requests_are_counted_together(machines: tuple[Pages, Pages]) -> None:
    codes = [
        (await machines[number % 2].post("/", ("address", f"a{number}@example.edu"), ("topic", "birds"))).status
        for number in range(SIGNUP.address.burst + 1)
    ]
    assert codes == [200] * SIGNUP.address.burst + [429]


async def test_law_12_an_address_that_is_typed_at_both_gets_one_mail(machines: tuple[Pages, Pages]) -> None:
    for pages in (*machines, *machines):
        await pages.post("/", ("address", DORA), ("topic", "birds"))
    assert machines[0].mails() == ["confirm"]
