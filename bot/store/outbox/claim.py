"""Several lanes' turn at the outbox in one transaction: what has arrived is settled, and the next are claimed.

    arrivals -> sent | lost to another owner            heads -> gates, in memory -> claimed | doubt | wait | none

A commit costs the disk's patience and a statement costs more than a row, so who comes together shares both. Each lane
is judged as if it had come alone, in the order of coming: of two behind one gate the second finds it held.
Works inside the outbox's transactions; opens none, sends nothing, waits for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select, tuple_

from bot.model import Delivery, DeliveryState
from bot.store.database.dialect import is_alone
from bot.store.database.tables import deliveries
from bot.store.limits import GateState, in_order, lock_gates, write_gates
from bot.store.outbox.policy import CONTESTED, LEASE, LONGEST_WAIT, OPEN, ClaimLostError, Lane, Wait, load, obstacle
from bot.store.outbox.reconciliation import Doubt, doubt_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.model import Gates, Receipt
    from bot.store.worker import Owner


@dataclass(frozen=True, slots=True)
class Claimed:
    """Ours to send, and committed so."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Bid:
    """A lane that wants its next delivery."""

    lane: Lane
    gates: Gates
    """The gates to pass and to close behind it."""
    eager: bool = False
    """Whether a failure's backoff is over because somebody asked for another try. Gates still count."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery that the other side has."""

    delivery: Delivery
    receipt: Receipt
    gates: Gates


Outcome = Claimed | Doubt | Wait | None
"""A delivery to send, one to ask about, what to wait for, or None if the lane is done."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of those who came, in their order."""

    settled: tuple[ClaimLostError | None, ...]
    """Per arrival: None, or that the claim was no longer ours, and then nothing was written for it."""
    outcomes: tuple[Outcome, ...]
    """Per bid."""


@dataclass(slots=True)
class _Granted:
    """What this turn has given out so far, and the gates as that leaves them."""

    gates: dict[str, GateState]
    changed: dict[str, GateState]
    """Those among them that have to be stored."""
    to_send: list[int] = field(default_factory=list)
    to_ask: list[int] = field(default_factory=list)


