"""The outbox's policy: what blocks a delivery, what happens after a failure, and to claims of a dead process.

Works inside the outbox's transactions; opens none, sends nothing, waits for nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, select

from bot.errors import FailureKind
from bot.model import Delivery, DeliveryState
from bot.store.database.dialect import in_shard
from bot.store.database.tables import IS_ITS_MESSAGE, deliveries, messages
from bot.store.database.values import value_of
from bot.store.limits import LONGEST_WAIT, delay_until, open_circuit
from bot.store.outbox.giving_up import count_refusal, others_passed
from bot.store.worker import WorkerId

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from bot.errors import DeliveryError
    from bot.model import Limits, Shard
    from bot.store.limits import LimitState

LEASE = timedelta(minutes=15)
"""Longer than the longest send: SMTP may take ten minutes over the final dot (RFC 5321 section 4.5.3.2.6)."""

CIRCUIT_OPEN_FOR = timedelta(hours=1)
"""How long a circuit stays open after a refusal."""

OUTAGE_PAUSE = timedelta(minutes=1)
"""How long nothing is sent with a credential whose relay or service is down."""

MAX_CRASHES = 5
"""After this many crashes while it was being sent, a delivery is suspected to be the cause, and is dead."""

CONTENTION_DELAY = timedelta(seconds=1)
"""When to try a lane again whose row another process has locked; such locks last milliseconds."""

_FIRST_BACKOFF = timedelta(minutes=5)
_FIRST_UNKNOWN_BACKOFF = timedelta(minutes=1)
"""Backoff after the first lost answer; short, as Discord remembers a nonce for a few minutes only."""
_LONGEST_BACKOFF = timedelta(hours=1)
_BUSY_SECONDS = 60.0
_COUNTED = (FailureKind.RATE_LIMITED, FailureKind.TRANSIENT, FailureKind.CREDENTIAL)
"""Failures that may repeat for ever, and are counted towards giving up; unknown ones are counted at their lookup."""

OPEN = tuple(state for state in DeliveryState if not state.final)
"""The states that are not final. Queries name them to use the index on `state`: nearly all deliveries are final."""
WAITING = tuple(state for state in OPEN if state is not DeliveryState.SENDING)
"""Those of them in which nobody is sending it, so that it can be dropped, withdrawn or moved."""


class ClaimLostError(Exception):
    """The claim on a delivery passed to another process before it was settled; nothing was written."""


@dataclass(frozen=True, slots=True, order=True)
class Lane:
    """One address of one subscriber; its deliveries are sent in order, one at a time."""

    subscriber: str
    recipient: str

    @property
    def where(self) -> ColumnElement[bool]:
        """The SQL condition for its deliveries."""
        return (deliveries.c.subscriber == self.subscriber) & (deliveries.c.recipient == self.recipient)


@dataclass(frozen=True, slots=True)
class Wait:
    """That nothing can be sent before a moment, and why."""

    until: datetime
    reason: str
    pacing: bool
    """Whether it is pacing or a Retry-After, which a run may wait for; not a backoff or an open circuit."""
    limit: str = ""
    """The key of the limit that paces, if one does."""


def recover(
    connection: Connection, lanes: Container[Lane], *, owner: WorkerId, now: datetime, shard: Shard | None = None
) -> tuple[tuple[Lane, DeliveryState], ...]:
    """Marks deliveries whose process died while sending as `unknown`, or as `dead` after too many crashes."""
    sending = deliveries.c.state == DeliveryState.SENDING
    if shard is not None:
        sending &= in_shard(connection, deliveries.c.subscriber, shard)
    # Locked rows are being settled or recovered by another process now.
    statement = select(deliveries).where(sending).order_by(deliveries.c.seq).with_for_update(skip_locked=True)
    outcomes = []
    for row in connection.execute(statement).all():
        lane = Lane(row.subscriber, row.recipient)
        if lane not in lanes or _is_claimed(row, owner, now):
            continue
        values: dict[str, Any] = {"deaths": row.deaths + 1, "owner": None, "lease_until": None}
        if row.deaths + 1 >= MAX_CRASHES:
            dead = f"its sender died {MAX_CRASHES} times"
            values |= {"state": DeliveryState.DEAD, "reason": dead, "settled_at": now}
        else:
            values |= {"state": DeliveryState.UNKNOWN, "reason": "its sender died"}
        connection.execute(deliveries.update().where(deliveries.c.seq == row.seq).values(**values))
        outcomes.append((lane, values["state"]))
    return tuple(outcomes)


def _is_claimed(row: Row[Any], owner: WorkerId, now: datetime) -> bool:
    """Whether a process that may be alive is sending it or looking it up."""
    # Twice the lease, as the clocks of two machines differ.
    if row.owner is None or not _is_future(row.lease_until, now, 2 * LEASE):
        return False
    return not WorkerId.parse(row.owner).is_surely_dead(owner)


def blocked_by(
    connection: Connection,
    row: Row[Any],
    limits: Limits,
    states: Mapping[str, LimitState],
    *,
    owner: WorkerId,
    now: datetime,
    ignore_backoff: bool,
    may_batch: bool,
) -> Wait | None:
    """Why this delivery cannot be sent (or looked up) now; None if it can.

    Args:
        connection: of the transaction that has locked the row and its limits.
        row: the delivery.
        limits: the limits it has to pass.
        states: the states of these, by key.
        owner: the process that wants it.
        now: the moment, UTC.
        ignore_backoff: whether to try again before a failure's backoff is over.
        may_batch: whether the owner may send it together with others; not after a crash, to find the cause.
    """
    sending, unknown = (row.state == state for state in (DeliveryState.SENDING, DeliveryState.UNKNOWN))
    if sending or (unknown and _is_claimed(row, owner, now)):
        doing = "sending it" if sending else "asking what became of it"
        return Wait(row.lease_until, f"another process is {doing}", pacing=False)
    if row.deaths and (may_batch or _is_sending(connection, owner)):
        return Wait(now + CONTENTION_DELAY, "its sender died, so now it is sent alone", pacing=True)
    for key in (limits.credential.key, limits.destination.key):
        limit = states[key]
        if limit.closed_until is not None and _is_future(limit.closed_until, now, CIRCUIT_OPEN_FOR):
            return Wait(limit.closed_until, limit.reason or "refused", pacing=False)
        if limit.opens_at is not None and _is_future(limit.opens_at, now, LONGEST_WAIT):
            return Wait(limit.opens_at, "pacing", pacing=True, limit=key)
    if row.not_before is not None and _is_future(row.not_before, now, LONGEST_WAIT) and not ignore_backoff:
        return Wait(row.not_before, row.reason or "waiting to try again", pacing=False)
    return None


def _is_sending(connection: Connection, owner: WorkerId) -> bool:
    """Whether the process is sending another delivery, which could be the cause of a crash as well."""
    mine = (deliveries.c.state == DeliveryState.SENDING) & (deliveries.c.owner == str(owner))
    return connection.scalar(select(deliveries.c.seq).where(mine).limit(1)) is not None


def _is_future(moment: datetime | None, now: datetime, most: timedelta) -> bool:
    """Whether the moment is in the future.

    One that is further ahead than `most` was written by a wrong clock, and is ignored.
    """
    return moment is not None and now < moment <= now + most


_PLAIN = deliveries.c.plain & messages.c.plain.is_not(None)
_BODIES = (
    select(
        deliveries.c.seq,
        case((_PLAIN, messages.c.plain), else_=messages.c.payload).label("body"),
        messages.c.reply,
    )
    .join_from(deliveries, messages, IS_ITS_MESSAGE)
    .where(deliveries.c.seq.in_(bindparam("seqs", expanding=True)))
)


def load(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, Delivery]:
    """These deliveries by `seq`, each with the form of its stored payload that is to be sent, rich or plain."""
    if not rows:
        return {}
    found = connection.execute(_BODIES, {"seqs": [row.seq for row in rows]})
    bodies = {each.seq: each for each in found}
    return {row.seq: _delivery(connection, row, bodies[row.seq]) for row in rows}


def _delivery(connection: Connection, row: Row[Any], message: Row[Any, Any, Any]) -> Delivery:
    payload, parent = json.loads(message.body), _parent(connection, row)
    return value_of(Delivery, row, payload=payload, reply=message.reply, tries=row.tries + 1, parent=parent)


def _parent(connection: Connection, row: Row[Any]) -> str | None:
    """For a later part: the platform's id of the digest's first message; None if its thread is gone."""
    if row.part == 1 or row.thread_gone:
        return None
    first = (
        Lane(row.subscriber, row.recipient).where
        & (deliveries.c.digest_id == row.digest_id)
        & (deliveries.c.part == 1)
        & (deliveries.c.state == DeliveryState.SENT)
    )
    return connection.scalar(select(deliveries.c.platform_id).where(first)) or None


def settle(
    connection: Connection,
    delivery: Delivery,
    owner: WorkerId,
    was: DeliveryState = DeliveryState.SENDING,
    **values: object,
) -> None:
    """Writes the outcome, if the claim is still ours.

    Args:
        connection: of the transaction.
        delivery: the claimed delivery.
        owner: the process that claimed it.
        was: the state in which it was claimed: SENDING, or UNKNOWN if it was looked up.
        values: the columns to write.

    Raises:
        ClaimLostError: the lease ran out and the claim passed to somebody else.
    """
    mine = (deliveries.c.id == delivery.id) & (deliveries.c.owner == str(owner)) & (deliveries.c.state == was)
    done = connection.execute(deliveries.update().where(mine).values(owner=None, lease_until=None, **values))
    if done.rowcount != 1:
        raise ClaimLostError(delivery.id)


def next_state(connection: Connection, delivery: Delivery, error: DeliveryError, now: datetime) -> dict[str, Any]:
    """The columns to write for a delivery after a failure."""
    kind = error.kind
    if kind is FailureKind.THREAD_GONE and not delivery.parent:
        kind = FailureKind.TRANSIENT  # it was sent to no thread, so the answer makes no sense
    change = _next_try(connection, delivery, kind, error, now)
    if kind not in _COUNTED or not error.about_message:
        return change
    refusals = count_refusal(connection, delivery.id, now, error.reason)
    doubtful = kind is FailureKind.CREDENTIAL
    if doubtful and not (refusals.enough and others_passed(connection, delivery.id, refusals.since)):
        return change | refusals.counted
    return change | refusals.outcome


def _next_try(
    connection: Connection, delivery: Delivery, kind: FailureKind, error: DeliveryError, now: datetime
) -> dict[str, Any]:
    change: dict[str, Any] = {"state": DeliveryState.PENDING}
    match kind:
        case FailureKind.RATE_LIMITED:
            change["tries"] = delivery.tries - 1
        case FailureKind.TRANSIENT:
            change["not_before"] = now + max(backoff(delivery.tries), _asked_to_wait(error, 0.0))
        case FailureKind.UNKNOWN:
            wait = _FIRST_UNKNOWN_BACKOFF if delivery.tries == 1 else backoff(delivery.tries)
            change = {"state": DeliveryState.UNKNOWN, "not_before": now + wait}
            if error.about_message:
                change["refused_since"] = func.coalesce(deliveries.c.refused_since, now)
        case FailureKind.THREAD_GONE:
            _leave_thread(connection, delivery)
        case FailureKind.REJECTED if _has_untried_plain_form(connection, delivery):
            change["plain"] = True
        case FailureKind.REJECTED:
            change = {"state": DeliveryState.DEAD, "settled_at": now}
        case _:
            pass  # destination or credential refused: it waits until the circuit closes
    return change


def _leave_thread(connection: Connection, delivery: Delivery) -> None:
    """Makes this and later parts of the digest go to the channel itself."""
    digest = select(deliveries.c.digest_id).where(deliveries.c.id == delivery.id).scalar_subquery()
    rest = (
        Lane(delivery.subscriber, delivery.recipient).where
        & (deliveries.c.digest_id == digest)
        & (deliveries.c.part >= delivery.part)
        & deliveries.c.state.in_(OPEN)
    )
    connection.execute(deliveries.update().where(rest).values(thread_gone=True))


def apply_to_limits(connection: Connection, error: DeliveryError, limits: Limits, now: datetime) -> None:
    """Updates the limits after a failure, for all that share them."""
    match error.kind:
        case FailureKind.RATE_LIMITED:
            key = limits.credential.key if error.affects_credential else limits.destination.key
            delay_until(connection, key, now + _asked_to_wait(error, _BUSY_SECONDS))
            return
        case FailureKind.TRANSIENT if error.affects_credential:
            # The relay or service is down: its other destinations need not each try.
            limit, until = limits.credential, now + OUTAGE_PAUSE
        case FailureKind.DESTINATION_GONE:
            limit, until = limits.destination, now + CIRCUIT_OPEN_FOR
        case FailureKind.CREDENTIAL:
            limit, until = limits.credential, now + CIRCUIT_OPEN_FOR
        case _:
            return  # only this message is affected
    open_circuit(connection, limit.key, until=until, reason=error.reason, now=now)


def _has_untried_plain_form(connection: Connection, delivery: Delivery) -> bool:
    statement = select(messages.c.plain).join(deliveries, IS_ITS_MESSAGE)
    untried = statement.where(deliveries.c.id == delivery.id, deliveries.c.plain.is_(False))
    return connection.scalar(untried) is not None


def _asked_to_wait(error: DeliveryError, otherwise: float) -> timedelta:
    """How long the platform asks us to wait, at most `LONGEST_WAIT`; `otherwise` (seconds) if it names no time."""
    asked = error.retry_after or otherwise
    return timedelta(seconds=min(asked, LONGEST_WAIT.total_seconds())) if asked > 0 else timedelta()


def backoff(tries: int) -> timedelta:
    """The wait before the next try: 5, 10, 20, 40 minutes, then an hour. Longer than `once` waits."""
    return min(_FIRST_BACKOFF * (1 << min(tries - 1, 10)), _LONGEST_BACKOFF)
