"""A subscriber's library as documents to learn from: files of BibTeX and RIS, and what was fetched from Zotero.

Each entry counts like a liked paper. One that arXiv announced lately is taken as arXiv has it, found by identifier or
by title; any other one by its own title and abstract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import PaperboyError
from bot.text import normalise
from bot.topics.features import Document
from bot.topics.library import read_bibtex, read_ris

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from bot.settings import Interest
    from bot.store.papers import Papers
    from bot.topics.library import Entry

MOST_BYTES = 50_000_000


class LibraryError(PaperboyError):
    """A file of a library cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


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
