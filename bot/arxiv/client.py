"""HTTP client for arXiv: one request at a time, at least 3 s apart over all our processes.

RSS, OAI-PMH and the catchup pages share one rate limit: https://info.arxiv.org/help/api/tou.html counts them
together.
Never parses an answer, never retries and never waits longer than `max_wait`: what is not to be had now is a
FetchError, and the gate remembers when to come again.
"""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin, urlsplit

from bot import __version__
from bot.arxiv.rate_limit import PAGES_REFUSED_FOR, REFUSED_FOR, backoff
from bot.errors import FetchError
from bot.text import clean, truncate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import aiohttp

    from bot.arxiv.rate_limit import RateLimit
    from bot.clock import Clock
    from bot.settings import ArxivSettings

MAX_WAIT = 300.0
TIMEOUT = 60.0
LARGEST_BODY = 20_000_000
"""Bytes, after decompression. A feed of 2000 items, arXiv's own limit, has 4 MB; a catchup page of as many 8 MB."""

# arXiv's servers answer 406 to some requests without an Accept header.
_ACCEPT_FEED = "application/rss+xml, application/atom+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
_ACCEPT_XML = "text/xml, application/xml;q=0.9, */*;q=0.1"
_ACCEPT_HTML = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
_CHUNK = 65_536
_MOST_REDIRECTS = 5
_REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
_LONGEST_WAIT = 86_400.0
_THROTTLING = (HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
# Throttling also comes as this text under status 200.
_RATE_EXCEEDED = b"Rate exceeded."


class ArxivClient:
    """Brings one answer at a time. Opens its session at the first request; close it with `aclose`.

    Args:
        settings: arXiv's addresses and the seconds between requests.
        contact: whom arXiv may write to; goes into the User-Agent.
        limit: the rate limit that a request has to acquire first.
        catchup_limit: what remembers that the catch-up pages refuse us; nobody does, if there is none.
        clock: tells the time and waits for the limit.
        max_wait: the most seconds that all requests together wait for a limit that holds for longer than the
            usual pause.
        timeout: the most seconds from the start of a request to the end of its answer.
        jitter: what makes the pauses after throttling a little uneven, so that clients do not come back together.
    """

    def __init__(
        self,
        settings: ArxivSettings,
        *,
        contact: str,
        limit: RateLimit,
        clock: Clock,
        catchup_limit: RateLimit | None = None,
        max_wait: float = MAX_WAIT,
        timeout: float = TIMEOUT,
        jitter: random.Random | None = None,
    ) -> None:
        self._settings = settings
        self._headers = {"User-Agent": f"paperboy/{__version__} ({clean(contact)})"}
        self._limit = limit
        self._catchup_limit = catchup_limit
        self._clock = clock
        self._max_wait = max_wait
        self._timeout = timeout
        self._jitter = jitter or random.SystemRandom()
        self._one_at_a_time = asyncio.Lock()
        self._opened: aiohttp.ClientSession | None = None

    @property
    def has_catchup(self) -> bool:
        """Whether the operator wants the catchup pages to be asked for, and they do not refuse us."""
        refused = self._catchup_limit is not None and self._catchup_limit.refusal(self._clock.now()) is not None
        return self._settings.catchup_url is not None and not refused

    async def fetch_rss(self, category: str) -> bytes:
        """The body of the category's RSS feed, as it came.

        Raises:
            FetchError: the limit holds for longer than we wait, arXiv refuses us or cannot be reached, or its
                answer is none. So for all kinds.
        """
        return await self._fetch(_named(self._settings.rss_url, category), _ACCEPT_FEED)

    async def fetch_oai(self, arguments: Mapping[str, str]) -> bytes:
        """The body of the answer to one OAI-PMH request, as it came; `arguments` are all of it, the verb included."""
        return await self._fetch(_with_query(self._settings.oai_url, arguments), _ACCEPT_XML)

    async def fetch_catchup(self, category: str, day: date, page: int = 1) -> bytes:
        """The body of one page, counted from 1, of the category's mailing of that date, with abstracts."""
        if self._settings.catchup_url is None:
            raise FetchError("no catchup_url is configured", asked=False)
        url = _named(self._settings.catchup_url, category).replace("{date}", day.isoformat())
        arguments = {"abs": "True"} | ({"page": str(page)} if page > 1 else {})
        try:
            return await self._fetch(_with_query(url, arguments), _ACCEPT_HTML)
        except FetchError as error:
            if error.asked and error.status == HTTPStatus.FORBIDDEN and self._catchup_limit is not None:
                now = self._clock.now()
                self._catchup_limit.record_refusal(now, now + PAGES_REFUSED_FOR, error.reason)
            raise

    async def aclose(self) -> None:
        """Close the session, if one was opened."""
        if self._opened:
            await self._opened.close()
            self._opened = None

    async def _fetch(self, url: str, accept: str) -> bytes:
        """The body that stands at the end of the redirects."""
        async with self._one_at_a_time:
            for _ in range(1 + _MOST_REDIRECTS):
                answer = await self._request(url, accept)
                if isinstance(answer, bytes):
                    return answer
                url = answer
        raise FetchError(f"more than {_MOST_REDIRECTS} redirects")

    async def _request(self, url: str, accept: str) -> bytes | str:
        """Make one request under the rate limit; returns the body, or the URL it was redirected to."""
        await self._wait_for_turn()
        pause = self._settings.seconds_between_requests
        try:
            answer = await self._get(url, accept)
        except FetchError as error:
            pause = max(pause, self._record_failure(error))
            raise
        else:
            self._limit.record_answer()
            return answer
        finally:
            self._limit.hold_until(self._clock.now() + timedelta(seconds=pause))

    def _record_failure(self, error: FetchError) -> float:
        """Records a failed request in the limit, and returns the seconds to wait before the next one."""
        now = self._clock.now()
        if error.status == HTTPStatus.FORBIDDEN:
            self._limit.record_refusal(now, now + REFUSED_FOR, error.reason)
        elif error.status in _THROTTLING:
            since = self._limit.record_throttling(now, error.reason)
            if error.retry_after is None:
                return backoff((now - since).total_seconds(), self._jitter.random())
        elif error.status is not None:
            self._limit.record_answer()
        return error.retry_after or 0.0

    async def _wait_for_turn(self) -> None:
        """Waits until this process has acquired the limit; another process may take it first."""
        pause = self._settings.seconds_between_requests
        while True:
            now = self._clock.now()
            self._require_not_refused(now)
            opens = self._limit.acquire(now, now + timedelta(seconds=pause))
            if opens is None:
                return
            wait = (opens - now).total_seconds()
            if wait > pause:
                if wait > self._max_wait:
                    raise FetchError(f"no request before {_minute(opens)}", retry_after=wait, asked=False)
                self._max_wait -= wait
            await self._clock.sleep(wait)

    def _require_not_refused(self, now: datetime) -> None:
        """Raises if arXiv has refused us (403) and the pause is not over; remembered over restarts."""
        refusal = self._limit.refusal(now)
        if refusal is None or refusal.closed_until is None:
            return
        since = f" since {_minute(refusal.since)}" if refusal.since else ""
        raise FetchError(
            f"arXiv refuses us{since} ({refusal.reason}); no request before {_minute(refusal.closed_until)}",
            status=HTTPStatus.FORBIDDEN,
            retry_after=(refusal.closed_until - now).total_seconds(),
            asked=False,
        )

    async def _get(self, url: str, accept: str) -> bytes | str:
        """One request, its answer read to the end."""
        import aiohttp  # noqa: PLC0415 - 200 ms that most commands do not need

        try:
            async with self._session().get(url, headers={"Accept": accept}, allow_redirects=False) as response:
                return await self._answer(response, url)
        except TimeoutError as error:
            raise FetchError(f"no whole answer from {_host(url)} within {self._timeout:g} s") from error
        except aiohttp.ClientPayloadError as error:
            raise FetchError(f"the answer of {_host(url)} broke off") from error
        except aiohttp.ClientConnectorError as error:
            reason = clean(error.os_error.strerror or type(error.os_error).__name__)
            raise FetchError(f"cannot connect to {_host(url)}: {reason}") from error
        except aiohttp.ClientConnectionError as error:
            raise FetchError(f"{_host(url)} closed the connection without an answer") from error
        except aiohttp.ClientError as error:
            # By its name alone: the text of some of these shows the whole URL.
            raise FetchError(f"no answer from {_host(url)}: {type(error).__name__}") from error

    async def _answer(self, response: aiohttp.ClientResponse, url: str) -> bytes | str:
        """What a response means: a body, a redirect, or an error."""
        status, words = response.status, clean(f"{response.status} {response.reason or ''}")
        if status in _REDIRECTS:
            return _moved_to(url, response.headers.get("Location", ""))
        if status == HTTPStatus.OK:
            body = await _read(response)
            if body.strip() != _RATE_EXCEEDED:
                return body
            status, words = HTTPStatus.TOO_MANY_REQUESTS, _RATE_EXCEEDED.decode()
        retry_after = _retry_after(response.headers.get("Retry-After", ""), self._clock.now())
        raise FetchError(f"{_host(url)} answered {words}", status=status, retry_after=retry_after)

    def _session(self) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415 - as above

        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                trust_env=True,
            )
        return self._opened


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, given up as soon as it is larger than any that we expect."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise FetchError(f"an answer of more than {LARGEST_BODY // 1_000_000} MB", status=response.status)
    return bytes(body)


def _named(url: str, category: str) -> str:
    return url.replace("{category}", quote(category, safe="+"))


def _with_query(url: str, arguments: Mapping[str, str]) -> str:
    """The URL with these arguments after what it has already."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(arguments)}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _moved_to(url: str, location: str) -> str:
    """Where a redirect leads, if we go there: to the same host, or to any over https; never from https to http."""
    try:
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        allowed = new.scheme == "https" or (new.scheme, new.hostname) == (old.scheme, old.hostname)
    except ValueError:
        target, allowed = "", False
    if not location or not allowed:
        raise FetchError(
            f"{_host(url)} redirects to where we do not follow: {truncate(clean(location), 100) or 'nowhere'}"
        )
    return target


def _retry_after(header: str, now: datetime) -> float | None:
    """Seconds from `now`, between nothing and a day; None where the header says nothing that we understand.

    Both forms of https://www.rfc-editor.org/rfc/rfc9110#field.retry-after are read.
    """
    if header.isascii() and header.isdigit():
        seconds = float(header)
    else:
        try:
            moment = parsedate_to_datetime(header)
        except (ValueError, OverflowError):  # the latter for an offset of twenty digits
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "arXiv"
