"""Components as discord.py sends them: as they stand in the outbox, and without waiting for anybody to press one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.channels.buttons import addressed

if TYPE_CHECKING:
    from bot.model import Delivery


class FrozenView(discord.ui.View):
    """Components that are JSON already; who listens knows them by their ids, so that they outlive this process."""

    def __init__(self, components: list[dict[str, Any]]) -> None:
        super().__init__(timeout=None)
        self._components = components

    def to_components(self) -> list[dict[str, Any]]:
        """The JSON."""
        return self._components


def frozen_view(delivery: Delivery) -> FrozenView | None:
    """What stands below the delivery's message, with the subscriber's name in it; None if nothing does."""
    components = delivery.payload.get("components")
    return FrozenView(addressed(components, delivery.subscriber)) if components else None
