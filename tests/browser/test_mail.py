"""Mails in a browser: accessible in both colour schemes, and nothing to be scrolled sideways on a telephone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.mail import MailChannel
from bot.members.links import SignedLinks
from bot.store.keys import ReaderKeys
from bot.text.templates import Templates
from tests.browser.looks import faults
from tests.builders import many_entries, section
from tests.channels.mail.test_digest import everything
from tests.channels.reading import html_of
from tests.members.conftest import WEB
from tests.members.driver import NOW

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES_ALONE = ("region", "landmark-one-main")
"""axe's rules that are about the landmarks of a page, which a mail in a mail program is not."""


def shown() -> str:
    """The mail of a big day, with everything that a digest can have, as one reader sees it."""
    links = SignedLinks(WEB, lambda: ReaderKeys(()))
    channel = MailChannel(MailChannel.Settings(), Templates(), contact="us@example.net", links=links)
    of = everything()
    of = replace(of, sections=(*of.sections, section(many_entries(40), title="A topic with a long name " * 4)))
    (message,) = channel.render(of, max_messages=1, options=MailChannel.Options(), full=20)
    _, sample = channel.sample(message, "lab", NOW)
    return html_of(sample)


async def test_a_mail_is_accessible_and_fits(browser: Browser, axe: str) -> None:
    html = shown()
    assert html.count("/feedback/") == 3 * 20
    page = await browser.new_page()
    await page.set_content(html)
    assert await faults(page, axe, widths=(360, 600, 1000), ignored=PAGES_ALONE) == []
    await page.close()
