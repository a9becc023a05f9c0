"""The pages for readers in a browser: the whole way of a subscriber, also without script and by the keyboard."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.store import Store
from tests.browser.looks import faults
from tests.browser.test_site import Seen, opened
from tests.members.driver import DORA
from tests.web.conftest import feedback_path, fill, links_of
from tests.web.conftest import opened as served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from tests.web.conftest import Pages

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('web') / 'paperboy.db'}")
    fill(store)
    async with served(store) as pages:
        yield pages
    store.close()


def address(pages: Pages, path: str = "/") -> str:
    return f"http://{pages.client.host}:{pages.client.port}{path}"


@asynccontextmanager
async def visiting(
    browser: Browser, pages: Pages, path: str = "/", seen: Seen | None = None, **context: Any
) -> AsyncIterator[Page]:
    """A page that links out by what `web.url` says, which here is this server."""
    async with opened(browser, address(pages, path), seen, **context) as page:
        yield page


async def test_the_whole_way_of_a_subscriber(browser: Browser, pages: Pages) -> None:
    """Sign up, confirm, keywords with their preview, pause, unsubscribe, come back; nothing is asked of elsewhere."""
    seen = Seen()
    async with visiting(browser, pages, seen=seen) as page:
        await page.get_by_label("Birds").check()
        await page.get_by_label("Mail address").fill(DORA)
        await page.get_by_role("button", name="Subscribe").click()
        await page.get_by_role("heading", name="One more step").wait_for()

        await page.goto(address(pages, pages.confirm()))
        await page.get_by_role("button", name="Confirm").click()
        await page.get_by_role("heading", name="You are subscribed").wait_for()

        await page.goto(address(pages, pages.preferences()))
        await page.get_by_text("A new topic", exact=True).click()
        await page.get_by_label("Keywords", exact=True).fill("gull")
        await page.get_by_text("1 of 3 papers").wait_for()
        await page.get_by_role("link", name="Gulls Do Not").wait_for()
        await page.get_by_role("button", name="Add this topic").click()
        await page.get_by_role("status").get_by_text("Saved.").wait_for()
        member = pages.member()
        assert member
        assert len(member.topics) == 2

        await page.get_by_role("button", name="Pause").click()
        await page.get_by_role("button", name="Go on now").wait_for()
        member = pages.member()
        assert member
        assert member.paused

        await page.goto(address(pages, pages.unsubscribe()))
        await page.get_by_role("button", name="Unsubscribe").click()
        await page.get_by_role("heading", name="You are unsubscribed").wait_for()
        assert pages.suppression()
        await page.get_by_role("button", name="That was not me").click()
        await page.get_by_role("heading", name="You get mail again").wait_for()
        assert pages.suppression() is None
        assert await page.context.cookies() == []
        assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert all(url.startswith(address(pages)) for url in seen.asked)


async def test_the_same_without_a_script(browser: Browser, pages: Pages) -> None:
    await pages.subscribed()
    async with visiting(browser, pages, pages.preferences(), java_script_enabled=False) as page:
        await page.get_by_text("A new topic", exact=True).click()
        await page.get_by_label("Keywords", exact=True).fill("gull")
        await page.get_by_role("button", name="Show what it would have brought").click()
        await page.get_by_text("1 of 3 papers").wait_for()
        assert await page.get_by_label("Keywords", exact=True).input_value() == "gull\n"
        await page.get_by_role("button", name="Add this topic").click()
        await page.get_by_role("status").get_by_text("Saved.").wait_for()


async def test_the_whole_way_without_a_script(browser: Browser, pages: Pages) -> None:
    """Sign up with a topic of one's own, confirm, pause, unsubscribe, come back: forms alone."""
    async with visiting(browser, pages, java_script_enabled=False) as page:
        await page.get_by_text("A topic of your own", exact=True).click()
        await page.get_by_label("Keywords", exact=True).fill("gull")
        await page.get_by_role("button", name="Show what it would have brought").click()
        await page.get_by_text("1 of 3 papers").wait_for()
        await page.get_by_label("Mail address").fill(DORA)
        await page.get_by_role("button", name="Subscribe").click()
        await page.get_by_role("heading", name="One more step").wait_for()
        await page.goto(address(pages, pages.confirm()))
        await page.get_by_role("button", name="Confirm").click()
        await page.get_by_role("link", name="Change what you get").wait_for()
        await page.goto(address(pages, pages.preferences()))
        await page.get_by_label("Until, or empty").fill("2026-05-04")
        await page.get_by_role("button", name="Pause").click()
        await page.get_by_text("paused until Mon 4 May 2026").first.wait_for()
        await page.get_by_role("button", name="Go on now").click()
        await page.get_by_role("button", name="Pause").wait_for()
        await page.goto(address(pages, pages.unsubscribe()))
        await page.get_by_role("button", name="Unsubscribe").click()
        assert pages.suppression()
        await page.get_by_role("button", name="That was not me").click()
        await page.get_by_role("heading", name="You get mail again").wait_for()
        assert pages.suppression() is None


