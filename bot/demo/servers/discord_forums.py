"""The forums of the Discord server on loopback: rules for threads, and the threads that were opened.

Does no I/O. Rules: https://docs.discord.com/developers/topics/threads and
https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GUILD = "1200000000000000777"
FORUM = 15
_REQUIRES_TAG = 1 << 4
_LONGEST_NAME = 100

Refusal = tuple[int, str]
"""Discord's code and message."""


@dataclass(slots=True)
class Thread:
    """One thread of a forum."""

    id: str
    forum: str
    """The forum's id, or the name of the webhook that opened it."""
    name: str
    owner: str
    active_at: float
    """The time of its last message, in seconds since 1970."""


class Forums:
    """All threads of forums."""

    def __init__(self) -> None:
        self.threads: dict[str, Thread] = {}

    def refusal(self, channel: Mapping[str, Any], name: str, tags: object) -> Refusal | None:
        """Why a thread with that name cannot be opened there; None if it can."""
        if channel.get("type") != FORUM:
            return 220003, "Webhooks can only create threads in forum channels"
        if not 1 <= len(name.encode("utf-16-le")) // 2 <= _LONGEST_NAME:
            return 50035, "Invalid Form Body"
        if channel.get("flags", 0) & _REQUIRES_TAG and not tags:
            return 40067, "A tag is required to create a forum post in this channel"
        return None

    def refusal_below(self, message: str, name: str, *, found: bool, direct: bool) -> tuple[int, int, str] | None:
        """Why no thread can be opened below a message: status, code and message; None if it can."""
        if direct:
            return 400, 50024, "Cannot execute action on this channel type"
        if not found:
            return 404, 10008, "Unknown Message"
        if message in self.threads:
            return 400, 160004, "A thread has already been created for this message"
        return None if 1 <= len(name) <= _LONGEST_NAME else (400, 50035, "Invalid Form Body")

    def opened(self, number: str, forum: str, name: str, owner: str, now: float) -> None:
        """Adds a thread, which has the id of its first message."""
        self.threads[number] = Thread(number, forum, name, owner, now)
