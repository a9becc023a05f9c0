"""Fetches a library from zotero.org into a file of RIS entries, page by page, only if it has changed.

https://www.zotero.org/support/dev/web_api/v3/basics has the protocol, .../syncing the versions. Reads only: a key
that may read is enough. What cannot be fetched is left as it was fetched last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aiohttp

from bot.errors import PaperboyError

if TYPE_CHECKING:
    from bot.settings import ZoteroLibrary

PAGE = 100
"""Items in one answer; the service gives no more."""
MOST_PAGES = 50
SECONDS = 15.0
"""For all pages. Longer is given up: no digest waits for a library."""
_VERSION = "% version "
"""How the file begins, with the library's version; no RIS tag."""


class ZoteroError(PaperboyError):
    """The library could not be fetched."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"zotero.org {path}: {reason}")


async def refresh(library: ZoteroLibrary) -> bool:
    """Fetch the library if it has changed since; whether it had.

    Raises:
        ZoteroError: it could not be fetched, or not be written; the file is as before.
    """
    headers = {"Zotero-API-Version": "3", "Zotero-API-Key": library.key.reveal()}
    if version := _known_version(library):
        headers["If-Modified-Since-Version"] = version
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout, trust_env=True) as session:
            pages = await _pages(session, library)
        if pages is None:
            return False
        library.cache.parent.mkdir(parents=True, exist_ok=True)
        unfinished = library.cache.with_suffix(".part")
        unfinished.write_text("".join(pages), encoding="utf-8")
        unfinished.replace(library.cache)
    except TimeoutError as error:
        raise ZoteroError(library.path, f"no answer within {SECONDS:.0f} s") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: a header that makes no sense
        raise ZoteroError(library.path, type(error).__name__) from error
    return True


async def _pages(session: aiohttp.ClientSession, library: ZoteroLibrary) -> list[str] | None:
    """The file's text in pieces; None if nothing has changed."""
    address = f"{library.api_url.rstrip('/')}/{library.path}/items/top"
    found: list[str] = []
    for number in range(MOST_PAGES):
        query = {"format": "ris", "limit": str(PAGE), "start": str(number * PAGE)}
        async with session.get(address, params=query, allow_redirects=False) as answer:
            if answer.status == 304:  # noqa: PLR2004 - Not Modified
                return None
            if answer.status != 200:  # noqa: PLR2004 - OK
                raise ZoteroError(library.path, f"HTTP {answer.status}")
            if not found:
                found.append(f"{_VERSION}{answer.headers.get('Last-Modified-Version', '')}\n")
                session.headers.pop("If-Modified-Since-Version", None)
            found.append(f"{await answer.text(encoding='utf-8', errors='replace')}\n")
            if (number + 1) * PAGE >= int(answer.headers.get("Total-Results", "0")):
                break
    return found


def _known_version(library: ZoteroLibrary) -> str:
    try:
        with library.cache.open(encoding="utf-8", errors="replace") as file:
            found = re.fullmatch(rf"{_VERSION}(\d+)\s*", file.readline())
    except OSError:
        return ""
    return found[1] if found else ""
