"""What Slack's answers mean: turns each error code and each HTTP status into one `FailureKind`.

An error raised here never contains a token, a webhook's URL or free text of an answer; of an answer it has only what
looks like an error code or a list of scopes.

Codes of the Web API: https://docs.slack.dev/reference/methods/chat.postMessage#errors; of incoming webhooks:
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.channels.channel import CannotTellError
from bot.channels.http_answers import json_object, parse_json, retry_after
from bot.errors import DeliveryError, FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_CODES: Mapping[FailureKind, tuple[str, ...]] = {
    FailureKind.RATE_LIMITED: ("ratelimited", "rate_limited"),
    FailureKind.UNKNOWN: ("internal_error", "fatal_error"),
    FailureKind.TRANSIENT: (
        "service_unavailable",
        "team_added_to_org",
        "org_login_required",
        "request_timeout",
        "message_limit_exceeded",
        "external_channel_migrating",
    ),
    FailureKind.DESTINATION_GONE: (
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "ekm_access_denied",
        "no_permission",
        "team_access_not_granted",
        "messages_tab_disabled",
        "cannot_dm_bot",
        "user_disabled",
        # a webhook's own
        "user_not_found",
        "action_prohibited",
        "invalid_token",
        "no_service",
        "no_active_hooks",
        "no_team",
        "channel_is_archived",
        "channel_type_not_supported",
    ),
    FailureKind.CREDENTIAL: (
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "access_denied",
        "enterprise_is_restricted",
        "two_factor_setup_required",
        "team_not_found",
    ),
    FailureKind.THREAD_GONE: ("thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked"),
    FailureKind.REJECTED: (
        "msg_blocks_too_long",
        "msg_too_long",
        "invalid_attachments",
        "attachment_payload_limit_exceeded",
        "markdown_text_conflict",
        "invalid_charset",
        "invalid_json",
        "json_not_object",
        "invalid_form_data",
        "invalid_arg_name",
        "invalid_array_arg",
        "no_text",
        "metadata_too_large",
        "invalid_arguments",
        "too_many_attachments",
        "invalid_payload",
        "invalid_post_type",
        "missing_post_type",
        "missing_charset",
    ),
}
_FAMILIES: Mapping[str, FailureKind] = {
    "restricted_action": FailureKind.DESTINATION_GONE,
    "posting_to_": FailureKind.DESTINATION_GONE,
    "slack_connect_": FailureKind.REJECTED,
    "invalid_blocks": FailureKind.REJECTED,
    "invalid_metadata_": FailureKind.REJECTED,
}
"""Beginnings of codes: `restricted_action_read_only_channel`, `invalid_blocks_format`."""

_READ_REFUSALS = ("missing_scope", "not_allowed_token_type")
"""Refusals to read that do not mean that posting fails: a token may be allowed to post but not to read."""

_KIND_OF_CODE = {code: kind for kind, codes in _CODES.items() for code in codes}
_TRANSIENT_CODES = _CODES[FailureKind.TRANSIENT]
_CODE = re.compile(r"[a-z][a-z0-9_]{1,79}")
_SCOPES = re.compile(r"(?:[a-z.]{1,30}(?::[a-z.]{1,30}){1,2},?){1,5}")
_GONE = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_COMPATIBLE_GONE = (HTTPStatus.UNAUTHORIZED, *_GONE)
_COMPATIBLE_MALFORMED = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


async def raise_for_method(response: aiohttp.ClientResponse) -> None:
    """Raises unless the Web API answered with success.

    Raises:
        DeliveryError: any other answer.
    """
    answer = await _json_of(response)
    if response.status == HTTPStatus.OK and answer.get("ok") is True:
        return
    raise _refusal(response, answer.get("error"), needed=answer.get("needed"))


async def raise_for_lookup(response: aiohttp.ClientResponse) -> None:
    """Raises unless Slack answered the lookup of a message with success.

    Raises:
        CannotTellError: Slack does not let us read there, and asking again would not help.
        DeliveryError: it did not answer, or does not know the token.
    """
    answer = await _json_of(response)
    if response.status == HTTPStatus.OK and answer.get("ok") is True:
        return
    refusal = _refusal(response, answer.get("error"), needed=answer.get("needed"))
    code, kind = answer.get("error"), refusal.kind
    is_transient = (
        kind in (FailureKind.RATE_LIMITED, FailureKind.UNKNOWN)
        or code in _TRANSIENT_CODES
        or (kind is FailureKind.TRANSIENT and not code)
    )
    if is_transient or (kind is FailureKind.CREDENTIAL and code not in _READ_REFUSALS):
        raise refusal
    raise CannotTellError(refusal.reason)


async def raise_for_webhook(response: aiohttp.ClientResponse) -> None:
    """Raises unless an incoming webhook answered with the text `ok`.

    Raises:
        DeliveryError: any other answer.
    """
    answer = (await response.text()).strip()
    if response.status == HTTPStatus.OK and answer == "ok":
        return
    raise _refusal(response, answer)


async def raise_for_compatible(response: aiohttp.ClientResponse) -> None:
    """Raises unless another program's webhook answered with success: Mattermost with `ok`, the others with JSON.

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
        _kind_of_compatible(status),
        f"the webhook's program answered with status {status}",
        retry_after=retry_after(response.headers.get("Retry-After")),
    )


@contextmanager
def connection_errors_as_failures() -> Iterator[None]:
    """Turns connection errors into `DeliveryError`: not sent if there was no connection, else unknown.

    Raises:
        DeliveryError: TRANSIENT or UNKNOWN.
    """
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
        reason = f"no connection to Slack ({type(error).__name__})"
        raise DeliveryError(FailureKind.TRANSIENT, reason, about_message=False) from None  # may quote a webhook's URL
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        reason = f"Slack's answer was lost ({type(error).__name__})"
        raise DeliveryError(FailureKind.UNKNOWN, reason, about_message=False) from None  # may quote a webhook's URL


def _refusal(response: aiohttp.ClientResponse, answer: object, *, needed: object = None) -> DeliveryError:
    code = answer if isinstance(answer, str) and _CODE.fullmatch(answer) else ""
    reason = f"Slack said {code}" if code else f"Slack answered with status {response.status} and no word of its own"
    if isinstance(needed, str) and _SCOPES.fullmatch(needed):
        reason += f" (needed: {needed})"
    return DeliveryError(
        _kind_of(response.status, code), reason, retry_after=retry_after(response.headers.get("Retry-After"))
    )


def _kind_of(status: int, code: str) -> FailureKind:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return FailureKind.RATE_LIMITED
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return FailureKind.UNKNOWN
    if code in _KIND_OF_CODE:
        return _KIND_OF_CODE[code]
    for beginning, kind in _FAMILIES.items():
        if code.startswith(beginning):
            return kind
    if status in _GONE:
        return FailureKind.DESTINATION_GONE
    return FailureKind.TRANSIENT if code or status >= HTTPStatus.BAD_REQUEST else FailureKind.UNKNOWN


def _kind_of_compatible(status: int) -> FailureKind:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return FailureKind.RATE_LIMITED
    if status in _COMPATIBLE_GONE:
        return FailureKind.DESTINATION_GONE
    if status in _COMPATIBLE_MALFORMED:
        return FailureKind.REJECTED
    is_no = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return FailureKind.TRANSIENT if is_no else FailureKind.UNKNOWN


async def _json_of(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The JSON object in the answer; empty if it is something else."""
    if response.content_type in ("application/gzip", "text/plain"):
        return {}
    return json_object(parse_json(await response.read()))
