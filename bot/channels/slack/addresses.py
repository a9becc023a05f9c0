"""Slack's addresses: a channel's id or name, a person's id, or a webhook's URL.

Pure. The kinds are `channel`, `person`, `webhook` and, for another program's, `compatible webhook`.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.channels.slack.secrets import HOSTS
from bot.settings import Address, Secret, fingerprint, is_loopback

_CHANNEL = re.compile(r"[CGD][A-Z0-9]{6,20}|#[^\s#@,:]{1,80}")
_PERSON = re.compile(r"[UW][A-Z0-9]{6,20}")
_WEBHOOK = re.compile(r"/services/(?:(T\w+)/(B\w+)/)?.+", re.ASCII)
_EXPECTED = (
    "expected a channel's id such as C0123456789 (it stands at the end of the channel's details, and stays when the "
    "channel is renamed), a name such as #papers, a person's id such as U0123456789, or the URL of an incoming "
    "webhook (https://hooks.slack.com/services/...; with `compatible: true` also Mattermost's and the like)"
)


def read_address(value: object, *, compatible: bool, thread: bool) -> Address:
    """Parses a channel's id or `#name`, a person's id, or a webhook's URL.

    The kinds are `channel`, `person`, `webhook` and, for another program's, `compatible webhook`.

    Raises:
        ValueError: it is none of these, or a webhook is to make a thread.
    """
    text = value.strip() if isinstance(value, str) else ""
    is_person = bool(_PERSON.fullmatch(text))
    if is_person or _CHANNEL.fullmatch(text):
        if compatible:
            raise ValueError("compatible: true is for webhooks' URLs")
        return Address(Secret(text), "person" if is_person else "channel", text)
    if not text.lower().startswith(("https://", "http://")):
        raise ValueError(_EXPECTED)
    if not is_safe(text):
        raise ValueError("a webhook's URL must begin with https://, or be on loopback")
    label = f"webhook at {urlsplit(text).hostname} ({fingerprint(text)[:8]})" if compatible else _webhook_label(text)
    if thread:
        raise ValueError("a thread needs a bot token: give the channel's id instead of a webhook, or no thread")
    return Address(Secret(text), "compatible webhook" if compatible else "webhook", label)


def is_webhook(address: Address) -> bool:
    """Whether it is a webhook's URL, Slack's or a compatible one."""
    return address.kind.endswith("webhook")


def _webhook_label(url: str) -> str:
    """The part of a webhook's URL at Slack that may be shown: the workspace and the webhook, not its secret.

    Raises:
        ValueError: it is no such URL.
    """
    parts = urlsplit(url)
    path = _WEBHOOK.fullmatch(parts.path)
    if parts.hostname in HOSTS and parts.path.startswith("/services/") and not (path and path[1]):
        raise ValueError(f"the webhook's URL is cut short, copy all of it: {_EXPECTED}")
    if not path and not is_loopback(parts.hostname or ""):
        raise ValueError(_EXPECTED)
    return f"webhook {path[1]}/{path[2]}" if path and path[1] else f"webhook {fingerprint(url)[:8]}"


def is_safe(url: str) -> bool:
    """Whether it is an https URL, or plain http on loopback."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
