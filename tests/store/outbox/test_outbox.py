"""The outbox: composed once, claimed by one, settled by the answer; nothing is done before it is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from bot.errors import DeliveryError, FailureKind
from bot.model import (
    DeliveryState,
    Hit,
    Limit,
    Limits,
    Message,
    OnUnknown,
    Receipt,
    Shard,
    UnknownDelivery,
)
from bot.store import Store
from bot.store.database.tables import IS_OPEN, deliveries
from bot.store.outbox import Claimed, DigestPaper, RenderedDigest
from bot.store.outbox.claim import ClaimRequest
from bot.store.outbox.policy import CIRCUIT_OPEN_FOR, LEASE, MAX_CRASHES, ClaimLostError, Lane, Wait
from bot.store.subscribers import StateChangedError, SubscriberState
from bot.store.worker import WorkerId
from tests.store.one_lane import claim_one, settle_sent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.model import Delivery

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ME = WorkerId.current()
DEAD = replace(ME, started="1")
ELSEWHERE = replace(ME, host="elsewhere")
GATES = Limits(Limit("slack:c1", 1.0), Limit("slack-token:t", 0.2))
LANE = Lane("lab", "")
NO_PACE = Limit("relay", 0)


def message(text: str = "hello", *, plain: str | None = "plain hello", reply: bool = False) -> Message:
    return Message({"text": text}, None if plain is None else {"text": plain}, reply)


def rendered(*messages: Message, papers: Sequence[DigestPaper] = (), title: str = "Birds") -> RenderedDigest:
    return RenderedDigest("slack", title, messages or (message(),), tuple(papers))


def enqueue(store: Store, of: RenderedDigest, *, name: str = "lab", recipients: Sequence[str] = ("",)) -> int:
    state = store.subscribers.state(name) or SubscriberState(name)
    return store.outbox.enqueue(state, of, recipients, NOW)


def claim(
    store: Store,
    *,
    at: datetime = NOW,
    owner: WorkerId = ME,
    on_unknown: OnUnknown = OnUnknown.RESEND,
    ignore_backoff: bool = False,
    limits: Limits = GATES,
    lane: Lane = LANE,
) -> Claimed | Wait | None:
    """The next to send, where nobody can be asked about what is unknown."""
    store.outbox.recover(lane, owner=owner, now=at)
    found = claim_one(store.outbox, lane, limits, owner=owner, now=at, ignore_backoff=ignore_backoff)
    if isinstance(found, UnknownDelivery):
        store.outbox.reconciliation.mark_unknowable(found.delivery, "no way", on_unknown, owner=owner, now=at)
        found = claim_one(store.outbox, lane, limits, owner=owner, now=at, ignore_backoff=ignore_backoff)
    assert not isinstance(found, UnknownDelivery)
    return found


def claimed(store: Store, *, at: datetime = NOW, owner: WorkerId = ME, ignore_backoff: bool = False) -> Delivery:
    found = claim(store, at=at, owner=owner, ignore_backoff=ignore_backoff)
    assert isinstance(found, Claimed), found
    return found.delivery


def fail(
    store: Store,
    delivery: Delivery,
    kind: FailureKind,
    *,
    at: datetime = NOW,
    retry_after: float | None = None,
    affects_credential: bool = False,
) -> DeliveryState:
    error = DeliveryError(kind, "no", retry_after=retry_after, affects_credential=affects_credential)
    return store.outbox.settle_failed(delivery, error, GATES, owner=ME, now=at)


def states(store: Store) -> list[DeliveryState]:
    open_ones = store.queries.unfinished()
    ended = store.queries.ended_since(datetime(2026, 1, 1, tzinfo=UTC), *(s for s in DeliveryState if s.final))
    return [record.state for record in (*ended, *open_ones)]


# -- composed once -----------------------------------------------------------------------------------------------


def test_a_digest_is_one_delivery_per_message_and_recipient(store: Store) -> None:
    assert enqueue(store, rendered(message("one"), message("two")), recipients=("a", "b")) == 4
    assert store.outbox.lanes() == (Lane("lab", "a"), Lane("lab", "b"))


def test_equal_digests_of_two_subscribers_are_stored_once(store: Store) -> None:
    enqueue(store, rendered())
    enqueue(store, rendered(), name="other")
    with store._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM digests").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM deliveries").scalar() == 2


def test_a_lane_is_in_the_backlog_of_one_shard_and_recovered_there_alone(store: Store) -> None:
    names = [f"s{number}" for number in range(6)]
    lanes = [Lane(name, "") for name in names]
    for lane in lanes:
        enqueue(store, rendered(message("one"), message("two")), name=lane.subscriber)
        assert isinstance(
            claim(store, owner=DEAD, lane=lane, limits=Limits(Limit(lane.subscriber, 0), NO_PACE)), Claimed
        )
    shards = [Shard(number, 3) for number in range(3)]
    of_shards = [store.outbox.backlog(shard) for shard in shards]
    assert sorted(lane for backlog in of_shards for lane in backlog) == lanes
    assert all(lane.subscriber in shard for shard, backlog in zip(shards, of_shards, strict=True) for lane in backlog)
    assert {lane: left for backlog in of_shards for lane, left in backlog.items()} == store.outbox.backlog()
    found = [store.outbox.recover(*lanes, owner=ME, now=NOW, shard=shard) for shard in shards]
    assert [{lane for lane, _ in each} for each in found] == [set(backlog) for backlog in of_shards]
    assert store.outbox.recover(*lanes, owner=ME, now=NOW) == ()


def test_a_day_without_a_digest_only_moves_its_subscriber_on(store: Store) -> None:
    assert (
        store.outbox.enqueue(SubscriberState("lab", {"birds/cs.CV": 7}, heard_until=NOW.date()), None, (), NOW) == 0
    )
    assert store.outbox.lanes() == ()
    assert store.subscribers.state("lab") == SubscriberState("lab", {"birds/cs.CV": 7}, None, NOW.date(), 1)


def test_of_two_composers_of_one_subscriber_the_second_writes_nothing(store: Store) -> None:
    enqueue(store, rendered())
    seen = store.subscribers.state("lab")
    assert seen is not None
    enqueue(store, rendered(message("more")))
    with pytest.raises(StateChangedError):
        store.outbox.enqueue(seen, rendered(message("again")), ("",), NOW)
    assert len(store.queries.unfinished()) == 2


def test_of_two_first_composers_the_second_writes_nothing(store: Store) -> None:
    enqueue(store, rendered())
    with pytest.raises(StateChangedError):
        store.outbox.enqueue(SubscriberState("lab"), rendered(message("again")), ("",), NOW)
    assert len(store.queries.unfinished()) == 1


def test_what_a_digest_tells_is_told_to_its_subscriber_alone(store: Store) -> None:
    told = DigestPaper("2604.00001", 0, "birds", shown=True, hits=(Hit("pigeon", "title"),))
    enqueue(store, rendered(papers=[told]))
    assert store.subscribers.told({"2604.00001", "2604.00002"}) == {"lab": {("2604.00001", 0)}}
    assert store.subscribers.told(set()) == {}
    (record,) = store.queries.told_of("2604.00001")
    assert (record.subscriber, record.hits, record.states) == ("lab", told.hits, (DeliveryState.PENDING,))


def test_who_was_told_the_same_is_told_of_in_one_value(store: Store) -> None:
    one, two = (rendered(papers=[DigestPaper(f"2604.0000{n}", n, "birds", shown=True)], title=f"{n}") for n in (0, 1))
    for name in ("lab", "other", "third"):
        enqueue(store, one, name=name)
    for name in ("lab", "other"):
        enqueue(store, two, name=name)
    told = store.subscribers.told({"2604.00000", "2604.00001"})
    assert told == {name: {("2604.00000", 0), ("2604.00001", 1)} for name in ("lab", "other")} | {
        "third": {("2604.00000", 0)}
    }
    assert told["lab"] is told["other"]


# -- composed for many at once -----------------------------------------------------------------------------------


def crowd(size: int, *, revision: int = 0) -> list[tuple[SubscriberState, tuple[str, ...]]]:
    return [(SubscriberState(f"s{n}", {"birds/cs.CV": 7}, revision=revision), ("a", "b")) for n in range(size)]


def test_for_many_at_once_each_gets_its_own_deliveries_and_its_own_state(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.outbox.enqueue._MAX_SUBSCRIBERS_PER_TRANSACTION", 2)
    assert store.outbox.enqueue_all([(crowd(5), rendered(message("one"), message("two")))], NOW) == frozenset()
    assert store.outbox.lanes() == tuple(Lane(f"s{n}", to) for n in range(5) for to in ("a", "b"))
    assert len({record.id for record in store.queries.unfinished()}) == 20
    assert store.subscribers.states() == {
        f"s{n}": SubscriberState(f"s{n}", {"birds/cs.CV": 7}, revision=1) for n in range(5)
    }
    with store._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM digests").scalar() == 1


def test_a_day_without_a_digest_moves_many_on(store: Store) -> None:
    assert store.outbox.enqueue_all([(crowd(3), None)], NOW) == frozenset()
    assert store.outbox.enqueue_all([(crowd(3, revision=1), None)], NOW) == frozenset()
    assert {state.revision for state in store.subscribers.states().values()} == {2}
    assert store.outbox.lanes() == ()


@pytest.mark.parametrize("revision", [0, 1], ids=["newcomers", "known"])
def test_of_many_at_once_only_those_are_left_out_for_whom_another_process_composed(
    store: Store, revision: int
) -> None:
    """Law 4: each one's fence is its own."""
    if revision:
        store.outbox.enqueue_all([(crowd(4), None)], NOW)
    store.outbox.enqueue(crowd(4, revision=revision)[2][0], None, (), NOW)  # the other process
    assert store.outbox.enqueue_all([(crowd(4, revision=revision), rendered())], NOW) == {"s2"}
    assert {lane.subscriber for lane in store.outbox.lanes()} == {"s0", "s1", "s3"}
    assert {state.revision for state in store.subscribers.states().values()} == {revision + 1}


