"""Against a Zotero on loopback that answers as the service's documentation says."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from bot.compose import zotero
from bot.compose.zotero import ZoteroError, refresh
from bot.demo.servers.loopback import listening
from bot.settings import Secret, ZoteroLibrary
from bot.topics.library import read_ris

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "P9NiFoyLeZu2bZNvvuQPDWsd"


@dataclass
class Zotero:
    """A library of so many items at a version, behind a key."""

    items: int = 250
    version: int = 7
    status: int = 200
    total: str = ""
    """What it says how many items there are, if not the truth."""
    starts: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Zotero-API-Key") != KEY or request.headers.get("Zotero-API-Version") != "3":
            return web.Response(status=403, text="Invalid key")
        if request.headers.get("If-Modified-Since-Version") == str(self.version):
            return web.Response(status=304)
        self.starts.append(request.query["start"])
        start, limit = int(request.query["start"]), min(int(request.query["limit"]), 100)
        some = range(start, min(start + limit, self.items))
        body = "\n".join(f"TY  - JOUR\nTI  - Item {number}\nER  - \n" for number in some)
        headers = {"Total-Results": self.total or str(self.items), "Last-Modified-Version": str(self.version)}
        return web.Response(status=self.status, text=body, headers=headers)


@asynccontextmanager
async def opened(server: Zotero, folder: Path, key: str = KEY) -> AsyncIterator[ZoteroLibrary]:
    app = web.Application()
    app.router.add_get("/users/123/items/top", server.answer)
    async with listening(app) as port:
        yield ZoteroLibrary("users/123", Secret(key), f"http://127.0.0.1:{port}/", folder / "zotero.ris")


async def test_all_pages_are_fetched_and_nothing_twice(tmp_path: Path) -> None:
    server = Zotero()
    async with opened(server, tmp_path) as library:
        assert await refresh(library)
        assert not await refresh(library)

        entries = read_ris(library.cache.read_text(encoding="utf-8"))

    assert [entry.title for entry in entries] == [f"Item {number}" for number in range(250)]
    assert server.starts == ["0", "100", "200"]


async def test_a_library_that_changed_is_fetched_again(tmp_path: Path) -> None:
    server = Zotero(items=1)
    async with opened(server, tmp_path) as library:
        await refresh(library)
        server.items, server.version = 2, 8
        assert await refresh(library)

        assert len(read_ris(library.cache.read_text(encoding="utf-8"))) == 2


@pytest.mark.parametrize(("status", "key"), [(500, KEY), (200, "wrong")])
async def test_what_cannot_be_fetched_stays_as_it_was_and_no_error_shows_the_key(
    tmp_path: Path, status: int, key: str
) -> None:
    (tmp_path / "zotero.ris").write_text("TY  - JOUR\nTI  - Old\nER  -\n")
    async with opened(Zotero(status=status), tmp_path, key) as library:
        with pytest.raises(ZoteroError, match=r"zotero\.org users/123: HTTP \d+") as caught:
            await refresh(library)

    assert key not in repr(caught.value)
    assert read_ris(library.cache.read_text(encoding="utf-8"))[0].title == "Old"


async def test_an_answer_that_makes_no_sense_is_an_error_of_its_own(tmp_path: Path) -> None:
    async with opened(Zotero(total="many"), tmp_path) as library:
        with pytest.raises(ZoteroError, match=r"zotero\.org users/123: ValueError"):
            await refresh(library)


async def test_a_damaged_file_is_fetched_anew(tmp_path: Path) -> None:
    (tmp_path / "zotero.ris").write_bytes(b"% version \xff\n")
    async with opened(Zotero(items=1), tmp_path) as library:
        assert await refresh(library)

    assert len(read_ris(library.cache.read_text(encoding="utf-8"))) == 1


async def test_a_service_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    async with opened(Zotero(), tmp_path) as library:
        pass
    with pytest.raises(ZoteroError, match="ClientConnectorError"):
        await refresh(library)


async def test_no_page_beyond_the_last_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zotero, "MOST_PAGES", 2)
    server = Zotero()
    async with opened(server, tmp_path) as library:
        await refresh(library)

    assert server.starts == ["0", "100"]