async def test_the_whole_way_by_the_keyboard_alone(browser: Browser, pages: Pages) -> None:
    """Confirm, pause, unsubscribe, come back: each button is reached by Tab and pressed by Enter."""
    await pages.post("/", ("address", DORA), ("topic", "birds"))
    async with visiting(browser, pages, pages.confirm()) as page:
        for path, button, heading in (
            (pages.confirm(), "Confirm", "You are subscribed"),
            (pages.preferences(), "Pause", "What you get"),
            (pages.unsubscribe(), "Unsubscribe", "You are unsubscribed"),
            (None, "That was not me, or I changed my mind", "You get mail again"),
        ):
            if path is not None:
                await page.goto(address(pages, path))
            await _reach(page, button)
            await page.keyboard.press("Enter")
            await page.get_by_role("heading", name=heading).wait_for()
        member = pages.member()
        assert member
        assert member.paused
        assert pages.suppression() is None


async def _reach(page: Page, button: str) -> None:
    """Press Tab until the button is the one in focus, which can be seen."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent.trim()") == button:
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"{button} is not reached")


async def test_the_preview_says_what_is_wrong_while_one_writes(browser: Browser, pages: Pages) -> None:
    await pages.subscribed()
    async with visiting(browser, pages, pages.preferences()) as page:
        await page.get_by_text("A new topic", exact=True).click()
        await page.get_by_label("arXiv's categories").fill("cs.CVV")
        await page.get_by_label("Keywords", exact=True).fill("gull")
        await page.get_by_text("did you mean cs.CV?").wait_for()


async def test_the_zone_is_the_browser_s_own(browser: Browser, pages: Pages) -> None:
    async with visiting(browser, pages, timezone_id="Asia/Tokyo") as page:
        assert await page.get_by_label("Time zone").input_value() == "Asia/Tokyo"


async def test_a_topic_is_subscribed_to_by_the_keyboard_alone(browser: Browser, pages: Pages) -> None:
    async with visiting(browser, pages) as page:
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "To the content"
        await page.keyboard.press("Enter")
        for _ in range(10):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.value") == "light":
                await page.keyboard.press("Space")
            if await page.evaluate("document.activeElement.id") == "address":
                await page.keyboard.type(DORA)
                await page.keyboard.press("Enter")
                break
        await page.get_by_role("heading", name="One more step").wait_for()
        member = pages.member()
        assert member
        assert member.asked_topics == ("light",)


def _shown(pages: Pages) -> list[str]:
    """The paths that a browser shows."""
    return [path for name, path in links_of(pages).items() if name not in ("export", "saved", "healthz")]


async def test_every_page_is_accessible_and_fits(browser: Browser, pages: Pages, axe: str) -> None:
    """axe-core's rules, all of them, and nothing to be scrolled sideways."""
    await pages.subscribed()
    own = (("do", "topic"), ("title", "Gulls"), ("keywords", "gull"), ("categories", "cs.CV"))
    await pages.post(pages.preferences(), *own)
    await pages.post("/", ("address", "asked@example.edu"), ("topic", "birds"))
    await pages.post(links_of(pages)["feedback"])
    page = await browser.new_page(bypass_csp=True)
    for path in (*_shown(pages), pages.confirm("asked@example.edu"), "/nothing", "/unsubscribe/x"):
        await page.goto(address(pages, path))
        await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        assert (path, await faults(page, axe, widths=(420, 1200))) == (path, [])
    await page.close()


async def test_feedback_is_given_by_a_click(browser: Browser, pages: Pages) -> None:
    path = feedback_path()
    async with visiting(browser, pages, path) as page:
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("Noted: Save.").wait_for()
        await page.get_by_role("button", name="Take it back").click()
        await page.get_by_text("Taken back.").wait_for()
