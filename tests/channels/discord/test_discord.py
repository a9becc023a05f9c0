"""The Discord channel against a receiver on loopback: one post per attempt, every no understood, no secret told."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.buttons import Click, Wish, decode
from bot.channels.discord import DiscordChannel, request
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery, Receipt
from bot.settings import Address, Secret
from bot.text.templates import Templates
from tests.builders import digest
from tests.servers.discord import TOKEN, DiscordReceiver, FaultScript

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


CHANNEL_ID = "123456789012345678"
OPTIONS = DiscordChannel.Options()
PAYLOAD: dict[str, Any] = {
    "content": "@everyone **hello**",
    "embeds": [
        {"title": "T", "url": "https://arxiv.org/abs/1", "description": "D", "color": 5, "footer": {"text": "F"}},
        {"description": "lines", "color": 6},
    ],
    "allowed_mentions": {"parse": []},
}


@pytest.fixture
async def receiver() -> AsyncIterator[DiscordReceiver]:
    async with DiscordReceiver() as receiver:
        yield receiver


@pytest.fixture
async def channel(receiver: DiscordReceiver) -> AsyncIterator[DiscordChannel]:
    async with channel_at(receiver.api_url) as channel:
        yield channel


@asynccontextmanager
async def channel_at(api_url: str, token: str | None = TOKEN) -> AsyncIterator[DiscordChannel]:
    settings = DiscordChannel.Settings(token=None if token is None else Secret(token), api_url=api_url)
    channel = DiscordChannel(settings, Templates(), contact="ops@example.org")
    try:
        yield channel
    finally:
        await channel.aclose()


def address(value: object) -> Address:
    (only,) = DiscordChannel.addresses(value, OPTIONS)
    return only


def delivery(payload: Mapping[str, Any] = PAYLOAD, number: str = "d1") -> Delivery:
    now = datetime(2026, 4, 20, tzinfo=UTC)
    return Delivery(number, "lab", "hash", payload, part=1, parts=1, created_at=now, tries=1)


def posts(receiver: DiscordReceiver) -> int:
    return sum(method == "POST" for method, _ in receiver.requests)


@pytest.fixture(params=["bot", "webhook"])
def place(request: pytest.FixtureRequest, receiver: DiscordReceiver) -> Address:
    """A channel through the bot, and a webhook."""
    return address(CHANNEL_ID if request.param == "bot" else receiver.webhook_url("lab"))


async def test_a_button_says_to_whom_the_paper_was_shown_and_a_webhook_has_none(
    channel: DiscordChannel, receiver: DiscordReceiver, place: Address
) -> None:
    options = DiscordChannel.Options(buttons=True)
    (message,) = channel.render(digest(), max_messages=10, options=options)
    await channel.send(delivery(message.payload), place)
    (taken,) = receiver.messages
    rows = taken.payload.get("components") or []
    said = [decode(button["custom_id"]) for row in rows for button in row["components"]]
    is_bot = place.kind == "channel"
    assert said == ([Click(wish, "2604.00001", "birds", "lab") for wish in Wish] if is_bot else [])
    with pytest.raises(ValueError, match="buttons need a bot"):
        DiscordChannel.addresses(receiver.webhook_url("lab"), options)


# Addresses


@pytest.mark.parametrize("value", ["123456789012345", 123456789012345678, " 12345678901234567890 "])
def test_a_snowflake_is_a_channel(value: object) -> None:
    only = address(value)
    assert (only.kind, only.value.reveal()) == ("channel", str(value).strip())
    assert only.label == f"channel {str(value).strip()}"


@pytest.mark.parametrize(
    "start",
    [
        "https://discord.com/api",
        "https://discordapp.com/api",
        "https://ptb.discord.com/api",
        "https://canary.discord.com/api/v10",
        "http://127.0.0.1:8080/api/v10",
        "http://localhost/api",
        "https://[::1]:1/api",
    ],
)
@pytest.mark.parametrize("end", ["", "/", "?thread_id=123456789012345679"])
def test_a_webhooks_url_is_a_webhook_and_its_label_has_no_token(start: str, end: str) -> None:
    only = address(f"{start}/webhooks/{CHANNEL_ID}/s3cr-et_{end}")
    assert (only.kind, only.label) == ("webhook", f"webhook {CHANNEL_ID}")
    assert "s3cr" not in repr(only)


@pytest.mark.parametrize(
    "value",
    [
        "general",
        "12345",
        "1" * 21,
        "１２３４５６７８９０１２３４５６",
        True,
        None,
        ["123456789012345678"],
        1.5,
        f"http://discord.com/api/webhooks/{CHANNEL_ID}/s3cret",
        f"https://discord.com.evil.example/api/webhooks/{CHANNEL_ID}/s3cret",
        f"https://user@discord.com/api/webhooks/{CHANNEL_ID}/s3cret",
        f"https://discord.com/api/webhooks/{CHANNEL_ID}",
        f"https://discord.com/api/webhooks/{CHANNEL_ID}/s3cret/slack",
        f"https://discord.com/api/webhooks/{CHANNEL_ID}/s3cret?wait=true",
        "https://[oops/api",
    ],
)
def test_anything_else_is_refused_without_being_repeated(value: object) -> None:
    with pytest.raises(ValueError, match=r"15 to 20 digits.*https://discord\.com/api/webhooks/ID/TOKEN") as caught:
        address(value)
    assert "s3cret" not in str(caught.value)


# Gates


def test_a_bots_channels_share_the_credential_and_webhooks_share_nothing() -> None:
    channel = DiscordChannel(DiscordChannel.Settings(token=Secret(TOKEN)), Templates(), contact="ops@example.org")
    here, there = address(CHANNEL_ID), address("223456789012345678")
    hooks = [address(f"https://discord.com/api/webhooks/{CHANNEL_ID}/{token}") for token in ("a", "b")]
    limits = [channel.limits(one) for one in (here, there, *hooks)]
    assert limits[0].credential == limits[1].credential
    assert len({one.credential.key for one in limits}) == 3
    assert len({one.destination.key for one in limits}) == 4
    assert [one.destination.min_interval for one in limits] == [1.0, 1.0, 2.4, 2.4]
    assert limits[0].credential.min_interval == 0.02
    assert limits[0].destination.key == f"discord:{here.key}"


def test_a_bot_without_a_token_has_limits_too() -> None:
    channel = DiscordChannel(DiscordChannel.Settings(), Templates(), contact="ops@example.org")
    assert channel.limits(address(CHANNEL_ID)).credential.key.startswith("discord-token:")


# Sending


async def test_what_was_composed_arrives_and_the_receipt_has_its_id(
    channel: DiscordChannel, receiver: DiscordReceiver, place: Address
) -> None:
    receipt = await channel.send(delivery(), place)
    (message,) = receiver.messages
    assert receipt == Receipt(message.id)
    assert message.destination == ("lab" if place.kind == "webhook" else CHANNEL_ID)
    # discord.py adds `flags: 0` to an embed
    embeds = [{key: value for key, value in embed.items() if key != "flags"} for embed in message.embeds]
    assert (message.content, embeds) == (PAYLOAD["content"], PAYLOAD["embeds"])
    assert message.payload["allowed_mentions"] == {"parse": []}
    assert message.pings == []
    assert "flags" not in message.payload
    assert posts(receiver) == 1
    assert all(agent.startswith("DiscordBot (") for agent in receiver.user_agents)


async def test_a_bot_logs_in_once(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    places = [address(f"12345678901234567{number}") for number in range(5)]
    await asyncio.gather(*(channel.send(delivery(number=place.label), place) for place in places))
    assert [method for method, _ in receiver.requests].count("GET") == 1
    assert len(receiver.messages) == 5


async def test_a_bots_repeated_delivery_is_one_message(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    first = await channel.send(delivery(), address(CHANNEL_ID))
    assert await channel.send(delivery(), address(CHANNEL_ID)) == first
    await channel.send(delivery(number="d2"), address(CHANNEL_ID))
    assert len(receiver.messages) == 2
    assert {len(message.payload["nonce"]) for message in receiver.messages} == {25}


async def test_a_message_deleted_between_two_attempts_counts_as_delivered(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    first = await channel.send(delivery(), address(CHANNEL_ID))
    receiver.delete(first.platform_id)
    assert await channel.send(delivery(), address(CHANNEL_ID)) == Receipt("")


async def test_a_webhook_needs_no_bot(receiver: DiscordReceiver) -> None:
    async with channel_at(receiver.api_url, token=None) as channel:
        await channel.send(delivery(), address(receiver.webhook_url("lab")))
    assert receiver.messages[0].payload.keys().isdisjoint({"nonce", "enforce_nonce"})
    assert [method for method, _ in receiver.requests] == ["POST"]


async def test_a_webhooks_url_may_name_a_thread(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    await channel.send(delivery(), address(receiver.webhook_url("lab") + "?thread_id=123456789012345679"))
    assert receiver.messages[0].thread == "123456789012345679"


async def test_a_webhook_is_used_under_the_api_url_whatever_host_it_names(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    path = receiver.webhook_url("lab").removeprefix(receiver.api_url)
    await channel.send(delivery(), address(f"https://discord.com/api{path}"))
    assert len(receiver.messages) == 1


async def test_two_channels_with_different_api_urls_do_not_cross() -> None:
    async with (
        DiscordReceiver() as one,
        DiscordReceiver() as two,
        channel_at(one.api_url) as first,
        channel_at(two.api_url) as second,
    ):
        here, there = address(one.webhook_url("lab")), address(two.webhook_url("lab"))
        await asyncio.gather(
            *(first.send(delivery(number=f"a{n}"), here if n % 2 else address(CHANNEL_ID)) for n in range(6)),
            *(second.send(delivery(number=f"b{n}"), there if n % 2 else address(CHANNEL_ID)) for n in range(4)),
        )
        assert (len(one.messages), len(two.messages)) == (6, 4)


@pytest.mark.parametrize("kind", ["bot", "webhook"])
async def test_a_proxy_from_the_environment_is_used(
    receiver: DiscordReceiver, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("http_proxy", receiver.api_url.removesuffix("/api/v10"))
    place = address(CHANNEL_ID if kind == "bot" else receiver.webhook_url("lab"))
    async with channel_at("http://discord.test/api/v10") as channel:
        await channel.send(delivery(), place)
    assert len(receiver.messages) == 1


async def test_a_host_that_no_proxy_names_is_reached_directly(
    receiver: DiscordReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    async with channel_at(receiver.api_url) as channel:
        await channel.send(delivery(), address(CHANNEL_ID))
    assert len(receiver.messages) == 1


# What can go wrong


def discord_error(code: int, message: str = "no") -> dict[str, Any]:
    return {"code": code, "message": message}


HTML = "<html><title>Access denied | Cloudflare</title>"
RETRY = {"message": "You are being rate limited.", "retry_after": 1.5, "global": False}

# what Discord answers -> (trouble for a bot, trouble for a webhook, seconds, everywhere)
ROWS: dict[str, tuple[FaultScript, FailureKind, FailureKind, float | None, bool]] = {
    "429": (FaultScript(429, RETRY), FailureKind.RATE_LIMITED, FailureKind.RATE_LIMITED, 1.5, False),
    "429 global": (
        FaultScript(429, RETRY | {"global": True}),
        FailureKind.RATE_LIMITED,
        FailureKind.RATE_LIMITED,
        1.5,
        True,
    ),
    "429 nonsense": (
        FaultScript(429, RETRY | {"retry_after": "soon"}),
        FailureKind.RATE_LIMITED,
        FailureKind.RATE_LIMITED,
        60,
        False,
    ),
    "429 negative": (
        FaultScript(429, RETRY | {"retry_after": -1}),
        FailureKind.RATE_LIMITED,
        FailureKind.RATE_LIMITED,
        60,
        False,
    ),
    "429 endless": (
        FaultScript(429, RETRY | {"retry_after": float("inf")}),
        FailureKind.RATE_LIMITED,
        FailureKind.RATE_LIMITED,
        60,
        False,
    ),
    "429 list": (FaultScript(429, []), FailureKind.RATE_LIMITED, FailureKind.RATE_LIMITED, 60, True),
    "Cloudflare": (
        FaultScript(429, HTML, {"Retry-After": "900"}),
        FailureKind.RATE_LIMITED,
        FailureKind.RATE_LIMITED,
        900,
        True,
    ),
    "Cloudflare without seconds": (
        FaultScript(429, HTML),
        FailureKind.RATE_LIMITED,
        FailureKind.RATE_LIMITED,
        60,
        True,
    ),
    "401": (FaultScript(401, discord_error(0)), FailureKind.CREDENTIAL, FailureKind.DESTINATION_GONE, None, False),
    "40001": (
        FaultScript(403, discord_error(40001)),
        FailureKind.CREDENTIAL,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "403": (
        FaultScript(403, discord_error(0)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "404": (FaultScript(404, HTML), FailureKind.DESTINATION_GONE, FailureKind.DESTINATION_GONE, None, False),
    "50001": (
        FaultScript(403, discord_error(50001)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "50007": (
        FaultScript(403, discord_error(50007)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "40002": (
        FaultScript(403, discord_error(40002)),
        FailureKind.CREDENTIAL,
        FailureKind.CREDENTIAL,
        None,
        False,
    ),
    "50013": (
        FaultScript(403, discord_error(50013)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "50027": (
        FaultScript(403, discord_error(50027)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "10003": (
        FaultScript(404, discord_error(10003)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "10015": (
        FaultScript(404, discord_error(10015)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "160005": (
        FaultScript(400, discord_error(160005)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "220001": (
        FaultScript(400, discord_error(220001)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "40067": (
        FaultScript(400, discord_error(40067)),
        FailureKind.DESTINATION_GONE,
        FailureKind.DESTINATION_GONE,
        None,
        False,
    ),
    "50035": (FaultScript(400, discord_error(50035)), FailureKind.REJECTED, FailureKind.REJECTED, None, False),
    "400": (FaultScript(400, HTML), FailureKind.REJECTED, FailureKind.REJECTED, None, False),
    "413": (FaultScript(413, discord_error(40005)), FailureKind.REJECTED, FailureKind.REJECTED, None, False),
    "200000": (FaultScript(400, discord_error(200000)), FailureKind.REJECTED, FailureKind.REJECTED, None, False),
    "500": (FaultScript(500, discord_error(0)), FailureKind.UNKNOWN, FailureKind.UNKNOWN, None, False),
    "502": (FaultScript(502, HTML), FailureKind.UNKNOWN, FailureKind.UNKNOWN, None, False),
    "503": (FaultScript(503, discord_error(130000)), FailureKind.UNKNOWN, FailureKind.UNKNOWN, None, False),
    "524": (FaultScript(524, HTML), FailureKind.UNKNOWN, FailureKind.UNKNOWN, None, False),
    "200 with a page": (FaultScript(200, HTML), FailureKind.UNKNOWN, FailureKind.UNKNOWN, None, False),
    "200 without an id": (FaultScript(200, {}), FailureKind.UNKNOWN, FailureKind.UNKNOWN, None, False),
    "204": (FaultScript(204), FailureKind.UNKNOWN, FailureKind.UNKNOWN, None, False),
    "redirect": (
        FaultScript(307, HTML, {"Location": "/api/v10/elsewhere"}),
        FailureKind.TRANSIENT,
        FailureKind.TRANSIENT,
        None,
        False,
    ),
    "reset": (FaultScript(drops=True), FailureKind.UNKNOWN, FailureKind.UNKNOWN, None, False),
    "reset after it was taken": (
        FaultScript(takes=True, drops=True),
        FailureKind.UNKNOWN,
        FailureKind.UNKNOWN,
        None,
        False,
    ),
}


@pytest.mark.parametrize("name", ROWS)
async def test_every_no_is_understood_after_one_post_and_tells_no_secret(
    channel: DiscordChannel,
    receiver: DiscordReceiver,
    place: Address,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scripted, for_a_bot, for_a_webhook, seconds, affects_credential = ROWS[name]
    receiver.script.append(scripted)
    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as caught:
        await channel.send(delivery(), place)
    error = caught.value
    assert error.kind == (for_a_webhook if place.kind == "webhook" else for_a_bot)
    assert (error.retry_after, error.affects_credential) == (seconds, affects_credential)
    assert posts(receiver) == 1
    assert_no_secret(error, caplog.text, receiver)


def assert_no_secret(error: DeliveryError, log: str, receiver: DiscordReceiver) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error) + log
    webhook_token = receiver.webhook_url("lab").rsplit("/", 1)[1]
    assert TOKEN not in shown
    assert webhook_token not in shown


@pytest.mark.parametrize(
    ("scripted", "words"),
    [
        (FaultScript(403, discord_error(50013, "Missing Permissions")), "Embed Links"),
        (FaultScript(400, discord_error(220001)), r"\?thread_id=ID"),
        (FaultScript(404, HTML), r"channels\.discord\.api_url"),
        (FaultScript(400, discord_error(50035) | {"errors": {"content": {"_errors": ["too long"]}}}), "too long"),
    ],
)
async def test_the_reason_gives_advice(
    channel: DiscordChannel, receiver: DiscordReceiver, scripted: FaultScript, words: str
) -> None:
    receiver.script.append(scripted)
    with pytest.raises(DeliveryError, match=words):
        await channel.send(delivery(), address(CHANNEL_ID))


@pytest.mark.parametrize("status", [200, 429])
async def test_an_empty_bucket_makes_nobody_sleep(
    channel: DiscordChannel, receiver: DiscordReceiver, place: Address, status: int
) -> None:
    empty = {
        "X-RateLimit-Bucket": "b",
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": "20",
        "X-RateLimit-Reset": str(time.time() + 20),
    }
    receiver.script.append(FaultScript(status, {"id": "77"} if status == 200 else RETRY | {"retry_after": 20}, empty))
    async with asyncio.timeout(5):
        if status == 200:
            assert await channel.send(delivery(), place) == Receipt("77")
        else:
            with pytest.raises(DeliveryError):
                await channel.send(delivery(), place)
        await channel.send(delivery(number="d2"), place)


async def test_silence_after_the_post_is_unknown(
    channel: DiscordChannel, receiver: DiscordReceiver, place: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "REQUEST_SECONDS", 0.3)
    receiver.script.append(FaultScript(hangs=5))
    with pytest.raises(DeliveryError, match=r"no answer within 0\.3 s") as caught:
        await channel.send(delivery(), place)
    assert caught.value.kind is FailureKind.UNKNOWN


async def test_a_cancelled_send_is_cancelled(
    channel: DiscordChannel, receiver: DiscordReceiver, place: Address
) -> None:
    receiver.script.append(FaultScript(hangs=5))
    task = asyncio.create_task(channel.send(delivery(), place))
    await asyncio.sleep(0.3)
    assert posts(receiver) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("kind", ["bot", "webhook"])
async def test_a_refused_connection_is_transient(kind: str, unused_tcp_port: int) -> None:
    value = CHANNEL_ID if kind == "bot" else f"https://discord.com/api/webhooks/{CHANNEL_ID}/s3cret"
    async with channel_at(f"http://127.0.0.1:{unused_tcp_port}/api/v10") as channel:
        with pytest.raises(DeliveryError, match="cannot connect to 127") as caught:
            await channel.send(delivery(), address(value))
    assert caught.value.kind is FailureKind.TRANSIENT
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


async def test_an_api_url_that_is_none_is_transient_and_shows_no_webhook() -> None:
    hook = address(f"https://discord.com/api/webhooks/{CHANNEL_ID}/s3cret")
    async with channel_at("nonsense") as channel:
        with pytest.raises(DeliveryError) as caught:
            await channel.send(delivery(), hook)
    assert caught.value.kind is FailureKind.TRANSIENT
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


async def test_a_revoked_token_is_the_credentials_trouble_and_posts_nothing(receiver: DiscordReceiver) -> None:
    async with channel_at(receiver.api_url, token="revoked") as channel:
        for _ in range(2):
            with pytest.raises(DeliveryError) as caught:
                await channel.send(delivery(), address(CHANNEL_ID))
            assert caught.value.kind is FailureKind.CREDENTIAL
    assert posts(receiver) == 0


async def test_a_missing_token_is_the_credentials_trouble(receiver: DiscordReceiver) -> None:
    async with channel_at(receiver.api_url, token=None) as channel:
        with pytest.raises(DeliveryError, match=r"channels\.discord\.token is not set") as caught:
            await channel.send(delivery(), address(CHANNEL_ID))
    assert caught.value.kind is FailureKind.CREDENTIAL


async def test_trouble_at_the_login_is_transient_and_passes(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    receiver.script.append(FaultScript(500, {}, method="GET"))
    with pytest.raises(DeliveryError) as caught:
        await channel.send(delivery(), address(CHANNEL_ID))
    assert caught.value.kind is FailureKind.TRANSIENT
    assert posts(receiver) == 0
    await channel.send(delivery(), address(CHANNEL_ID))
    assert len(receiver.messages) == 1


async def test_a_webhook_with_another_token_is_closed(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    with pytest.raises(DeliveryError, match="copy its URL again") as caught:
        await channel.send(delivery(), address(receiver.webhook_url("lab") + "x"))
    assert caught.value.kind is FailureKind.DESTINATION_GONE


async def test_a_webhook_that_is_none_is_closed(channel: DiscordChannel) -> None:
    with pytest.raises(DeliveryError, match="webhook 7 is not a webhook's URL") as caught:
        await channel.send(delivery(), Address(Secret("s3cret"), kind="webhook", label="webhook 7"))
    assert caught.value.kind is FailureKind.DESTINATION_GONE


# Checking


def found(results: tuple[Any, ...]) -> list[tuple[str, bool]]:
    return [(result.setting, result.ok) for result in results]


async def test_a_check_names_the_bot_and_every_place_and_posts_nothing(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    receiver.channels[CHANNEL_ID] = {"name": "papers", "type": 0}
    hook = address(receiver.webhook_url("lab"))
    results = await channel.check([hook, address(CHANNEL_ID)])
    assert found(results) == [
        ("channels.discord.token", True),
        (f"channel {CHANNEL_ID}", True),
        (hook.label, True),
    ]
    assert [result.message for result in results] == ["the bot is paperboy", "papers is there", "lab is there"]
    assert posts(receiver) == 0


async def test_a_check_of_webhooks_alone_needs_no_token(receiver: DiscordReceiver) -> None:
    async with channel_at(receiver.api_url, token=None) as channel:
        hooks = [address(receiver.webhook_url("lab")), address(receiver.webhook_url("lab") + "x")]
        results = await channel.check(hooks)
        assert found(results) == [(hooks[0].label, True), (hooks[1].label, False)]
        assert "copy its URL again" in results[1].message


async def test_a_check_finds_what_is_wrong_with_the_token(receiver: DiscordReceiver) -> None:
    for token in (None, "revoked"):
        async with channel_at(receiver.api_url, token) as channel:
            results = await channel.check([address(CHANNEL_ID)])
            assert found(results) == [("channels.discord.token", False)]
            assert results[0].message.endswith(
                "; copy the bot's token from the app's page, Bot (Reset Token gives a new one)"
            )
            assert token is None or results[0].message.startswith("Discord answered 401: Unauthorized; ")


async def test_a_check_finds_what_is_wrong_with_the_address(unused_tcp_port: int) -> None:
    async with channel_at(f"http://127.0.0.1:{unused_tcp_port}") as channel:
        results = await channel.check([address(CHANNEL_ID)])
        assert found(results) == [("channels.discord.api_url", False)]


async def test_a_check_finds_missing_access_and_forums(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    receiver.channels[CHANNEL_ID] = {"name": "forum", "type": 15}
    (_, forum) = await channel.check([address(CHANNEL_ID)])
    assert not forum.ok
    assert "name a thread" in forum.message
    receiver.script.extend(
        [
            FaultScript(200, {"id": "1", "username": "b"}, method="GET"),
            FaultScript(403, discord_error(50001), method="GET"),
        ]
    )
    (_, closed) = await channel.check([address(CHANNEL_ID)])
    assert not closed.ok
    assert "View Channel" in closed.message
