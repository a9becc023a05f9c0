"""Settles receipts and claims the next deliveries of many lanes in one transaction.

    receipts -> sent | claim lost        requests -> first delivery of each lane -> limits -> claimed | unknown | wait

A commit waits for the disk, and a statement costs more than a row, so lanes share both. Each lane gets the result
that it would get alone, in order: of two lanes behind one limit the second finds it held. Works inside the outbox's
transactions; opens none, sends nothing, waits for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, bindparam, func, select, tuple_

from bot.model import Delivery, DeliveryState, UnknownDelivery
from bot.store.database.dialect import writes_are_serialised
from bot.store.database.tables import IS_OPEN, deliveries
from bot.store.limits import LimitState, in_order, is_far_future, limits_to_pass, write_limits
from bot.store.outbox.policy import CONTENTION_DELAY, LEASE, ClaimLostError, Lane, Wait, blocked_by, load
from bot.store.outbox.reconciliation import unknown_delivery
from bot.store.outbox.stop import drop_waiting
from bot.store.suppressions import suppressed_among

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.model import Limits, Receipt
    from bot.store.worker import WorkerId


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process has claimed in order to send it."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """A lane that wants its next delivery."""

    lane: Lane
    limits: Limits
    """The limits to pass, and to hold afterwards."""
    ignore_backoff: bool = False
    """Whether to try again before a failure's backoff is over. Limits still hold."""
    suppression_keys: tuple[str, ...] = ()
    """The keys under which the address may be suppressed; if it is, its open deliveries are dropped, none claimed."""


@dataclass(frozen=True, slots=True)
class SentReceipt:
    """A delivery that the platform has confirmed."""

    delivery: Delivery
    receipt: Receipt
    limits: Limits


ClaimOutcome = Claimed | UnknownDelivery | Wait | None
"""A delivery to send, one to look up, what to wait for, or None if the lane is done."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The results of a batch, in the order of the requests."""

    settled: tuple[ClaimLostError | None, ...]
    """For each receipt: None, or the error that the claim was no longer ours and nothing was written."""
    outcomes: tuple[ClaimOutcome, ...]
    """For each request."""


@dataclass(slots=True)
class _Grants:
    """What this batch has claimed so far, and the limits as they are after that."""

    limits: dict[str, LimitState]
    changed: dict[str, LimitState]
    """Those of them that have to be stored."""
    to_send: list[int] = field(default_factory=list)
    to_ask: list[int] = field(default_factory=list)


# A statement takes longer to build than to run, so they are built once.
_LANE = (deliveries.c.subscriber, deliveries.c.recipient)
_IN_TURN = (deliveries.c.state != DeliveryState.SENDING, deliveries.c.seq)
_ranked = (
    select(deliveries, func.row_number().over(partition_by=_LANE, order_by=_IN_TURN).label("place"))
    .where(
        deliveries.c.recipient.in_(bindparam("recipients", expanding=True)),  # SQLite finds pairs by no index
        tuple_(*_LANE).in_(bindparam("lanes", expanding=True)),
        IS_OPEN,
        deliveries.c.state != DeliveryState.HELD,
    )
    .subquery()
)
_HEADS = select(_ranked).where(_ranked.c.place == 1)
_LOCK = (
    select(deliveries.c.seq)
    .where(deliveries.c.seq.in_(bindparam("seqs", expanding=True)))
    .order_by(deliveries.c.seq)
    .with_for_update(skip_locked=True)
)
_OURS = (
    select(deliveries.c.id)
    .where(
        deliveries.c.id.in_(bindparam("ids", expanding=True)),
        deliveries.c.owner == bindparam("owner"),
        deliveries.c.state == DeliveryState.SENDING,
    )
    .order_by(deliveries.c.seq)
    .with_for_update()
)
_SENT = (
    deliveries.update()
    .where(deliveries.c.id == bindparam("this"))
    .values(
        state=DeliveryState.SENT,
        owner=None,
        lease_until=None,
        reason=None,
        platform_id=bindparam("receipt"),
        settled_at=bindparam("now"),
    )
)
_ASKING = (
    deliveries.update()
    .where(deliveries.c.seq.in_(bindparam("seqs", expanding=True)))
    .values(owner=bindparam("by"), lease_until=bindparam("until"))
)
_SENDING = _ASKING.values(state=DeliveryState.SENDING, tries=deliveries.c.tries + 1, not_before=None)


