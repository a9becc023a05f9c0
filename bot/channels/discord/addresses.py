"""Discord's addresses: a channel's, thread's or forum's id, or a webhook's URL.

Pure. The kinds are `channel`, `webhook`, `forum` and `forum webhook`; in the latter two each digest opens a thread.
"""

from __future__ import annotations

import re

from bot.errors import DeliveryError, FailureKind
from bot.settings import Address, Secret

_SNOWFLAKE = re.compile(r"[0-9]{15,20}")
_WEBHOOK = re.compile(
    r"(?:https://(?:ptb\.|canary\.)?discord(?:app)?\.com|https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?)"
    r"/api(?:/v[0-9]+)?/webhooks/(?P<id>[0-9]{15,20})/(?P<token>[A-Za-z0-9_-]+)/?"
    r"(?:\?thread_id=(?P<thread>[0-9]{15,20}))?"
)
"""Discord's own hosts, and loopback, where also plain http may be."""

FORUM_KINDS = ("forum", "forum webhook")
"""The kinds of addresses at which each digest opens a thread."""


def read_address(value: object, tags: tuple[str, ...], *, forum: bool) -> Address:
    """Parses a channel's or thread's id, or a webhook's URL, which may name a thread by `?thread_id=ID`.

    Raises:
        ValueError: it is neither, or names a thread and is to open threads; the message does not repeat it.
    """
    given = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if tags and not forum:
        raise ValueError("tags are for forums: set `forum: true` too")
    if _SNOWFLAKE.fullmatch(given):
        kind = "forum" if forum else "channel"
        return Address(Secret(given), kind, f"channel {given}", tags)
    if webhook := _WEBHOOK.fullmatch(given):
        if forum and webhook["thread"]:
            raise ValueError(
                "thread_id names one thread, and forum: true opens one for each digest: leave out either"
            )
        kind = "forum webhook" if forum else "webhook"
        if not all(map(_SNOWFLAKE.fullmatch, tags)):
            raise ValueError("a webhook cannot look up tags by their names: give their ids, or the forum's own id")
        return Address(Secret(given), kind, f"webhook {webhook['id']}", tags)
    raise ValueError(
        "a Discord channel's id (15 to 20 digits: Copy Channel ID in Developer Mode) "
        "or a webhook's URL (https://discord.com/api/webhooks/ID/TOKEN) is expected"
    )


def is_webhook(address: Address) -> bool:
    """Whether it is a webhook's URL."""
    return address.kind.endswith("webhook")


def webhook_parts(address: Address) -> re.Match[str]:
    """The id, the token and the thread of a webhook's URL.

    Raises:
        DeliveryError: it is none.
    """
    parts = _WEBHOOK.fullmatch(address.value.reveal())
    if parts is None:
        raise DeliveryError(FailureKind.DESTINATION_GONE, f"{address.label} is not a webhook's URL")
    return parts
