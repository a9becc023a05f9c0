"""What the HTML pages need beside themselves: style, scripts, KaTeX. The user's template folder first, then ours.

A file's name in the site carries a hash of its bytes: pages written long ago keep the looks they were written for,
and a browser may keep a file for ever. A folder, as KaTeX's, is taken whole; its name has its version.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.text.templates import built_in_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bot.text.templates import Templates

KATEX = "assets/katex-0.19.1"
"""npm's katex of that version, its woff2 fonts only: MIT, with its licence beside it."""
FOLDER = "site/assets"


@dataclass(frozen=True, slots=True)
class Assets:
    """The files to stand beside the pages."""

    files: dict[str, Path]
    """Path below the site's folder -> where its bytes are."""
    names: dict[str, str]
    """Name of a file as the templates call it -> its path below the site's folder."""

    @classmethod
    def find(cls, templates: Templates, *, folders: Iterable[str] = (FOLDER,)) -> Assets:
        """Every asset in these folders of the templates, the user's own in place of ours.

        Raises:
            OSError: one of them cannot be read.
        """
        files, names = {}, {}
        for name, source in (found for folder in folders for found in _sources(templates, folder).items()):
            path = f"assets/{name}" if "/" in name else f"assets/{_hashed(name, source.read_bytes())}"
            files[path] = source
            names[name] = path
        return cls(files, names)


def fingerprint(templates: Templates, *parts: object) -> str:
    """A hash of these values and of all that the site's templates say: whether a page has to be made anew."""
    seen = hashlib.sha256(repr(parts).encode("utf-8", "replace"))
    for name, source in sorted(_sources(templates, "site").items()):
        if "/" not in name:
            seen.update(source.read_bytes())
    return seen.hexdigest()[:16]


def _sources(templates: Templates, folder: str) -> dict[str, Path]:
    """Every file below a folder of the templates, by its path in there; the user's own win."""
    found = {}
    for root in (built_in_folder(), templates.folder):
        if root is not None:
            paths = sorted(path for path in (root / folder).rglob("*") if path.is_file())
            found.update({path.relative_to(root / folder).as_posix(): path for path in paths})
    return found


def _hashed(name: str, content: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}.{suffix}"
