"""What listens next to the verbs: begun, followed through a changed configuration, ended in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.app import chat_service
from bot.app.chat_service import ChatListening
from bot.clock import SystemClock
from bot.settings import ChatSettings, DiscordChat, WhoMayChange
from bot.store import Store
from tests.chat.conftest import ADA
from tests.chat.discord.conftest import BO, CHANNEL, settings_for
from tests.chat.slack.conftest import answer as answered
from tests.chat.slack.conftest import settings_for as slack_settings
from tests.demo.servers.discord_bot import until
from tests.servers.discord import DiscordReceiver
from tests.servers.slack import SlackReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.settings import Settings


@pytest.fixture
async def receiver() -> AsyncIterator[DiscordReceiver]:
    async with DiscordReceiver() as receiver:
        yield receiver


@pytest.fixture
def settings(receiver: DiscordReceiver, tmp_path: Path) -> Settings:
    return replace(settings_for(receiver.api_url), store=f"sqlite:///{tmp_path / 'paperboy.db'}")


@pytest.fixture
async def listening(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChatListening]:
    monkeypatch.setattr(chat_service, "NOTE_SECONDS", 0.01)
    monkeypatch.setattr("bot.chat.discord.listener.DiscordListener.__init__.__kwdefaults__", {"tick": 0.01})
    listening = ChatListening(SystemClock(), lambda: None)
    yield listening
    async with asyncio.timeout(10):
        await listening.aclose()


async def ask(receiver: DiscordReceiver, command: str, **options: str) -> str:
    asked = await receiver.chat.interactions.command(
        BO, f"paperboy {command}", receiver.guild_channel(CHANNEL), **options
    )
    answer: dict[str, Any] = await asked.seen()
    return str(answer["embeds"][0]["description"])


async def heard(receiver: DiscordReceiver) -> None:
    await until(lambda: receiver.chat.gateway.connected and receiver.chat.commands.registered)


async def test_without_chat_nothing_listens(listening: ChatListening, settings: Settings) -> None:
    await listening.follow(replace(settings, chat=None))
    assert listening.seconds_since_connected() == {}


async def test_a_changed_configuration_counts_at_once_over_the_same_connection(
    listening: ChatListening, settings: Settings, receiver: DiscordReceiver
) -> None:
    await listening.follow(settings)
    await heard(receiver)
    for title in ("Birds & Maps", "Gulls"):
        topics = {"birds": replace(settings.topics["birds"], title=title)}
        await listening.follow(replace(settings, topics=topics, subscribers={}))
        assert title in await ask(receiver, "topics")
    assert len(receiver.chat.gateway.identified) == 1


async def test_who_may_change_is_followed_too_and_an_end_hangs_up(
    listening: ChatListening, settings: Settings, receiver: DiscordReceiver
) -> None:
    await listening.follow(settings)
    await heard(receiver)
    assert (await ask(receiver, "follow", words="birds")).startswith("Only members")
    await listening.follow(replace(settings, chat=ChatSettings(discord=DiscordChat(WhoMayChange.EVERYONE))))
    await until(lambda: len(receiver.chat.gateway.identified) == 2)
    await heard(receiver)
    assert (await ask(receiver, "follow", words="birds")).startswith("This channel follows Birds & Maps now.")
    await listening.follow(replace(settings, chat=None))
    await until(lambda: not receiver.chat.gateway.sessions)


async def test_it_is_written_down_whether_a_platform_is_heard(
    listening: ChatListening, settings: Settings, receiver: DiscordReceiver
) -> None:
    await listening.follow(settings)
    store = Store(settings.store)
    await until(lambda: [each.reason for each in store.listening.all()] == [""])
    await until(lambda: listening.seconds_since_connected().get("discord", 99) < 5)
    await receiver.chat.gateway.close(4004)
    await until(lambda: "does not know the token" in store.listening.all()[0].reason)
    store.close()


async def test_what_should_not_happen_is_logged_and_tried_again(
    listening: ChatListening,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(chat_service, "RESTART_SECONDS", 0.01)
    failures = ["one", "two"]

    async def run(_: object) -> None:
        if failures:
            raise RuntimeError(failures.pop())
        await asyncio.sleep(60)

    monkeypatch.setattr("bot.chat.discord.listener.DiscordListener.run", run)
    await listening.follow(settings)
    await until(lambda: not failures)
    said = capsys.readouterr().out
    assert said.count("listening broke off") == 2
    assert "one" not in said


# -- Slack -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def slack() -> AsyncIterator[SlackReceiver]:
    async with SlackReceiver() as receiver:
        receiver.sockets.users[ADA] = {"is_admin": True}
        yield receiver


@pytest.fixture
def in_slack(slack: SlackReceiver, tmp_path: Path) -> Settings:
    return replace(slack_settings(slack), store=f"sqlite:///{tmp_path / 'paperboy.db'}")


async def test_slack_is_heard_over_the_same_socket_whatever_topics_there_are(
    listening: ChatListening, in_slack: Settings, slack: SlackReceiver
) -> None:
    await listening.follow(in_slack)
    await until(lambda: slack.sockets.open_sockets)
    for title in ("Birds & Maps", "Gulls"):
        topics = {"birds": replace(in_slack.topics["birds"], title=title)}
        await listening.follow(replace(in_slack, topics=topics, subscribers={}))
        envelope = await slack.sockets.command(ADA, "C0123456789", "topics")
        assert title.replace("&", "&amp;") in await answered(envelope)
    assert slack.sockets.opened == 1
    await listening.follow(replace(in_slack, chat=None))
    await until(lambda: not slack.sockets.open_sockets)


async def test_a_command_in_slack_wakes_the_verbs_and_deafness_is_written_down(
    in_slack: Settings, slack: SlackReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_service, "NOTE_SECONDS", 0.01)
    woken: list[int] = []
    listening = ChatListening(SystemClock(), lambda: woken.append(1))
    await listening.follow(in_slack)
    await until(lambda: slack.sockets.open_sockets)
    await answered(await slack.sockets.command(ADA, "C0123456789", "follow birds"))
    assert woken == [1]
    slack.sockets.refusals = ["account_inactive"]
    await slack.sockets.close()
    store = Store(in_slack.store)
    await until(lambda: [each.reason for each in store.listening.all()] == ["Slack said account_inactive"])
    store.close()
    await listening.aclose()
