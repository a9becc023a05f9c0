"""`paperboy run` as a real process that listens in Slack: a channel subscribes itself, and the process's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import paper
from tests.chat.slack.conftest import shown
from tests.daemon_process import Daemon, with_the_last_mailing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import Environment

ADA, CHANNEL = "U0ADA000001", "C0BIRDS0001"


@pytest.fixture
async def daemon(environment: Environment, tmp_path: Path) -> AsyncIterator[Daemon]:
    """The process, with the last mailing's papers in its store, listening in Slack."""
    sockets = environment.slack.sockets
    sockets.users[ADA] = {"is_admin": True}
    environment.config |= {"subscribers": {}, "chat": {"slack": {"app_token": sockets.app_token}}}
    async with with_the_last_mailing(environment, tmp_path) as daemon:
        yield daemon


async def answer(daemon: Daemon, environment: Environment, line: str) -> str:
    envelope = await environment.slack.sockets.command(ADA, CHANNEL, line)
    await daemon.wait_for(lambda: bool(envelope.answers), f"an answer to {line}")
    return shown(envelope.answers[0]["blocks"])


async def test_a_channel_subscribes_itself_gets_the_latest_mailing_at_once_and_hears_why(
    daemon: Daemon, environment: Environment
) -> None:
    slack = environment.slack
    await daemon.wait_for(lambda: bool(slack.sockets.open_sockets), "a socket")
    assert "*This channel follows Birds now.*" in await answer(daemon, environment, "follow birds")
    await daemon.wait_for(lambda: len(slack.messages) == 1, "the latest mailing")
    (message,) = slack.messages
    assert message.channel == CHANNEL
    assert paper().title in str(message.blocks)
    assert "claimed" in await answer(daemon, environment, f"why {paper().identifier}")
    code, seconds = await daemon.stop()
    assert (code, seconds < 10) == (0, True)
    assert slack.sockets.app_token not in daemon.log
    assert "/response/" not in daemon.log


async def test_sigterm_ends_it_in_time_also_where_slack_answers_nothing_any_more(
    daemon: Daemon, environment: Environment
) -> None:
    await daemon.wait_for(lambda: bool(environment.slack.sockets.open_sockets), "a socket")
    environment.slack.sockets.is_silent = True
    code, seconds = await daemon.stop()
    assert (code, seconds < 10) == (0, True)


async def test_a_refused_app_token_holds_up_no_digest(environment: Environment, tmp_path: Path) -> None:
    environment.config["chat"] = {"slack": {"app_token": "xapp-feather"}}
    daemon = Daemon(environment, tmp_path / "notify")
    await daemon.start()
    await daemon.wait_for(lambda: "invalid_auth" in daemon.log, "the refusal")
    await daemon.wait_for(lambda: "round done" in daemon.log, "a round")
    code, seconds = await daemon.stop()
    assert (code, seconds < 10) == (0, True)
    assert "feather" not in daemon.log
    await daemon.close()
