"""arXiv's limits: one request at a time, the pause between two, Retry-After and refusals, kept over restarts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.arxiv.rate_limit import Service
from bot.store.leases import LeaseTakenError, give_back, take
from bot.store.limits import LimitState, close_circuit, delay_until, lock_limit, read_limit, write_limit

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.worker import WorkerId

_PAUSE = "arxiv-pause"
_KEYS = {Service.FEEDS: "arxiv", Service.OAI: "arxiv-oai", Service.PAGES: "arxiv-catchup"}
_DAY = timedelta(hours=25)
"""The longest that we let a service have us wait, and an hour for a clock that was set back meanwhile."""
_FARTHEST = {Service.FEEDS: _DAY, Service.OAI: _DAY, Service.PAGES: timedelta(days=31)}

_CONNECTION = "arxiv connection"
_LONGEST_REQUEST = timedelta(minutes=2)
"""How long a request may be in flight; a process of which nothing is heard longer is taken for dead."""
_LOOK_AGAIN_AFTER = timedelta(seconds=1)
"""When another process is in the midst of a request."""


class ArxivLimits:
    """The limits on requests to arXiv, shared by all processes on the store and kept over restarts.

    Of each service it holds, beside the time of its Retry-After, one of two troubles: it throttles (`since` its first
    such answer, with the last one's words), or it refuses us (`closed_until` too). A time further ahead than any that
    we write is what a clock that went wrong has written, and counts as none.
    """

    def __init__(self, database: Database, owner: WorkerId) -> None:
        self._database = database
        self._owner = owner

    def acquire(self, now: datetime, pause: timedelta) -> datetime | None:
        """Begin a request, if no other process is in the midst of one and the pause after the last one is over.

        Returns:
            None, or, where nothing was begun, when to come again: never later than after a pause, or a second.
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
                # What lies further ahead was written by a clock that went wrong.
                opens_at = min(opens_at, now + pause)
                write_limit(connection, _PAUSE, opens_at=opens_at)
                return opens_at
            write_limit(connection, _PAUSE, opens_at=now + pause)
        return None

    def release(self, moment: datetime) -> None:
        """End the request that was begun: no other one begins before that moment."""
        with self._database.writing() as connection:
            give_back(connection, _CONNECTION, self._owner)
            write_limit(connection, _PAUSE, opens_at=moment)

    def hold_until(self, service: Service, moment: datetime) -> None:
        """Let that service be asked for nothing before that moment; an earlier one never shortens the wait."""
        with self._database.writing() as connection:
            delay_until(connection, _KEYS[service], moment)

    def record_throttling(self, service: Service, now: datetime, reason: str) -> datetime:
        """Note that a service asks for fewer requests.

        Returns:
            Since when it has done so without another answer between; `now` for the first time.
        """
        key = _KEYS[service]
        with self._database.writing() as connection:
            known = lock_limit(connection, key)
            earlier = known.since if known.closed_until is None else None
            since = min(earlier or now, now)
            write_limit(connection, key, since=since, reason=reason, closed_until=None)
        return since

    def record_refusal(self, service: Service, now: datetime, until: datetime, reason: str) -> None:
        """Note that a service refuses us: no request before `until`. The first refusal's moment stays."""
        key = _KEYS[service]
        with self._database.writing() as connection:
            known = lock_limit(connection, key)
            since = known.since if known.closed_until is not None else None
            write_limit(connection, key, since=since or now, reason=reason, closed_until=until)

    def record_answer(self, service: Service) -> None:
        """Note an answer that is neither: what was before is over. A Retry-After stays."""
        key = _KEYS[service]
        with self._database.reading() as connection:
            if read_limit(connection, key).since is None:
                return
        with self._database.writing() as connection:
            close_circuit(connection, key)

    def waits_until(self, service: Service, now: datetime) -> datetime | None:
        """Until when the service is not asked, for whichever reason; None if it may be asked."""
        with self._database.reading() as connection:
            opens_at = read_limit(connection, _KEYS[service]).opens_at
        refusal = self.refusal(service, now)
        moments = (opens_at, refusal.closed_until if refusal else None)
        return max((m for m in moments if m is not None and now < m <= now + _FARTHEST[service]), default=None)

    def refusal(self, service: Service, now: datetime) -> LimitState | None:
        """Why and since when the service is not asked before `closed_until`; None if it is not refused to us."""
        for refusing in dict.fromkeys((Service.FEEDS, service)):
            with self._database.reading() as connection:
                state = read_limit(connection, _KEYS[refusing])
            if state.closed_until is not None and now < state.closed_until <= now + _FARTHEST[refusing]:
                return state
        return None
