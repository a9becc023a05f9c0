"""Which pictures there are, and how one is made: a page of the demo's folder in some window, light or dark."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.async_api import Browser, Page

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PHONE, CHAT, DESK = 390, 900, 1400
DAYS = "days"
"""The folder, in the demo's, of days of every size."""
MAIL_WIDTHS = (380, 700, 1100)
TALLEST = 2_600
"""Pixels: nobody judges more of a page than this at once."""

_ONE_BELOW_THE_OTHER = f".columns{{display:block!important}}.window{{height:{TALLEST}px!important;max-width:760px}}"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its file's name, and what is in it."""

    name: str
    page: str
    """A path below the demo's folder."""
    width: int
    scheme: Scheme
    height: int | None = None
    """Of the window; None for the whole page, down to `TALLEST`."""
    element: str = ""
    """A selector: only this part of the page, as wide as a chat is on a desk."""
    search: str = ""
    """What is typed into the page's search."""


def pictures(folder: Path) -> list[Picture]:
    """All of them, for that folder of the demo."""
    return [
        picture
        for scheme in SCHEMES
        for picture in (*_mail(scheme), *_days(folder, scheme), *_demo(scheme), *_site(folder, scheme))
    ]


README = Picture("readme-demo", "index.html", DESK, "light", height=900)
"""What README shows: `.github/demo.png` is a copy of it."""


def unpack_mail(folder: Path) -> None:
    """The HTML of the demo's first mail as a page beside it, as a mail program would show it."""
    raw = (folder / "received" / "mail-01.eml").read_bytes()
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("html",))
    if body is None:
        raise ValueError("the demo's first mail has no HTML")
    (folder / "mail.html").write_text(str(body.get_content()), encoding="utf-8")


async def take(browser: Browser, picture: Picture, folder: Path, to: Path) -> Path:
    """Make one picture.

    Args:
        browser: a Chromium.
        picture: which one.
        folder: the demo's.
        to: the folder that the PNG goes into.
    """
    page = await browser.new_page(
        viewport={"width": picture.width, "height": picture.height or 900},
        color_scheme=picture.scheme,
        reduced_motion="reduce",
    )
    try:
        await page.goto((folder / picture.page).as_uri())
        if picture.search:
            await page.fill("#q", picture.search)
            await page.wait_for_selector("#results li, #results .paper")
        await page.evaluate("document.fonts.ready")  # formulas have theirs, and show nothing before
        return await _shoot(page, picture, to / f"{picture.name}.png")
    finally:
        await page.close()


async def _shoot(page: Page, picture: Picture, file: Path) -> Path:
    if picture.element:
        await page.add_style_tag(content=_ONE_BELOW_THE_OTHER)
        await page.locator(picture.element).first.screenshot(path=file)
    elif picture.height:
        await page.screenshot(path=file)
    else:
        tall = await page.evaluate("document.documentElement.scrollHeight")
        await page.set_viewport_size({"width": picture.width, "height": max(300, min(tall, TALLEST))})
        await page.screenshot(path=file)
    return file


def _mail(scheme: Scheme) -> Iterator[Picture]:
    for width in MAIL_WIDTHS:
        yield Picture(f"mail-{width}-{scheme}", "mail.html", width, scheme)


def _days(folder: Path, scheme: Scheme) -> Iterator[Picture]:
    """Days of every size: what `days.write_days` left in the folder."""
    for page in sorted((folder / DAYS).glob("*.html")):
        widths = MAIL_WIDTHS if page.stem.startswith("mail") else (PHONE, CHAT)
        for width in widths:
            yield Picture(f"day-{page.stem}-{width}-{scheme}", f"{DAYS}/{page.name}", width, scheme)


def _demo(scheme: Scheme) -> Iterator[Picture]:
    for channel in ("slack", "discord"):
        for width in (PHONE, DESK):
            yield Picture(f"{channel}-{width}-{scheme}", "index.html", width, scheme, element=f".window.{channel}")
    for channel in ("slack", "discord"):
        yield Picture(f"{channel}-talk-{scheme}", "index.html", DESK, scheme, element=f".{channel}.talk")
    for width, height in ((DESK, 1400), (PHONE, 1400)):
        yield Picture(f"demo-{width}-{scheme}", "index.html", width, scheme, height=height)


def _site(folder: Path, scheme: Scheme) -> Iterator[Picture]:
    fullest = max((folder / "site").glob("*/*-*-*.html"), key=lambda page: page.stat().st_size)
    for width in (PHONE, DESK):
        yield Picture(f"site-front-{width}-{scheme}", "site/index.html", width, scheme)
        yield Picture(f"site-mailing-{width}-{scheme}", str(fullest.relative_to(folder)), width, scheme)
        yield Picture(f"site-search-{width}-{scheme}", "site/index.html", width, scheme, search="language")
