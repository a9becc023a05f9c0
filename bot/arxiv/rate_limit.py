"""When arXiv may be asked: what a client needs of whatever remembers it, and how long to leave arXiv alone.

Pure. The store keeps the gate (`bot.store.arxiv_limits.ArxivLimit`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

_SHORTEST_BACKOFF = 60.0
_LONGEST_BACKOFF = 3600.0
_JITTER = 0.1
REFUSED_FOR = timedelta(hours=24)
"""How long we ask nothing after a 403, which is arXiv's answer to robots: https://info.arxiv.org/help/robots.html."""

PAGES_REFUSED_FOR = timedelta(days=30)
"""How long the catch-up pages are not asked again after a 403 of theirs, which also stops all else for `REFUSED_FOR`:
asked first thing every morning, they would stop the feeds for ever."""


class Refusal(Protocol):
    """That arXiv wants nothing to do with us, as the gate remembers it."""

    @property
    def closed_until(self) -> datetime | None:
        """When it may be asked again."""
        ...

    @property
    def since(self) -> datetime | None:
        """When it first said so."""
        ...

    @property
    def reason(self) -> str | None:
        """Its words."""
        ...


class RateLimit(Protocol):
    """When the next request may start, over all processes and restarts: the store keeps it."""

    def acquire(self, now: datetime, until: datetime) -> datetime | None:
        """Take the gate, so that nobody else enters before `until`; or, if it is not open, when it opens."""
        ...

    def hold_until(self, moment: datetime) -> None:
        """Let no request start before that moment; an earlier one never shortens the wait."""
        ...

    def record_throttling(self, now: datetime, reason: str) -> datetime:
        """Note an answer that asks for fewer requests; since when there was no other."""
        ...

    def record_refusal(self, now: datetime, until: datetime, reason: str) -> None:
        """Note an answer that wants no requests at all before `until`."""
        ...

    def record_answer(self) -> None:
        """Note any other answer: throttling and refusal are over."""
        ...

    def refusal(self, now: datetime) -> Refusal | None:
        """The refusal that still holds."""
        ...


def backoff(lasted: float, draw: float) -> float:
    """Seconds to leave arXiv alone after it throttled us without saying for how long.

    As long as it has lasted already, so that every pause is about twice the last one; at least a minute, at most an
    hour, and up to a tenth more.

    Args:
        lasted: seconds since the first answer of that kind.
        draw: a random number from 0 to 1.
    """
    return min(max(lasted, _SHORTEST_BACKOFF), _LONGEST_BACKOFF) * (1 + _JITTER * draw)
