"""What is left for an address that is gone is dropped or withdrawn; what has a new address goes there, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import FailureKind
from bot.model import (
    AnnounceType,
    DeliveryState,
    FeedItem,
    Mailing,
    MailingState,
    OnUnknown,
    Receipt,
)
from bot.store.outbox import Claimed, DigestPaper
from bot.store.outbox.policy import Lane
from bot.store.papers import Verdict
from bot.store.subscribers import SubscriberState
from tests.builders import paper
from tests.store.one_lane import settle_sent
from tests.store.outbox.test_outbox import (
    GATES,
    LANE,
    ME,
    MINUTE,
    NOW,
    SECOND,
    claim,
    claimed,
    enqueue,
    fail,
    message,
    rendered,
    states,
)

if TYPE_CHECKING:
    from bot.store import Store


def test_a_lane_of_nobody_is_dropped_but_for_what_is_being_sent(store: Store) -> None:
    enqueue(store, rendered(message("one"), message("two")))
    claimed(store)
    assert store.address_changes.drop(LANE, "gone", NOW) == 1
    assert sorted(states(store)) == [DeliveryState.DROPPED, DeliveryState.SENDING]


def test_what_nobody_knows_to_have_arrived_is_dropped_with_its_lane(store: Store) -> None:
    enqueue(store, rendered())
    fail(store, claimed(store), FailureKind.UNKNOWN)
    assert states(store) == [DeliveryState.UNKNOWN]
    assert store.address_changes.drop(LANE, "gone", NOW) == 1
    assert states(store) == [DeliveryState.DROPPED]


def test_what_was_for_a_subscriber_that_is_gone_is_taken_back_and_it_is_forgotten(store: Store) -> None:
    told = DigestPaper("2604.00001", 0, "birds", shown=True)
    enqueue(store, rendered(papers=[told]))
    assert store.address_changes.withdraw("lab", "gone", NOW) == 1
    assert states(store) == [DeliveryState.WITHDRAWN]
    assert store.subscribers.told({"2604.00001"}) == {}
    assert store.subscribers.state("lab") is None


def test_what_was_held_for_a_subscriber_that_is_gone_is_taken_back_too(store: Store) -> None:
    enqueue(store, rendered())
    fail(store, claimed(store), FailureKind.UNKNOWN)
    claim(store, at=NOW + 5 * MINUTE, on_unknown=OnUnknown.HOLD)
    assert store.outbox.lanes() == (LANE,)
    assert store.address_changes.withdraw("lab", "gone", NOW) == 1
    assert store.outbox.lanes() == ()


def test_what_was_for_another_channel_is_taken_back_and_considered_again(store: Store) -> None:
    answer = Mailing("cs.CV", NOW.date(), (FeedItem(paper("2604.00001"), AnnounceType.NEW),))
    store.papers.record(answer, Verdict(MailingState.COMPLETE, ""), NOW)
    told = DigestPaper("2604.00001", 0, "birds", shown=True)
    state = SubscriberState("lab", {"birds/cs.CV": 1})
    store.outbox.enqueue(state, rendered(papers=[told]), ("",), NOW)
    assert store.address_changes.withdraw("lab", "moved", NOW, but_for="slack") == 0
    assert store.address_changes.withdraw("lab", "moved", NOW, but_for="mail") == 1
    after = store.subscribers.state("lab")
    assert after is not None
    assert after.cursors == {"birds/cs.CV": 0}
    assert store.subscribers.told({"2604.00001"}) == {}


def test_what_told_of_no_paper_is_taken_back_without_looking_back(store: Store) -> None:
    enqueue(store, rendered())
    before = store.subscribers.state("lab")
    assert store.address_changes.withdraw("lab", "moved", NOW, but_for="mail") == 1
    assert store.subscribers.state("lab") == before


def test_a_lane_that_was_its_digest_s_only_one_can_follow_its_address(store: Store) -> None:
    enqueue(store, rendered(), recipients=("old",))
    assert store.address_changes.had_one_address(Lane("lab", "old"))
    store.address_changes.readdress(Lane("lab", "old"), "new")
    assert store.outbox.lanes() == (Lane("lab", "new"),)
    enqueue(store, rendered(message("more")), recipients=("a", "b"))
    assert not store.address_changes.had_one_address(Lane("lab", "a"))


def test_a_lane_whose_digest_is_half_sent_to_an_earlier_address_can_follow_too(store: Store) -> None:
    enqueue(store, rendered(message("one"), message("two")), recipients=("old",))
    first = claim(store, lane=Lane("lab", "old"))
    assert isinstance(first, Claimed)
    settle_sent(store.outbox, first.delivery, Receipt("1"), GATES, owner=ME, now=NOW)
    store.address_changes.readdress(Lane("lab", "old"), "mistyped")
    assert store.address_changes.had_one_address(Lane("lab", "mistyped"))


def test_nothing_goes_to_a_new_address_ahead_of_what_is_being_sent_to_the_old_one(store: Store) -> None:
    enqueue(store, rendered(message("one"), message("two")), recipients=("old",))
    first = claim(store, lane=Lane("lab", "old"))
    assert isinstance(first, Claimed)
    store.address_changes.readdress(Lane("lab", "old"), "new")
    assert store.outbox.lanes() == (Lane("lab", "old"),)
    fail(store, first.delivery, FailureKind.TRANSIENT)
    store.address_changes.readdress(Lane("lab", "old"), "new")
    again = claim(store, at=NOW + SECOND, lane=Lane("lab", "new"), ignore_backoff=True)
    assert isinstance(again, Claimed)
    assert again.delivery.id == first.delivery.id
