"""What Slack's answers mean: each error code and status as one kind of trouble.

Never keeps a token, a webhook's URL or an answer's free text in what it raises: only codes made of the letters
that Slack uses for them.

Codes of the Web API: https://docs.slack.dev/reference/methods/chat.postMessage#errors; of incoming webhooks:
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bot.channels.channel import CannotTellError
from bot.errors import DeliveryError, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import aiohttp

_CODES: Mapping[Trouble, tuple[str, ...]] = {
    Trouble.BUSY: ("ratelimited", "rate_limited"),
    Trouble.UNKNOWN: ("internal_error", "fatal_error"),
    Trouble.TRANSIENT: (
        "service_unavailable",
        "team_added_to_org",
        "org_login_required",
        "request_timeout",
        "message_limit_exceeded",
    ),
    Trouble.CLOSED: (
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "ekm_access_denied",
        "no_permission",
        # a webhook's own
        "user_not_found",
        "action_prohibited",
        "invalid_token",
        "no_service",
        "no_active_hooks",
        "no_team",
        "channel_is_archived",
    ),
    Trouble.CREDENTIAL: (
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
    ),
    Trouble.MALFORMED: (
        "msg_blocks_too_long",
        "no_text",
        "metadata_too_large",
        "invalid_arguments",
        "too_many_attachments",
        "invalid_payload",
    ),
}
_FAMILIES: Mapping[str, Trouble] = {
    "restricted_action": Trouble.CLOSED,
    "invalid_blocks": Trouble.MALFORMED,
    "invalid_metadata_": Trouble.MALFORMED,
}
"""Beginnings of codes: `restricted_action_read_only_channel`, `invalid_blocks_format`."""

_NOT_OURS_TO_READ = ("missing_scope", "not_allowed_token_type")
"""Refusals that say nothing of posting: the token may post and not read."""

_TROUBLE = {code: trouble for trouble, codes in _CODES.items() for code in codes}
_PASSING = _CODES[Trouble.TRANSIENT]
_CODE = re.compile(r"[a-z][a-z0-9_]{1,79}")
_SCOPES = re.compile(r"(?:[a-z.]{1,30}(?::[a-z.]{1,30}){1,2},?){1,5}")
_GONE = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


async def judge_method(response: aiohttp.ClientResponse) -> None:
    """Let an answer of the Web API pass if it is a yes.

    Raises:
        DeliveryError: any other answer.
    """
    said = _json_object(await response.text("utf-8", "replace"))
    if response.status == HTTPStatus.OK and said.get("ok") is True:
        return
    raise _refusal(response, said.get("error"), needed=said.get("needed"))


async def judge_reading(response: aiohttp.ClientResponse) -> None:
    """Let an answer pass that shows messages.

    Raises:
        CannotTellError: Slack does not let us look, and would not the next time.
        DeliveryError: it did not answer the question, or does not know the token at all.
    """
    said = _json_object(await response.text("utf-8", "replace"))
    if response.status == HTTPStatus.OK and said.get("ok") is True:
        return
    refusal = _refusal(response, said.get("error"), needed=said.get("needed"))
    code, trouble = said.get("error"), refusal.trouble
    passing = (
        trouble in (Trouble.BUSY, Trouble.UNKNOWN) or code in _PASSING or (trouble is Trouble.TRANSIENT and not code)
    )
    if passing or (trouble is Trouble.CREDENTIAL and code not in _NOT_OURS_TO_READ):
        raise refusal
    raise CannotTellError(refusal.reason)


async def judge_webhook(response: aiohttp.ClientResponse) -> None:
    """Let an incoming webhook's answer pass if it is a yes, which is the text `ok`.

    Raises:
        DeliveryError: any other answer.
    """
    said = (await response.text("utf-8", "replace")).strip()
    if response.status == HTTPStatus.OK and said == "ok":
        return
    raise _refusal(response, said)


@contextmanager
def no_answer_as_trouble() -> Iterator[None]:
    """Turn a failing connection into trouble: surely not sent while there was no connection, unknown after.

    Raises:
        DeliveryError: TRANSIENT or UNKNOWN.
    """
    import aiohttp  # noqa: PLC0415 - 150 ms that only sending needs

    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
        reason = f"no connection to Slack ({type(error).__name__})"
        raise DeliveryError(Trouble.TRANSIENT, reason) from None  # its text may hold a webhook's URL
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        reason = f"Slack's answer was lost ({type(error).__name__})"
        raise DeliveryError(Trouble.UNKNOWN, reason) from None  # as above


def _refusal(response: aiohttp.ClientResponse, said: object, *, needed: object = None) -> DeliveryError:
    code = said if isinstance(said, str) and _CODE.fullmatch(said) else ""
    reason = f"Slack said {code}" if code else f"Slack answered with status {response.status} and no word of its own"
    if isinstance(needed, str) and _SCOPES.fullmatch(needed):
        reason += f" (needed: {needed})"
    return DeliveryError(_trouble(response.status, code), reason, retry_after=_seconds(response.headers))


def _trouble(status: int, code: str) -> Trouble:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Trouble.BUSY
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Trouble.UNKNOWN
    if code in _TROUBLE:
        return _TROUBLE[code]
    for beginning, trouble in _FAMILIES.items():
        if code.startswith(beginning):
            return trouble
    if status in _GONE:
        return Trouble.CLOSED
    return Trouble.TRANSIENT if code or status >= HTTPStatus.BAD_REQUEST else Trouble.UNKNOWN


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Retry-After, which Slack gives in whole seconds."""
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdecimal() else None


def _json_object(body: str) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
