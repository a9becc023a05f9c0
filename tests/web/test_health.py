from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.settings import ChatSettings, DiscordChat
from tests.members.driver import NOW
from tests.web.conftest import opened

if TYPE_CHECKING:
    import pytest

    from bot.store import Store
    from tests.web.conftest import Pages

from bot.errors import StoreError
from bot.store.papers import Papers


async def test_all_is_well_while_the_last_mailing_is_in_or_not_yet_late(pages: Pages) -> None:
    answer = await pages.get("/healthz")
    found = json.loads(answer.text)
    assert (answer.status, found["status"]) == (200, "ok")
    assert found["mailing"] == {
        "date": "2026-04-20",
        "categories": {"cs.CV": {"state": "complete", "reason": "whole"}},
    }


async def test_a_mailing_that_is_late_is_the_reason(pages: Pages) -> None:
    pages.clock.set(NOW + timedelta(hours=12))
    answer = await pages.get("/healthz")
    assert answer.status == 503
    assert json.loads(answer.text)["reason"] == "the mailing of cs.CV for 2026-04-21 is late: it was never asked for"


async def test_a_chat_that_nobody_listens_to_is_the_reason(store: Store) -> None:
    store.listening.note("discord", NOW - timedelta(hours=13), "not connected yet")
    async with opened(store, chat=ChatSettings(discord=DiscordChat())) as pages:
        answer = await pages.get("/healthz")
    assert answer.status == 503
    assert json.loads(answer.text)["reason"].startswith("discord is not listened to since ")


async def test_a_store_that_cannot_be_read_is_the_reason_and_its_place_is_not_told(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreError("sqlite:////home/somebody/paperboy.db", "disk I/O error")

    monkeypatch.setattr(Papers, "mailings_since", broken)
    answer = await pages.get("/healthz")
    assert answer.status == 503
    assert json.loads(answer.text) == {"status": "failing", "reason": "the store cannot be used: disk I/O error"}
