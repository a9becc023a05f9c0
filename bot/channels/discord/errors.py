"""What an answer of Discord's means for a delivery: taken, to be tried again, refused, or nobody knows.

Pure: `request` asks, this decides.
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bot import text
from bot.channels.channel import CannotTellError
from bot.errors import DeliveryError, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.channels.discord.request import Answer


_NO_SECONDS_NAMED = 60.0
_UNAUTHORIZED = 40001
_UNKNOWN_MESSAGE = 10008


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
