"""What Discord answers, seen before its client library acts on it, and what an answer means for a delivery.

discord.py 2.7 posts again on a 5xx (and on a reset connection on macOS), sleeps on a 429, and sleeps after a message
was taken when a rate limit bucket is empty: a stop there would make "taken" into "nobody knows". So an aiohttp trace
takes every outcome out of its hands: one request, one answer. Waiting and repeating are `deliver`'s.
"""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bot import text
from bot.channels.channel import CannotTellError
from bot.errors import DeliveryError, Trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import SimpleNamespace

    import aiohttp

SECONDS = 30.0
"""How long one request may take, from the first look at the address to the last byte of the answer."""

_NO_SECONDS_NAMED = 60.0
_UNAUTHORIZED = 40001
_UNKNOWN_MESSAGE = 10008


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
        return code if isinstance(code, int) else 0


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
    import aiohttp  # noqa: PLC0415 - only who sends needs it
    from discord.http import Route  # noqa: PLC0415 - the same, and 0.4 s

    attempt = _Attempt()
    _ATTEMPT.set(attempt)
    # discord.py keeps its address in a class attribute and reads it when it builds a request, which every call used
    # here does before it first gives way to another task. So set at each request, two channels do not cross.
    Route.BASE = api_url
    try:
        async with asyncio.timeout(SECONDS):
            with suppress(_Over):
                await request()
    except (aiohttp.ClientError, TimeoutError) as error:
        attempt.error = error
    if attempt.answer:
        return attempt.answer
    trouble = Trouble.UNKNOWN if attempt.written else Trouble.TRANSIENT
    # `from None`: the messages of aiohttp's errors carry URLs, and a webhook's URL is a secret.
    raise DeliveryError(trouble, _why(attempt.error)) from None


def trace() -> aiohttp.TraceConfig:
    """What every session used with `ask` must be traced by."""
    import aiohttp  # noqa: PLC0415 - as above

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
    raw = await response.read()
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    _ATTEMPT.get().answer = Answer(
        params.method,
        response.status,
        body if isinstance(body, dict) else None,
        response.headers.get("Retry-After"),
        [each for each in body if isinstance(each, dict)] if isinstance(body, list) else None,
    )
    raise _Over


async def _on_exception(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
) -> None:
    # A cancellation (our own timeout, or the end of the program) passes; so does what `_on_answer` raises.
    if isinstance(params.exception, Exception) and not isinstance(params.exception, _Over):
        _ATTEMPT.get().error = params.exception
        raise _Over


def _why(error: Exception | None) -> str:
    """An error without the URL that aiohttp puts into many of its messages; a host says enough."""
    import aiohttp  # noqa: PLC0415 - as above

    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port} ({error.os_error})"
    if isinstance(error, TimeoutError):
        return f"no answer within {SECONDS:g} s"
    return f"the connection broke ({type(error).__name__})"


def platform_id(answer: Answer, *, webhook: bool) -> str:
    """Discord's id of what it took or showed, or an empty string for a message that it took before.

    Args:
        answer: what Discord said.
        webhook: whether a webhook was asked, which is a credential of its own; else a bot.

    Raises:
        DeliveryError: it said anything but that it has it.
    """
    status = answer.status
    if status < HTTPStatus.MULTIPLE_CHOICES and answer.body and answer.body.get("id"):
        return str(answer.body["id"])
    if answer.code == _UNKNOWN_MESSAGE and answer.method == "POST":
        # A message with this nonce was taken before, and deleted since:
        # https://github.com/discord/discord-api-docs/issues/6647
        return ""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise _busy(answer)
    raise DeliveryError(_trouble(answer, webhook=webhook), _reason(answer))


def shown(answer: Answer) -> Sequence[Mapping[str, Any]]:
    """The messages, or the one message, that Discord showed us.

    Raises:
        CannotTellError: it does not let us look there, or what we asked for is gone.
        DeliveryError: it did not answer the question, or does not know the bot.
    """
    if answer.status == HTTPStatus.OK and answer.listed is not None:
        return answer.listed
    try:
        platform_id(answer, webhook=False)
    except DeliveryError as error:
        if error.trouble in (Trouble.CLOSED, Trouble.MALFORMED):
            raise CannotTellError(error.reason) from None
        raise
    return [answer.body] if answer.body else []


