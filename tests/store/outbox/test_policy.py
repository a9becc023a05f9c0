"""What a failure means for a delivery, where it depends on the delivery itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import FailureKind
from bot.model import DeliveryState, Receipt
from bot.store.outbox import Claimed
from bot.store.outbox.policy import backoff
from tests.store.one_lane import settle_sent
from tests.store.outbox.test_outbox import (
    GATES,
    ME,
    MINUTE,
    NOW,
    claim,
    claimed,
    enqueue,
    fail,
    message,
    rendered,
)

if TYPE_CHECKING:
    from bot.store import Store


def test_a_reply_whose_thread_is_gone_goes_to_the_channel_itself_and_so_do_later_ones(store: Store) -> None:
    enqueue(store, rendered(message("first"), message("second", reply=True), message("third", reply=True)))
    settle_sent(store.outbox, claimed(store), Receipt("1"), GATES, owner=ME, now=NOW)
    second = claimed(store, at=NOW + MINUTE)
    assert (second.parent, second.thread_gone) == ("1", False)
    assert fail(store, second, FailureKind.THREAD_GONE, at=NOW + MINUTE) is DeliveryState.PENDING
    for minutes in (2, 3):
        later = claimed(store, at=NOW + minutes * MINUTE, ignore_backoff=True)
        assert (later.parent, later.thread_gone) == (None, True)
        settle_sent(store.outbox, later, Receipt(), GATES, owner=ME, now=NOW + minutes * MINUTE)


def test_a_message_in_no_thread_whose_thread_is_said_to_be_gone_is_tried_again_later(store: Store) -> None:
    enqueue(store, rendered())
    assert fail(store, claimed(store), FailureKind.THREAD_GONE) is DeliveryState.PENDING
    assert not isinstance(claim(store, at=NOW + MINUTE), Claimed)
    again = claimed(store, at=NOW + backoff(1))
    assert not again.thread_gone
