"""`check` says which of the chat's tokens or scopes is wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.channel import CheckResult
from bot.channels.slack import SlackSettings
from bot.chat.slack.check import check_chat
from bot.settings import Secret, SlackChat

if TYPE_CHECKING:
    from tests.servers.slack import SlackReceiver

GOOD = "chat:write,channels:read,commands,users:read,im:write"


async def checked(receiver: SlackReceiver, app_token: str = "", token: str = "") -> list[CheckResult]:
    slack = SlackSettings(token=Secret(token or receiver.token), api_url=receiver.api_url)
    return await check_chat(slack, SlackChat(Secret(app_token or receiver.sockets.app_token)))


async def test_good_tokens_open_sockets_and_have_their_scopes(receiver: SlackReceiver) -> None:
    receiver.scopes = GOOD
    assert await checked(receiver) == [
        CheckResult("chat.slack.app_token", ok=True, message="opens sockets, over which commands are heard"),
        CheckResult("channels.slack.token", ok=True, message="has the scopes that the chat needs"),
    ]
    assert receiver.sockets.open_sockets == 0


async def test_a_bad_app_token_is_named_and_not_shown(receiver: SlackReceiver) -> None:
    found, _ = await checked(receiver, "xapp-feather")
    assert (found.setting, found.ok) == ("chat.slack.app_token", False)
    assert found.message.startswith("Slack said invalid_auth; take it from the app's page")
    assert "feather" not in found.message


async def test_an_app_without_socket_mode_is_told_to_switch_it_on(receiver: SlackReceiver) -> None:
    receiver.sockets.refusals = ["socket_mode_not_enabled"]
    found, _ = await checked(receiver)
    assert found.message.startswith("Slack said socket_mode_not_enabled; is Socket Mode switched on?")


async def test_every_missing_scope_is_named_with_what_it_is_for(receiver: SlackReceiver) -> None:
    receiver.scopes = "chat:write,im:write"
    _, found = await checked(receiver)
    assert not found.ok
    assert found.message.startswith(
        "lacks what the chat needs: commands (to hear /paperboy), users:read (to know who may change a channel)"
    )


async def test_a_bad_bot_token_is_said(receiver: SlackReceiver) -> None:
    _, found = await checked(receiver, token="xoxb-feather")
    assert found == CheckResult("channels.slack.token", ok=False, message="Slack said invalid_auth")
