"""Incoming webhooks of other programs that are compatible with Slack's: Mattermost, Zulip and Rocket.Chat.

All three take the field `text` of Slack's payload: https://developers.mattermost.com/integrate/webhooks/incoming/,
https://zulip.com/integrations/slack_incoming, https://docs.rocket.chat/docs/integrations. Sends nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.settings import fingerprint, is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Message


def text_only(message: Message) -> Message:
    """The message in its plain form, which has only text."""
    return replace(message, payload=message.plain or message.payload, plain=None)


def compatible_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a payload that these programs take: its text. Slack's escape prevents mentions there, too."""
    return {"text": payload["text"]}


def compatible_label(url: str) -> str:
    """The part of such a webhook's URL that may be shown: its host, not its secret.

    Raises:
        ValueError: it is no URL, or would send the secret unencrypted.
    """
    scheme, host = "", ""
    with suppress(ValueError):
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
    if not host or not (scheme == "https" or is_loopback(host)):
        raise ValueError("a webhook's URL must begin with https://, or be on loopback")
    return f"webhook at {host} ({fingerprint(url)[:8]})"
