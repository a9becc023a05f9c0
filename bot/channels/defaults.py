"""What a subscriber's options are where the configuration does not say: what its address can, and a webhook cannot.

Pure. Knows no channel by name: an option that is None is open, whichever channel has it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings import Address


def decided(options: Any, addresses: Sequence[Address], *, buttons: bool) -> Any:  # noqa: ANN401 - each channel has its own
    """The channel's options with those that are open decided.

    Args:
        options: an instance of a channel's `Options`.
        addresses: where its messages go.
        buttons: whether somebody listens there to who presses one.
    """
    by_bot = not any(address.kind.endswith("webhook") for address in addresses)
    defaults = {"buttons": by_bot and buttons}
    return replace(options, **{key: value for key, value in defaults.items() if getattr(options, key, key) is None})
