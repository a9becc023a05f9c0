"""The polite way to arXiv: one request at a time, spaced over everything we run, with our name and contact on it.

Never reads what it brings, never retries and never sleeps longer than its patience: what is not to be had now is a
FetchError, and the gate remembers when to come again. https://info.arxiv.org/help/api/tou.html.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urljoin, urlsplit

from bot import __version__
from bot.errors import FetchError
from bot.text import cut, tidy

if TYPE_CHECKING:
    import aiohttp

    from bot.clock import Clock
    from bot.settings import ArxivSettings

PATIENCE = 300.0
TIMEOUT = 60.0
LARGEST_BODY = 20_000_000
"""Bytes, after decompression. A feed of 2000 items, arXiv's own limit, has 4 MB."""

_ACCEPT = "application/rss+xml, application/atom+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
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
# What arXiv throttles with, and for how long we leave it alone if it does not say. 403 is its answer to robots.
_PAUSES: dict[int, float] = {
    HTTPStatus.FORBIDDEN: 3600.0,
    HTTPStatus.NOT_ACCEPTABLE: 60.0,
    HTTPStatus.TOO_MANY_REQUESTS: 60.0,
    HTTPStatus.SERVICE_UNAVAILABLE: 60.0,
}
# Throttling also comes as this text under status 200.
_RATE_EXCEEDED = b"Rate exceeded."


class Gate(Protocol):
    """When the next request may start, over all processes and restarts: the store keeps it."""

    def opens_at(self) -> datetime | None:
        """When the next request may start; None if at once."""
        ...

    def close_until(self, moment: datetime) -> None:
        """Let no request start before that moment; an earlier one never shortens the wait."""
        ...


class ArxivClient:
    """Brings one feed at a time. Opens its session at the first request; close it with `aclose`.

    Args:
        settings: arXiv's addresses and the seconds between requests.
        contact: whom arXiv may write to; goes into the User-Agent.
        gate: what has to be open before a request starts.
        clock: what waits for the gate.
        patience: the most seconds that all requests together wait for a gate that is shut for longer than the
            usual pause.
        timeout: the most seconds from the start of a request to the end of its answer.
    """

    def __init__(
        self,
        settings: ArxivSettings,
        *,
        contact: str,
        gate: Gate,
        clock: Clock,
        patience: float = PATIENCE,
        timeout: float = TIMEOUT,
    ) -> None:
        self._settings = settings
        self._headers = {"User-Agent": f"paperboy/{__version__} ({tidy(contact)})", "Accept": _ACCEPT}
        self._gate = gate
        self._clock = clock
        self._patience = patience
        self._timeout = timeout
        self._one_at_a_time = asyncio.Lock()
        self._opened: aiohttp.ClientSession | None = None

    async def fetch_rss(self, category: str) -> bytes:
        """The body of the category's RSS feed, as it came.

        Raises:
            FetchError: the gate stays shut beyond our patience, arXiv is not to be reached, or its answer is none.
        """
        url = self._settings.rss_url.replace("{category}", quote(category, safe="+"))
        async with self._one_at_a_time:
            for _ in range(1 + _MOST_REDIRECTS):
                answer = await self._politely(url)
                if isinstance(answer, bytes):
                    return answer
                url = answer
        raise FetchError(f"more than {_MOST_REDIRECTS} redirects")

    async def aclose(self) -> None:
        """Close the session, if one was opened."""
        if self._opened:
            await self._opened.close()
            self._opened = None

    async def _politely(self, url: str) -> bytes | str:
        """One request through the gate, which closes behind it however it ends: the body, or where it moved to."""
        await self._wait_for_gate()
        pause = self._settings.seconds_between_requests
        try:
            return await self._ask(url)
        except FetchError as error:
            unasked = _PAUSES.get(error.status or 0, 0.0)
            pause = max(pause, unasked if error.retry_after is None else error.retry_after)
            raise
        finally:
            self._gate.close_until(self._clock.now() + timedelta(seconds=pause))

    async def _wait_for_gate(self) -> None:
        """Sleep until the gate is open; another process may close it again meanwhile."""
        longest = timedelta(seconds=_LONGEST_WAIT)
        # Beyond the longest wait lies only what a clock that went wrong has written.
        while (opens := self._gate.opens_at()) and self._clock.now() < opens <= self._clock.now() + longest:
            wait = (opens - self._clock.now()).total_seconds()
            if wait > self._settings.seconds_between_requests:
                if wait > self._patience:
                    moment = f"{opens.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
                    raise FetchError(f"no request before {moment}", retry_after=wait)
                self._patience -= wait
            await self._clock.sleep(wait)

    async def _ask(self, url: str) -> bytes | str:
        """One request, its answer read to the end."""
        import aiohttp  # noqa: PLC0415 - 200 ms that most commands do not need

        try:
            async with self._session().get(url, allow_redirects=False) as response:
                return await self._answer(response, url)
        except TimeoutError as error:
            raise FetchError(f"no whole answer from {_host(url)} within {self._timeout:g} s") from error
        except aiohttp.ClientPayloadError as error:
            raise FetchError(f"the answer of {_host(url)} broke off") from error
        except aiohttp.ClientConnectorError as error:
            reason = tidy(error.os_error.strerror or type(error.os_error).__name__)
            raise FetchError(f"cannot connect to {_host(url)}: {reason}") from error
        except aiohttp.ClientConnectionError as error:
            raise FetchError(f"{_host(url)} closed the connection without an answer") from error
        except aiohttp.ClientError as error:
            # By its name alone: the text of some of these shows the whole URL.
            raise FetchError(f"no answer from {_host(url)}: {type(error).__name__}") from error

    async def _answer(self, response: aiohttp.ClientResponse, url: str) -> bytes | str:
        """What one answer means: a body, another address, or no."""
        status, words = response.status, tidy(f"{response.status} {response.reason or ''}")
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
    """The body, given up as soon as it is larger than any feed."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise FetchError(f"an answer of more than {LARGEST_BODY // 1_000_000} MB", status=response.status)
    return bytes(body)


def _moved_to(url: str, location: str) -> str:
    """Where a redirect leads, if we go there: to the same host, or to any over https; never from https to http."""
    try:
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        allowed = new.scheme == "https" or (new.scheme, new.hostname) == (old.scheme, old.hostname)
    except ValueError:
        target, allowed = "", False
    if not location or not allowed:
        raise FetchError(f"{_host(url)} redirects to where we do not follow: {cut(tidy(location), 100) or 'nowhere'}")
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
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "arXiv"
