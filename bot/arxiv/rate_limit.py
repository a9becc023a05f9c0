"""The rate limits on arXiv: the interface that the client needs, and how long to back off.

Pure. The store implements it (`bot.store.arxiv_limits.ArxivLimits`).
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

_SHORTEST_BACKOFF = 60.0
_LONGEST_BACKOFF = 3600.0
_JITTER = 0.1
ARXIV_MAX_WAIT = 300.0
"""Seconds that a client waits, all its requests together, for what arXiv asks beyond the usual pause."""
ARXIV_TIMEOUT = 60.0
"""Seconds from the start of a request to the end of its answer."""

REFUSED_FOR = timedelta(hours=24)
"""How long we ask nothing after a 403, which is arXiv's answer to robots: https://info.arxiv.org/help/robots.html."""

PAGES_REFUSED_FOR = timedelta(days=30)
"""How long the catch-up pages are left alone after a 403 of theirs: they are made for people."""


class Service(StrEnum):
    """One of arXiv's services. Each is a host of its own, and each throttles and refuses for itself."""

    FEEDS = "rss"
    """rss.arxiv.org. A refusal by it is meant for us as a whole: then the others are not asked either."""
    OAI = "oai"
    """oaipmh.arxiv.org."""
    PAGES = "catchup"
    """The catch-up pages of arxiv.org."""


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


class RateLimits(Protocol):
    """When the next request may start, over all processes and restarts: the store keeps it.

    The pause between two requests is one for all services; what they ask for beyond it, each asks for itself.
    """

    def acquire(self, now: datetime, pause: timedelta) -> datetime | None:
        """Begin a request, so that no other one begins before its end; or say when to come again."""
        ...

    def release(self, moment: datetime) -> None:
        """End the request that was begun: no other one begins before that moment."""
        ...

    def hold_until(self, service: Service, moment: datetime) -> None:
        """Let that service be asked for nothing before that moment; an earlier one never shortens the wait."""
        ...

    def waits_until(self, service: Service, now: datetime) -> datetime | None:
        """Until when the service is not asked, by its own wish; None if it may be asked now."""
        ...

    def refusal(self, service: Service, now: datetime) -> Refusal | None:
        """The refusal for which the service is not asked."""
        ...

    def record_throttling(self, service: Service, now: datetime, reason: str) -> datetime:
        """Note an answer that asks for fewer requests; since when there was no other."""
        ...

    def record_refusal(self, service: Service, now: datetime, until: datetime, reason: str) -> None:
        """Note an answer that wants no requests at all before `until`."""
        ...

    def record_answer(self, service: Service) -> None:
        """Note any other answer: throttling and refusal are over."""
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
