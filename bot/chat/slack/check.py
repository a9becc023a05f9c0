"""The checks of `paperboy check` for the chat in Slack: both tokens, and missing scopes. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.channel import CheckResult
from bot.chat.slack.api import SlackChatApi
from bot.errors import DeliveryError, FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.channels.slack import SlackSettings
    from bot.settings import SlackChat

SCOPES: Mapping[str, str] = {
    "chat:write": "post",
    "commands": "hear /paperboy",
    "users:read": "know who may change a channel",
    "im:write": "write to a person",
}
"""Scope of the bot token -> what it is needed for."""
_APP_TOKEN, _TOKEN = "chat.slack.app_token", "channels.slack.token"
_AGAIN = "paste the manifest of bot/chat/README.md on the app's page, and install the app again"


async def check_chat(slack: SlackSettings, chat: SlackChat) -> list[CheckResult]:
    """Checks whether commands would arrive and could be answered; asks for a socket's URL but opens no socket."""
    if slack.token is None:
        return [CheckResult(_TOKEN, ok=False, message="is missing")]
    api = SlackChatApi(slack.token, chat.app_token, slack.api_url)
    try:
        return [await _check_app_token(api), await _check_scopes(api)]
    finally:
        await api.aclose()


async def _check_app_token(api: SlackChatApi) -> CheckResult:
    try:
        await api.socket_url()
    except DeliveryError as error:
        if error.kind is FailureKind.CREDENTIAL:
            advice = "take it from the app's page, Basic Information, App-Level Tokens, with connections:write"
            return CheckResult(_APP_TOKEN, ok=False, message=f"{error.reason}; {advice}")
        return CheckResult(_APP_TOKEN, ok=False, message=f"{error.reason}; is Socket Mode switched on? {_AGAIN}")
    return CheckResult(_APP_TOKEN, ok=True, message="opens sockets, over which commands are heard")


async def _check_scopes(api: SlackChatApi) -> CheckResult:
    try:
        scopes = await api.scopes()
    except DeliveryError as error:
        return CheckResult(_TOKEN, ok=False, message=error.reason)
    missing = [f"{scope} (to {why})" for scope, why in SCOPES.items() if scopes and scope not in scopes]
    if missing:
        return CheckResult(_TOKEN, ok=False, message=f"lacks what the chat needs: {', '.join(missing)}; {_AGAIN}")
    return CheckResult(_TOKEN, ok=True, message="has the scopes that the chat needs")