def test_newcomers_and_known_ones_are_composed_for_together(store: Store) -> None:
    store.outbox.enqueue_all([(crowd(2), None)], NOW)
    mixed = [*crowd(2, revision=1), *crowd(4)[2:]]
    assert store.outbox.enqueue_all([(mixed, rendered())], NOW) == frozenset()
    assert [state.revision for _, state in sorted(store.subscribers.states().items())] == [2, 2, 1, 1]


# -- claimed by one ----------------------------------------------------------------------------------------------


def test_a_claim_is_committed_before_it_is_returned(store: Store, url: str) -> None:
    enqueue(store, rendered())
    delivery = claimed(store)
    assert delivery.payload == {"text": "hello"}
    other = Store(url)
    assert [record.state for record in other.queries.unfinished()] == [DeliveryState.SENDING]
    other.close()


def test_the_next_of_a_lane_is_found_without_a_look_at_the_open_ones_of_others(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'p.db'}")
    asked: list[Any] = []
    event.listen(store._database._engines.reading, "before_cursor_execute", lambda *seen: asked.append(seen[2:4]))
    requests = [ClaimRequest(Lane(f"s{number}", f"to{number}"), GATES) for number in range(20)]
    assert store.outbox.claim_batch((), requests, owner=ME, now=NOW).outcomes == (None,) * 20
    statement, values = next(each for each in asked if "row_number" in each[0])
    with store._database.reading() as connection:
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any("USING INDEX deliveries_open (recipient=?" in step for step in plan)
    store.close()


