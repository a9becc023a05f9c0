"""The Slack on loopback refuses what Slack refuses; the channel's own tests use the rest of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.servers.slack import TOKEN, FaultScript, SlackReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHANNEL = "C0123456789"


@pytest.fixture
async def receiver() -> AsyncIterator[SlackReceiver]:
    async with SlackReceiver() as running:
        yield running


async def post(receiver: SlackReceiver, payload: Any, token: str | None = TOKEN) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session:
        url = receiver.api_url + "chat.postMessage"
        async with session.post(url, json=payload, headers=headers) as answer:
            said: dict[str, Any] = await answer.json()
            return said


async def post_to(url: str, body: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(url, data=body) as answer:
        return answer.status, await answer.text()


async def look(receiver: SlackReceiver, path: str, token: str | None = TOKEN) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(receiver.api_url + path, headers=headers) as answer:
        said: dict[str, Any] = await answer.json()
        return said


def section(text: object, **more: object) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, **more}}


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"blocks": "no list"}, "invalid_blocks"),
        ({"blocks": [section("x")] * 51}, "invalid_blocks"),
        ({"blocks": ["no block"]}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [section(7)]}, "invalid_blocks"),
        ({"blocks": [section("x" * 3_001)]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [section("x")["text"]] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": section("x")["text"]}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}, "invalid_blocks"),
        ({"blocks": [section("x", type="plain_text", verbatim=True)]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider", "text": section("x")["text"]}]}, "invalid_blocks"),
        ({"blocks": [{"type": "marquee"}]}, "invalid_blocks"),
        ({"blocks": [section("x" * 2_900)] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "metadata": {"event_type": "y"}}, "invalid_metadata_format"),
    ],
)
async def test_a_payload_beyond_slacks_limits_is_refused(
    receiver: SlackReceiver, payload: dict[str, Any], error: str
) -> None:
    assert await post(receiver, payload | {"channel": CHANNEL}) == {"ok": False, "error": error}
    assert receiver.messages == []


async def test_a_payload_within_the_limits_is_filed(receiver: SlackReceiver) -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 150}},
        {"type": "divider"},
        section("x" * 3_000, verbatim=True),
        {"type": "context", "elements": [section("x")["text"]] * 10},
    ]
    first = await post(receiver, {"channel": CHANNEL, "text": "y" * 41_000, "blocks": blocks})
    second = await post(receiver, {"channel": CHANNEL, "text": "y", "thread_ts": first["ts"]})
    assert (first["ok"], first["ts"] < second["ts"]) == (True, True)
    assert [len(message.text) for message in receiver.messages] == [40_000, 1]
    assert receiver.messages[0].blocks == blocks
    assert receiver.messages[1].thread_ts == first["ts"]


@pytest.mark.parametrize(
    ("known", "error"),
    [
        ({"is_archived": True}, "is_archived"),
        ({"is_member": False}, "not_in_channel"),
        ({"error": "no_permission"},) * 2,
    ],
)
async def test_a_closed_channel_takes_nothing(receiver: SlackReceiver, known: dict[str, Any], error: Any) -> None:
    receiver.channels[CHANNEL] = known
    said = await post(receiver, {"channel": CHANNEL, "text": "x"})
    assert said["error"] == (error if isinstance(error, str) else "no_permission")


async def test_a_token_must_be_known(receiver: SlackReceiver) -> None:
    for token, error in ((None, "not_authed"), ("xoxb-other", "invalid_auth")):
        assert (await post(receiver, {"channel": CHANNEL, "text": "x"}, token))["error"] == error
        assert (await look(receiver, "auth.test", token))["error"] == error
        assert (await look(receiver, f"conversations.info?channel={CHANNEL}", token))["error"] == error
    assert (await post(receiver, {"text": "x"}))["error"] == "channel_not_found"
    assert (await look(receiver, "auth.test"))["ok"]


async def test_a_webhook_answers_in_plain_text(receiver: SlackReceiver) -> None:
    url = receiver.webhook_url("lab")
    assert url == receiver.webhook_url("lab")
    assert await post_to(url, '{"text": "x"}') == (200, "ok")
    assert await post_to(url, "[]") == (400, "invalid_payload")
    assert await post_to(url, "{") == (400, "invalid_payload")
    assert await post_to(url, '{"blocks": []}') == (400, "no_text")
    assert await post_to(url + "x", '{"text": "x"}') == (404, "no_service")
    receiver.channels["lab"] = {"is_archived": True}
    assert await post_to(url, '{"text": "x"}') == (410, "channel_is_archived")
    assert [message.channel for message in receiver.messages] == ["lab"]


async def test_a_script_is_used_up_in_order_and_apart_from_looks(receiver: SlackReceiver) -> None:
    receiver.script.extend(
        [FaultScript(body={"ok": False, "error": "fatal_error"}, takes=True), FaultScript(body={"ok": 1})]
    )
    receiver.looks.extend(
        [FaultScript(body={"ok": False, "error": "first"}), FaultScript(body={"ok": False, "error": "second"})]
    )
    assert (await look(receiver, "auth.test"))["error"] == "first"
    assert (await look(receiver, "conversations.info?channel=C1"))["error"] == "second"
    assert (await post(receiver, {"channel": CHANNEL, "text": "x"}))["error"] == "fatal_error"
    assert (await post(receiver, {"channel": CHANNEL, "text": "x"}))["ok"] == 1
    assert len(receiver.messages) == 1
    assert receiver.requests[-1] == ("POST", "/api/chat.postMessage")


async def test_leaving_before_entering_is_harmless() -> None:
    await SlackReceiver().__aexit__()
