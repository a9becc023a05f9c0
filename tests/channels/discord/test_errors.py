"""What leads out of discord.py, where no server can be made to show it."""

from __future__ import annotations

import asyncio
import errno

import aiohttp
import pytest

from bot.channels.discord import request
from bot.channels.discord.errors import platform_id
from bot.channels.discord.request import Answer, ask, trace
from bot.errors import DeliveryError, FailureKind


class Broken(aiohttp.TCPConnector):
    """A connector whose connection breaks, as a kernel says it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.times = 0

    async def connect(self, *_: object, **__: object) -> aiohttp.connector.Connection:
        self.times += 1
        raise OSError(self.number, "broken")


@pytest.mark.parametrize("number", [errno.ECONNRESET, 54, 10054])
async def test_a_reset_that_discord_py_would_repeat_is_not_repeated(number: int) -> None:
    import discord  # noqa: PLC0415 - only this test needs it

    connector = Broken(number)
    async with aiohttp.ClientSession(connector=connector, trace_configs=[trace()]) as session:
        webhook = discord.Webhook.partial(1, "s3cret", session=session)
        with pytest.raises(DeliveryError) as caught:
            await ask("http://127.0.0.1:1", lambda: webhook.send("x", wait=True))
    assert caught.value.kind is FailureKind.TRANSIENT
    assert connector.times == 1
    assert "s3cret" not in str(caught.value)


async def test_silence_before_the_post_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "REQUEST_SECONDS", 0.05)
    with pytest.raises(DeliveryError) as caught:
        await ask("http://127.0.0.1:1", lambda: asyncio.sleep(5))
    assert caught.value.kind is FailureKind.TRANSIENT


def test_discords_words_are_cut_to_one_short_line() -> None:
    answer = Answer("POST", 400, {"code": "x", "message": "word\n" * 500, "errors": {"a": "b" * 900}}, None)
    with pytest.raises(DeliveryError) as caught:
        platform_id(answer, webhook=False)
    assert len(caught.value.reason) < 500
    assert "\n" not in caught.value.reason


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_message_is_a_taken_one_only_for_a_post(method: str) -> None:
    answer = Answer(method, 404, {"code": 10008, "message": "Unknown Message"}, None)
    if method == "POST":
        assert platform_id(answer, webhook=False) == ""
    else:
        with pytest.raises(DeliveryError):
            platform_id(answer, webhook=False)