def test_the_index_of_open_deliveries_has_every_state_that_is_not_final() -> None:
    assert str(IS_OPEN) == f"state NOT IN {tuple(state.value for state in DeliveryState if state.final)}"


def test_what_somebody_else_is_sending_is_waited_for(store: Store) -> None:
    enqueue(store, rendered())
    claimed(store, owner=ELSEWHERE)
    found = claim(store, at=NOW + MINUTE)
    assert isinstance(found, Wait)
    assert (found.until, found.pacing) == (NOW + LEASE, False)


def test_an_empty_lane_has_nothing_to_claim(store: Store) -> None:
    assert claim(store) is None


def test_messages_to_one_address_go_in_order_one_at_a_time(store: Store) -> None:
    enqueue(store, rendered(message("one"), message("two")))
    first = claimed(store)
    assert first.payload == {"text": "one"}
    settle_sent(store.outbox, first, Receipt("ts1"), GATES, owner=ME, now=NOW)
    second = claimed(store, at=NOW + SECOND)
    assert second.payload == {"text": "two"}
    assert (second.part, second.parts, second.parent) == (2, 2, "ts1")


def test_an_earlier_message_that_is_taken_up_again_waits_for_the_one_being_sent(store: Store) -> None:
    enqueue(store, rendered(message("one"), message("two")))
    assert fail(store, claimed(store), FailureKind.UNKNOWN) is DeliveryState.UNKNOWN
    held = claim(store, at=NOW + 5 * MINUTE, on_unknown=OnUnknown.HOLD)
    assert isinstance(held, Claimed)
    assert held.delivery.payload == {"text": "two"}
    with store._database.writing() as connection:
        connection.execute(
            deliveries.update().where(deliveries.c.state == DeliveryState.HELD).values(state=DeliveryState.PENDING)
        )
    waits = claim(store, at=NOW + 6 * MINUTE)
    assert isinstance(waits, Wait)
    assert waits.reason == "another process is sending it"
    settle_sent(store.outbox, held.delivery, Receipt(), GATES, owner=ME, now=NOW + 6 * MINUTE)
    assert claimed(store, at=NOW + 7 * MINUTE).payload == {"text": "one"}


