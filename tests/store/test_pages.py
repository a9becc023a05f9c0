"""Which pages are written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.store.pages import PageRecord

if TYPE_CHECKING:
    from bot.store import Store

MON = date(2026, 4, 20)
TUE = MON + timedelta(days=1)


def test_pages_come_by_topic_and_date_whatever_the_database_s_language(store: Store) -> None:
    for topic in ("birds", "a-b", "Zoo", "a_b"):
        store.pages.put(PageRecord(topic, TUE, 7, 2))
    store.pages.put(PageRecord("birds", MON, 3, 1))
    written = [(record.topic, record.mailing_date) for record in store.pages.written()]
    assert written == [("Zoo", TUE), ("a-b", TUE), ("a_b", TUE), ("birds", MON), ("birds", TUE)]


def test_a_page_written_again_is_one_page(store: Store) -> None:
    store.pages.put(PageRecord("birds", MON, 3, 1))
    store.pages.put(PageRecord("birds", MON, 9, 4))
    assert store.pages.written() == (PageRecord("birds", MON, 9, 4),)
