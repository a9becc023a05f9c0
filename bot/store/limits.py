"""Rate limits and circuit breakers, kept across restarts: when the next request or message may be sent.

A limit is a key and two times: `opens_at` (pacing, Retry-After) and `closed_until` (open circuit), with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from bot.store.database.dialect import insert, upsert, writes_are_serialised
from bot.store.database.tables import gates
from bot.store.database.values import row_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.model import Limits


LONGEST_WAIT = timedelta(days=1)
"""The longest Retry-After that is obeyed."""


@dataclass(frozen=True, slots=True)
class LimitState:
    """The stored state of one limit."""

    key: str
    opens_at: datetime | None = None
    closed_until: datetime | None = None
    reason: str | None = None
    since: datetime | None = None


_READ = select(gates).where(gates.c.key.in_(bindparam("keys", expanding=True)))
_LOCKED = _READ.order_by(gates.c.key).with_for_update()


def read_limit(connection: Connection, key: str) -> LimitState:
    """The limit's state; one that is not stored is free."""
    return read_limits(connection, [key])[key]


def read_limits(connection: Connection, keys: Collection[str]) -> dict[str, LimitState]:
    """The states of these limits, by key; those that are not stored are free."""
    known = {row.key: LimitState(*row) for row in connection.execute(_READ, {"keys": list(keys)})} if keys else {}
    return {key: known.get(key) or LimitState(key) for key in keys}


def lock_limits(connection: Connection, keys: Iterable[str]) -> dict[str, LimitState]:
    """Locks these limits to the end of the transaction, and returns their states by key.

    They are locked in the order of their keys, and have to be locked after any delivery, to avoid deadlocks.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    if not writes_are_serialised(connection):  # only rows that exist can be locked
        connection.execute(insert(connection, gates).on_conflict_do_nothing(), [{"key": key} for key in wanted])
    found = connection.execute(_LOCKED, {"keys": wanted})
    known = {row.key: LimitState(*row) for row in found}
    return {key: known.get(key) or LimitState(key) for key in wanted}


def limits_to_pass(connection: Connection, both: Sequence[Limits], now: datetime) -> dict[str, LimitState]:
    """The states of all these limits by key; locked are those that may have to be written.

    A relay that sets no pace would else be one lock that every machine waits for at every message. Where a circuit
    was opened, or a wrong clock has written, its limit is locked as any that sets a pace.
    """
    paces = {limit.key: limit.min_interval for each in both for limit in (each.destination, each.credential)}
    if writes_are_serialised(connection):
        return lock_limits(connection, paces)
    free = [key for key, seconds in paces.items() if not seconds]
    read = read_limits(connection, free)
    to_write = {key for key, state in read.items() if state.since is not None or is_far_future(state, now)}
    return read | lock_limits(connection, to_write | (paces.keys() - read.keys()))


def is_far_future(state: LimitState, now: datetime) -> bool:
    """Whether `opens_at` can only come from a wrong clock: it is beyond the longest Retry-After."""
    return state.opens_at is not None and state.opens_at > now + LONGEST_WAIT


def lock_limit(connection: Connection, key: str) -> LimitState:
    """Locks one limit and returns its state. Several have to be locked with `lock_limits`, or `in_order`."""
    return lock_limits(connection, [key])[key]


def write_limits(connection: Connection, states: Collection[LimitState]) -> None:
    """Stores these states; the limits have to be locked."""
    upsert(connection, gates, *map(row_of, states))


def delay_until(connection: Connection, key: str, opens_at: datetime) -> None:
    """Makes the next message wait until `opens_at`, or longer if it already has to."""
    known = lock_limit(connection, key).opens_at
    write_limit(connection, key, opens_at=opens_at if known is None else max(known, opens_at))


def open_circuit(connection: Connection, key: str, *, until: datetime, reason: str, now: datetime) -> None:
    """Opens the circuit: nothing is sent before `until`. `since` stays at the first refusal."""
    known = lock_limit(connection, key)
    write_limit(connection, key, closed_until=until, reason=reason, since=known.since or now)


def close_circuit(connection: Connection, key: str) -> None:
    """Closes the circuit: the refusal is over. Pacing stays."""
    if lock_limit(connection, key).since is not None:
        write_limit(connection, key, closed_until=None, reason=None, since=None)


def in_order(both: Limits) -> list[str]:
    """The keys of both limits, in the order in which they have to be locked."""
    return sorted({both.destination.key, both.credential.key})


def write_limit(connection: Connection, key: str, **values: object) -> None:
    """Sets some columns of the limit and leaves the others."""
    upsert(connection, gates, {"key": key, **values})
