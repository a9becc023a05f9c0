"""Subscribers' libraries as documents to learn from: files of BibTeX and RIS, and what is fetched from Zotero.

Each entry counts like a liked paper. One that arXiv announced lately is taken as arXiv has it, found by identifier or
by title; any other one by its own title and abstract. A library that cannot be had costs no digest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.errors import PaperboyError
from bot.text import normalise
from bot.topics.features import Document
from bot.topics.library import read_bibtex, read_ris

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from bot.settings import Interest, Subscriber
    from bot.store.papers import Papers
    from bot.topics.library import Entry

log = structlog.get_logger(__name__)

MOST_BYTES = 50_000_000
_FRESH = timedelta(hours=1)
"""So old may be what was fetched of a library."""


class LibraryError(PaperboyError):
    """A file of a library cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


class Libraries:
    """Each subscriber's library in one run of compose, read once."""

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


def read_library(interest: Interest) -> tuple[Entry, ...]:
    """All entries of a library.

    Raises:
        LibraryError: one of its files cannot be read.
    """
    found = [*_read(interest.bibtex, read_bibtex), *_read(interest.ris, read_ris)]
    if interest.zotero and interest.zotero.cache.exists():
        found += _read(interest.zotero.cache, read_ris)
    return tuple(found)


def documents(entries: Sequence[Entry], papers: Papers, announced: Mapping[str, Document]) -> tuple[Document, ...]:
    """Each entry once, as arXiv has it where that is known.

    Args:
        entries: of a library.
        papers: where papers are found by identifier.
        announced: where they are found by title; made by `by_title`.
    """
    known = papers.newest({each.identifier for each in entries if each.identifier})
    found = [
        Document.of(known[each.identifier])
        if each.identifier in known
        else announced.get(normalise(each.title), each.document)
        for each in entries
    ]
    return tuple({each.key: each for each in found}.values())


def by_title(announced: Iterable[Document]) -> dict[str, Document]:
    """The papers by their titles in normal form."""
    return {normalise(each.title): each for each in announced}


def _read(path: Path | None, reader: Callable[[str], tuple[Entry, ...]]) -> tuple[Entry, ...]:
    if path is None:
        return ()
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise LibraryError(path, error.strerror or type(error).__name__) from error
    if len(raw) > MOST_BYTES:
        raise LibraryError(path, f"is larger than {MOST_BYTES:,} bytes")
    return reader(raw.decode("utf-8-sig", errors="replace"))


def _was_fetched_lately(cache: Path, now: datetime) -> bool:
    try:
        return now.timestamp() - cache.stat().st_mtime < _FRESH.total_seconds()
    except OSError:  # there is none, or it cannot be looked at, which fetching will say
        return False
