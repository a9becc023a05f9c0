"""The site, where it is served: its files and nothing else on the machine."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.settings import SiteSettings
from bot.web.files import Files
from tests.members.conftest import WEB
from tests.web.conftest import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.store import Store
    from tests.web.conftest import Pages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    (site / "birds").mkdir(parents=True)
    (site / "index.html").write_text("<h1>Mailings</h1>" * 200)
    (site / "birds" / "2026-04-20.html").write_text("<h1>Birds</h1>")
    (site / "birds" / ".hidden").write_text("hidden")
    (site / "feed.xml").write_text("<feed/>")
    (tmp_path / "secret.txt").write_text("secret")
    (site / "out.txt").symlink_to(tmp_path / "secret.txt")
    (site / "in.txt").symlink_to(site / "feed.xml")
    return site


@pytest.fixture
async def with_site(store: Store, folder: Path) -> AsyncIterator[Pages]:
    site = SiteSettings(folder, ("birds",))
    async with opened(store, replace(WEB, site=True), site=site) as pages:
        yield pages


async def test_the_site_s_files_are_served_and_the_form_stands_on_top(with_site: Pages) -> None:
    answer = await with_site.get("/birds/2026-04-20.html")
    assert (answer.status, answer.text) == (200, "<h1>Birds</h1>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert (await with_site.get("/feed.xml")).headers["Content-Type"].startswith("application/xml")
    assert 'href="index.html"' in (await with_site.get("/")).text


async def test_where_nobody_may_sign_up_the_site_s_front_page_is_on_top(store: Store, folder: Path) -> None:
    site = SiteSettings(folder, ("birds",))
    async with opened(store, replace(WEB, site=True, signup=()), site=site) as pages:
        assert (await pages.get("/")).text.startswith("<h1>Mailings")


async def test_a_page_that_a_browser_has_is_not_sent_again(with_site: Pages) -> None:
    first = await with_site.get("/index.html")
    mark = first.headers["ETag"]
    again = await with_site.get("/index.html", headers={"If-None-Match": mark})
    assert (again.status, again.text, again.headers["ETag"]) == (304, "", mark)
    assert (await with_site.get("/index.html", headers={"If-None-Match": '"other"'})).status == 200


async def test_a_page_is_compressed_for_who_can_read_it(with_site: Pages) -> None:
    async with with_site.client.get("/index.html", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert int(answer.headers["Content-Length"]) < 500
    async with with_site.client.get("/index.html", headers={"Accept-Encoding": "identity"}) as answer:
        assert "Content-Encoding" not in answer.headers


async def test_our_style_is_kept_for_ever_and_the_site_s_pages_are_asked_for(with_site: Pages) -> None:
    path = with_site.served.assets.names["web.css"]
    assert "immutable" in (await with_site.get(f"/{path}")).headers["Cache-Control"]
    assert (await with_site.get("/index.html")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/birds/",
        "/birds",
        "/birds/.hidden",
        "/out.txt",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/birds/..%2f..%2fsecret.txt",
        "/birds/%2e%2e/%2e%2e/secret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/..%5csecret.txt",
        "/index.html%00.txt",
        "/" + "a" * 300,
        "/assets/../../secret.txt",
    ],
)
async def test_nothing_but_files_of_the_folder_is_found(with_site: Pages, path: str) -> None:
    """The path as it stands, which clients tidy up."""
    reader, writer = await asyncio.open_connection(with_site.client.host, with_site.client.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert b" 404 " in answer.split(b"\r\n")[0] + b" "
    assert b"secret" not in answer
    assert b"root:" not in answer


async def test_without_site_nothing_of_it_is_served(pages: Pages) -> None:
    assert (await pages.get("/index.html")).status == 404


def test_a_link_that_stays_in_the_folder_is_followed(folder: Path) -> None:
    files = Files({}, folder)
    found = files.read("in.txt")
    assert found
    assert found.content == b"<feed/>"
    assert files.read("out.txt") is None