def claim_batch(
    connection: Connection,
    sent_receipts: Sequence[SentReceipt],
    requests: Sequence[ClaimRequest],
    *,
    owner: WorkerId,
    now: datetime,
) -> BatchResult:
    """Settles the receipts, then decides the requests. Locks deliveries first, then limits in order of their keys."""
    ours = _settle(connection, sent_receipts, owner, now)
    settled_now = [each for each in sent_receipts if each.delivery.id in ours]
    firsts = heads = _heads(connection, requests)
    locked = _lock(connection, firsts)
    busy = [request for request in requests if request.lane in firsts]
    passed = [each.limits for each in settled_now] + [each.limits for each in busy]
    states = limits_to_pass(connection, passed, now)
    changed = _without_far_future(states, now)
    changed |= _limits_after(settled_now, states | changed, now)
    grants = _Grants(states | changed, changed)
    if not writes_are_serialised(connection):
        heads = _heads(connection, busy)  # they were read before they were locked, so they are read again
    suppressed = _suppressed(connection, busy)
    if to_drop := [lane for lane in suppressed if firsts[lane].seq in locked]:
        drop_waiting(connection, to_drop, "its mailbox is suppressed", now)
    outcomes: list[Row[Any] | Wait | None] = []
    for request in requests:
        first, head = firsts.get(request.lane), heads.get(request.lane)
        if first is None or request.lane in suppressed:
            outcomes.append(None)
        elif first.seq not in locked or head is None or head.seq != first.seq:
            outcomes.append(Wait(now + CONTENTION_DELAY, "another process is at it", pacing=True))
        else:
            outcomes.append(_decide(connection, head, request, grants, owner=owner, now=now))
    _write(connection, grants, owner, now)
    settled = tuple(None if each.delivery.id in ours else ClaimLostError(each.delivery.id) for each in sent_receipts)
    return BatchResult(settled, _load_outcomes(connection, outcomes, now))


def _settle(
    connection: Connection, sent_receipts: Sequence[SentReceipt], owner: WorkerId, now: datetime
) -> frozenset[str]:
    """Stores the receipts whose claim is still ours. Returns the ids of their deliveries."""
    if not sent_receipts:
        return frozenset()
    ids = [sent_receipt.delivery.id for sent_receipt in sent_receipts]
    ours = frozenset(connection.scalars(_OURS, {"ids": ids, "owner": str(owner)}))
    rows = [
        {"this": sent_receipt.delivery.id, "receipt": sent_receipt.receipt.platform_id, "now": now}
        for sent_receipt in sent_receipts
        if sent_receipt.delivery.id in ours
    ]
    if rows:
        connection.execute(_SENT, rows)
    return ours


def _heads(connection: Connection, requests: Sequence[ClaimRequest]) -> dict[Lane, Row[Any]]:
    """Each lane's first open delivery: the one that is being sent, else the oldest. Held ones are skipped."""
    if not requests:
        return {}
    lanes = [(request.lane.subscriber, request.lane.recipient) for request in requests]
    rows = connection.execute(_HEADS, {"lanes": lanes, "recipients": list({to for _, to in lanes})})
    return {Lane(row.subscriber, row.recipient): row for row in rows}


