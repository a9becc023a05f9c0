"""Commands and clicks on loopback, answered by discord.py as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.demo.servers.discord_commands import CREATES_A_DAY, complaints
from bot.demo.servers.discord_forums import GUILD
from bot.demo.servers.discord_interactions import DEFERRED, EPHEMERAL, MANAGE_CHANNELS, MESSAGE, Person
from tests.demo.servers.discord_bot import running
from tests.servers.discord import TOKEN, DiscordReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.demo.servers.conftest import Moment

ADA = Person("1200000000000000101", "ada")
PLACE = "1200000000000000202"
HEADERS = {"Authorization": f"Bot {TOKEN}"}


@pytest.fixture
async def receiver(moment: Moment) -> AsyncIterator[DiscordReceiver]:
    async with DiscordReceiver(now=moment) as receiver:
        receiver.chat.commands.overwrite([SAY], "1200000000000000000")
        yield receiver


SAY: dict[str, Any] = {
    "name": "paperboy",
    "description": "Papers",
    "options": [
        {
            "name": "say",
            "description": "Says it",
            "type": 1,
            "options": [{"name": "word", "description": "What", "type": 3, "required": True}],
        }
    ],
}


async def ask(method: str, url: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=body, headers=headers) as response,
    ):
        return response.status, await response.json()


async def call_back(receiver: DiscordReceiver, asked: Any, kind: int, **data: object) -> tuple[int, int]:
    url = f"{receiver.api_url}/interactions/{asked.id}/{asked.token}/callback"
    status, said = await ask("POST", url, {"type": kind, "data": data})
    return status, said.get("code", 0)


async def test_an_answer_is_for_the_asker_alone_and_may_come_in_parts(receiver: DiscordReceiver) -> None:
    async with running(receiver):
        asked = await receiver.chat.interactions.command(
            ADA, "paperboy think", receiver.guild_channel(PLACE), word="deep"
        )
        assert (await asked.seen())["content"] == "deep"
        assert (asked.kind, asked.is_ephemeral) == (DEFERRED, True)
    assert [each["content"] for each in asked.followups] in ([], ["and more"])


async def test_a_click_brings_its_custom_id_and_themessage(receiver: DiscordReceiver) -> None:
    async with running(receiver) as bot:
        message = receiver.chat.interactions.message("9", {"content": "a digest"})
        click = await receiver.chat.interactions.click(ADA, "more:1", receiver.guild_channel(PLACE), message)
        assert (await click.seen())["content"] == "noted"
        assert bot.heard == ["more:1"]


async def test_direct_messages_have_a_user_and_no_guild(receiver: DiscordReceiver) -> None:
    async with running(receiver):
        channel = receiver.chat.direct_channel(ADA.id)
        asked = await receiver.chat.interactions.command(ADA, "paperboy say", channel, word="private")
        assert (await asked.seen())["content"] == "private to ada"


async def test_who_asks_has_permissions_where_they_ask(receiver: DiscordReceiver) -> None:
    async with running(receiver) as bot:
        for person in (ADA, Person("1200000000000000102", "grace", MANAGE_CHANNELS)):
            asked = await receiver.chat.interactions.command(
                person, "paperboy say", receiver.guild_channel(PLACE), word="x"
            )
            await asked.seen()
        assert [each.permissions.manage_channels for each in bot.interactions] == [False, True]


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("paperboy", {}),
        ("paperboy say", {}),
        ("paperboy sing", {"word": "x"}),
        ("paperboy say", {"loud": 1}),
        ("news", {}),
    ],
)
async def test_what_is_not_registered_cannot_be_chosen(
    receiver: DiscordReceiver, words: str, options: dict[str, str]
) -> None:
    with pytest.raises(LookupError):
        await receiver.chat.interactions.command(ADA, words, receiver.guild_channel(PLACE), **options)


async def test_an_answer_after_three_seconds_is_to_an_unknown_interaction(
    receiver: DiscordReceiver, moment: Moment
) -> None:
    asked = await receiver.chat.interactions.command(ADA, "paperboy say", receiver.guild_channel(PLACE), word="x")
    moment.seconds += 3.1
    assert await call_back(receiver, asked, MESSAGE, content="too late") == (404, 10062)
    assert asked.errors == [(404, 10062)]
    asked.token = "another"
    assert await call_back(receiver, asked, MESSAGE, content="whose?") == (404, 10062)


async def test_one_first_answer_and_then_edits_and_follow_ups_for_fifteen_minutes(
    receiver: DiscordReceiver, moment: Moment
) -> None:
    asked = await receiver.chat.interactions.command(ADA, "paperboy say", receiver.guild_channel(PLACE), word="x")
    hook = f"{receiver.api_url}/webhooks/1200000000000000000/{asked.token}"
    assert (await ask("POST", hook, {"content": "early"}))[0] == 404
    assert await call_back(receiver, asked, DEFERRED, flags=EPHEMERAL) == (200, 0)
    assert await call_back(receiver, asked, MESSAGE, content="again") == (400, 40060)
    assert (await ask("PATCH", f"{hook}/messages/@original", {"content": "known"}))[0] == 200
    assert asked.answer == {"flags": EPHEMERAL, "content": "known"}
    assert (await ask("POST", hook, {"content": "more"}))[0] == 200
    assert (await ask("POST", hook, {"content": "x" * 2001}))[0] == 400
    assert (await ask("PATCH", f"{hook}/messages/@original", {"content": "x" * 2001}))[0] == 400
    moment.seconds += 901
    assert await ask("POST", hook, {"content": "late"}) == (401, {"code": 50027, "message": "Invalid Webhook Token"})
    assert asked.followups == [{"content": "more"}]


@pytest.mark.parametrize(
    ("kind", "data"),
    [(MESSAGE, {"content": ""}), (MESSAGE, {"content": "x" * 2001}), (8, {"choices": []})],
)
async def test_an_answer_that_does_not_fit_is_refused(
    receiver: DiscordReceiver, kind: int, data: dict[str, Any]
) -> None:
    asked = await receiver.chat.interactions.command(ADA, "paperboy say", receiver.guild_channel(PLACE), word="x")
    assert await call_back(receiver, asked, kind, **data) == (400, 50035)


async def test_a_completion_offers_at_most_25_choices(receiver: DiscordReceiver) -> None:
    asked = await receiver.chat.interactions.complete(
        ADA, "paperboy say", receiver.guild_channel(PLACE), "word", word="h"
    )
    choices = [{"name": str(number), "value": str(number)} for number in range(26)]
    assert await call_back(receiver, asked, 8, choices=choices) == (400, 50035)
    assert await call_back(receiver, asked, 8, choices=choices[:25]) == (200, 0)
    assert asked.choices[0] == ("0", "0")


async def test_a_list_of_commands_takes_the_place_of_the_old_one(receiver: DiscordReceiver) -> None:
    url = f"{receiver.api_url}/applications/1200000000000000000/commands"
    assert (await ask("PUT", url, [SAY | {"name": "other"}], HEADERS))[0] == 200
    _, listed = await ask("GET", url, headers=HEADERS)
    assert [each["name"] for each in listed] == ["other"]
    assert (await ask("GET", url))[0] == 401
    assert receiver.chat.commands.created_today == 2
    assert (await ask("PUT", url, [SAY | {"name": "other"}], HEADERS))[0] == 200
    assert receiver.chat.commands.created_today == 2  # it was there


async def test_more_than_200_new_commands_a_day_are_refused_until_tomorrow(receiver: DiscordReceiver) -> None:
    receiver.chat.commands.created_today = CREATES_A_DAY
    url = f"{receiver.api_url}/applications/1200000000000000000/commands"
    status, said = await ask("PUT", url, [SAY | {"name": "new"}], HEADERS)
    assert (status, said["code"]) == (429, 30034)
    assert said["retry_after"] > 3600
    assert (await ask("PUT", url, [SAY], HEADERS))[0] == 200


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Paper boy"},
        {"description": ""},
        {"description": "x" * 101},
        {"options": [{"name": "a", "description": "A", "type": 3}] * 2},
        {
            "options": [
                {"name": "a", "description": "A", "type": 3},
                {"name": "b", "description": "B", "type": 3, "required": True},
            ]
        },
        {"options": [{"name": f"o{number}", "description": "O", "type": 3} for number in range(26)]},
        {"options": [*SAY["options"], {"name": "b", "description": "B", "type": 3}]},
        {"options": [{"name": "a", "description": "A", "type": 3, "choices": [{"name": "", "value": "1"}]}]},
        {"options": [{"name": f"o{number}", "description": "O" * 99, "type": 3} for number in range(25)] * 4},
    ],
)
async def test_a_command_that_breaks_a_rule_is_refused(receiver: DiscordReceiver, change: dict[str, Any]) -> None:
    assert list(complaints(SAY)) == []
    assert list(complaints(SAY | change))
    url = f"{receiver.api_url}/applications/1200000000000000000/commands"
    status, said = await ask("PUT", url, [SAY | change], HEADERS)
    assert (status, said["code"]) == (400, 50035)


async def test_a_guild_that_did_not_allow_commands_says_so(receiver: DiscordReceiver) -> None:
    url = f"{receiver.api_url}/applications/1200000000000000000/guilds/{GUILD}/commands"
    assert await ask("GET", url, headers=HEADERS) == (200, [])
    receiver.uninvited.add(GUILD)
    assert await ask("GET", url, headers=HEADERS) == (403, {"code": 50001, "message": "Missing Access"})
