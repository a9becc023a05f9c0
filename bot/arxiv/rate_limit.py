"""The rate limits on arXiv: the interface that the client needs, and how long to back off.

Pure. The store implements it (`bot.store.arxiv_limits.ArxivLimits`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Service

_SHORTEST_BACKOFF = 60.0
_LONGEST_BACKOFF = 3600.0
_JITTER = 0.1
ARXIV_MAX_WAIT = 300.0
"""The most seconds that all requests of a client together wait for Retry-After and throttling."""
ARXIV_TIMEOUT = 60.0
"""Seconds from the start of a request to the end of its answer."""

REFUSED_FOR = timedelta(hours=24)
"""How long nothing is asked after a 403, arXiv's answer to robots: https://info.arxiv.org/help/robots.html."""

PAGES_REFUSED_FOR = timedelta(days=30)
"""How long the catch-up pages are not asked after a 403; they are made for people, not for programs."""


class Refusal(Protocol):
    """A refusal (403) by arXiv that still holds."""

    @property
    def closed_until(self) -> datetime | None:
        """When the service may be asked again."""
        ...

    @property
    def since(self) -> datetime | None:
        """When it first refused."""
        ...

    @property
    def reason(self) -> str | None:
        """What it answered."""
        ...


class RateLimits(Protocol):
    """Interface to the stored limits: when the next request may start, over all processes and restarts.

    All services share the pause between requests; Retry-After, throttling and refusals are kept for each service.
    """

    def acquire(self, now: datetime, pause: timedelta) -> datetime | None:
        """Begins a request, so that no other one begins before it ends. Returns None, or when to try again."""
        ...

    def release(self, moment: datetime) -> None:
        """Ends the request: no other one begins before that moment."""
        ...

    def hold_until(self, service: Service, moment: datetime) -> None:
        """No request goes to that service before that moment; a longer wait is never shortened."""
        ...

    def waits_until(self, service: Service, now: datetime) -> datetime | None:
        """Until when the service may not be asked; None if it may be asked now."""
        ...

    def refusal(self, service: Service, now: datetime) -> Refusal | None:
        """The service's refusal that still holds; None if there is none."""
        ...

    def record_throttling(self, service: Service, now: datetime, reason: str) -> datetime:
        """Stores that the service throttles us. Returns since when, without a good answer in between."""
        ...

    def record_refusal(self, service: Service, now: datetime, until: datetime, reason: str) -> None:
        """Stores that the service refuses us: no request before `until`."""
        ...

    def record_answer(self, service: Service) -> None:
        """Stores a good answer: throttling and refusal are over."""
        ...


def backoff(lasted: float, draw: float) -> float:
    """Seconds to wait after arXiv throttled us without a Retry-After.

    As long as the throttling has lasted already, so that each pause is about twice the last one; at least a minute,
    at most an hour, plus up to a tenth at random.

    Args:
        lasted: seconds since throttling began.
        draw: a random number from 0 to 1.
    """
    return min(max(lasted, _SHORTEST_BACKOFF), _LONGEST_BACKOFF) * (1 + _JITTER * draw)
