"""What a subscriber's options are where the configuration does not say."""

from __future__ import annotations

import pytest

from bot.channels import CHANNELS
from bot.channels.defaults import decided

WEBHOOKS = {
    "slack": "https://hooks.slack.com/services/T1/B1/s3cret",
    "discord": "https://discord.com/api/webhooks/123456789012345678/s3cret",
}
BOTS = {"slack": "C0123456789", "discord": "123456789012345678"}


@pytest.mark.parametrize("channel", BOTS)
@pytest.mark.parametrize("buttons", [False, True])
def test_a_bot_has_buttons_where_somebody_listens_and_a_webhook_never(channel: str, *, buttons: bool) -> None:
    kind = CHANNELS[channel]
    for value, expected in ((BOTS[channel], buttons), (WEBHOOKS[channel], False)):
        addresses = kind.addresses(value, kind.Options())
        assert decided(kind.Options(), addresses, buttons=buttons).buttons is expected


@pytest.mark.parametrize("said", [False, True])
def test_what_the_configuration_says_stays(said: bool) -> None:  # noqa: FBT001 - a parameter of the test
    kind = CHANNELS["slack"]
    options = kind.Options(buttons=said)
    assert decided(options, kind.addresses(BOTS["slack"], options), buttons=not said).buttons is said


def test_a_channel_without_such_options_keeps_its_own() -> None:
    kind = CHANNELS["mail"]
    assert decided(kind.Options(), kind.addresses("a@example.org", kind.Options()), buttons=True) == kind.Options()
