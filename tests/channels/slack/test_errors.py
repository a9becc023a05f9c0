"""Every row of the two tables of Slack's errors, told by a real server on loopback."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels.slack import SlackChannel, SlackOptions, SlackSettings
from bot.errors import DeliveryError, FailureKind
from bot.settings import Secret
from bot.text.templates import Templates
from tests.channels.slack.test_slack import CHANNEL, delivery
from tests.servers.slack import TOKEN, FaultScript, SlackReceiver

OF_THE_API = {
    FailureKind.RATE_LIMITED: "ratelimited rate_limited",
    FailureKind.UNKNOWN: "internal_error fatal_error",
    FailureKind.TRANSIENT: (
        "service_unavailable team_added_to_org org_login_required request_timeout message_limit_exceeded "
        "external_channel_migrating a_code_nobody_knows"
    ),
    FailureKind.DESTINATION_GONE: (
        "channel_not_found is_archived not_in_channel restricted_action restricted_action_read_only_channel "
        "restricted_action_thread_only_channel restricted_action_non_threadable_channel ekm_access_denied "
        "no_permission channel_type_not_supported posting_to_general_channel_denied"
    ),
    FailureKind.CREDENTIAL: (
        "invalid_auth account_inactive token_revoked token_expired missing_scope not_allowed_token_type not_authed "
        "access_denied enterprise_is_restricted two_factor_setup_required team_not_found"
    ),
    FailureKind.REJECTED: (
        "invalid_blocks invalid_blocks_format msg_blocks_too_long no_text metadata_too_large "
        "invalid_metadata_format invalid_metadata_schema invalid_arguments too_many_attachments "
        "invalid_post_type missing_charset slack_connect_blocked_file_type"
    ),
}
OF_A_WEBHOOK = [
    (400, "invalid_payload", FailureKind.REJECTED),
    (400, "no_text", FailureKind.REJECTED),
    (400, "invalid_blocks", FailureKind.REJECTED),
    (400, "too_many_attachments", FailureKind.REJECTED),
    (400, "user_not_found", FailureKind.DESTINATION_GONE),
    (403, "action_prohibited", FailureKind.DESTINATION_GONE),
    (403, "invalid_token", FailureKind.DESTINATION_GONE),
    (404, "channel_not_found", FailureKind.DESTINATION_GONE),
    (404, "no_service", FailureKind.DESTINATION_GONE),
    (404, "no_active_hooks", FailureKind.DESTINATION_GONE),
    (404, "no_team", FailureKind.DESTINATION_GONE),
    (410, "channel_is_archived", FailureKind.DESTINATION_GONE),
    (404, "a_code_nobody_knows", FailureKind.DESTINATION_GONE),
    (400, "a_code_nobody_knows", FailureKind.TRANSIENT),
    (429, "", FailureKind.RATE_LIMITED),
    (500, "rollup_error", FailureKind.UNKNOWN),
    (502, "<html>Bad gateway</html>", FailureKind.UNKNOWN),
    (200, "", FailureKind.UNKNOWN),
    (200, "<html>Log in to this network</html>", FailureKind.UNKNOWN),
]


async def _refusal(slack: SlackChannel, receiver: SlackReceiver, to: str, scripted: FaultScript) -> DeliveryError:
    receiver.script.append(scripted)
    (address,) = slack.addresses(to, SlackOptions())
    with pytest.raises(DeliveryError) as caught:
        await slack.send(delivery(), address)
    assert len(receiver.requests) == 1  # one attempt is one POST
    return caught.value


@pytest.mark.parametrize(("code", "kind"), [(c, kind) for kind, codes in OF_THE_API.items() for c in codes.split()])
async def test_a_code_of_the_api_is_one_kind_of_trouble_and_named(
    channel: SlackChannel, receiver: SlackReceiver, code: str, kind: FailureKind
) -> None:
    error = await _refusal(channel, receiver, CHANNEL, FaultScript(body={"ok": False, "error": code}))
    assert (error.kind, error.reason, error.affects_credential) == (kind, f"Slack said {code}", False)


@pytest.mark.parametrize(("status", "said", "kind"), OF_A_WEBHOOK)
async def test_a_webhooks_answer_is_one_kind_of_trouble(
    channel: SlackChannel, receiver: SlackReceiver, status: int, said: str, kind: FailureKind
) -> None:
    error = await _refusal(channel, receiver, receiver.webhook_url("lab"), FaultScript(status, said))
    assert error.kind is kind
    assert (said or str(status)) in error.reason or "<" in said


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, {"ok": False, "error": "internal_error"}, FailureKind.UNKNOWN),
        (503, {"ok": False, "error": "service_unavailable"}, FailureKind.UNKNOWN),
        (502, "<html>Bad gateway</html>", FailureKind.UNKNOWN),
        (404, "<html>Not here</html>", FailureKind.DESTINATION_GONE),
        (400, "<html>What?</html>", FailureKind.TRANSIENT),
        (200, "<html>Log in to this network</html>", FailureKind.UNKNOWN),
        (200, [], FailureKind.UNKNOWN),
        (200, {"ok": "perhaps"}, FailureKind.UNKNOWN),
    ],
)
async def test_an_answer_of_the_api_without_a_usable_code_is_judged_by_its_status(
    channel: SlackChannel, receiver: SlackReceiver, status: int, body: Any, kind: FailureKind
) -> None:
    assert (await _refusal(channel, receiver, CHANNEL, FaultScript(status, body))).kind is kind


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry-After": "37"}, 37.0), ({}, None), ({"Retry-After": "soon"}, None)]
)
async def test_a_429_keeps_the_seconds_that_slack_asked_for(
    channel: SlackChannel, receiver: SlackReceiver, headers: dict[str, str], seconds: float | None
) -> None:
    error = await _refusal(
        channel, receiver, CHANNEL, FaultScript(429, {"ok": False, "error": "ratelimited"}, headers)
    )
    assert (error.kind, error.retry_after) == (FailureKind.RATE_LIMITED, seconds)


async def test_a_missing_scope_is_named(channel: SlackChannel, receiver: SlackReceiver) -> None:
    body = {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "channels:read"}
    error = await _refusal(channel, receiver, CHANNEL, FaultScript(body=body))
    assert error.reason == "Slack said missing_scope (needed: chat:write)"


@pytest.mark.parametrize("said", [f"no such token {TOKEN}", "x" * 200, 7, None, "\x1b[31mred"])
async def test_nothing_but_a_code_is_repeated(channel: SlackChannel, receiver: SlackReceiver, said: object) -> None:
    body = {"ok": False, "error": said, "needed": said}
    error = await _refusal(channel, receiver, CHANNEL, FaultScript(400, body))
    assert error.reason == "Slack answered with status 400 and no word of its own"


@pytest.mark.parametrize("webhook", [False, True])
@pytest.mark.parametrize("takes", [False, True])
async def test_a_connection_that_breaks_after_the_write_leaves_it_unknown(
    channel: SlackChannel, receiver: SlackReceiver, *, webhook: bool, takes: bool
) -> None:
    to = receiver.webhook_url("lab") if webhook else CHANNEL
    error = await _refusal(channel, receiver, to, FaultScript(takes=takes, drops=True))
    assert error.kind is FailureKind.UNKNOWN
    assert len(receiver.messages) == takes


async def test_silence_after_the_write_leaves_it_unknown(
    channel: SlackChannel, receiver: SlackReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.slack.api.ANSWER_SECONDS", 0.2)
    error = await _refusal(channel, receiver, CHANNEL, FaultScript(takes=True, hangs=5))
    assert (error.kind, error.reason) == (FailureKind.UNKNOWN, "Slack's answer was lost (TimeoutError)")


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
    assert (caught.value.kind, caught.value.reason) == (FailureKind.TRANSIENT, f"no connection to Slack ({kind})")
