"""`paperboy run` as a real process with `chat:`: a channel of Discord subscribes itself, and the process's end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.servers.discord_interactions import MANAGE_CHANNELS, Person
from tests.builders import paper
from tests.daemon_process import Daemon, with_the_last_mailing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import Environment

ADA = Person("1200000000000001001", "ada", MANAGE_CHANNELS)
CHANNEL = "1200000000000002001"


@pytest.fixture
async def daemon(environment: Environment, tmp_path: Path) -> AsyncIterator[Daemon]:
    """The process, with the last mailing's papers in its store, listening in Discord."""
    environment.config |= {"subscribers": {}, "chat": {"discord": {"who": "managers"}}}
    async with with_the_last_mailing(environment, tmp_path) as daemon:
        yield daemon


async def answer(daemon: Daemon, environment: Environment, command: str, **options: str) -> str:
    asked = await environment.discord.chat.interactions.command(
        ADA, f"paperboy {command}", environment.discord.guild_channel(CHANNEL), **options
    )
    await daemon.wait_for(lambda: "embeds" in asked.answer, f"an answer to {command}")
    shown: Any = asked.answer["embeds"]
    assert asked.token not in daemon.log
    return str(shown[0]["description"])


async def test_a_channel_subscribes_itself_gets_the_latest_mailing_at_once_and_hears_why(
    daemon: Daemon, environment: Environment
) -> None:
    await daemon.wait_for(lambda: bool(environment.discord.chat.commands.registered), "the commands")
    said = await answer(daemon, environment, "follow", words="birds")
    assert said.startswith("This channel follows Birds now.")
    await daemon.wait_for(lambda: len(environment.discord.messages) == 1, "the latest mailing")
    (message,) = environment.discord.messages
    assert message.destination == CHANNEL
    assert paper().title in str(message.payload["embeds"])
    assert "claimed" in await answer(daemon, environment, "why", identifier=paper().identifier)
    code, seconds = await daemon.stop()
    assert (code, seconds < 10) == (0, True)
    assert environment.discord.token not in daemon.log


async def test_sigterm_ends_it_in_time_also_where_discord_answers_nothing_any_more(
    daemon: Daemon, environment: Environment
) -> None:
    gateway = environment.discord.chat.gateway
    await daemon.wait_for(lambda: bool(gateway.connected), "a connection")
    gateway.is_silent = gateway.reads_nothing = True
    code, seconds = await daemon.stop()
    assert (code, seconds < 10) == (0, True)
