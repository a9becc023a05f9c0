"""The rate limit on arXiv: the interface that the client needs, and how long to back off.

Pure. The store implements it (`bot.store.arxiv_limits.ArxivLimit`).
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
if they were asked first every morning, their 403 would stop the feeds every day."""


class Refusal(Protocol):
    """A refusal (403) by arXiv that still holds."""

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
        """Acquire the limit, so that no other request starts before `until`; or say when it opens."""
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
    """Seconds to wait after arXiv throttled us without a Retry-After.

    As long as it has lasted already, so that every pause is about twice the last one; at least a minute, at most an
    hour, and up to a tenth more.

    Args:
        lasted: seconds since the first answer of that kind.
        draw: a random number from 0 to 1.
    """
    return min(max(lasted, _SHORTEST_BACKOFF), _LONGEST_BACKOFF) * (1 + _JITTER * draw)
