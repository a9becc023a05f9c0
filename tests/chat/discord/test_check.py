"""`check` says whether commands would come from Discord, and what is missing where they would not."""

from __future__ import annotations

import pytest

from bot.chat.discord.check import check_listening, invite_url
from bot.demo.servers.discord_forums import GUILD
from tests.chat.discord.conftest import FORUM, LAB, settings_for
from tests.servers.discord import DiscordReceiver, FaultScript

APPLICATION = "1200000000000000000"


async def wrong(receiver: DiscordReceiver) -> list[str]:
    results = await check_listening(settings_for(receiver.api_url))
    return [f"{each.setting}: {each.message}" for each in results if not each.ok]


async def test_where_all_is_well_it_says_how_to_invite_the_bot(receiver: DiscordReceiver) -> None:
    results = await check_listening(settings_for(receiver.api_url))
    assert [(each.setting, each.ok, each.message) for each in results] == [
        ("chat.discord", True, "the gateway is there, 1000 of 1000 connections are left today"),
        ("chat.discord", True, f"to add the bot to a server: {invite_url(APPLICATION)}"),
    ]
    assert "scope=bot+applications.commands" in invite_url(APPLICATION)
    assert not [method for method, _ in receiver.requests if method != "GET"]


async def test_a_server_that_did_not_allow_commands_is_named(receiver: DiscordReceiver) -> None:
    receiver.uninvited.add(GUILD)
    advice = f"its server has not allowed commands: let who manages it open {invite_url(APPLICATION)}"
    assert await wrong(receiver) == [
        f"chat.discord ({LAB}): {advice}",
        f"chat.discord ({FORUM}): {advice}",
    ]


async def test_an_endpoint_for_interactions_takes_them_all_away(receiver: DiscordReceiver) -> None:
    receiver.chat.endpoint_url = "https://elsewhere.example"
    (said,) = await wrong(receiver)
    assert "Interactions Endpoint URL" in said


async def test_without_connections_left_today_nothing_can_be_heard(receiver: DiscordReceiver) -> None:
    receiver.chat.gateway.starts_left = 0
    assert await wrong(receiver) == ["chat.discord: the gateway is there, 0 of 1000 connections are left today"]


@pytest.mark.parametrize("status", [401, 500])
async def test_what_discord_refuses_is_said(receiver: DiscordReceiver, status: int) -> None:
    if status == 401:
        receiver.token = "another"
    else:
        receiver.script.extend([FaultScript(status=500, body={}, method="GET")] * 2)
    (said,) = await wrong(receiver)
    assert str(status) in said


async def test_a_channel_that_the_bot_does_not_see_is_the_channel_s_own_check_to_name(
    receiver: DiscordReceiver,
) -> None:
    receiver.closed[LAB] = (403, 50001)
    assert await wrong(receiver) == []
