"""One-click as RFC 8058 has it and as Gmail sends it; the page for people; taking it back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.members.commands import bounced
from bot.members.mailbox import mailbox_key
from bot.model import Limit, Limits, Receipt
from bot.settings import Address, Secret
from bot.store.outbox.claim import Claimed
from bot.store.outbox.policy import Lane
from bot.store.suppressions import SuppressionReason, Via
from tests.members.driver import DORA, NOW, wait_for
from tests.store.one_lane import claim_one, settle_sent
from tests.web.conftest import URLENCODED, opened

if TYPE_CHECKING:
    from bot.store import Store
    from tests.web.conftest import Pages

ALICE = "alice@example.edu"
ALICE_KEY = Address(Secret(ALICE), "mailbox", ALICE).key
LIMITS = Limits(Limit("mail:alice", 0.0), Limit("relay", 0.0))
ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = (
    b'--000000000000d0\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
    b"--000000000000d0--\r\n"
)
AS_SENT: dict[str, tuple[dict[str, str], bytes]] = {
    "Gmail, urlencoded": (URLENCODED, ONE_CLICK),
    "multipart": ({"Content-Type": "multipart/form-data; boundary=000000000000d0"}, MULTIPART),
    "without a body": ({}, b""),
    "without a body, but with a type": (URLENCODED, b""),
}


@pytest.mark.parametrize("sent", AS_SENT, ids=str)
async def test_one_click_acts_at_once_without_a_page_a_cookie_or_a_redirect(pages: Pages, sent: str) -> None:
    headers, body = AS_SENT[sent]
    wait_for(pages.readers.store, "alice", ALICE_KEY)
    answer = await pages.ask("POST", pages.unsubscribe(ALICE), headers=headers, data=body)
    assert answer.status == 200
    suppression = pages.suppression(ALICE)
    assert suppression
    assert (suppression.reason, suppression.how, suppression.subscriber) == (
        SuppressionReason.UNSUBSCRIBED,
        Via.ONE_CLICK,
        "alice",
    )
    (record,) = pages.readers.store.queries.all()
    assert record.state == "dropped"


async def test_a_token_that_is_not_ours_is_answered_the_same_and_nothing_is_written(pages: Pages) -> None:
    ours = await pages.post(pages.unsubscribe(ALICE))
    foreign = await pages.post("/unsubscribe/" + "A" * 43)
    other_purpose = await pages.post(pages.preferences(ALICE).replace("/preferences/", "/unsubscribe/"))
    assert {answer.status for answer in (ours, foreign, other_purpose)} == {200}
    assert ours.said == foreign.said == other_purpose.said
    with pages.readers.store.snapshot() as view:
        assert len(view.suppressions.all()) == 1
    get = [await pages.get(path) for path in (pages.unsubscribe(ALICE), "/unsubscribe/" + "A" * 43)]
    assert get[0].text == get[1].text


async def test_the_page_has_one_button_that_says_no_and_one_to_take_it_back(pages: Pages) -> None:
    question = await pages.get(pages.unsubscribe(ALICE))
    assert question.text.count("<button") == 1
    assert pages.suppression(ALICE) is None
    answer = await pages.post(pages.unsubscribe(ALICE), ("page", "1"))
    suppression = pages.suppression(ALICE)
    assert suppression
    assert suppression.how is Via.PAGE

    undo = pages.unsubscribe(ALICE).replace("/unsubscribe/", "/undo/")
    assert f'action="..{undo}"' in answer.text
    assert (await pages.get(undo)).text.count("<button") == 1
    assert pages.suppression(ALICE)
    answer = await pages.post(undo)
    assert (answer.status, pages.suppression(ALICE)) == (200, None)
    assert pages.preferences(ALICE) in answer.text


async def test_one_mailbox_of_a_subscriber_is_stopped_and_the_others_are_not(pages: Pages) -> None:
    bob, eve = (Address(Secret(name), "mailbox", "").key for name in ("bob@example.edu", "Eve@example.edu"))
    wait_for(pages.readers.store, "seminar", bob, eve)
    await pages.post(pages.unsubscribe("eve@example.edu"))
    assert sorted(record.state for record in pages.readers.store.queries.all()) == ["dropped", "pending"]


async def test_a_bounce_cannot_be_undone_by_a_click(pages: Pages) -> None:
    bounced(pages.readers, mailbox_key(ALICE), "some", "5.1.1", now=NOW)
    answer = await pages.post(pages.unsubscribe(ALICE).replace("/unsubscribe/", "/undo/"))
    assert "Sign up again to confirm" in answer.said
    assert pages.suppression(ALICE)


async def test_the_answer_comes_when_nothing_is_on_its_way_any_more(store: Store) -> None:
    """A mail that is being sent at that moment is over by then; the page's 200 is true."""
    async with opened(store, longest_wait_seconds=60) as pages:
        claimed = _claim(pages)
        asked = asyncio.create_task(pages.post(pages.unsubscribe(ALICE)))
        while pages.suppression(ALICE) is None:  # noqa: ASYNC110 - there is no event of another process's store
            await asyncio.sleep(0.01)
        for _ in range(20):  # an answer that did not wait would be here by now
            await pages.get("/healthz")
        assert not asked.done()
        settle_sent(store.outbox, claimed.delivery, Receipt(), LIMITS, owner=store.owner, now=NOW)
        assert (await asked).status == 200


async def test_it_does_not_wait_for_ever(pages: Pages) -> None:
    _claim(pages)
    assert (await pages.post(pages.unsubscribe(ALICE))).status == 200
    assert pages.suppression(ALICE)


def _claim(pages: Pages) -> Any:
    """Have a mail to alice be on its way."""
    store = pages.readers.store
    wait_for(store, "alice", ALICE_KEY)
    lane = Lane("alice", ALICE_KEY)
    claimed = claim_one(store.outbox, lane, LIMITS, owner=store.owner, now=NOW, ignore_backoff=False)
    assert isinstance(claimed, Claimed)
    return claimed


async def test_unsubscribing_is_never_refused_for_being_frequent(pages: Pages) -> None:
    """Gmail's clicks all come from Gmail's few networks."""
    answers = [await pages.post(pages.unsubscribe(f"r{n}@example.edu")) for n in range(150)]
    assert {answer.status for answer in answers} == {200}


async def test_a_subscriber_who_said_no_can_sign_up_and_confirm_again(pages: Pages) -> None:
    await pages.subscribed()
    await pages.post(pages.unsubscribe())
    assert pages.suppression()
    assert "unsubscribed" in (await pages.get(pages.preferences())).said
    pages.clock.set(NOW.replace(day=29))
    await pages.subscribed(DORA)
    assert pages.suppression() is None
