"""Slack's tokens and webhooks that are wrong by their shape alone."""

from __future__ import annotations

import pytest

from bot.channels.slack import SlackChannel, SlackOptions
from bot.channels.slack.secrets import check_kind, check_webhook
from bot.settings import Secret

WHOLE = "https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFGHI/" + "a1" * 12


@pytest.mark.parametrize("written", ["xoxp-1", "xapp-1-A", "xoxe.xoxp-1", "xoxe-1", "xoxc-1", "xoxd-1", "XOXP-1"])
def test_a_token_that_is_no_bot_s_says_which_is_needed_and_is_not_shown(written: str) -> None:
    with pytest.raises(ValueError, match="take the Bot User OAuth Token") as caught:
        check_kind(Secret(written))
    assert written not in str(caught.value)


@pytest.mark.parametrize("written", ["xoxb-1", "word"])
def test_any_other_token_is_for_slack_to_judge(written: str) -> None:
    assert check_kind(Secret(written)) == Secret(written)


@pytest.mark.parametrize(
    "written",
    [
        "https://hooks.slack.com/services/T0ABCDEFG",
        "https://hooks.slack.com/services/T0ABCDEFG/",
        "https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFGHI",
        "https://hooks.slack.com/services/T0ABCDEFG/B0ABCDEFGHI/",
        "https://hooks.slack-gov.com/services/T0ABCDEFG/B0ABC",
    ],
)
def test_a_webhook_without_all_its_parts_is_cut_short(written: str) -> None:
    with pytest.raises(ValueError, match="the webhook's URL is cut short, copy all of it") as caught:
        SlackChannel.addresses(written, SlackOptions())
    assert "T0ABC" not in str(caught.value)


def test_check_says_of_a_webhook_that_its_last_part_is_too_short() -> None:
    for url, ok in ((WHOLE, True), (WHOLE[:-1], False), (WHOLE[:-20], False)):
        (address,) = SlackChannel.addresses(url, SlackOptions())
        assert check_webhook(address).ok is ok
        assert "a1a1" not in str(check_webhook(address))
