"""Each command is acknowledged at once, carried out once, and answered to who asked."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.demo.servers.discord_interactions import DEFERRED, Person
from bot.settings import WhoMayChange
from bot.text.templates import Templates
from tests.chat.discord.conftest import ADA, BO, CHANNEL, LAB, THREAD, listening, said, thread_of
from tests.demo.servers.discord_bot import until
from tests.servers.discord import FaultScript

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from bot.demo.servers.discord_interactions import Interaction
    from bot.store import Store
    from bot.store.members import Member
    from tests.chat.discord.conftest import Guild
    from tests.servers.discord import DiscordReceiver


def members(store: Store) -> list[Member]:
    with store.snapshot() as view:
        return list(view.members.all())


async def given(guild: Guild, person: Person, command: str, **options: str) -> Interaction:
    """A command that is not waited for."""
    return await guild.receiver.chat.interactions.command(
        person, f"paperboy {command}", guild.channel(CHANNEL), **options
    )


async def test_it_is_acknowledged_while_the_store_is_busy(guild: Guild) -> None:
    """Three seconds are Discord's; the store may take longer."""
    free = threading.Event()
    reading = guild.service._threads.reading
    blocking = asyncio.create_task(reading.run(guild.service.context.store, free.wait))
    asked = await given(guild, BO, "topics")
    await until(lambda: asked.kind == DEFERRED)
    assert asked.answer == {"flags": 64}  # "thinking", for who asked alone
    free.set()
    assert (await asked.seen())["embeds"][0]["description"].startswith("Nothing is followed")
    await blocking


async def test_what_comes_too_late_is_not_carried_out_and_nobody_is_told_it_was(guild: Guild) -> None:
    clock = [0.0]
    guild.receiver.now = lambda: 1_790_000_000.0 + clock[0]
    asked = await given(guild, ADA, "follow", words="birds")
    clock[0] = 4.0  # our machine slept: Discord has told who asked that nothing came
    await until(lambda: asked.errors)
    assert asked.errors == [(404, 10062)]
    await asyncio.sleep(0.05)
    assert members(guild.service.context.store) == []
    assert (asked.kind, asked.answer) == (None, {})


async def test_a_command_that_two_machines_hear_is_carried_out_by_one(
    chat_store: Store, receiver: DiscordReceiver
) -> None:
    """While a lease changes hands two sessions may be told the same."""
    async with listening(chat_store, receiver) as north:
        chat_store.leases.release("discord shard 0")
        async with listening(chat_store, receiver) as south:
            await until(lambda: len(receiver.chat.gateway.connected) == 2)
            for number in range(5):
                asked = await north.ask(
                    ADA, "follow", CHANNEL, words=f'"visual grounding" w{number}', title=f"t{number}"
                )
                assert said(asked).startswith(f"This channel follows t{number} now.")
                await until(lambda asked=asked: len(asked.errors) == 1)
                assert asked.errors == [(400, 40060)]
            assert (north.woken + south.woken).count(1) == 5
    (member,) = members(chat_store)
    assert len(member.topics) == 5


async def test_what_the_gateway_repeats_is_carried_out_once(guild: Guild) -> None:
    asked = await guild.ask(ADA, "follow", CHANNEL, words="birds")
    gateway = guild.receiver.chat.gateway
    event = gateway.sessions[0].events[-1]
    await gateway.dispatch(event[0], event[1], None)  # type: ignore[arg-type]
    await until(lambda: asked.errors)
    assert asked.errors == [(400, 40060)]
    assert guild.woken == [1]


async def test_everybody_may_where_the_configuration_says_so(chat_store: Store, receiver: DiscordReceiver) -> None:
    async with listening(chat_store, receiver, WhoMayChange.EVERYONE) as guild:
        assert said(await guild.ask(BO, "follow", CHANNEL, words="birds")).startswith("This channel follows")


async def test_manage_channels_counts_where_it_is_asked_as_the_guild_s_admins_set_it(guild: Guild) -> None:
    """Discord says what a member may do in the channel, its overwrites included; an administrator may everything."""
    everything = Person("1200000000000001009", "root", (1 << 50) - 1)
    assert said(await guild.ask(everything, "follow", CHANNEL, words="birds")).startswith("This channel follows")
    assert said(await guild.ask(BO, "pause", CHANNEL)).startswith("Only members")


async def test_direct_messages_are_the_person_s_own_and_stored_as_the_channel_that_they_are(guild: Guild) -> None:
    await guild.ask(BO, "follow", "bo", words="light")
    await guild.ask(ADA, "follow", "ada", words="birds")
    stored = {member.destination.reveal(): member.topics for member in members(guild.service.context.store)}
    direct = guild.receiver.chat.direct
    assert stored == {direct[BO.id]: ("light",), direct[ADA.id]: ("birds",)}


