"""Subscribers' libraries in one run of compose: fetched where they are at Zotero, read once, and never a fault.

Fetches Zotero libraries (`refresh`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.compose.library import LibraryError, read_library

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from bot.settings import Subscriber
    from bot.topics.library import Entry

log = structlog.get_logger(__name__)

_FRESH = timedelta(hours=1)
"""So old may be what was fetched of a library."""


class Libraries:
    """Each subscriber's, read once."""

    def __init__(self) -> None:
        self.problems: dict[str, None] = {}
        """What the operator should hear of, each once."""
        self._entries: dict[str, tuple[Entry, ...]] = {}

    async def refresh(self, subscribers: Iterable[Subscriber], now: datetime) -> None:
        """Fetch these subscribers' Zotero libraries, except those fetched successfully within the last hour.

        If one cannot be fetched, its last fetched copy is used, and `problems` says why.
        """
        wanted = (each.interest.zotero for each in subscribers if each.interest and each.interest.zotero)
        for library in dict.fromkeys(wanted):
            if _was_fetched_lately(library.cache, now):
                continue
            from bot.compose import zotero  # noqa: PLC0415 - aiohttp, only where a library is fetched

            try:
                await zotero.refresh(library)
                library.cache.touch()
            except zotero.ZoteroError as error:
                self.problems[f"A library could not be fetched: {error}"] = None
            except OSError as error:  # law 9: what is optional never costs a digest
                self.problems[f"A library could not be kept: {error.strerror or type(error).__name__}"] = None

    def of(self, subscriber: Subscriber) -> tuple[Entry, ...]:
        """What counts like liked papers; nothing of a library that cannot be read, and the operator hears of it."""
        if subscriber.name not in self._entries:
            try:
                found = read_library(subscriber.interest) if subscriber.interest else ()
            except LibraryError as error:
                self.problems[f"The library of {subscriber.name} cannot be read: {error}"] = None
                found = ()
            except Exception as error:  # law 9: what is optional never costs a digest
                log.exception("the library could not be read", subscriber=subscriber.name)
                self.problems[f"The library of {subscriber.name} cannot be read: {type(error).__name__}."] = None
                found = ()
            self._entries[subscriber.name] = found
        return self._entries[subscriber.name]


def _was_fetched_lately(cache: Path, now: datetime) -> bool:
    try:
        return now.timestamp() - cache.stat().st_mtime < _FRESH.total_seconds()
    except OSError:  # there is none, or it cannot be looked at, which fetching will say
        return False
