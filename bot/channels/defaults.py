"""Defaults of options that several channels have: `max_messages`, `full`, `buttons` and `thread`.

Pure. The last two depend on the addresses, because a webhook cannot do all that a bot can; a bot's `thread` stays
None here. Other options are not changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings import Address


FULL_PAPERS = 20
"""How many papers a digest shows in full by default."""
MESSAGES = 4
"""How many messages a digest takes at most by default: one, and a thread of three. A channel may override it."""


MESSAGES_ALONE, FULL_ALONE = 12, 10
"""The same where each paper in full is a message of its own: the one that opens the thread, and one for the lines."""


def room_for(
    channel: object, max_messages: int | None, full: int | None, *, alone: bool = False
) -> dict[str, int | None]:
    """A subscriber's `max_messages` and `full`, with defaults for what the configuration does not set.

    If only `max_messages` is set, as many papers are shown in full as fit into these messages.

    Args:
        channel: the channel's class.
        max_messages: the configured value, if any.
        full: the configured value, if any.
        alone: whether each paper in full is a message of its own.
    """
    messages = MESSAGES_ALONE if alone else getattr(channel, "MESSAGES", MESSAGES)
    papers = FULL_ALONE if alone else FULL_PAPERS
    in_full = papers if max_messages is None and full is None else full
    return {"max_messages": max_messages or messages, "full": in_full}


def decided(options: Any, addresses: Sequence[Address], *, buttons: bool) -> Any:  # noqa: ANN401 - each channel has its own
    """The channel's options with defaults for those that are None.

    Args:
        options: an instance of a channel's `Options`.
        addresses: the subscriber's addresses.
        buttons: whether the program listens to clicks there.
    """
    by_bot = not any(address.kind.endswith("webhook") for address in addresses)
    defaults = {"buttons": by_bot and buttons} | ({} if by_bot else {"thread": False})
    return replace(options, **{key: value for key, value in defaults.items() if getattr(options, key, key) is None})
