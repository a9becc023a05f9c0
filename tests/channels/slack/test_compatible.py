"""Webhooks of Mattermost, Zulip and Rocket.Chat: they get text, nobody is mentioned, their yes is understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from bot.channels.slack import SlackChannel, SlackOptions, SlackSettings
from bot.demo.servers.loopback import listening
from bot.errors import DeliveryError, FailureKind
from bot.model import Note
from bot.text.templates import Templates
from tests.builders import digest, entry, paper, section
from tests.channels.slack.test_slack import delivery

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OPTIONS = SlackOptions(compatible=True)


class Program:
    """A program that takes webhooks, and says what it is told to say."""

    def __init__(self) -> None:
        self.status, self.text = 200, "ok"
        self.taken: list[dict[str, Any]] = []
        self.url = ""

    async def hook(self, request: web.Request) -> web.Response:
        self.taken.append(await request.json())
        return web.Response(status=self.status, text=self.text)


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    program, app = Program(), web.Application()
    app.router.add_post("/hooks/s3cret", program.hook)
    async with listening(app) as port:
        program.url = f"http://127.0.0.1:{port}/hooks/s3cret"
        yield program


@pytest.fixture
async def channel() -> AsyncIterator[SlackChannel]:
    slack = SlackChannel(SlackSettings(), Templates(), contact="me@example.org")
    yield slack
    await slack.aclose()


@pytest.mark.parametrize("said", ["ok", '{"result": "success", "msg": ""}', '{"success": true}'])
async def test_a_digest_goes_out_as_text_alone(channel: SlackChannel, program: Program, said: str) -> None:
    program.text = said
    (address,) = channel.addresses(program.url, OPTIONS)
    pinging = digest([section([entry(paper(title="Ping @all and @channel"))])])
    (message,) = channel.render(pinging, max_messages=10, options=OPTIONS)
    assert (message.plain, message.reply) == (None, False)
    await channel.send(delivery(payload=message.payload), address)
    (taken,) = program.taken
    assert set(taken) == {"text"}
    assert "Ping @\u200ball and @\u200bchannel" in taken["text"]
    assert "https://arxiv.org/abs/2604.00001" in taken["text"]


async def test_a_note_goes_out_as_text_alone_too(channel: SlackChannel, program: Program) -> None:
    (address,) = channel.addresses(program.url, OPTIONS)
    await channel.send(delivery(payload=channel.render_note(Note("Quiet", "Nothing today")).payload), address)
    assert [set(taken) for taken in program.taken] == [{"text"}]
    assert "Nothing today" in program.taken[0]["text"]


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (200, "<html>Log in</html>", FailureKind.UNKNOWN),
        (200, '{"success": false}', FailureKind.UNKNOWN),
        (302, "", FailureKind.TRANSIENT),
        (400, '{"result": "error"}', FailureKind.TRANSIENT),
        (401, "", FailureKind.DESTINATION_GONE),
        (404, "", FailureKind.DESTINATION_GONE),
        (413, "", FailureKind.REJECTED),
        (429, "", FailureKind.RATE_LIMITED),
        (502, "", FailureKind.UNKNOWN),
    ],
)
async def test_any_other_answer_is_one_kind_of_failure_without_the_secret(
    channel: SlackChannel, program: Program, status: int, said: str, kind: FailureKind
) -> None:
    program.status, program.text = status, said
    (address,) = channel.addresses(program.url, OPTIONS)
    with pytest.raises(DeliveryError) as caught:
        await channel.send(delivery(payload={"text": "Hello"}), address)
    assert caught.value.kind is kind
    assert "s3cret" not in caught.value.reason + address.label


@pytest.mark.parametrize("url", ["http://chat.example.org/hooks/x", "https:///x", "http://[::1/x"])
def test_a_url_in_clear_or_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with https"):
        SlackChannel.addresses(url, OPTIONS)


def test_the_host_is_shown_and_the_secret_is_not() -> None:
    (address,) = SlackChannel.addresses("https://chat.example.org/hooks/s3cret", OPTIONS)
    assert "chat.example.org" in address.label
    assert "s3cret" not in address.label


def test_other_hosts_are_refused_where_nobody_says_that_they_are_compatible() -> None:
    with pytest.raises(ValueError, match="compatible: true"):
        SlackChannel.addresses("https://chat.example.org/hooks/s3cret", SlackOptions())


@pytest.mark.parametrize("place", ["C0123456789", "U0123456789", "#papers"])
def test_a_channel_is_never_a_compatible_webhook(place: str) -> None:
    with pytest.raises(ValueError, match="for webhooks' URLs"):
        SlackChannel.addresses(place, OPTIONS)


def test_such_a_webhook_makes_no_thread() -> None:
    with pytest.raises(ValueError, match="a thread needs a bot token"):
        SlackChannel.addresses("https://chat.example.org/hooks/x", SlackOptions(compatible=True, thread=True))