def test_the_idempotency_key_is_the_same_on_every_attempt(store: Store) -> None:
    enqueue(store, rendered())
    first = claimed(store)
    fail(store, first, FailureKind.TRANSIENT)
    second = claimed(store, at=NOW + 5 * MINUTE)
    assert (second.id, second.payload, second.created_at) == (first.id, first.payload, first.created_at)
    assert second.tries == 2


def test_both_limits_are_held_for_their_interval_after_a_claim(store: Store) -> None:
    enqueue(store, rendered(message("one"), message("two")))
    enqueue(store, rendered(), name="neighbour")
    first = claimed(store)
    settle_sent(store.outbox, first, Receipt(), GATES, owner=ME, now=NOW)
    same = claim(store, at=NOW + SECOND / 2)
    assert isinstance(same, Wait)
    assert (same.until, same.pacing) == (NOW + SECOND, True)
    elsewhere = Limits(Limit("slack:c2", 1.0), GATES.credential)
    neighbour = claim(store, limits=elsewhere, lane=Lane("neighbour", ""))
    assert isinstance(neighbour, Wait)
    assert neighbour.until == NOW + SECOND / 5


# -- settled by the answer ---------------------------------------------------------------------------------------


def test_sent_is_final_and_closes_the_circuits(store: Store) -> None:
    enqueue(store, rendered())
    delivery = claimed(store)
    settle_sent(store.outbox, delivery, Receipt("ts"), GATES, owner=ME, now=NOW)
    assert states(store) == [DeliveryState.SENT]
    assert store.outbox.lanes() == ()
    assert store.queries.last_sent() == {"lab": NOW}


def test_a_claim_that_passed_to_another_can_no_longer_be_settled(store: Store) -> None:
    enqueue(store, rendered())
    delivery = claimed(store)
    taken = claim(store, at=NOW + LEASE, owner=ELSEWHERE)
    assert isinstance(taken, Claimed)
    with pytest.raises(ClaimLostError):
        settle_sent(store.outbox, delivery, Receipt(), GATES, owner=ME, now=NOW + LEASE)
    with pytest.raises(ClaimLostError):
        fail(store, delivery, FailureKind.TRANSIENT)
    assert states(store) == [DeliveryState.SENDING]


def test_what_is_being_asked_about_cannot_be_settled_by_its_first_sending_even_in_the_same_process(
    store: Store,
) -> None:
    enqueue(store, rendered())
    delivery = claimed(store)
    store.outbox.abandon(ME, NOW)
    asking = claim_one(store.outbox, LANE, GATES, owner=ME, now=NOW + MINUTE, ignore_backoff=False)
    assert isinstance(asking, UnknownDelivery)
    with pytest.raises(ClaimLostError):
        settle_sent(store.outbox, delivery, Receipt(), GATES, owner=ME, now=NOW + MINUTE)
    with pytest.raises(ClaimLostError):
        fail(store, delivery, FailureKind.TRANSIENT)
    assert states(store) == [DeliveryState.UNKNOWN]


