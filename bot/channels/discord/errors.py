"""What Discord's answer means for a delivery: accepted, or the `FailureKind`.

Pure. The module `request` sends requests; this one interprets their answers, and reads ids and messages from them.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bot import text
from bot.channels.channel import CannotTellError
from bot.channels.http_answers import retry_after
from bot.errors import DeliveryError, FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.channels.discord.request import Answer


_NO_SECONDS_NAMED = 60.0
_SNOWFLAKE = re.compile(r"[0-9]{1,20}", re.ASCII)
_MALFORMED = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_LARGEST_ID = 1 << 64
_UNAUTHORIZED = 40001
_UNKNOWN_MESSAGE = 10008


def platform_id(answer: Answer, *, webhook: bool) -> str:
    """The id of the message that Discord accepted or showed; empty if it was posted before and deleted since.

    Args:
        answer: Discord's answer.
        webhook: whether it was a webhook's request, whose URL is the credential; else a bot's.

    Raises:
        DeliveryError: any other answer.
    """
    status = answer.status
    if status < HTTPStatus.MULTIPLE_CHOICES and answer.body and (found := snowflake_in(answer.body.get("id"))):
        return found
    if answer.code == _UNKNOWN_MESSAGE and answer.method == "POST":
        # A message with this nonce was taken before, and deleted since:
        # https://github.com/discord/discord-api-docs/issues/6647
        return ""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise _rate_limited(answer)
    raise DeliveryError(_kind_of(answer, webhook=webhook), _reason(answer))


def snowflake_in(named: object) -> str:
    """An id from Discord as text; "" if it is malformed: ids are stored and sent back, so no other text may pass.

    Ids have 64 bits: https://docs.discord.com/developers/reference#snowflakes.
    """
    if isinstance(named, bool):
        return ""
    text_or_number = str(named) if isinstance(named, int) and 0 <= named < _LARGEST_ID else named
    return text_or_number if isinstance(text_or_number, str) and _SNOWFLAKE.fullmatch(text_or_number) else ""


def messages_in(answer: Answer) -> Sequence[Mapping[str, Any]]:
    """The message or messages in the answer to a lookup.

    Raises:
        CannotTellError: we may not read there, or what we asked for is gone.
        DeliveryError: the answer says nothing about the messages, as a 401, 429 or 5xx does.
    """
    if answer.status == HTTPStatus.OK and answer.listed is not None:
        return answer.listed
    try:
        platform_id(answer, webhook=False)
    except DeliveryError as error:
        if error.kind in (FailureKind.DESTINATION_GONE, FailureKind.REJECTED) or answer.code == _UNKNOWN_MESSAGE:
            raise CannotTellError(error.reason) from None
        raise
    return [answer.body] if answer.body else []


def _kind_of(answer: Answer, *, webhook: bool) -> FailureKind:
    status = answer.status
    if status < HTTPStatus.MULTIPLE_CHOICES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return FailureKind.UNKNOWN if answer.method == "POST" else FailureKind.TRANSIENT
    if status < HTTPStatus.BAD_REQUEST:
        return FailureKind.TRANSIENT
    if status == HTTPStatus.UNAUTHORIZED or answer.code == _UNAUTHORIZED:
        return FailureKind.DESTINATION_GONE if webhook else FailureKind.CREDENTIAL
    if answer.code in _CODES:
        return _CODES[answer.code][0]
    if status in _MALFORMED and not answer.code:
        return FailureKind.REJECTED
    is_gone = status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND) and not answer.code
    return FailureKind.DESTINATION_GONE if is_gone else FailureKind.TRANSIENT


_FORUM = "a forum takes threads only: set `forum: true`, or name one of its threads (a webhook by ?thread_id=ID)"
TAG_WANTED = "the forum wants a tag on every post: set `tags: [one of its tags]`"
NO_FORUM = "it is no forum: leave out `forum: true`"

_CODES: dict[int, tuple[FailureKind, str]] = {
    10003: (FailureKind.DESTINATION_GONE, "the channel does not exist, or no longer"),
    10004: (FailureKind.DESTINATION_GONE, "the server does not exist, or no longer"),
    10013: (FailureKind.DESTINATION_GONE, "the user does not exist, or no longer"),
    10015: (FailureKind.DESTINATION_GONE, "the webhook does not exist, or no longer"),
    20009: (FailureKind.REJECTED, "the server takes no explicit content"),
    40002: (FailureKind.CREDENTIAL, "the bot's account has to be verified first"),
    40005: (FailureKind.REJECTED, "it is too large"),
    40067: (FailureKind.DESTINATION_GONE, TAG_WANTED),
    40333: (FailureKind.TRANSIENT, "something before Discord refused it"),
    50006: (FailureKind.REJECTED, "it is empty"),
    50035: (FailureKind.REJECTED, "it is not formed as Discord wants it"),
    50278: (FailureKind.DESTINATION_GONE, "the user shares no server with the bot"),
    50109: (FailureKind.REJECTED, "it is not JSON"),
    50001: (FailureKind.DESTINATION_GONE, "the bot cannot see the channel: give it View Channel"),
    50007: (FailureKind.DESTINATION_GONE, "the user takes no direct messages from the bot"),
    50008: (FailureKind.DESTINATION_GONE, f"not a channel for text; {_FORUM}"),
    50013: (FailureKind.DESTINATION_GONE, "the bot needs View Channel, Send Messages and Embed Links there"),
    50024: (FailureKind.DESTINATION_GONE, f"not a channel for text; {_FORUM}"),
    50027: (FailureKind.DESTINATION_GONE, "the webhook's token is wrong: copy its URL again"),
    50083: (FailureKind.DESTINATION_GONE, "the thread is archived"),
    160005: (FailureKind.DESTINATION_GONE, "the thread is locked"),
    160006: (FailureKind.DESTINATION_GONE, "the server has too many active threads"),
    200000: (FailureKind.REJECTED, "the server's AutoMod blocked it"),
    200001: (FailureKind.REJECTED, "the server's AutoMod blocked its title"),
    240000: (FailureKind.REJECTED, "Discord calls a link in it harmful"),
    220001: (FailureKind.DESTINATION_GONE, _FORUM),
    220003: (FailureKind.DESTINATION_GONE, NO_FORUM),
}
"""Codes that say more than their HTTP status."""


def _rate_limited(answer: Answer) -> DeliveryError:
    """The error for a 429. Discord's has the seconds in JSON; Cloudflare's is about all requests from our address.

    https://docs.discord.com/developers/topics/rate-limits
    """
    body = answer.body or {}
    affects_credential = answer.body is None or body.get("global") is True
    named = retry_after(body.get("retry_after")) or retry_after(answer.retry_after) or _NO_SECONDS_NAMED
    return DeliveryError(
        FailureKind.RATE_LIMITED, _reason(answer), retry_after=named, affects_credential=affects_credential
    )


def _reason(answer: Answer) -> str:
    """The reason for logs and status: our advice, if any, and Discord's message, truncated, on one line.

    A message that only repeats the status, "401: Unauthorized", is left out.
    """
    code = f", code {answer.code}" if answer.code else ""
    words = [f"Discord answered {answer.status}{code}"]
    if answer.code in _CODES:
        words.append(_CODES[answer.code][1])
    elif answer.body is None:
        words.append("and not in JSON; is channels.discord.api_url right?")
    if answer.body and isinstance(said := answer.body.get("message"), str):
        words.append(text.truncate(text.clean(said).removeprefix(f"{answer.status}: "), 100))
    if answer.body and "errors" in answer.body:
        words.append(text.truncate(text.clean(json.dumps(answer.body["errors"])), 300))
    return ": ".join(words)