def _trouble(answer: Answer, *, webhook: bool) -> Trouble:
    status = answer.status
    if status < HTTPStatus.MULTIPLE_CHOICES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Trouble.UNKNOWN if answer.method == "POST" else Trouble.TRANSIENT
    if status < HTTPStatus.BAD_REQUEST:
        return Trouble.TRANSIENT
    if status == HTTPStatus.UNAUTHORIZED or answer.code == _UNAUTHORIZED:
        return Trouble.CLOSED if webhook else Trouble.CREDENTIAL
    if answer.code in _CODES:
        return _CODES[answer.code][0]
    return Trouble.CLOSED if status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND) else Trouble.MALFORMED


_FORUM = "a forum takes threads only: set `forum: true`, or name one of its threads (a webhook by ?thread_id=ID)"
_TAG = "the forum wants a tag on every post: switch off Require people to select tags in its settings"
NO_FORUM = "it is no forum: leave out `forum: true`"

_CODES: dict[int, tuple[Trouble, str]] = {
    10003: (Trouble.CLOSED, "the channel does not exist, or no longer"),
    10015: (Trouble.CLOSED, "the webhook does not exist, or no longer"),
    40067: (Trouble.CLOSED, _TAG),
    50001: (Trouble.CLOSED, "the bot cannot see the channel: give it View Channel"),
    50008: (Trouble.CLOSED, f"not a channel for text; {_FORUM}"),
    50013: (Trouble.CLOSED, "the bot needs View Channel, Send Messages and Embed Links there"),
    50024: (Trouble.CLOSED, f"not a channel for text; {_FORUM}"),
    50027: (Trouble.CLOSED, "the webhook's token is wrong: copy its URL again"),
    50083: (Trouble.CLOSED, "the thread is archived"),
    160005: (Trouble.CLOSED, "the thread is locked"),
    160006: (Trouble.CLOSED, "the server has too many active threads"),
    200000: (Trouble.MALFORMED, "the server's AutoMod blocked it"),
    220001: (Trouble.CLOSED, _FORUM),
    220003: (Trouble.CLOSED, NO_FORUM),
}
"""The codes that say more than their HTTP status."""


def _busy(answer: Answer) -> DeliveryError:
    """A 429. Discord's own names the seconds in JSON; Cloudflare's page is about everything from this address.

    https://docs.discord.com/developers/topics/rate-limits
    """
    body = answer.body or {}
    everywhere = answer.body is None or body.get("global") is True
    named = _seconds(body.get("retry_after")) or _seconds(answer.retry_after) or _NO_SECONDS_NAMED
    return DeliveryError(Trouble.BUSY, _reason(answer), retry_after=named, everywhere=everywhere)


def _seconds(named: object) -> float | None:
    """A positive number of seconds, or None where it is none."""
    if isinstance(named, (int, float, str)):
        with suppress(ValueError):
            seconds = float(named)
            return seconds if math.isfinite(seconds) and seconds > 0 else None
    return None


def _reason(answer: Answer) -> str:
    """For logs and status: our advice where there is one, and Discord's own words, cut and on one line.

    Where Discord has no code it repeats the status, "401: Unauthorized", which is said already.
    """
    code = f", code {answer.code}" if answer.code else ""
    words = [f"Discord answered {answer.status}{code}"]
    if answer.code in _CODES:
        words.append(_CODES[answer.code][1])
    elif answer.body is None:
        words.append("and not in JSON; is channels.discord.api_url right?")
    if answer.body and isinstance(said := answer.body.get("message"), str):
        words.append(text.cut(text.tidy(said).removeprefix(f"{answer.status}: "), 100))
    if answer.body and "errors" in answer.body:
        words.append(text.cut(json.dumps(answer.body["errors"]), 300))
    return ": ".join(words)
