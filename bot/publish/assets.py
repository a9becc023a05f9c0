"""The files that the HTML pages need: style, scripts, KaTeX. The user's template folder first, then ours.

A file's name in the site contains a hash of its content: old pages keep the style they were written with, and a
browser may cache a file for ever. A folder such as KaTeX's is copied whole; its name contains its version.
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
"""The npm package katex of that version, with its woff2 fonts only; MIT licence, included."""
FOLDER = "site/assets"


@dataclass(frozen=True, slots=True)
class Assets:
    """The asset files of a site."""

    files: dict[str, Path]
    """The source file of each asset, by its path below the site's folder."""
    names: dict[str, str]
    """The path below the site's folder, by the name that templates use."""

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
    """A hash of these values and of the site's templates, to see whether a page has to be written again."""
    seen = hashlib.sha256(repr(parts).encode("utf-8", "replace"))
    for name, source in sorted(_sources(templates, "site").items()):
        if "/" not in name:
            seen.update(source.read_bytes())
    return seen.hexdigest()[:16]


def _sources(templates: Templates, folder: str) -> dict[str, Path]:
    """Every file below a folder of the templates, by its path in it; the user's files override ours."""
    found = {}
    for root in (built_in_folder(), templates.folder):
        if root is not None:
            paths = sorted(path for path in (root / folder).rglob("*") if path.is_file())
            found.update({path.relative_to(root / folder).as_posix(): path for path in paths})
    return found


def _hashed(name: str, content: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}.{suffix}"
