"""Our Slack on loopback as Slack's own clients take it: Bolt for Python and npm's @slack/socket-mode, unchanged."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.chat.slack.conftest import SECONDS, until
from tests.counterparts.tools import HERE, NODE, package
from tests.servers.slack import SlackReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.counterparts

PERSON, CHANNEL = "U0ADA000001", "C0BIRDS0001"
NODE_SECONDS = 60.0
"""How long the client for Node is waited for, which rests for five seconds before it connects again."""


@pytest.fixture
async def receiver() -> AsyncIterator[SlackReceiver]:
    async with SlackReceiver() as running:
        yield running


# -- Bolt --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def bolt(receiver: SlackReceiver) -> AsyncIterator[list[str]]:
    """An app of Bolt's that listens, and what it heard."""
    async_app = pytest.importorskip("slack_bolt.async_app")
    handlers = pytest.importorskip("slack_bolt.adapter.socket_mode.async_handler")
    from slack_sdk.web.async_client import AsyncWebClient  # noqa: PLC0415 - slack_bolt brings it

    heard: list[str] = []
    app = async_app.AsyncApp(client=AsyncWebClient(receiver.token, base_url=receiver.api_url))

    @app.command("/paperboy")  # type: ignore[untyped-decorator]
    async def command(ack: Any, respond: Any, body: Any) -> None:
        await ack()
        heard.append(body["text"])
        await respond(text="heard", response_type="ephemeral")

    @app.action("a")  # type: ignore[untyped-decorator]
    async def action(ack: Any, body: Any) -> None:
        await ack()
        heard.append(body["actions"][0]["value"])

    @app.event("app_home_opened")  # type: ignore[untyped-decorator]
    async def opened(event: Any, client: Any) -> None:
        heard.append(event["tab"])
        text = {"type": "section", "text": {"type": "plain_text", "text": "Hello"}}
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [text]})

    web = AsyncWebClient(base_url=receiver.api_url)
    handler = handlers.AsyncSocketModeHandler(app, receiver.sockets.app_token, web_client=web)
    await handler.connect_async()
    try:
        await until(lambda: receiver.sockets.open_sockets)
        yield heard
    finally:
        await handler.close_async()


async def test_bolt_hears_and_answers_commands_presses_and_events(receiver: SlackReceiver) -> None:
    async with bolt(receiver) as heard:
        command = await receiver.sockets.command(PERSON, CHANNEL, "topics")
        press = await receiver.sockets.press(PERSON, CHANNEL, "pressed")
        home = await receiver.sockets.open_home(PERSON)
        await until(lambda: len(heard) == 3 and command.answers and PERSON in receiver.sockets.homes)
        assert sorted(heard) == ["home", "pressed", "topics"]
        await until(lambda: all(len(each.acks) == 1 for each in (command, press, home)))
        assert command.answers[0]["text"] == "heard"


async def test_bolt_takes_another_socket_where_it_is_asked_to(receiver: SlackReceiver) -> None:
    async with bolt(receiver) as heard:
        await receiver.sockets.refresh()
        await until(lambda: receiver.sockets.connected == 2 and receiver.sockets.open_sockets == 1)
        await receiver.sockets.command(PERSON, CHANNEL, "again")
        await until(lambda: heard == ["again"])


# -- npm's @slack/socket-mode ------------------------------------------------------------------------------------


@asynccontextmanager
async def node_client(receiver: SlackReceiver) -> AsyncIterator[asyncio.StreamReader]:
    """Slack's client for Node, listening; its words."""
    package("@slack/socket-mode")
    told = json.dumps({"appToken": receiver.sockets.app_token, "apiUrl": receiver.api_url})
    process = await asyncio.create_subprocess_exec(
        NODE,
        "--import",
        (HERE / "resolve.mjs").as_uri(),
        HERE / "listen_slack.mjs",
        told,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PAPERBOY_NODE_MODULES": str(NODE.parents[1])},
    )
    try:
        assert process.stdout is not None
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def said(words: asyncio.StreamReader) -> dict[str, Any]:
    """The next that it hears."""
    while True:
        line = await asyncio.wait_for(words.readline(), NODE_SECONDS)
        if line.startswith(b"{"):
            found: dict[str, Any] = json.loads(line)
            return found


async def test_slack_s_own_client_for_node_hears_acknowledges_and_reconnects(receiver: SlackReceiver) -> None:
    async with node_client(receiver) as words:
        assert (await said(words))["heard"] == "connected"
        for round_ in range(2):
            command = await receiver.sockets.command(PERSON, CHANNEL, f"topics {round_}")
            assert await said(words) == {"heard": "slash_commands", "text": f"topics {round_}", "retry": None}
            event = await receiver.sockets.open_home(PERSON)
            assert (await said(words))["heard"] == "app_home_opened"
            for envelope in (command, event):
                await asyncio.wait_for(envelope.acked.wait(), SECONDS)
            if not round_:
                await receiver.sockets.refresh()
                assert (await said(words))["heard"] == "connected"
                await until(lambda: receiver.sockets.open_sockets == 1)
