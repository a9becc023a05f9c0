"""Checks the Slack token and channels, and says which setting is probably wrong. Posts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.channels.channel import CheckResult
from bot.channels.http_answers import json_object
from bot.channels.slack.errors import connection_errors_as_failures
from bot.errors import DeliveryError, FailureKind
from bot.text import clean, truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.settings import Address

    ClientOf = Callable[[], AsyncWebClient]
    """Makes the client, whose every refused answer raises; it raises itself where there is no token."""

TOKEN = "channels.slack.token"  # noqa: S105 - the setting's name


async def check_bot(client_of: ClientOf, addresses: Sequence[Address]) -> list[CheckResult]:
    """Checks the token, and the channels and persons as far as the token may read."""
    token, scopes = await _check_token(client_of)
    if not token.ok:
        return [token]
    client = client_of()
    return [token, *[await _check_place(client, address, scopes) for address in addresses]]


async def _check_token(client_of: ClientOf) -> tuple[CheckResult, frozenset[str]]:
    try:
        client = client_of()
        with connection_errors_as_failures():
            answer = await client.auth_test()
    except DeliveryError as error:
        if error.kind is FailureKind.CREDENTIAL:
            advice = "take the bot token (xoxb-...) from the app's page, OAuth & Permissions"
            return CheckResult(TOKEN, ok=False, message=f"{error.reason}; {advice}"), frozenset()
        return CheckResult("channels.slack.api_url", ok=False, message=error.reason), frozenset()
    scopes = frozenset(_words(answer.headers.get("x-oauth-scopes", "")))
    if scopes and "chat:write" not in scopes:
        message = "lacks the scope chat:write: add it on the app's page and install the app again"
        return CheckResult(TOKEN, ok=False, message=message), scopes
    message = f"is {_named(answer, 'user')} in {_named(answer, 'team')}; posting needs the scope chat:write"
    return CheckResult(TOKEN, ok=True, message=message), scopes


async def _check_place(client: AsyncWebClient, address: Address, scopes: frozenset[str]) -> CheckResult:
    name = address.value.reveal()
    if address.kind == "person":
        return await _check_person(client, name)
    return await _check_channel(client, name, scopes)


async def _check_person(client: AsyncWebClient, person: str) -> CheckResult:
    """Opens the direct message; the person sees it only once something is posted there."""
    try:
        with connection_errors_as_failures():
            await client.conversations_open(users=person)
    except DeliveryError as error:
        if error.kind is FailureKind.CREDENTIAL:
            message = f"not looked at, which needs im:write: {error.reason}"
            return CheckResult(person, ok=True, message=message)
        return CheckResult(person, ok=False, message=f"{error.reason}; is it a member's id of this workspace?")
    return CheckResult(person, ok=True, message="can be written to")


async def _check_channel(client: AsyncWebClient, channel: str, scopes: frozenset[str]) -> CheckResult:
    if channel.startswith("#"):
        message = "a name cannot be looked up, and breaks when the channel is renamed: its id would last"
        return CheckResult(channel, ok=True, message=message)
    try:
        with connection_errors_as_failures():
            answer = await client.conversations_info(channel=channel)
    except DeliveryError as error:
        if error.kind is FailureKind.CREDENTIAL:  # missing_scope: the token itself was found good
            message = f"not looked at, which needs channels:read, for a private channel groups:read: {error.reason}"
            return CheckResult(channel, ok=True, message=message)
        message = f"{error.reason}; a private channel is only seen once the app is invited to it"
        return CheckResult(channel, ok=False, message=message)
    return _channel_result(channel, json_object(answer.get("channel")), scopes)


def _channel_result(channel: str, found: dict[str, Any], scopes: Iterable[str]) -> CheckResult:
    if found.get("is_archived"):
        return CheckResult(channel, ok=False, message="the channel is archived")
    if not found.get("is_member", True) and "chat:write.public" not in scopes:
        return CheckResult(channel, ok=False, message="the app is not in the channel: /invite it there")
    return CheckResult(channel, ok=True, message=f"is #{_named(found, 'name')}" if found.get("name") else "is there")


def _named(found: Any, key: str) -> str:  # noqa: ANN401 - an answer of slack_sdk's, or a part of it
    """A name from Slack, escaped for the terminal."""
    return truncate(clean(str(found.get(key))), 80)


def _words(listed: str) -> list[str]:
    return [word.strip() for word in listed.split(",") if word.strip()]