def test_busy_holds_the_destination_and_does_not_count_as_a_try(store: Store) -> None:
    enqueue(store, rendered())
    assert fail(store, claimed(store), FailureKind.RATE_LIMITED, retry_after=30) is DeliveryState.PENDING
    wait = claim(store, at=NOW + SECOND)
    assert isinstance(wait, Wait)
    assert (wait.until, wait.pacing) == (NOW + 30 * SECOND, True)
    assert claimed(store, at=NOW + 30 * SECOND).tries == 1


def test_busy_everywhere_holds_the_credential(store: Store) -> None:
    enqueue(store, rendered())
    enqueue(store, rendered(), name="neighbour")
    fail(store, claimed(store), FailureKind.RATE_LIMITED, retry_after=30, affects_credential=True)
    other = Limits(Limit("slack:c2", 1.0), GATES.credential)
    wait = claim(store, at=NOW + SECOND, limits=other, lane=Lane("neighbour", ""))
    assert isinstance(wait, Wait)
    assert wait.until == NOW + 30 * SECOND


def test_busy_without_a_time_waits_a_minute(store: Store) -> None:
    enqueue(store, rendered())
    fail(store, claimed(store), FailureKind.RATE_LIMITED)
    wait = claim(store, at=NOW + SECOND)
    assert isinstance(wait, Wait)
    assert wait.until == NOW + MINUTE


