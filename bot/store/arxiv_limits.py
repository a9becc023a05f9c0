"""arXiv's own limits: the pause between two requests, its Retry-After, and its refusals, kept across restarts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.store.limits import LimitState, close_circuit, delay_until, lock_limit, read_limit, write_limit

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database


class ArxivLimit:
    """The rate limit on requests to arXiv, shared by all processes on the store and kept over restarts.

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
            return read_limit(connection, self._key).opens_at

    def acquire(self, now: datetime, until: datetime) -> datetime | None:
        """Take the gate for one request: nobody else enters before `until`.

        Returns:
            None, or, where it is not open and nothing was taken, when it opens.
        """
        with self._database.writing() as connection:
            opens_at = lock_limit(connection, self._key).opens_at
            if opens_at is not None and now < opens_at <= now + self._farthest:
                return opens_at
            write_limit(connection, self._key, opens_at=until)
        return None

    def hold_until(self, moment: datetime) -> None:
        """Let no request start before that moment; an earlier one never shortens the wait."""
        with self._database.writing() as connection:
            delay_until(connection, self._key, moment)

    def record_throttling(self, now: datetime, reason: str) -> datetime:
        """Note that arXiv asks for fewer requests.

        Returns:
            Since when it has done so without another answer between; `now` for the first time.
        """
        with self._database.writing() as connection:
            known = lock_limit(connection, self._key)
            earlier = known.since if known.closed_until is None else None
            since = min(earlier or now, now)
            write_limit(connection, self._key, since=since, reason=reason, closed_until=None)
        return since

    def record_refusal(self, now: datetime, until: datetime, reason: str) -> None:
        """Note that arXiv refuses us: no request before `until`. The first refusal's moment stays."""
        with self._database.writing() as connection:
            known = lock_limit(connection, self._key)
            since = known.since if known.closed_until is not None else None
            write_limit(connection, self._key, since=since or now, reason=reason, closed_until=until)

    def record_answer(self) -> None:
        """Note an answer that is neither: what was before is over. Pacing stays."""
        with self._database.reading() as connection:
            if read_limit(connection, self._key).since is None:
                return
        with self._database.writing() as connection:
            close_circuit(connection, self._key)

    def waits_until(self, now: datetime) -> datetime | None:
        """Until when nothing is asked, for whichever reason; None if it may be asked now."""
        with self._database.reading() as connection:
            state = read_limit(connection, self._key)
        moments = (state.opens_at, state.closed_until)
        return max((m for m in moments if m is not None and now < m <= now + self._farthest), default=None)

    def refusal(self, now: datetime) -> LimitState | None:
        """Why and since when arXiv refuses us and is not asked before `closed_until`; None if it does not."""
        with self._database.reading() as connection:
            state = read_limit(connection, self._key)
        is_refused = state.closed_until is not None and now < state.closed_until <= now + self._farthest
        return state if is_refused else None
