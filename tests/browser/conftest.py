"""A browser that others wrote, for what only a browser can tell: Debian's Chromium, driven by Playwright.

Skipped with its reason where there is none; not in CI, which installs it (`make browser`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

_REPOSITORY = Path(__file__).parents[2]


def missing(what: str) -> NoReturn:
    """Skip, but never in CI: there it would hide a broken set-up."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and this is CI")
    pytest.skip(what)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        missing("no Chromium here (apt-get install chromium)")
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - not everybody who tests has it
    except ImportError:
        missing("no Playwright here (pip install playwright)")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script: https://github.com/dequelabs/axe-core."""
    places = (os.environ.get("AXE_CORE"), _REPOSITORY / "node_modules" / "axe-core" / "axe.min.js")
    for place in places:
        if place and Path(place).exists():
            return Path(place).read_text(encoding="utf-8")
    missing("no axe-core here (npm install --no-save axe-core@4.14.1)")
