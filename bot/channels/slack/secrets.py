"""Finds wrong Slack tokens and webhook URLs by their form alone, without asking Slack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.channels.channel import CheckResult

if TYPE_CHECKING:
    from bot.settings import Address, Secret

HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
"""The hosts of Slack's webhooks."""
_WEBHOOK = re.compile(r"/services/T\w{8,}/B\w{8,}/(\w*)", re.ASCII)
_SECRET_LENGTH = 24
"""Characters of the URL's last part: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""
_ADVICE = "take the Bot User OAuth Token (xoxb-...) from the app's page, OAuth & Permissions"
_OTHER_KINDS = {
    "xoxp-": "a user's token, in whose name everything would be posted",
    "xapp-": "an app-level token, which cannot post",
    "xoxe": "a token that expires, or one for changing apps",
    "xoxa-": "a workspace token, which Slack has retired",
    "xoxs-": "a browser's token",
    "xoxc-": "a browser's token",
    "xoxd-": "a browser's cookie",
}
"""Other kinds of tokens, by their first characters: https://docs.slack.dev/authentication/tokens."""


def check_kind(token: Secret) -> Secret:
    """Returns the token, unless its prefix is that of another kind than a bot's.

    Raises:
        ValueError: its prefix is that of another kind; the message does not contain the token.
    """
    for beginning, what in _OTHER_KINDS.items():
        if token.reveal().lower().startswith(beginning):
            raise ValueError(f"is {what}: {_ADVICE}")
    return token


def check_app_kind(token: Secret) -> Secret:
    """Returns the token, unless it is no app-level token.

    Raises:
        ValueError: it does not begin with `xapp-`; the message does not contain the token.
    """
    if not token.reveal().lower().startswith("xapp-"):
        advice = "take it from the app's page, Basic Information, App-Level Tokens"
        raise ValueError(f"an app-level token (xapp-...) with the scope connections:write is expected: {advice}")
    return token


def check_webhook(address: Address) -> CheckResult:
    """Checks a webhook's URL by its form, without posting to it."""
    parts = urlsplit(address.value.reveal())
    real = _WEBHOOK.fullmatch(parts.path)
    if parts.hostname in HOSTS and real and len(real[1]) < _SECRET_LENGTH:
        message = f"the URL seems cut short: its last part has {len(real[1])} characters instead of {_SECRET_LENGTH}"
        return CheckResult(address.label, ok=False, message=message)
    return CheckResult(address.label, ok=True, message="a webhook can only be tried by posting: check --send")