async def test_a_thread_is_a_place_of_its_own_but_for_one_of_a_forum_in_the_configuration(guild: Guild) -> None:
    guild.receiver.channels["120000000000009999"] = thread_of(LAB)
    answer = said(await guild.ask(ADA, "follow", "120000000000009999", words="birds"))
    assert answer.startswith("This channel follows Birds & Maps now.")
    assert "operator's configuration, as forum" in said(await guild.ask(ADA, "pause", THREAD))


async def test_a_click_on_what_is_not_ours_is_left_alone(guild: Guild) -> None:
    message = guild.receiver.chat.interactions.message("9", {})
    for custom_id in ("somebody else's", "2|more|birds|2604.00001|lab", ""):
        asked = await guild.receiver.chat.interactions.click(ADA, custom_id, guild.channel(CHANNEL), message)
        await guild.ask(ADA, "topics")
        assert asked.kind is None


async def test_an_entry_of_a_menu_says_what_a_button_would(guild: Guild) -> None:
    message = guild.receiver.chat.interactions.message("9", {})
    asked = await guild.receiver.chat.interactions.click(
        BO, "menu", guild.channel(LAB), message, values=["1|saved|birds|2604.00001|lab"]
    )
    assert (await asked.seen())["embeds"][0]["description"].startswith("Saved.")


async def test_in_a_thread_of_a_channel_a_button_is_for_whom_the_channel_s_digests_are(guild: Guild) -> None:
    guild.receiver.channels["120000000000009999"] = thread_of(LAB)
    noted = said(await guild.click(BO, "1|saved|birds|2604.00001|lab", "120000000000009999"))
    assert noted.startswith("Saved.")
    assert said(await guild.click(BO, "1|saved|birds|2604.00001|lab", CHANNEL)).startswith(
        "What this digest was sent"
    )


async def test_an_answer_that_discord_does_not_take_is_logged_without_its_token(
    guild: Guild, capsys: pytest.CaptureFixture[str]
) -> None:
    guild.receiver.script.append(FaultScript(status=403, body={"code": 50001, "message": "no"}, method="PATCH"))
    asked = await given(guild, ADA, "topics")
    await until(lambda: not guild.receiver.script)
    assert "(code 50001)" in await _logged(capsys)
    assert said(await guild.ask(ADA, "help")).startswith("I bring")
    assert asked.token not in capsys.readouterr().out


async def _logged(capsys: pytest.CaptureFixture[str]) -> str:
    seen = ""
    async with asyncio.timeout(20):
        while "did not get through" not in seen:
            seen += capsys.readouterr().out
            await asyncio.sleep(0.01)
    return seen


async def test_a_broken_template_of_the_operator_s_is_its_own_trouble(
    guild: Guild, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "discord").mkdir()
    (tmp_path / "discord/answer.md.j2").write_text("{{ nothing }}", encoding="utf-8")
    guild.listener.exchange(guild.service, Templates(tmp_path))
    asked = await given(guild, ADA, "topics")
    assert (await asked.seen())["embeds"][0]["description"].startswith("The operator's template")
    assert "an answer's template is broken" in capsys.readouterr().out


async def test_a_storm_of_commands_is_answered_each_once(guild: Guild) -> None:
    """More than wait at once are told to come again; nothing stays without an answer."""
    asked = [await given(guild, Person(f"13000000000000{number:05}", "many"), "topics") for number in range(300)]
    async with asyncio.timeout(60):
        answers = [await each.seen() for each in asked]
    assert {answer["embeds"][0]["description"].splitlines()[0] for answer in answers} == {
        "Nothing is followed here yet."
    }
    assert [each.errors for each in asked if each.errors] == []


async def test_a_click_in_a_channel_counts_for_the_person_s_own_direct_messages_too(guild: Guild) -> None:
    store = guild.service.context.store
    await guild.ask(BO, "follow", "bo", words="birds")
    (own,) = members(store)
    for person, expected in ((BO, {"lab", own.key}), (ADA, {"lab"})):
        await guild.click(person, "1|more|birds|2604.00001|lab", LAB)
        with store.snapshot() as view:
            noted = view.feedback.of_persons(guild.service.context.keys.person("discord", person.id))
        assert {each.subscriber for each in noted} == expected
    await guild.click(BO, "1|more|birds|2604.00001|lab", LAB)
    with store.snapshot() as view:
        assert view.feedback.of_subscriber(own.key) == ()


async def test_whom_direct_messages_are_with_is_kept_of_those_who_followed_before_it_was(guild: Guild) -> None:
    store = guild.service.context.store
    await guild.ask(BO, "follow", "bo", words="birds")
    (own,) = members(store)
    assert own.person == guild.service.context.keys.person("discord", BO.id)[0]
    with store.transaction() as transaction:
        transaction.members.put(replace(own, person=None))
    assert "already" in said(await guild.ask(BO, "follow", "bo", words="birds"))
    assert members(store) == [own]
    await guild.ask(ADA, "follow", CHANNEL, words="light")
    assert {each.person for each in members(store)} == {own.person, None}
