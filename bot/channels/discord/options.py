"""What a subscriber may set for Discord alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiscordOptions:
    """What a subscriber may set for Discord alone."""

    forum: bool = False
    """It is a forum channel: each digest is a thread of its own there."""
    thread: bool | None = None
    """One message in the channel, the papers in its thread. If not said: a bot's digest of more than three."""
    tags: tuple[str, ...] = ()
    """The forum's tags, by name, that each thread bears; a webhook knows them by their ids only."""
    buttons: bool | None = None
    """Whether papers have buttons: more like this, less like this, save, why. As `chat.buttons` if not said."""
    reactions: bool = False
    """Each paper in full is a message of its own, and what people react with counts as their word on it."""
