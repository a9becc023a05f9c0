"""The Slack channel against a Slack on loopback."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.buttons import Click, Wish, decode
from bot.channels.slack import SlackChannel, SlackOptions, SlackSettings
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery, Receipt
from bot.settings import Secret
from bot.text.templates import Templates
from tests import builders
from tests.servers.slack import TOKEN, SlackReceiver

if TYPE_CHECKING:
    from bot.settings import Address

CHANNEL = "C0123456789"
WEBHOOK = "https://hooks.slack.com/services/T01ABC/B02DEF/s3cr3ts3cr3ts3cr3t"


def delivery(**changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": "d-17",
        "subscriber": "lab",
        "recipient": "0" * 32,
        "payload": {"text": "Hello", "unfurl_links": False, "unfurl_media": False},
        "part": 1,
        "parts": 1,
        "created_at": datetime(2026, 4, 20, 6, tzinfo=UTC),
        "tries": 1,
    }
    return Delivery(**(values | changes))


def address(value: str) -> Address:
    (only,) = SlackChannel.addresses(value, SlackOptions())
    return only


@pytest.mark.parametrize("value", [CHANNEL, "G0123456", "D0123456", "#arxiv-papers", "#отдел", "  C0123456789 "])
def test_an_id_or_a_name_is_a_channel_under_its_own_label(value: str) -> None:
    found = address(value)
    assert (found.kind, found.label, found.value.reveal()) == ("channel", value.strip(), value.strip())


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (WEBHOOK, "webhook T01ABC/B02DEF"),
        ("http://127.0.0.1:8080/services/T1/B2/s3cr3t", "webhook T1/B2"),
        ("http://localhost/anything?s3cr3t", "webhook [0-9a-f]{8}"),
        ("http://[::1]/services/s3cr3t", "webhook [0-9a-f]{8}"),
        ("https://chat.example.org/services/s3cr3t", "webhook [0-9a-f]{8}"),
    ],
)
def test_a_url_is_a_webhook_under_a_label_without_its_secret(value: str, label: str) -> None:
    found = address(value)
    assert found.kind == "webhook"
    assert found.value.reveal() == value
    assert re.fullmatch(label, found.label)
    assert "s3cr3t" not in repr(found)


@pytest.mark.parametrize(
    "value",
    [
        "papers",
        "u0123456789",
        "c0123456789",
        "# papers",
        "",
        None,
        1234567890,
        [CHANNEL],
        "xoxb-s3cr3t",
        "http://hooks.slack.com/services/T01/B02/s3cr3t",
        "http://[::1/services/T01/B02/s3cr3t",
        "https:///services/T01/B02/s3cr3t",
        "https://hooks.slack.com/s3cr3t",
        "https://hooks.slack.com/services/",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(value: object) -> None:
    with pytest.raises(ValueError, match=r"expected a channel's id|must begin with https") as caught:
        SlackChannel.addresses(value, SlackOptions())
    assert "s3cr3t" not in str(caught.value)


def test_a_thread_needs_a_bot_token() -> None:
    with pytest.raises(ValueError, match="a thread needs a bot token") as caught:
        SlackChannel.addresses(WEBHOOK, SlackOptions(thread=True))
    assert "s3cr3t" not in str(caught.value)
    assert SlackChannel.addresses(CHANNEL, SlackOptions(thread=True))


@pytest.mark.parametrize("api_url", ["http://slack.com/api/", "slack.com", "ftp://localhost/", "http://[::1"])
def test_an_api_url_in_clear_is_accepted_on_loopback_only(api_url: str) -> None:
    with pytest.raises(ValueError, match="api_url must be an https URL"):
        SlackSettings(api_url=api_url)


def test_channels_of_one_token_share_a_limit_and_webhooks_do_not() -> None:
    slack = SlackChannel(SlackSettings(Secret(TOKEN)), Templates(), contact="me@example.org")
    one, two = slack.limits(address(CHANNEL)), slack.limits(address("#papers"))
    hook, other = slack.limits(address(WEBHOOK)), slack.limits(address(WEBHOOK + "2"))
    assert one.credential == two.credential
    assert len({one.destination, two.destination, hook.destination, other.destination}) == 4
    assert len({one.credential, hook.credential, other.credential}) == 3
    assert (one.destination.min_interval, one.credential.min_interval) == (1.0, 0.2)
    assert one.destination.key == f"slack:{address(CHANNEL).key}"
    without = SlackChannel(SlackSettings(), Templates(), contact="me@example.org")
    assert without.limits(address(CHANNEL)).credential != one.credential


async def test_a_message_is_posted_once_with_its_delivery_as_metadata(
    channel: SlackChannel, receiver: SlackReceiver
) -> None:
    (message,) = channel.render(builders.digest(), max_messages=10, options=SlackOptions())
    receipt = await channel.send(delivery(payload=message.payload), address(CHANNEL))
    (taken,) = receiver.messages
    assert receiver.requests == [("POST", "/api/chat.postMessage")]
    assert receipt == Receipt(taken.ts)
    assert (taken.channel, taken.thread_ts) == (CHANNEL, None)
    assert (taken.text, taken.blocks) == (message.payload["text"], message.payload["blocks"])
    assert taken.metadata == {"event_type": "paperboy_digest", "event_payload": {"delivery_id": "d-17"}}
    assert (taken.payload["unfurl_links"], taken.payload["unfurl_media"]) == (False, False)


async def test_a_menu_says_to_whom_the_paper_was_shown_and_a_webhook_has_none(
    channel: SlackChannel, receiver: SlackReceiver
) -> None:
    (message,) = channel.render(builders.digest(), max_messages=10, options=SlackOptions(buttons=True))
    for _ in range(2):  # the same bytes on every attempt
        await channel.send(delivery(payload=message.payload, subscriber="vision-lab"), address(CHANNEL))
    first, second = receiver.messages
    assert first.blocks == second.blocks
    (menu,) = [block["accessory"] for block in first.blocks if "accessory" in block]
    said = [decode(option["value"]) for option in menu["options"]]
    assert said == [Click(wish, "2604.00001", "birds", "vision-lab") for wish in Wish]
    with pytest.raises(ValueError, match="buttons need a bot token"):
        SlackChannel.addresses(WEBHOOK, SlackOptions(buttons=True))


async def test_only_a_reply_goes_into_the_thread(channel: SlackChannel, receiver: SlackReceiver) -> None:
    parent = (await channel.send(delivery(), address(CHANNEL))).platform_id
    await channel.send(delivery(id="d-18", part=2, reply=True, parent=parent), address(CHANNEL))
    await channel.send(delivery(id="d-19", part=3, reply=False, parent=parent), address(CHANNEL))
    assert [message.thread_ts for message in receiver.messages] == [None, parent, None]


async def test_a_webhook_gets_the_payload_alone_and_gives_no_id(
    channel: SlackChannel, receiver: SlackReceiver
) -> None:
    (message,) = channel.render(builders.digest(), max_messages=10, options=SlackOptions())
    receipt = await channel.send(delivery(payload=message.payload), address(receiver.webhook_url("lab-hook")))
    assert receipt == Receipt()
    assert [(taken.channel, taken.payload) for taken in receiver.messages] == [("lab-hook", message.payload)]


async def test_an_unknown_token_and_none_at_all_are_the_credentials_trouble(receiver: SlackReceiver) -> None:
    for token, reason in ((Secret("xoxb-old"), "Slack said invalid_auth"), (None, "channels.slack.token is not set")):
        slack = SlackChannel(SlackSettings(token, receiver.api_url), Templates(), contact="me@example.org")
        with pytest.raises(DeliveryError) as caught:
            await slack.send(delivery(), address(CHANNEL))
        await slack.aclose()
        assert (caught.value.kind, caught.value.reason) == (FailureKind.CREDENTIAL, reason)


async def test_a_proxy_from_the_environment_is_used_and_its_exceptions_heeded(
    channel: SlackChannel, receiver: SlackReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "localhost")
    for to in (CHANNEL, receiver.webhook_url("lab")):
        with pytest.raises(DeliveryError, match="ClientProxyConnectionError"):
            await channel.send(delivery(), address(to))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for to in (CHANNEL, receiver.webhook_url("lab")):
        await channel.send(delivery(), address(to))
    assert len(receiver.messages) == 2


async def test_check_finds_a_good_token_and_an_open_channel(channel: SlackChannel, receiver: SlackReceiver) -> None:
    receiver.channels[CHANNEL] = {"name": "papers"}
    hook = address(receiver.webhook_url("lab"))
    results = await channel.check([address(CHANNEL), address("G0123456"), address("#papers"), hook])
    assert [(result.setting, result.ok) for result in results] == [
        ("channels.slack.token", True),
        (CHANNEL, True),
        ("G0123456", True),
        ("#papers", True),
        (hook.label, True),
    ]
    assert results[0].message == "is paperboy in Demo Lab; posting needs the scope chat:write"
    assert results[1].message == "is #papers"
    assert "its id would last" in results[3].message
    assert "only be tried by posting" in results[4].message
    assert receiver.messages == []


@pytest.mark.parametrize(
    ("known", "scopes", "ok", "message"),
    [
        ({"is_archived": True}, "", False, "the channel is archived"),
        ({"is_member": False}, "chat:write", False, "the app is not in the channel: /invite it there"),
        ({"is_member": False}, "chat:write, chat:write.public", True, "is there"),
        (
            {"error": "channel_not_found"},
            "",
            False,
            "Slack said channel_not_found; a private channel is only seen once",
        ),
        ({"error": "missing_scope"}, "", True, "not looked at, which needs channels:read"),
    ],
)
async def test_check_says_what_is_wrong_with_a_channel(
    channel: SlackChannel, receiver: SlackReceiver, *, known: dict[str, Any], scopes: str, ok: bool, message: str
) -> None:
    receiver.channels[CHANNEL] = known
    receiver.scopes = scopes
    _, result = await channel.check([address(CHANNEL)])
    assert (result.setting, result.ok) == (CHANNEL, ok)
    assert result.message.startswith(message)


async def test_check_names_the_setting_that_is_wrong(receiver: SlackReceiver) -> None:
    settings = [
        (
            SlackSettings(Secret("xoxb-old"), receiver.api_url),
            "channels.slack.token",
            "Slack said invalid_auth; take",
        ),
        (SlackSettings(None, receiver.api_url), "channels.slack.token", "channels.slack.token is not set; take"),
        (SlackSettings(Secret(TOKEN), "http://127.0.0.1:1/"), "channels.slack.api_url", "no connection to Slack"),
    ]
    for wrong, setting, message in settings:
        slack = SlackChannel(wrong, Templates(), contact="me@example.org")
        (result,) = await slack.check([address(CHANNEL)])
        await slack.aclose()
        assert (result.setting, result.ok) == (setting, False)
        assert result.message.startswith(message)


async def test_check_misses_the_scope_to_post(channel: SlackChannel, receiver: SlackReceiver) -> None:
    receiver.scopes = "channels:read"
    (result,) = await channel.check([address(CHANNEL)])
    assert (result.setting, result.ok) == ("channels.slack.token", False)
    assert "lacks the scope chat:write" in result.message


async def test_check_of_webhooks_alone_asks_nobody(receiver: SlackReceiver) -> None:
    slack = SlackChannel(SlackSettings(), Templates(), contact="me@example.org")
    (result,) = await slack.check([address(WEBHOOK)])
    assert (result.setting, result.ok, receiver.requests) == ("webhook T01ABC/B02DEF", True, [])
