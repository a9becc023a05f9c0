"""What a receiver is told to do with a request is what the other side sees of it."""

from __future__ import annotations

import aiohttp
import pytest

from bot.demo.servers.scripted import FaultScript
from tests.servers.discord import DiscordReceiver
from tests.servers.slack import SlackReceiver

Receiver = type[SlackReceiver] | type[DiscordReceiver]
at_both = pytest.mark.parametrize("kind", [SlackReceiver, DiscordReceiver])


async def ask(receiver: SlackReceiver | DiscordReceiver) -> tuple[int, str]:
    url = receiver.webhook_url("somebody")
    async with aiohttp.ClientSession() as session, session.post(url, json={"text": "a", "content": "a"}) as answer:
        return answer.status, await answer.text()


@at_both
async def test_a_refusal_has_the_scripted_status_and_body_and_nothing_is_taken(kind: Receiver) -> None:
    async with kind() as receiver:
        receiver.script.append(FaultScript(503, "<html>"))
        assert await ask(receiver) == (503, "<html>")
        assert receiver.messages == []


@at_both
async def test_a_broken_connection_leaves_what_was_taken(kind: Receiver) -> None:
    async with kind() as receiver:
        receiver.script.append(FaultScript(takes=True, drops=True))
        with pytest.raises(aiohttp.ClientError):
            await ask(receiver)
        assert len(receiver.messages) == 1


@at_both
async def test_an_answer_that_crawls_comes_whole_but_in_many_pieces(kind: Receiver) -> None:
    async with kind() as receiver, aiohttp.ClientSession() as session:
        receiver.script.append(FaultScript(body={"ok": True}, crawls=0.1))
        async with session.post(receiver.webhook_url("somebody"), json={"content": "a"}) as answer:
            pieces = [piece async for piece in answer.content.iter_any()]
    assert b"".join(pieces) == b'{"ok": true}'
    assert len(pieces) > 1
