"""The judge of manners: reads a log of requests to arXiv and names every breach.

Pure. The rules: https://info.arxiv.org/help/api/tou.html, and what arXiv's answers ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.arxiv.calendar import mailing_date
from tests.fake_arxiv.faults import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

AFTER_FORBIDDEN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the service saw it, its times by the service's clock."""

    at: datetime
    source: Source
    category: str
    """Canonical; for a set that is no category, the set."""
    path: str
    """With the query."""
    ended_at: datetime | None = None
    """When its answer was out, or the other side gone; None while it is being answered."""
    status: int = 0
    retry_after: float | None = None
    """Seconds, where the answer named them."""


def violations(
    requests: Iterable[Request],
    seconds: float,
    *,
    closed: Mapping[tuple[date, str], datetime] | None = None,
) -> list[str]:
    """Every breach in words; best none.

    Args:
        requests: the log.
        seconds: the least time from the end of one answer to the start of the next request.
        closed: since when which (mailing date, category) is closed, so that it is not to be asked for again, but for
            each catch-up page once: it has what feeds have not.
    """
    log = sorted(requests, key=lambda request: request.at)
    breaches = [*_too_frequent(log, timedelta(seconds=seconds)), *_ignored_answers(log)]
    seen: set[str] = set()
    for request in log:
        key = _mailing_asked(request)
        again = request.source is not Source.CATCHUP or request.path in seen
        if again and key and request.at > (closed or {}).get(key, request.at):
            breaches.append(f"{_shown(request)}: asked again for a closed mailing")
        seen.add(request.path)
    return breaches


def _too_frequent(log: Sequence[Request], pause: timedelta) -> Iterable[str]:
    latest = None
    for before, request in pairwise(log):
        latest = max(latest or before, before, key=_end)
        gap = request.at - _end(latest)
        if gap < timedelta():
            yield f"{_shown(request)}: two at once, {_shown(latest)} was not over"
        elif gap < pause:
            yield f"{_shown(request)}: only {gap.total_seconds():g} s after the end of {_shown(latest)}"


def _ignored_answers(log: Sequence[Request]) -> Iterable[str]:
    """What a source asked for holds for that source; a 403 of the feeds for all."""
    for place, no in enumerate(log):
        told = [(AFTER_FORBIDDEN, "a 403")] if no.status == 403 else []
        if no.retry_after is not None:
            told.append((timedelta(seconds=no.retry_after), f"Retry-After: {no.retry_after:g}"))
        refuses_all = no.status == 403 and no.source is Source.RSS
        for wait, why in told:
            for request in log[place + 1 :]:
                if (request.source is no.source or refuses_all) and request.at < _end(no) + wait:
                    yield f"{_shown(request)}: too soon after {why} at {_shown(no)}"


def _end(request: Request) -> datetime:
    return request.ended_at or datetime.max.replace(tzinfo=UTC)


def _mailing_asked(request: Request) -> tuple[date, str] | None:
    """Which mailing a request is for; OAI-PMH is not asked for any one."""
    if request.source is Source.RSS:
        return mailing_date(request.at), request.category
    if request.source is Source.CATCHUP:
        day = request.path.partition("?")[0].rpartition("/")[2]
        return date.fromisoformat(day), request.category
    return None


def _shown(request: Request) -> str:
    return f"{request.at:%Y-%m-%d %H:%M:%S} {request.path}"
