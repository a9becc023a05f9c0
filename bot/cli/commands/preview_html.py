"""Writes the pages of `paperboy preview --open` into files, and opens the first in the browser."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def write_pages(channel: str, pages: Sequence[str]) -> tuple[Path, ...]:
    """Writes each page into a file, in a new folder that only this user may read."""
    folder = Path(tempfile.mkdtemp(prefix="paperboy-"))
    files = tuple(folder / f"{channel}-{number}.html" for number in range(1, len(pages) + 1))
    for file, page in zip(files, pages, strict=True):
        file.write_text(page, encoding="utf-8")
    return files


def open_first(files: Sequence[Path]) -> bool:
    """Opens the first file in the browser of `$BROWSER` or the desktop. Returns whether there is one."""
    return webbrowser.open(files[0].as_uri())
