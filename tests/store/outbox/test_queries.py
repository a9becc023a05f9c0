"""Reading the outbox for people: what is current, how ids are shortened and found, what one delivery holds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import FailureKind
from bot.model import DeliveryState
from bot.store.database.tables import deliveries
from bot.store.outbox import DigestPaper
from bot.store.outbox.policy import Lane
from tests.store.outbox.test_outbox import ELSEWHERE, LANE, NOW, SECOND, claimed, enqueue, fail, message, rendered

if TYPE_CHECKING:
    from bot.store import Store

DAY = timedelta(days=1)


def rename(store: Store, *ids: str) -> None:
    """Give the deliveries these ids, in order."""
    with store._database.writing() as connection:
        for record, new in zip(store.queries.all(), ids, strict=True):
            connection.execute(deliveries.update().where(deliveries.c.id == record.id).values(id=new))


def test_current_is_what_is_not_over_and_what_was_given_up_lately(store: Store) -> None:
    for name in ("given", "lab", "old"):
        enqueue(store, rendered(message(name)), name=name)
    store.address_changes.drop(Lane("old", ""), "gone", NOW - 8 * DAY)
    store.address_changes.drop(Lane("given", ""), "gone", NOW - 2 * DAY)
    assert [record.subscriber for record in store.queries.current(NOW - 7 * DAY)] == ["given", "lab"]


def test_what_was_sent_or_taken_back_is_not_current(store: Store) -> None:
    enqueue(store, rendered())
    store.address_changes.withdraw("lab", "gone", NOW)
    assert store.queries.current(NOW - DAY) == ()


def test_all_is_everything_or_what_is_in_some_states(store: Store) -> None:
    for name in ("a", "b", "c"):
        enqueue(store, rendered(message(name)), name=name)
    store.address_changes.drop(Lane("a", ""), "gone", NOW)
    store.address_changes.withdraw("b", "gone", NOW)
    assert [record.subscriber for record in store.queries.all()] == ["a", "b", "c"]
    wanted = (DeliveryState.DROPPED, DeliveryState.PENDING)
    assert [record.subscriber for record in store.queries.all(*wanted)] == ["a", "c"]


def test_an_address_is_of_who_used_it_last_also_where_the_names_are_too_many_for_one_query(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.database.MOST_VALUES", 1)
    for name in ("b", "a"):
        enqueue(store, rendered(message(name)), recipients=("same",), name=name)
    assert store.queries.recipients(["a", "b"]) == {"same": "a"}


def test_an_id_is_found_by_its_beginning_in_either_case(store: Store) -> None:
    enqueue(store, rendered(message("one"), message("two")))
    rename(store, "abc1" + "0" * 28, "abd2" + "0" * 28)
    assert store.queries.ids_beginning_with("ABC") == ("abc1" + "0" * 28,)
    assert len(store.queries.ids_beginning_with("ab")) == 2
    assert store.queries.ids_beginning_with("ax") == ()


def test_what_is_no_id_is_no_pattern_either(store: Store) -> None:
    enqueue(store, rendered())
    assert store.queries.ids_beginning_with("%") == ()
    assert store.queries.ids_beginning_with("_") == ()


@pytest.mark.parametrize(
    ("first", "second", "length"),
    [("a" * 32, "b" * 32, 8), ("a" * 10 + "1" * 22, "a" * 10 + "2" * 22, 11), ("a" * 32, "a" * 31 + "b", 32)],
)
def test_ids_are_as_short_as_they_can_be_told_apart(store: Store, first: str, second: str, length: int) -> None:
    enqueue(store, rendered(message("one"), message("two")))
    rename(store, first, second)
    assert store.queries.id_length() == length


def test_ids_of_an_empty_outbox_have_eight_letters(store: Store) -> None:
    assert store.queries.id_length() == 8


def test_a_delivery_s_detail_has_every_field_and_the_texts_on_request(store: Store) -> None:
    told = [DigestPaper("2604.00002", 0, "birds", shown=True), DigestPaper("2604.00001", 2, "birds", shown=False)]
    enqueue(store, rendered(papers=told), recipients=(LANE.recipient,))
    fail(store, claimed(store), FailureKind.REJECTED)
    claimed(store, at=NOW + SECOND, owner=ELSEWHERE)
    (record,) = store.queries.all()
    detail = store.queries.detail(record.id)
    assert detail.record == record
    assert (detail.plain, detail.deaths, detail.owner) == (True, 0, str(ELSEWHERE))
    assert detail.lease_until is not None
    assert detail.papers == ("2604.00001", "2604.00002")
    assert (detail.payload, detail.plain_payload, detail.pruned) == (None, None, False)
    with_texts = store.queries.detail(record.id, texts=True)
    assert (with_texts.payload, with_texts.plain_payload) == ({"text": "hello"}, {"text": "plain hello"})


def test_a_pruned_delivery_says_so_and_has_no_texts(store: Store) -> None:
    enqueue(store, rendered(message(plain=None)))
    store.address_changes.drop(LANE, "gone", NOW)
    store.outbox.prune(NOW + DAY)
    (record,) = store.queries.all()
    detail = store.queries.detail(record.id, texts=True)
    assert (detail.pruned, detail.payload, detail.plain_payload) == (True, None, None)


def test_a_delivery_that_is_not_there_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError):
        store.queries.detail("0" * 32)
