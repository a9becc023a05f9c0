"""Incoming webhooks of other programs that take what Slack's take: Mattermost, Zulip and Rocket.Chat.

Of Slack's payload all three take `text`: https://developers.mattermost.com/integrate/webhooks/incoming/,
https://zulip.com/integrations/slack_incoming, https://docs.rocket.chat/docs/integrations. Posts nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.channels.http_answers import json_object, parse_json, retry_after
from bot.errors import DeliveryError, FailureKind
from bot.settings import fingerprint, is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from bot.model import Message

_GONE = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_MALFORMED = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


def text_only(message: Message) -> Message:
    """The message in its plain form, which is all text."""
    return replace(message, payload=message.plain or message.payload, plain=None)


def compatible_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What these programs take of a payload: its text, whose escape for Slack mentions nobody elsewhere either."""
    return {"text": payload["text"]}


def compatible_label(url: str) -> str:
    """What may be shown of such a webhook's URL: its host, not its secret.

    Raises:
        ValueError: it is no URL, or one that would send the secret in clear.
    """
    scheme, host = "", ""
    with suppress(ValueError):
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
    if not host or not (scheme == "https" or is_loopback(host)):
        raise ValueError("a webhook's URL must begin with https://, or be on loopback")
    return f"webhook at {host} ({fingerprint(url)[:8]})"


async def raise_for_compatible(response: aiohttp.ClientResponse) -> None:
    """Let an answer pass if it is a yes: Mattermost says `ok`, Zulip and Rocket.Chat say so in JSON.

    Raises:
        DeliveryError: any other answer.
    """
    status, text = response.status, (await response.text()).strip()
    body = json_object(parse_json(text))
    if status < HTTPStatus.MULTIPLE_CHOICES and (
        text == "ok" or body.get("result") == "success" or body.get("success") is True
    ):
        return
    raise DeliveryError(
        _kind_of(status),
        f"the webhook's program answered with status {status}",
        retry_after=retry_after(response.headers.get("Retry-After")),
    )


def _kind_of(status: int) -> FailureKind:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return FailureKind.RATE_LIMITED
    if status in _GONE:
        return FailureKind.DESTINATION_GONE
    if status in _MALFORMED:
        return FailureKind.REJECTED
    is_no = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return FailureKind.TRANSIENT if is_no else FailureKind.UNKNOWN
