"""What the answer of a Slack-compatible webhook means for a delivery.

Separate from `compatible`, which reads configurations and must not import aiohttp.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.channels.http_answers import json_object, parse_json, retry_after
from bot.errors import DeliveryError, FailureKind

if TYPE_CHECKING:
    import aiohttp

_GONE = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_MALFORMED = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


async def raise_for_compatible(response: aiohttp.ClientResponse) -> None:
    """Raises unless the answer means success: `ok` by Mattermost, JSON by Zulip and Rocket.Chat.

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
