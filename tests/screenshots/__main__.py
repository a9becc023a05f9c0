"""`python -m tests.screenshots [FOLDER]`: runs the demo and leaves pictures of what its readers see."""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

import structlog
from playwright.async_api import async_playwright

from bot.demo.run import show
from tests.counterparts.tools import chromium
from tests.screenshots.days import write_days
from tests.screenshots.pictures import DAYS, README, pictures, take, unpack_mail


def main(to: Path) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    program = chromium()
    if program is None:
        sys.exit("There is no Chromium here: tests/counterparts/setup.sh installs it.")
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_make(program, Path(folder), to))


async def _make(program: str, folder: Path, to: Path) -> None:
    await show(folder, tell=lambda _: None, print_result=lambda *_: None)
    unpack_mail(folder)
    write_days(folder / DAYS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for picture in (*pictures(folder), README):
            sys.stdout.write(f"{await take(browser, picture, folder, to)}\n")
        await browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
