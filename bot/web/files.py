"""Files that are served: the assets of the pages, and the files below the site's folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TYPES: Mapping[str, str] = {
    ".bib": "text/plain",
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/plain",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
_COMPRESSED = frozenset({".woff2"})


@dataclass(frozen=True, slots=True)
class File:
    """One file's content."""

    content: bytes
    content_type: str
    mark: str
    """The ETag, which changes with the content: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3."""
    is_kept: bool
    """Whether its name contains a hash of its content, so that a browser may cache it for ever."""
    can_be_compressed: bool


class Files:
    """Finds files by path."""

    def __init__(self, assets: Mapping[str, Path], folder: Path | None = None) -> None:
        """Take the pages' assets by path, and the site's folder if it is served."""
        self._assets = assets
        self._folder = folder.resolve() if folder else None

    def read(self, path: str) -> File | None:
        """The file with that URL path; None if there is none, or it may not be shown.

        Raises:
            OSError: it exists but cannot be read.
        """
        found = self._assets.get(path) or self._in_folder(path)
        if found is None:
            return None
        content, suffix = found.read_bytes(), found.suffix.lower()
        return File(
            content=content,
            content_type=_TYPES.get(suffix, "application/octet-stream"),
            mark=hashlib.sha256(content).hexdigest()[:32],
            is_kept=path.startswith("assets/"),
            can_be_compressed=suffix not in _COMPRESSED,
        )

    def _in_folder(self, path: str) -> Path | None:
        """A regular file below the folder; not a hidden one, and not through a link that leads out of it."""
        parts = PurePosixPath(path).parts
        if self._folder is None or "\0" in path or "\\" in path or any(part.startswith((".", "/")) for part in parts):
            return None
        try:
            found = self._folder.joinpath(*parts).resolve(strict=True)
        except OSError:  # no such file, a name that is too long, a loop of links
            return None
        return found if found.is_relative_to(self._folder) and found.is_file() else None