def test_a_transient_failure_backs_off_longer_each_time_up_to_an_hour(store: Store) -> None:
    enqueue(store, rendered())
    at, waits = NOW, []
    for _ in range(6):
        fail(store, claimed(store, at=at), FailureKind.TRANSIENT, at=at)
        wait = claim(store, at=at + 2 * SECOND)
        assert isinstance(wait, Wait)
        assert not wait.pacing
        waits.append((wait.until - at) // MINUTE)
        at = wait.until
    assert waits == [5, 10, 20, 40, 60, 60]


def test_a_service_that_is_down_is_not_tried_for_its_other_destinations_for_a_minute(store: Store) -> None:
    enqueue(store, rendered())
    enqueue(store, rendered(), name="neighbour")
    fail(store, claimed(store), FailureKind.TRANSIENT, affects_credential=True)
    other, lane = Limits(Limit("slack:c2", 1.0), GATES.credential), Lane("neighbour", "")
    early = claim(store, at=NOW + SECOND, limits=other, lane=lane)
    assert isinstance(early, Wait)
    assert (early.until, early.pacing) == (NOW + MINUTE, False)
    assert isinstance(claim(store, at=NOW + MINUTE, limits=other, lane=lane), Claimed)


def test_a_longer_retry_after_is_obeyed(store: Store) -> None:
    enqueue(store, rendered())
    fail(store, claimed(store), FailureKind.TRANSIENT, retry_after=1800)
    wait = claim(store, at=NOW + 2 * SECOND)
    assert isinstance(wait, Wait)
    assert wait.until == NOW + 30 * MINUTE


def test_a_run_that_ignores_backoff_still_waits_for_limits(store: Store) -> None:
    enqueue(store, rendered())
    fail(store, claimed(store), FailureKind.TRANSIENT)
    paced = claim(store, at=NOW + SECOND / 2, ignore_backoff=True)
    assert isinstance(paced, Wait)
    assert paced.pacing
    assert claimed(store, at=NOW + SECOND, ignore_backoff=True).tries == 2


@pytest.mark.parametrize(
    ("kind", "other_destination"), [(FailureKind.DESTINATION_GONE, False), (FailureKind.CREDENTIAL, True)]
)
def test_a_destination_that_is_gone_is_not_tried_for_an_hour_whoever_asks(
    store: Store, kind: FailureKind, *, other_destination: bool
) -> None:
    enqueue(store, rendered())
    enqueue(store, rendered(), name="neighbour")
    assert fail(store, claimed(store), kind) is DeliveryState.PENDING
    shut = claim(store, at=NOW + CIRCUIT_OPEN_FOR - SECOND, ignore_backoff=True)
    assert isinstance(shut, Wait)
    assert (shut.until, shut.pacing, shut.reason) == (NOW + CIRCUIT_OPEN_FOR, False, "no")
    neighbour = claim(
        store, at=NOW + SECOND, limits=Limits(Limit("slack:c2", 1.0), GATES.credential), lane=Lane("neighbour", "")
    )
    assert isinstance(neighbour, Wait if other_destination else Claimed)
    assert [limit.reason for limit in store.queries.open_circuits(NOW)] == ["no"]


def test_when_a_circuit_closes_what_was_held_goes_out_in_order(store: Store) -> None:
    enqueue(store, rendered(message("one"), message("two")))
    fail(store, claimed(store), FailureKind.DESTINATION_GONE)
    first = claimed(store, at=NOW + CIRCUIT_OPEN_FOR)
    assert first.payload == {"text": "one"}
    settle_sent(store.outbox, first, Receipt(), GATES, owner=ME, now=NOW + CIRCUIT_OPEN_FOR)
    assert store.queries.open_circuits(NOW + CIRCUIT_OPEN_FOR) == ()
    assert claimed(store, at=NOW + CIRCUIT_OPEN_FOR + SECOND).payload == {"text": "two"}


def test_a_circuit_is_closed_by_a_test_message_that_arrives(store: Store) -> None:
    enqueue(store, rendered())
    fail(store, claimed(store), FailureKind.CREDENTIAL)
    store.outbox.close_circuits(GATES)
    claimed(store, at=NOW + SECOND)


def test_a_malformed_message_is_sent_once_in_its_plain_form_then_dead_and_the_rest_goes_on(store: Store) -> None:
    enqueue(store, rendered(message("poison", plain="harmless"), message("two")))
    assert fail(store, claimed(store), FailureKind.REJECTED) is DeliveryState.PENDING
    plain = claimed(store, at=NOW + SECOND)
    assert plain.payload == {"text": "harmless"}
    assert fail(store, plain, FailureKind.REJECTED, at=NOW + SECOND) is DeliveryState.DEAD
    assert claimed(store, at=NOW + 2 * SECOND).payload == {"text": "two"}


def test_a_malformed_message_without_a_plain_form_is_dead_at_once(store: Store) -> None:
    enqueue(store, rendered(message(plain=None)))
    assert fail(store, claimed(store), FailureKind.REJECTED) is DeliveryState.DEAD


# -- unknown -----------------------------------------------------------------------------------------------------


def test_an_unknown_outcome_waits_its_backoff_and_is_sent_again_byte_for_byte(store: Store) -> None:
    enqueue(store, rendered())
    first = claimed(store)
    assert fail(store, first, FailureKind.UNKNOWN) is DeliveryState.UNKNOWN
    assert isinstance(claim(store, at=NOW + 30 * SECOND), Wait)
    again = claimed(store, at=NOW + MINUTE)
    assert (again.id, again.payload) == (first.id, first.payload)


@pytest.mark.parametrize(
    ("wish", "state"), [(OnUnknown.DROP, DeliveryState.DROPPED), (OnUnknown.HOLD, DeliveryState.HELD)]
)
def test_an_unknown_outcome_is_dropped_or_held_where_the_subscriber_wants_that(
    store: Store, wish: OnUnknown, state: DeliveryState
) -> None:
    enqueue(store, rendered(message("one"), message("two")))
    fail(store, claimed(store), FailureKind.UNKNOWN)
    after = claim(store, at=NOW + 5 * MINUTE, on_unknown=wish)
    assert isinstance(after, Claimed)
    assert after.delivery.payload == {"text": "two"}
    assert state in states(store)


def test_a_sender_that_died_on_this_host_leaves_an_unknown_that_is_taken_up_at_once(store: Store) -> None:
    enqueue(store, rendered())
    first = claimed(store, owner=DEAD)
    assert claimed(store, at=NOW + SECOND).id == first.id


def test_a_sender_elsewhere_keeps_its_claim_until_the_lease_is_over(store: Store) -> None:
    enqueue(store, rendered())
    claimed(store, owner=ELSEWHERE)
    assert isinstance(claim(store, at=NOW + LEASE - SECOND), Wait)
    claimed(store, at=NOW + LEASE)


def test_a_delivery_that_keeps_killing_its_sender_is_given_up_and_the_rest_goes_on(store: Store) -> None:
    enqueue(store, rendered(message("killer"), message("two")))
    for life in range(MAX_CRASHES):
        assert claimed(store, at=NOW + life * SECOND, owner=DEAD).payload == {"text": "killer"}
    assert claimed(store, at=NOW + MAX_CRASHES * SECOND).payload == {"text": "two"}
    (given_up,) = store.queries.ended_since(NOW, DeliveryState.DEAD)
    assert given_up.reason == "its sender died 5 times"


# -- given up, pruned --------------------------------------------------------------------------------------------


def test_what_an_owner_leaves_behind_when_it_stops_is_unknown_at_once(store: Store) -> None:
    enqueue(store, rendered())
    first = claimed(store)
    assert store.outbox.abandon(ELSEWHERE, NOW) == 0
    assert store.outbox.abandon(ME, NOW) == 1
    assert states(store) == [DeliveryState.UNKNOWN]
    assert claimed(store, at=NOW + SECOND).id == first.id


def test_pruning_forgets_payloads_of_what_is_over_and_never_what_was_told(store: Store) -> None:
    told = DigestPaper("2604.00001", 0, "birds", shown=True)
    enqueue(store, rendered(papers=[told]))
    settle_sent(store.outbox, claimed(store), Receipt(), GATES, owner=ME, now=NOW)
    enqueue(store, rendered(message("still to go")))
    assert store.outbox.prune(NOW + MINUTE) == 1
    assert store.outbox.prune(NOW + MINUTE) == 0
    assert store.subscribers.told({"2604.00001"}) == {"lab": {("2604.00001", 0)}}
    assert claimed(store, at=NOW + SECOND).payload == {"text": "still to go"}


def test_a_digest_that_was_pruned_and_is_composed_again_has_its_payload_back(store: Store) -> None:
    enqueue(store, rendered())
    settle_sent(store.outbox, claimed(store), Receipt(), GATES, owner=ME, now=NOW)
    assert store.outbox.prune(NOW + MINUTE) == 1
    enqueue(store, rendered(), name="newcomer")
    found = claim(store, at=NOW + SECOND, lane=Lane("newcomer", ""))
    assert isinstance(found, Claimed)
    assert found.delivery.payload == {"text": "hello"}


# -- clocks that went wrong --------------------------------------------------------------------------------------


def test_what_a_clock_far_ahead_has_written_holds_nothing_up_when_it_is_right_again(store: Store) -> None:
    ahead = NOW + timedelta(days=400)
    enqueue(store, rendered(message("one"), message("two")))
    fail(store, claimed(store, at=ahead), FailureKind.RATE_LIMITED, at=ahead, retry_after=3600)
    assert claimed(store).payload == {"text": "one"}


def test_a_backoff_and_an_open_circuit_of_a_clock_far_ahead_are_over_too(store: Store) -> None:
    ahead = NOW + timedelta(days=400)
    enqueue(store, rendered())
    fail(store, claimed(store, at=ahead), FailureKind.TRANSIENT, at=ahead)
    fail(store, claimed(store), FailureKind.DESTINATION_GONE, at=ahead)
    claimed(store, at=NOW + SECOND)


def test_no_retry_after_is_obeyed_for_more_than_a_day(store: Store) -> None:
    enqueue(store, rendered())
    fail(store, claimed(store), FailureKind.RATE_LIMITED, retry_after=10.0**9)
    wait = claim(store, at=NOW + SECOND)
    assert isinstance(wait, Wait)
    assert wait.until == NOW + timedelta(days=1)


def test_what_is_younger_is_not_pruned(store: Store) -> None:
    enqueue(store, rendered())
    settle_sent(store.outbox, claimed(store), Receipt(), GATES, owner=ME, now=NOW)
    assert store.outbox.prune(NOW) == 0
