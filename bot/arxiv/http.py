"""Sends a GET to arXiv and reads its answer, over aiohttp. Imported only when something is asked."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp

from bot.arxiv.answers import UnreachableError, host_of, redirect_target, retry_after
from bot.errors import FetchError
from bot.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

LARGEST_BODY = 20_000_000
"""Bytes, after decompression. A feed of 2,000 items, arXiv's own limit, has 4 MB; such a catch-up page has 8 MB."""
_CONNECT_TIMEOUT = 15.0
_CHUNK = 65_536
_REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
# Throttling also comes as this text under status 200.
_RATE_EXCEEDED = b"Rate exceeded."


class HttpSession:
    """One session for all requests of a client.

    Args:
        headers: sent with every request.
        timeout: the most seconds from the start of a request to the end of its answer.
        now: tells the moment, for a Retry-After that is a date.
    """

    def __init__(self, headers: Mapping[str, str], timeout: float, now: Callable[[], datetime]) -> None:
        limits = aiohttp.ClientTimeout(total=timeout, connect=_CONNECT_TIMEOUT)
        self._session = aiohttp.ClientSession(headers=headers, timeout=limits, trust_env=True)
        self._timeout = timeout
        self._now = now

    async def get(self, url: str, accept: str) -> bytes | str:
        """Sends one request. Returns the body, or the URL that it was redirected to.

        Raises:
            FetchError: the server cannot be reached, or its answer is an error.
        """
        host = host_of(url)
        try:
            async with self._session.get(url, headers={"Accept": accept}, allow_redirects=False) as response:
                return await self._answer(response, url)
        except aiohttp.ConnectionTimeoutError as error:
            raise UnreachableError(f"cannot connect to {host}: no answer in time") from error
        except TimeoutError as error:
            raise UnreachableError(f"no whole answer from {host} within {self._timeout:g} s") from error
        except aiohttp.ClientPayloadError as error:
            raise FetchError(f"the answer of {host} broke off") from error
        except aiohttp.ClientConnectorError as error:
            reason = clean(error.os_error.strerror or type(error.os_error).__name__)
            raise UnreachableError(f"cannot connect to {host}: {reason}") from error
        except aiohttp.ClientConnectionError as error:
            raise FetchError(f"{host} closed the connection without an answer") from error
        except aiohttp.ClientError as error:
            # Only the type is shown: the text of some errors contains the whole URL.
            raise FetchError(f"no answer from {host}: {type(error).__name__}") from error

    async def aclose(self) -> None:
        """Closes the session."""
        await self._session.close()

    async def _answer(self, response: aiohttp.ClientResponse, url: str) -> bytes | str:
        """What a response means: a body, a redirect, or an error."""
        status, words = response.status, clean(f"{response.status} {response.reason or ''}")
        if status in _REDIRECTS:
            return redirect_target(url, response.headers.get("Location", ""))
        if status == HTTPStatus.OK:
            body = await _read(response)
            if body.strip() != _RATE_EXCEEDED:
                return body
            status, words = HTTPStatus.TOO_MANY_REQUESTS, _RATE_EXCEEDED.decode()
        seconds = retry_after(response.headers.get("Retry-After", ""), self._now())
        raise FetchError(f"{host_of(url)} answered {words}", status=status, retry_after=seconds)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Reads the body; stops as soon as it is larger than `LARGEST_BODY`."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise FetchError(f"an answer of more than {LARGEST_BODY // 1_000_000} MB", status=response.status)
    return bytes(body)
