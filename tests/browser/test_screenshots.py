"""The maker of pictures makes one of each kind from a demo that was just run."""

from __future__ import annotations

from struct import unpack
from typing import TYPE_CHECKING

import pytest

from bot.demo.run import show
from tests.screenshots.days import write_days
from tests.screenshots.pictures import DAYS, README, pictures, take, unpack_mail

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.on_request]


async def test_every_kind_of_picture_comes_out_as_wide_as_it_is_to_be(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    await show(folder, tell=lambda _: None, print_result=lambda *_: None)
    unpack_mail(folder)
    write_days(folder / DAYS)
    found = {picture.name: picture for picture in pictures(folder)}
    assert len(found) == len(pictures(folder))
    assert not [picture.page for picture in found.values() if not (folder / picture.page).exists()]
    for name in ("mail-380-dark", "day-discord-40-900-light", "slack-1400-light", "site-search-390-light"):
        file = await take(browser, found[name], folder, tmp_path)
        assert file.name == f"{name}.png"
        assert unpack(">I", file.read_bytes()[16:20])[0] == (760 if found[name].element else found[name].width)
    assert README.name not in found
