"""A channel, and the Slack server on loopback that it talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.channels.slack import SlackChannel, SlackSettings
from bot.settings import Secret
from bot.text.templates import Templates
from tests.servers.slack import TOKEN, SlackReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def receiver() -> AsyncIterator[SlackReceiver]:
    async with SlackReceiver() as running:
        yield running


@pytest.fixture
async def channel(receiver: SlackReceiver) -> AsyncIterator[SlackChannel]:
    slack = SlackChannel(SlackSettings(Secret(TOKEN), receiver.api_url), Templates(), contact="me@example.org")
    yield slack
    await slack.aclose()