# A statement takes longer to build than to run, so they are built once.
_LANE = (deliveries.c.subscriber, deliveries.c.recipient)
_IN_TURN = (deliveries.c.state != DeliveryState.SENDING, deliveries.c.seq)
_ranked = (
    select(deliveries, func.row_number().over(partition_by=_LANE, order_by=_IN_TURN).label("place"))
    .where(
        tuple_(*_LANE).in_(bindparam("lanes", expanding=True)),
        deliveries.c.state.in_([state for state in OPEN if state is not DeliveryState.HELD]),
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


def take_turn(
    connection: Connection, arrivals: Sequence[Arrival], bids: Sequence[Bid], *, owner: Owner, now: datetime
) -> Turn:
    """Settle what has arrived, then judge the bids. Locks deliveries first, then gates in order."""
    ours = _settle(connection, arrivals, owner, now)
    arrived = [each for each in arrivals if each.delivery.id in ours]
    firsts = heads = _heads(connection, bids)
    locked = _lock(connection, firsts)
    passed = [each.gates for each in arrived] + [bid.gates for bid in bids if bid.lane in firsts]
    keys = [key for gates in passed for key in in_order(gates)]
    states = lock_gates(connection, keys)
    changed = _forget_far_future(states, now)
    changed |= _pass(arrived, states | changed, now)
    granted = _Granted(states | changed, changed)
    if not is_alone(connection):
        # The look before the lock may have been overtaken, so there is another one under it.
        heads = _heads(connection, [bid for bid in bids if bid.lane in firsts])
    outcomes: list[Row[Any] | Wait | None] = []
    for bid in bids:
        first, head = firsts.get(bid.lane), heads.get(bid.lane)
        if first is None:
            outcomes.append(None)
        elif first.seq not in locked or head is None or head.seq != first.seq:
            outcomes.append(Wait(now + CONTESTED, "another process is at it", pacing=True))
        else:
            outcomes.append(_judge(connection, head, bid, granted, owner=owner, now=now))
    _write(connection, granted, owner, now)
    settled = tuple(None if each.delivery.id in ours else ClaimLostError(each.delivery.id) for each in arrivals)
    return Turn(settled, _handed_out(connection, outcomes))


def _settle(connection: Connection, arrivals: Sequence[Arrival], owner: Owner, now: datetime) -> frozenset[str]:
    """Write down those whose claim is still ours; the ids of these."""
    if not arrivals:
        return frozenset()
    ids = [arrival.delivery.id for arrival in arrivals]
    ours = frozenset(connection.scalars(_OURS, {"ids": ids, "owner": str(owner)}))
    rows = [
        {"this": arrival.delivery.id, "receipt": arrival.receipt.platform_id, "now": now}
        for arrival in arrivals
        if arrival.delivery.id in ours
    ]
    if rows:
        connection.execute(_SENT, rows)
    return ours


def _heads(connection: Connection, bids: Sequence[Bid]) -> dict[Lane, Row[Any]]:
    """Each lane's first that still has a way to go: what is being sent, else the earliest.

    One that is held for a person is passed by.
    """
    if not bids:
        return {}
    rows = connection.execute(_HEADS, {"lanes": [(bid.lane.subscriber, bid.lane.recipient) for bid in bids]})
    return {Lane(row.subscriber, row.recipient): row for row in rows}


def _lock(connection: Connection, heads: Mapping[Lane, Row[Any]]) -> frozenset[int]:
    """Lock these deliveries, but for what another process is deciding about at this moment."""
    seqs = [head.seq for head in heads.values()]
    if not seqs or is_alone(connection):
        return frozenset(seqs)
    return frozenset(connection.scalars(_LOCK, {"seqs": seqs}))


def _pass(arrived: Sequence[Arrival], gates: dict[str, GateState], now: datetime) -> dict[str, GateState]:
    """What the gates became through which something went: whatever shut them is over, and pacing goes on.

    A destination is paced from the end of a message to the beginning of the next: the way there takes now more, now
    less, and what leaves a second apart may arrive closer.
    """
    passed: dict[str, GateState] = {}
    for each in arrived:
        for key in in_order(each.gates):
            if gates[key].since is not None:
                passed[key] = replace(gates[key], closed_until=None, reason=None, since=None)
        door = each.gates.destination
        if door.seconds:
            known = passed.get(door.key, gates[door.key])
            passed[door.key] = replace(
                known, opens_at=max(known.opens_at or now, now + timedelta(seconds=door.seconds))
            )
    return passed


def _forget_far_future(gates: dict[str, GateState], now: datetime) -> dict[str, GateState]:
    """Those that only a clock's mistake holds, opened: it would outlast every real Retry-After."""
    return {
        key: replace(gate, opens_at=None)
        for key, gate in gates.items()
        if gate.opens_at is not None and gate.opens_at > now + LONGEST_WAIT
    }


def _judge(
    connection: Connection, head: Row[Any], bid: Bid, granted: _Granted, *, owner: Owner, now: datetime
) -> Row[Any] | Wait:
    """The delivery if nothing stands in its way, and its gates are then held for whoever comes next."""
    alone = not granted.to_send
    wait = obstacle(connection, head, bid.gates, granted.gates, owner=owner, now=now, eager=bid.eager, alone=alone)
    if wait is not None:
        return wait
    if head.state == DeliveryState.UNKNOWN:
        granted.to_ask.append(head.seq)
        return head
    granted.to_send.append(head.seq)
    for gate in (bid.gates.destination, bid.gates.credential):
        if gate.seconds:
            held = replace(granted.gates[gate.key], opens_at=now + timedelta(seconds=gate.seconds))
            granted.gates[gate.key] = granted.changed[gate.key] = held
    return head


def _write(connection: Connection, granted: _Granted, owner: Owner, now: datetime) -> None:
    claim = {"by": str(owner), "until": now + LEASE}
    if granted.to_send:
        connection.execute(_SENDING, {"seqs": granted.to_send, **claim})
    if granted.to_ask:
        connection.execute(_ASKING, {"seqs": granted.to_ask, **claim})
    write_gates(connection, granted.changed.values())


def _handed_out(connection: Connection, outcomes: Sequence[Row[Any] | Wait | None]) -> tuple[Outcome, ...]:
    """The rows among them as what they are claimed for, with their payloads."""
    rows = [each for each in outcomes if each is not None and not isinstance(each, Wait)]
    loaded = load(connection, rows)

    def handed_out(each: Row[Any]) -> Claimed | Doubt:
        delivery = loaded[each.seq]
        return doubt_of(connection, delivery) if each.state == DeliveryState.UNKNOWN else Claimed(delivery)

    return tuple(each if each is None or isinstance(each, Wait) else handed_out(each) for each in outcomes)
