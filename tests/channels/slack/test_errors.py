"""Every row of the two tables of Slack's errors, told by a real server on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.slack import SlackChannel, SlackOptions, SlackSettings
from bot.demo.servers.slack import TOKEN, Scripted, SlackReceiver
from bot.errors import DeliveryError, Trouble
from bot.settings import Secret
from bot.text.templates import Templates
from tests.channels.slack.test_slack import CHANNEL, delivery

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OF_THE_API = {
    Trouble.BUSY: "ratelimited rate_limited",
    Trouble.UNKNOWN: "internal_error fatal_error",
    Trouble.TRANSIENT: (
        "service_unavailable team_added_to_org org_login_required request_timeout message_limit_exceeded "
        "a_code_nobody_knows"
    ),
    Trouble.CLOSED: (
        "channel_not_found is_archived not_in_channel restricted_action restricted_action_read_only_channel "
        "restricted_action_thread_only_channel restricted_action_non_threadable_channel ekm_access_denied "
        "no_permission"
    ),
    Trouble.CREDENTIAL: (
        "invalid_auth account_inactive token_revoked token_expired missing_scope not_allowed_token_type not_authed"
    ),
    Trouble.MALFORMED: (
        "invalid_blocks invalid_blocks_format msg_blocks_too_long no_text metadata_too_large "
        "invalid_metadata_format invalid_metadata_schema invalid_arguments too_many_attachments"
    ),
}
OF_A_WEBHOOK = [
    (400, "invalid_payload", Trouble.MALFORMED),
    (400, "no_text", Trouble.MALFORMED),
    (400, "invalid_blocks", Trouble.MALFORMED),
    (400, "too_many_attachments", Trouble.MALFORMED),
    (400, "user_not_found", Trouble.CLOSED),
    (403, "action_prohibited", Trouble.CLOSED),
    (403, "invalid_token", Trouble.CLOSED),
    (404, "channel_not_found", Trouble.CLOSED),
    (404, "no_service", Trouble.CLOSED),
    (404, "no_active_hooks", Trouble.CLOSED),
    (404, "no_team", Trouble.CLOSED),
    (410, "channel_is_archived", Trouble.CLOSED),
    (404, "a_code_nobody_knows", Trouble.CLOSED),
    (400, "a_code_nobody_knows", Trouble.TRANSIENT),
    (429, "", Trouble.BUSY),
    (500, "rollup_error", Trouble.UNKNOWN),
    (502, "<html>Bad gateway</html>", Trouble.UNKNOWN),
    (200, "", Trouble.UNKNOWN),
    (200, "<html>Log in to this network</html>", Trouble.UNKNOWN),
]


@pytest.fixture
async def receiver() -> AsyncIterator[SlackReceiver]:
    async with SlackReceiver() as running:
        yield running


@pytest.fixture
async def channel(receiver: SlackReceiver) -> AsyncIterator[SlackChannel]:
    slack = SlackChannel(SlackSettings(Secret(TOKEN), receiver.api_url), Templates(), contact="me@example.org")
    yield slack
    await slack.aclose()


async def _refusal(slack: SlackChannel, receiver: SlackReceiver, to: str, scripted: Scripted) -> DeliveryError:
    receiver.script.append(scripted)
    (address,) = slack.addresses(to, SlackOptions())
    with pytest.raises(DeliveryError) as caught:
        await slack.send(delivery(), address)
    assert len(receiver.requests) == 1  # one attempt is one POST
    return caught.value


@pytest.mark.parametrize(
    ("code", "trouble"), [(c, kind) for kind, codes in OF_THE_API.items() for c in codes.split()]
)
async def test_a_code_of_the_api_is_one_kind_of_trouble_and_named(
    channel: SlackChannel, receiver: SlackReceiver, code: str, trouble: Trouble
) -> None:
    error = await _refusal(channel, receiver, CHANNEL, Scripted(body={"ok": False, "error": code}))
    assert (error.trouble, error.reason, error.everywhere) == (trouble, f"Slack said {code}", False)


@pytest.mark.parametrize(("status", "said", "trouble"), OF_A_WEBHOOK)
async def test_a_webhooks_answer_is_one_kind_of_trouble(
    channel: SlackChannel, receiver: SlackReceiver, status: int, said: str, trouble: Trouble
) -> None:
    error = await _refusal(channel, receiver, receiver.webhook_url("lab"), Scripted(status, said))
    assert error.trouble is trouble
    assert (said or str(status)) in error.reason or "<" in said


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (500, {"ok": False, "error": "internal_error"}, Trouble.UNKNOWN),
        (503, {"ok": False, "error": "service_unavailable"}, Trouble.UNKNOWN),
        (502, "<html>Bad gateway</html>", Trouble.UNKNOWN),
        (404, "<html>Not here</html>", Trouble.CLOSED),
        (400, "<html>What?</html>", Trouble.TRANSIENT),
        (200, "<html>Log in to this network</html>", Trouble.UNKNOWN),
        (200, [], Trouble.UNKNOWN),
        (200, {"ok": "perhaps"}, Trouble.UNKNOWN),
    ],
)
async def test_an_answer_of_the_api_without_a_usable_code_is_judged_by_its_status(
    channel: SlackChannel, receiver: SlackReceiver, status: int, body: Any, trouble: Trouble
) -> None:
    assert (await _refusal(channel, receiver, CHANNEL, Scripted(status, body))).trouble is trouble


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry-After": "37"}, 37.0), ({}, None), ({"Retry-After": "soon"}, None)]
)
async def test_a_429_keeps_the_seconds_that_slack_asked_for(
    channel: SlackChannel, receiver: SlackReceiver, headers: dict[str, str], seconds: float | None
) -> None:
    error = await _refusal(channel, receiver, CHANNEL, Scripted(429, {"ok": False, "error": "ratelimited"}, headers))
    assert (error.trouble, error.retry_after) == (Trouble.BUSY, seconds)


async def test_a_missing_scope_is_named(channel: SlackChannel, receiver: SlackReceiver) -> None:
    body = {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "channels:read"}
    error = await _refusal(channel, receiver, CHANNEL, Scripted(body=body))
    assert error.reason == "Slack said missing_scope (needed: chat:write)"


@pytest.mark.parametrize("said", [f"no such token {TOKEN}", "x" * 200, 7, None, "\x1b[31mred"])
async def test_nothing_but_a_code_is_repeated(channel: SlackChannel, receiver: SlackReceiver, said: object) -> None:
    body = {"ok": False, "error": said, "needed": said}
    error = await _refusal(channel, receiver, CHANNEL, Scripted(400, body))
    assert error.reason == "Slack answered with status 400 and no word of its own"


@pytest.mark.parametrize("webhook", [False, True])
@pytest.mark.parametrize("takes", [False, True])
async def test_a_connection_that_breaks_after_the_write_leaves_it_unknown(
    channel: SlackChannel, receiver: SlackReceiver, *, webhook: bool, takes: bool
) -> None:
    to = receiver.webhook_url("lab") if webhook else CHANNEL
    error = await _refusal(channel, receiver, to, Scripted(takes=takes, drops=True))
    assert error.trouble is Trouble.UNKNOWN
    assert len(receiver.messages) == takes


async def test_silence_after_the_write_leaves_it_unknown(
    channel: SlackChannel, receiver: SlackReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.slack.ANSWER_SECONDS", 0.2)
    error = await _refusal(channel, receiver, CHANNEL, Scripted(takes=True, hangs=5))
    assert (error.trouble, error.reason) == (Trouble.UNKNOWN, "Slack's answer was lost (TimeoutError)")


@pytest.mark.parametrize(
    ("api_url", "kind"),
    [("http://127.0.0.1:1/api/", "ClientConnectorError"), ("https://slack.invalid/api/", "ClientConnectorDNSError")],
)
async def test_without_a_connection_it_was_surely_not_sent(api_url: str, kind: str) -> None:
    slack = SlackChannel(SlackSettings(Secret(TOKEN), api_url), Templates(), contact="me@example.org")
    (address,) = slack.addresses(CHANNEL, SlackOptions())
    with pytest.raises(DeliveryError) as caught:
        await slack.send(delivery(), address)
    await slack.aclose()
    assert (caught.value.trouble, caught.value.reason) == (Trouble.TRANSIENT, f"no connection to Slack ({kind})")
