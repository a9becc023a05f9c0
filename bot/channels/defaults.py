"""What a subscriber's options are where the configuration does not say: what its address can, and a webhook cannot.

Pure. Knows no channel by name: an option that is None is open, whichever channel has it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings import Address


FULL_PAPERS = 20
"""How many papers a digest shows in full."""
MESSAGES = 4
"""How many messages a digest takes at most: one, and a thread of three. A channel may have its own number."""


def room_for(channel: object, max_messages: int | None, full: int | None) -> dict[str, int | None]:
    """How much a digest may show, where the configuration does not say: `max_messages` and `full` of a subscriber.

    Who says how many messages there may be, and no more, gets as many papers in full as these hold.

    Args:
        channel: its class.
        max_messages: as the configuration says it, if it does.
        full: as the configuration says it, if it does.
    """
    in_full = FULL_PAPERS if max_messages is None and full is None else full
    return {"max_messages": max_messages or getattr(channel, "MESSAGES", MESSAGES), "full": in_full}


def decided(options: Any, addresses: Sequence[Address], *, buttons: bool) -> Any:  # noqa: ANN401 - each channel has its own
    """The channel's options with those that are open decided.

    Args:
        options: an instance of a channel's `Options`.
        addresses: where its messages go.
        buttons: whether somebody listens there to who presses one.
    """
    by_bot = not any(address.kind.endswith("webhook") for address in addresses)
    defaults = {"buttons": by_bot and buttons} | ({} if by_bot else {"thread": False})
    return replace(options, **{key: value for key, value in defaults.items() if getattr(options, key, key) is None})
