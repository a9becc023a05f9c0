"""When the next request or message may go: pacing, Retry-After and dead doors, kept across restarts.

A gate is a key and two times. `opens_at` is waited for; `closed_until` is a door that said no, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from bot.store.dialect import insert, is_alone
from bot.store.tables import gates

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.model import Gates
    from bot.store.engine import Database


@dataclass(frozen=True, slots=True)
class GateState:
    """One gate as stored."""

    key: str
    opens_at: datetime | None = None
    closed_until: datetime | None = None
    reason: str | None = None
    since: datetime | None = None


class ArxivGate:
    """A gate before what we ask of arXiv, shared by all processes on the store and kept over restarts.

    There is one before everything, and one that remembers that the catch-up pages alone refuse us.

    Beside the pacing it holds one of two troubles: arXiv throttles (`since` its first such answer, with the last
    one's words), or it refuses us (`closed_until` too). A time beyond `farthest` is what a clock that went wrong has
    written, and counts as none.
    """

    def __init__(self, database: Database, key: str = "arxiv", *, farthest: timedelta = timedelta(days=2)) -> None:
        self._database = database
        self._key = key
        self._farthest = farthest

    def opens_at(self) -> datetime | None:
        """When the next request may start; None if at once."""
        with self._database.reading() as connection:
            return read_gate(connection, self._key).opens_at

    def enter(self, now: datetime, until: datetime) -> datetime | None:
        """Take the gate for one request: nobody else enters before `until`.

        Returns:
            None, or, where it is not open and nothing was taken, when it opens.
        """
        with self._database.writing() as connection:
            opens_at = lock_gate(connection, self._key).opens_at
            if opens_at is not None and now < opens_at <= now + self._farthest:
                return opens_at
            _write(connection, self._key, opens_at=until)
        return None

    def close_until(self, moment: datetime) -> None:
        """Let no request start before that moment; an earlier one never shortens the wait."""
        with self._database.writing() as connection:
            hold_gate(connection, self._key, moment)

    def throttled(self, now: datetime, reason: str) -> datetime:
        """Note that arXiv asks for fewer requests.

        Returns:
            Since when it has done so without another answer between; `now` for the first time.
        """
        with self._database.writing() as connection:
            known = lock_gate(connection, self._key)
            earlier = known.since if known.closed_until is None else None
            since = min(earlier or now, now)
            _write(connection, self._key, since=since, reason=reason, closed_until=None)
        return since

    def refuse(self, now: datetime, until: datetime, reason: str) -> None:
        """Note that arXiv refuses us: no request before `until`. The first refusal's moment stays."""
        with self._database.writing() as connection:
            known = lock_gate(connection, self._key)
            since = known.since if known.closed_until is not None else None
            _write(connection, self._key, since=since or now, reason=reason, closed_until=until)

    def answered(self) -> None:
        """Note an answer that is neither: what was before is over. Pacing stays."""
        with self._database.reading() as connection:
            if read_gate(connection, self._key).since is None:
                return
        with self._database.writing() as connection:
            open_gate(connection, self._key)

    def waits_until(self, now: datetime) -> datetime | None:
        """Until when nothing is asked, for whichever reason; None if it may be asked now."""
        with self._database.reading() as connection:
            state = read_gate(connection, self._key)
        moments = (state.opens_at, state.closed_until)
        return max((m for m in moments if m is not None and now < m <= now + self._farthest), default=None)

    def refused(self, now: datetime) -> GateState | None:
        """Why and since when arXiv refuses us and is not asked before `closed_until`; None if it does not."""
        with self._database.reading() as connection:
            state = read_gate(connection, self._key)
        shut = state.closed_until is not None and now < state.closed_until <= now + self._farthest
        return state if shut else None


def read_gate(connection: Connection, key: str) -> GateState:
    """The gate's state; an unknown gate is open."""
    row = connection.execute(select(gates).where(gates.c.key == key)).one_or_none()
    return GateState(*row) if row else GateState(key)


_LOCKED = (
    select(gates).where(gates.c.key.in_(bindparam("keys", expanding=True))).order_by(gates.c.key).with_for_update()
)
_STATE = [column.name for column in gates.c if column.name != "key"]


def lock_gates(connection: Connection, keys: Iterable[str]) -> dict[str, GateState]:
    """The gates' states by key, which nobody else changes before the end of this transaction.

    They are locked in their keys' order, and are to be locked after any delivery: else two could wait for each other.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    if not is_alone(connection):  # only what is there can be locked
        connection.execute(insert(connection, gates).on_conflict_do_nothing(), [{"key": key} for key in wanted])
    found = connection.execute(_LOCKED, {"keys": wanted})
    known = {row.key: GateState(*row) for row in found}
    return {key: known.get(key) or GateState(key) for key in wanted}


def lock_gate(connection: Connection, key: str) -> GateState:
    """One gate's state; who locks several takes them together, or `in_order`."""
    return lock_gates(connection, [key])[key]


def write_gates(connection: Connection, states: Collection[GateState]) -> None:
    """Store these states of gates that are locked."""
    if states:
        statement = insert(connection, gates)
        new = {name: statement.excluded[name] for name in _STATE}
        statement = statement.on_conflict_do_update(index_elements=[gates.c.key], set_=new)
        connection.execute(statement, [{name: getattr(state, name) for name in ("key", *_STATE)} for state in states])


def hold_gate(connection: Connection, key: str, opens_at: datetime) -> None:
    """Have the next message wait until `opens_at`, or longer if it already must."""
    known = lock_gate(connection, key).opens_at
    _write(connection, key, opens_at=opens_at if known is None else max(known, opens_at))


def shut_gate(connection: Connection, key: str, *, until: datetime, reason: str, now: datetime) -> None:
    """A dead door: nobody knocks before `until`. `since` stays at the first no."""
    known = lock_gate(connection, key)
    _write(connection, key, closed_until=until, reason=reason, since=known.since or now)


def open_gate(connection: Connection, key: str) -> None:
    """The door opened: whatever it said before is over. Pacing stays."""
    if lock_gate(connection, key).since is not None:
        _write(connection, key, closed_until=None, reason=None, since=None)


def in_order(both: Gates) -> list[str]:
    """The keys of both, in the order in which they are to be locked."""
    return sorted({both.destination.key, both.credential.key})


def _write(connection: Connection, key: str, **values: object) -> None:
    statement = insert(connection, gates).values(key=key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[gates.c.key], set_=values))
