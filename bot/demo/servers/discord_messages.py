"""A message that the Discord server on loopback stored, as a reader sees it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PING = re.compile(r"@everyone|@here|<@[!&]?[0-9]+>")


@dataclass(frozen=True, slots=True)
class DiscordMessage:
    """One stored message."""

    id: str
    destination: str
    """The channel's id, or the webhook's name."""
    thread: str
    """The thread's id, from `?thread_id=` or of a forum; empty without a thread."""
    payload: Mapping[str, Any]
    thread_name: str = ""
    """The name of a forum's thread."""

    @property
    def content(self) -> str:
        """The text above the embeds."""
        return str(self.payload.get("content") or "")

    @property
    def embeds(self) -> list[dict[str, Any]]:
        """The embeds that a reader sees: only the first of several with the same `url`."""
        seen: set[str] = set()
        shown = []
        for embed in self.payload.get("embeds") or []:
            url = embed.get("url")
            if url is None or url not in seen:
                shown.append(embed)
            seen.add(url)
        return shown

    @property
    def pings(self) -> list[str]:
        """The mentions in the content that notify, unless `allowed_mentions` switches them off."""
        allowed = self.payload.get("allowed_mentions", {"parse": ["users", "roles", "everyone"]})
        return _PING.findall(self.content) if allowed.get("parse") else []
