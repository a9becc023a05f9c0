"""The limits on requests to arXiv, kept over restarts: one at a time, a pause between, Retry-After and refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.model import Service
from bot.store.leases import LeaseTakenError, give_back, take
from bot.store.limits import LimitState, close_circuit, delay_until, lock_limit, read_limit, read_limits, write_limit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.worker import WorkerId

_PAUSE = "arxiv-pause"
_KEYS = {Service.FEEDS: "arxiv", Service.OAI: "arxiv-oai", Service.PAGES: "arxiv-catchup"}
_DAY = timedelta(hours=25)
"""The longest Retry-After that we obey (a day), plus an hour in case the clock is set back meanwhile."""
_FARTHEST = {Service.FEEDS: _DAY, Service.OAI: _DAY, Service.PAGES: timedelta(days=31)}

_CONNECTION = "arxiv connection"
_LONGEST_REQUEST = timedelta(minutes=2)
"""The longest a request may take; after that the process is taken for dead."""
_LOOK_AGAIN_AFTER = timedelta(seconds=1)
"""When to try again while another process is sending a request."""


class ArxivLimits:
    """The limits on requests to arXiv, shared by all processes on the store and kept over restarts.

    For each service it stores, beside the time of a Retry-After, whether the service throttles (`since` its first
    such answer, with the last one's reason) or refuses us (then `closed_until` is set too). A time that is further
    ahead than any that we write was written by a wrong clock, and is ignored.
    """

    def __init__(self, database: Database, owner: WorkerId) -> None:
        self._database = database
        self._owner = owner

    def acquire(self, now: datetime, pause: timedelta) -> datetime | None:
        """Begins a request, if no other process is sending one and the pause after the last one is over.

        Returns:
            None if the request may start; else when to try again, at most a pause or a second from now.
        """
        with self._database.writing() as connection:
            try:
                take(connection, _CONNECTION, self._owner, now, _LONGEST_REQUEST)
            except LeaseTakenError as error:
                if error.until <= now + _LONGEST_REQUEST:
                    return now + _LOOK_AGAIN_AFTER
            opens_at = lock_limit(connection, _PAUSE).opens_at
            if opens_at is not None and opens_at > now:
                give_back(connection, _CONNECTION, self._owner)
                # What is further ahead was written by a wrong clock.
                opens_at = min(opens_at, now + pause)
                write_limit(connection, _PAUSE, opens_at=opens_at)
                return opens_at
            write_limit(connection, _PAUSE, opens_at=now + pause)
        return None

    def release(self, moment: datetime) -> None:
        """Ends the request: no other one begins before that moment."""
        with self._database.writing() as connection:
            give_back(connection, _CONNECTION, self._owner)
            write_limit(connection, _PAUSE, opens_at=moment)

    def hold_until(self, service: Service, moment: datetime) -> None:
        """No request goes to that service before that moment; a longer wait is never shortened."""
        with self._database.writing() as connection:
            delay_until(connection, _KEYS[service], moment)

    def record_throttling(self, service: Service, now: datetime, reason: str) -> datetime:
        """Stores that a service throttles us.

        Returns:
            Since when it has done so without a good answer in between; `now` for the first time.
        """
        key = _KEYS[service]
        with self._database.writing() as connection:
            known = lock_limit(connection, key)
            earlier = known.since if known.closed_until is None else None
            since = min(earlier or now, now)
            write_limit(connection, key, since=since, reason=reason, closed_until=None)
        return since

    def record_refusal(self, service: Service, now: datetime, until: datetime, reason: str) -> None:
        """Stores that a service refuses us: no request before `until`. `since` stays at the first refusal."""
        key = _KEYS[service]
        with self._database.writing() as connection:
            known = lock_limit(connection, key)
            since = known.since if known.closed_until is not None else None
            write_limit(connection, key, since=since or now, reason=reason, closed_until=until)

    def record_answer(self, service: Service) -> None:
        """Stores a good answer: throttling or refusal is over. A Retry-After stays."""
        key = _KEYS[service]
        with self._database.reading() as connection:
            if read_limit(connection, key).since is None:
                return
        with self._database.writing() as connection:
            close_circuit(connection, key)

    def waits_until(self, service: Service, now: datetime) -> datetime | None:
        """Until when the service may not be asked, for whatever reason; None if it may be asked."""
        states = self._read(service)
        refusal = _refusal(states, now)
        moments = (states[service].opens_at, refusal.closed_until if refusal else None)
        return max((m for m in moments if m is not None and now < m <= now + _FARTHEST[service]), default=None)

    def refusal(self, service: Service, now: datetime) -> LimitState | None:
        """The service's refusal that still holds, with its reason and time; None if there is none."""
        return _refusal(self._read(service), now)

    def _read(self, service: Service) -> dict[Service, LimitState]:
        """What limits the service: the state of the feeds, whose refusal holds for every service, and its own."""
        keys = {each: _KEYS[each] for each in (Service.FEEDS, service)}
        with self._database.reading() as connection:
            states = read_limits(connection, tuple(keys.values()))
        return {each: states[key] for each, key in keys.items()}


def _refusal(states: Mapping[Service, LimitState], now: datetime) -> LimitState | None:
    """The first of these states that is a refusal and still holds."""
    for service, state in states.items():
        if state.closed_until is not None and now < state.closed_until <= now + _FARTHEST[service]:
            return state
    return None
