"""One request to Discord through discord.py: one request, one answer.

discord.py 2.7 posts again on a 5xx (and on a reset connection on macOS), sleeps on a 429, and sleeps after a message
was accepted when a rate limit bucket is empty: if the program is stopped then, the answer is lost. So
an aiohttp trace gets each answer first and ends the call before discord.py can sleep or repeat it. `errors`
interprets an answer; `deliver` waits and repeats.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from discord.http import Route

from bot.channels.http_answers import json_objects, parse_json, read_body
from bot.errors import DeliveryError, FailureKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import SimpleNamespace


_HIGHEST_CODE = 99_999_999
REQUEST_SECONDS = 30.0
"""How long one request may take, from the first look at the address to the last byte of the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Discord said to one request."""

    method: str
    status: int
    body: Mapping[str, Any] | None
    """A JSON object, or None where the body was none (Cloudflare's pages are HTML)."""
    retry_after: str | None
    """The header."""
    listed: Sequence[Mapping[str, Any]] | None = None
    """A JSON array of objects, where the body was one."""

    @property
    def code(self) -> int:
        """Discord's own error code, 0 where it gave none.

        https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
        """
        code = (self.body or {}).get("code")
        return code if type(code) is int and 0 < code <= _HIGHEST_CODE else 0


@dataclass(slots=True)
class _Attempt:
    written: bool = False
    """Whether a POST may have reached the other side."""
    answer: Answer | None = None
    error: Exception | None = None


class _Over(Exception):  # noqa: N818 - no error: it only leads out of discord.py, past its retries
    """The attempt has its outcome."""


_ATTEMPT: ContextVar[_Attempt] = ContextVar("_ATTEMPT")
"""The attempt of the running task: the trace's hooks are called in it, deep inside of discord.py."""


async def ask(api_url: str, request: Callable[[], Awaitable[object]]) -> Answer:
    """Make one request through discord.py and return the answer, whatever it says.

    Args:
        api_url: what takes the place of `https://discord.com/api/v10`.
        request: calls discord.py, on a session that has `trace()`.

    Raises:
        DeliveryError: there was no answer. TRANSIENT if surely nothing was posted, else UNKNOWN.
    """
    attempt = _Attempt()
    _ATTEMPT.set(attempt)
    # discord.py keeps its address in a class attribute and reads it when it builds a request, which every call used
    # here does before it first gives way to another task. So set at each request, two channels do not cross.
    Route.BASE = api_url
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            with suppress(_Over):
                await request()
    except (aiohttp.ClientError, TimeoutError) as error:
        attempt.error = error
    if attempt.answer:
        return attempt.answer
    kind = FailureKind.UNKNOWN if attempt.written else FailureKind.TRANSIENT
    # `from None`: the messages of aiohttp's errors carry URLs, and a webhook's URL is a secret.
    raise DeliveryError(kind, _describe(attempt.error), about_message=False) from None


def trace() -> aiohttp.TraceConfig:
    """The aiohttp trace that every session used with `ask` must have."""
    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(_on_headers_sent)
    config.on_request_redirect.append(_on_answer)
    config.on_request_end.append(_on_answer)
    config.on_request_exception.append(_on_exception)
    return config


async def _on_headers_sent(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    _ATTEMPT.get().written |= params.method == "POST"


async def _on_answer(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    params: aiohttp.TraceRequestEndParams | aiohttp.TraceRequestRedirectParams,
) -> None:
    response = params.response
    body = parse_json(await read_body(response))
    _ATTEMPT.get().answer = Answer(
        params.method,
        response.status,
        body if isinstance(body, dict) else None,
        response.headers.get("Retry-After"),
        json_objects(body) if isinstance(body, list) else None,
    )
    raise _Over


async def _on_exception(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
) -> None:
    # A cancellation (our own timeout, or the end of the program) passes; so does what `_on_answer` raises.
    if isinstance(params.exception, Exception) and not isinstance(params.exception, _Over):
        _ATTEMPT.get().error = params.exception
        raise _Over


def _describe(error: Exception | None) -> str:
    """An error without the URL that aiohttp puts into many of its messages; a host says enough."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port} ({error.os_error})"
    if isinstance(error, TimeoutError):
        return f"no answer within {REQUEST_SECONDS:g} s"
    return f"the connection broke ({type(error).__name__})"
