"""HTTP client for arXiv: one request at a time, at least 3 s apart over all our processes.

RSS, OAI-PMH and the catch-up pages share that pause, because https://info.arxiv.org/help/api/tou.html counts them
together. A Retry-After or a refusal (403) holds for the service that sent it. Never parses an answer, never retries,
never waits longer than `max_wait`: what cannot be fetched now is a FetchError, and the limits store when to try
again.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from bot import __version__
from bot.arxiv.answers import LONGEST_WAIT, UnreachableError, host_of
from bot.arxiv.rate_limit import (
    ARXIV_MAX_WAIT,
    ARXIV_TIMEOUT,
    PAGES_REFUSED_FOR,
    REFUSED_FOR,
    backoff,
)
from bot.clock import Durations
from bot.errors import FetchError
from bot.model import Service
from bot.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bot.arxiv.http import HttpSession
    from bot.arxiv.rate_limit import RateLimits
    from bot.clock import Clock
    from bot.settings import ArxivSettings

_MOST_UNREACHABLE = 3
"""After so many failures in a row to reach a service, this client does not try it again."""

# arXiv's servers answer 406 to some requests without an Accept header.
_ACCEPT_FEED = "application/rss+xml, application/atom+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
_ACCEPT_XML = "text/xml, application/xml;q=0.9, */*;q=0.1"
_ACCEPT_HTML = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
_MOST_REDIRECTS = 5
_THROTTLING = (HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class ArxivClient:
    """Sends one request at a time. Opens its session at the first request; close it with `aclose`.

    Args:
        settings: arXiv's URLs and the seconds between requests.
        contact: the operator's address for the User-Agent.
        limits: the rate limits, which every request has to pass.
        clock: tells the time and waits for the limits.
        max_wait: the most seconds that all requests together wait for Retry-After and throttling.
        timeout: the most seconds from the start of a request to the end of its answer.
        jitter: random numbers that vary the pauses after throttling, so that clients do not come back together.
        polls: counts how long each request takes, by service.
    """

    def __init__(
        self,
        settings: ArxivSettings,
        *,
        contact: str,
        limits: RateLimits,
        clock: Clock,
        max_wait: float = ARXIV_MAX_WAIT,
        timeout: float = ARXIV_TIMEOUT,
        jitter: random.Random | None = None,
        polls: Durations | None = None,
    ) -> None:
        self._settings = settings
        self._headers = {"User-Agent": f"paperboy/{__version__} ({clean(contact)})"}
        self._limits = limits
        self._clock = clock
        self._max_wait = max_wait
        self._timeout = timeout
        self._jitter = jitter or random.SystemRandom()
        self._polls = polls or Durations()
        self._one_at_a_time = asyncio.Lock()
        self._unreachable = Counter[Service]()
        """By service, how often in a row it could not be reached."""
        self._opened: HttpSession | None = None

    @property
    def has_catchup(self) -> bool:
        """Whether catch-up pages are configured and do not refuse us."""
        wanted = self._settings.catchup_url is not None
        return wanted and self._limits.refusal(Service.PAGES, self._clock.now()) is None

    async def fetch_rss(self, category: str) -> bytes:
        """The body of the category's RSS feed.

        Raises:
            FetchError: a limit holds for longer than we wait, arXiv refuses us or cannot be reached, or its answer
                is an error. The same holds for the other services.
        """
        return await self._fetch(Service.FEEDS, _named(self._settings.rss_url, category), _ACCEPT_FEED)

    async def fetch_oai(self, arguments: Mapping[str, str]) -> bytes:
        """The body of the answer to one OAI-PMH request; `arguments` is the whole query, the verb included."""
        return await self._fetch(Service.OAI, _with_query(self._settings.oai_url, arguments), _ACCEPT_XML)

    async def fetch_catchup(self, category: str, day: date, page: int = 1) -> bytes:
        """The body of one page (counted from 1) of the category's mailing of that date, with abstracts."""
        if self._settings.catchup_url is None:
            raise FetchError("no catchup_url is configured", asked=False)
        url = _named(self._settings.catchup_url, category).replace("{date}", day.isoformat())
        arguments = {"abs": "True"} | ({"page": str(page)} if page > 1 else {})
        return await self._fetch(Service.PAGES, _with_query(url, arguments), _ACCEPT_HTML)

    async def aclose(self) -> None:
        """Closes the session, if one was opened."""
        if self._opened:
            await self._opened.aclose()
            self._opened = None

    async def _fetch(self, service: Service, url: str, accept: str) -> bytes:
        """Sends a request, follows redirects, and returns the body."""
        async with self._one_at_a_time:
            for _ in range(1 + _MOST_REDIRECTS):
                answer = await self._request(service, url, accept)
                if isinstance(answer, bytes):
                    return answer
                url = answer
        raise FetchError(f"more than {_MOST_REDIRECTS} redirects")

    async def _request(self, service: Service, url: str, accept: str) -> bytes | str:
        """Sends one request under the limits. Returns the body, or the URL that it was redirected to."""
        if self._unreachable[service] >= _MOST_UNREACHABLE:
            raise FetchError(
                f"{host_of(url)} was not reached {_MOST_UNREACHABLE} times and is not tried again for now"
            )
        await self._wait_for_turn(service)
        try:
            with self._polls.timed(service.value):
                answer = await self._session().get(url, accept)
        except FetchError as error:
            self._record_failure(service, error)
            raise
        else:
            self._unreachable[service] = 0
            self._limits.record_answer(service)
            return answer
        finally:
            self._limits.release(self._clock.now() + self._pause)

    def _session(self) -> HttpSession:
        if self._opened is None:
            from bot.arxiv.http import HttpSession  # noqa: PLC0415 - aiohttp: 0.3 s that only a request needs

            self._opened = HttpSession(self._headers, self._timeout, self._clock.now)
        return self._opened

    @property
    def _pause(self) -> timedelta:
        """The pause from the end of an answer to the next request."""
        return timedelta(seconds=self._settings.seconds_between_requests)

    def _record_failure(self, service: Service, error: FetchError) -> None:
        """Stores a failed request in the limits of its service."""
        now, seconds = self._clock.now(), error.retry_after
        self._unreachable[service] = self._unreachable[service] + 1 if isinstance(error, UnreachableError) else 0
        if error.status == HTTPStatus.FORBIDDEN:
            until = now + (PAGES_REFUSED_FOR if service is Service.PAGES else REFUSED_FOR)
            self._limits.record_refusal(service, now, until, error.reason)
        elif error.status in _THROTTLING:
            since = self._limits.record_throttling(service, now, error.reason)
            if seconds is None:
                seconds = backoff((now - since).total_seconds(), self._jitter.random())
        elif error.status is not None:
            self._limits.record_answer(service)
        if seconds:
            self._limits.hold_until(service, now + timedelta(seconds=min(seconds, LONGEST_WAIT)))

    async def _wait_for_turn(self, service: Service) -> None:
        """Waits until the service may be asked and this process has acquired the limit; other processes may be first.

        Never waits longer than `max_wait` for a service's limit, and checks again after the usual pause or a second.
        """
        while True:
            now = self._clock.now()
            self._require_not_refused(service, now)
            opens = self._limits.waits_until(service, now)
            if opens is not None:
                await self._wait_within_reason(opens, now)
                continue
            opens = self._limits.acquire(now, self._pause)
            if opens is None:
                return
            await self._clock.sleep((opens - now).total_seconds())

    async def _wait_within_reason(self, opens: datetime, now: datetime) -> None:
        """Waits for a service's limit, if that takes no longer than what is left of `max_wait`."""
        wait = (opens - now).total_seconds()
        if wait > self._max_wait:
            raise FetchError(f"no request before {_minute(opens)}", retry_after=wait, asked=False)
        self._max_wait -= wait
        await self._clock.sleep(wait)

    def _require_not_refused(self, service: Service, now: datetime) -> None:
        """Raises if arXiv has refused us (403) and the pause is not over; remembered over restarts."""
        refusal = self._limits.refusal(service, now)
        if refusal is None or refusal.closed_until is None:
            return
        since = f" since {_minute(refusal.since)}" if refusal.since else ""
        raise FetchError(
            f"arXiv refuses us{since} ({refusal.reason}); no request before {_minute(refusal.closed_until)}",
            status=HTTPStatus.FORBIDDEN,
            retry_after=(refusal.closed_until - now).total_seconds(),
            asked=False,
        )


def _named(url: str, category: str) -> str:
    return url.replace("{category}", quote(category, safe="+"))


def _with_query(url: str, arguments: Mapping[str, str]) -> str:
    """The URL with these arguments added to its query."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(arguments)}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
