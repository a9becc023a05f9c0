"""A browser that others wrote, for what only a browser can tell: Debian's Chromium, driven by Playwright.

Skipped with its reason where there is none; not in CI, which installs it (tests/counterparts/setup.sh).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import pytest
import pytest_asyncio

from tests.counterparts.tools import FOLDER, chromium

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser


def missing(what: str) -> NoReturn:
    """Skip, but never in CI: there it would hide a broken set-up."""
    reason = f"{what}: tests/counterparts/setup.sh installs it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    program = chromium()
    if program is None:
        missing("no Chromium here")
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - not everybody who tests has it
    except ImportError:
        missing("no Playwright here")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script: https://github.com/dequelabs/axe-core."""
    script = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        missing("no axe-core here")
    return script.read_text(encoding="utf-8")