def _lock(connection: Connection, heads: Mapping[Lane, Row[Any]]) -> frozenset[int]:
    """Locks these deliveries, except those that another process has locked. Returns the `seq` of the locked ones."""
    seqs = [head.seq for head in heads.values()]
    if not seqs or writes_are_serialised(connection):
        return frozenset(seqs)
    return frozenset(connection.scalars(_LOCK, {"seqs": seqs}))


def _suppressed(connection: Connection, requests: Sequence[ClaimRequest]) -> list[Lane]:
    """The lanes whose address is suppressed now; read after their deliveries are locked."""
    found = suppressed_among(connection, {key for request in requests for key in request.suppression_keys})
    return [request.lane for request in requests if not found.isdisjoint(request.suppression_keys)]


def _limits_after(
    settled_now: Sequence[SentReceipt], limits: dict[str, LimitState], now: datetime
) -> dict[str, LimitState]:
    """The limits after messages passed them: circuits closed, pacing goes on.

    A destination's pace counts from the answer to one message to the start of the next: network delays vary, so
    messages that are sent one second apart may arrive closer together.
    """
    passed: dict[str, LimitState] = {}
    for each in settled_now:
        for key in in_order(each.limits):
            if limits[key].since is not None:
                passed[key] = replace(limits[key], closed_until=None, reason=None, since=None)
        destination = each.limits.destination
        if destination.min_interval:
            known = passed.get(destination.key, limits[destination.key])
            passed[destination.key] = replace(
                known, opens_at=max(known.opens_at or now, now + timedelta(seconds=destination.min_interval))
            )
    return passed


def _without_far_future(limits: dict[str, LimitState], now: datetime) -> dict[str, LimitState]:
    """The limits whose `opens_at` can only come from a wrong clock (beyond the longest Retry-After), without it."""
    return {key: replace(limit, opens_at=None) for key, limit in limits.items() if is_far_future(limit, now)}


def _decide(
    connection: Connection, head: Row[Any], request: ClaimRequest, grants: _Grants, *, owner: WorkerId, now: datetime
) -> Row[Any] | Wait:
    """Claims the delivery if nothing blocks it, and holds its limits for the next; else returns what to wait for."""
    may_batch = bool(grants.to_send)
    wait = blocked_by(
        connection,
        head,
        request.limits,
        grants.limits,
        owner=owner,
        now=now,
        ignore_backoff=request.ignore_backoff,
        may_batch=may_batch,
    )
    if wait is not None:
        return wait
    if head.state == DeliveryState.UNKNOWN:
        grants.to_ask.append(head.seq)
        return head
    grants.to_send.append(head.seq)
    for limit in (request.limits.destination, request.limits.credential):
        if limit.min_interval:
            held = replace(grants.limits[limit.key], opens_at=now + timedelta(seconds=limit.min_interval))
            grants.limits[limit.key] = grants.changed[limit.key] = held
    return head


def _write(connection: Connection, grants: _Grants, owner: WorkerId, now: datetime) -> None:
    claim = {"by": str(owner), "until": now + LEASE}
    if grants.to_send:
        connection.execute(_SENDING, {"seqs": grants.to_send, **claim})
    if grants.to_ask:
        connection.execute(_ASKING, {"seqs": grants.to_ask, **claim})
    write_limits(connection, grants.changed.values())


def _load_outcomes(
    connection: Connection, outcomes: Sequence[Row[Any] | Wait | None], now: datetime
) -> tuple[ClaimOutcome, ...]:
    """The outcomes, with claimed rows turned into deliveries with their payloads."""
    loaded = load(connection, [each for each in outcomes if isinstance(each, Row)])

    def outcome_of(each: Row[Any] | Wait | None) -> ClaimOutcome:
        if not isinstance(each, Row):
            return each
        delivery = loaded[each.seq]
        is_unknown = each.state == DeliveryState.UNKNOWN
        return unknown_delivery(connection, delivery, now) if is_unknown else Claimed(delivery)

    return tuple(map(outcome_of, outcomes))
