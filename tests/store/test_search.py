"""Looking through the stored papers: each once, in its newest version, newest mailing first."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from bot.model import AnnounceType, FeedItem, Mailing, MailingState, Paper
from bot.store import search
from bot.store.papers import Verdict
from bot.store.search import Listing
from tests.builders import paper

if TYPE_CHECKING:
    import pytest

    from bot.store import Store

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY = date(2026, 4, 20), date(2026, 4, 21), date(2026, 4, 22)
NEW, CROSS, REPLACE, _ = AnnounceType


def record(store: Store, day: date, *entries: FeedItem | Paper, category: str = "cs.CV") -> None:
    mailing = Mailing(category, day, tuple(e if isinstance(e, FeedItem) else FeedItem(e, NEW) for e in entries))
    store.papers.record(mailing, Verdict(MailingState.COMPLETE, ""), NOW)


def test_papers_come_newest_mailing_first_in_their_newest_version(store: Store) -> None:
    record(store, MONDAY, paper("2604.00001"), paper("2604.00002"))
    record(store, TUESDAY, paper("2604.00003"), FeedItem(paper("2604.00001", version=2, title="Again"), REPLACE))
    found = [(each.paper.identifier, each.paper.version, each.mailing_date) for each in store.search.papers()]
    assert found == [("2604.00003", 1, TUESDAY), ("2604.00001", 2, TUESDAY), ("2604.00002", 1, MONDAY)]


def test_papers_since_a_date_leave_older_mailings_out(store: Store) -> None:
    record(store, MONDAY, paper("2604.00001"))
    record(store, TUESDAY, paper("2604.00002"))
    assert [each.paper.identifier for each in store.search.papers(since=TUESDAY)] == ["2604.00002"]


def test_a_store_of_any_size_is_read_a_few_papers_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_BATCH_SIZE", 2)
    record(store, MONDAY, *(paper(f"2604.0000{number}") for number in range(5)))
    assert [each.paper.identifier[-1] for each in store.search.papers()] == ["4", "3", "2", "1", "0"]


def test_a_day_has_its_news_of_all_categories_each_paper_once(store: Store) -> None:
    record(store, MONDAY, paper("2604.00001"), paper("2604.00002"))
    record(store, MONDAY, FeedItem(paper("2604.00001"), CROSS), category="cs.CL")
    (day,) = store.search.days(MONDAY)
    assert day.mailing_date == MONDAY
    assert [of.identifier for of in day.papers] == ["2604.00002", "2604.00001"]


def test_a_paper_is_news_on_the_first_day_only_and_a_replacement_never(store: Store) -> None:
    record(store, MONDAY, paper("2604.00001"))
    record(store, TUESDAY, FeedItem(paper("2604.00001"), CROSS), paper("2604.00002"), category="cs.CL")
    record(store, WEDNESDAY, FeedItem(paper("2604.00002", version=2), REPLACE))
    days = {day.mailing_date: [of.identifier for of in day.papers] for day in store.search.days(MONDAY)}
    assert days == {TUESDAY: ["2604.00002"], MONDAY: ["2604.00001"]}
    assert [day.mailing_date for day in store.search.days(WEDNESDAY)] == []


def test_the_categories_of_which_something_is_stored_are_named_in_order(store: Store) -> None:
    record(store, MONDAY, paper(), category="math.NA")
    record(store, MONDAY, paper(), category="cs.CV")
    assert store.search.categories() == ("cs.CV", "math.NA")


def test_listings_are_what_each_category_had_as_news_oldest_first(store: Store) -> None:
    record(store, MONDAY, paper("2604.00001"))
    record(store, TUESDAY, FeedItem(paper("2604.00001"), CROSS), paper("2604.00002"), category="cs.CL")
    record(store, WEDNESDAY, FeedItem(paper("2604.00002", version=2), REPLACE), category="cs.CL")
    assert store.search.listings(MONDAY, {"cs.CV", "cs.CL"}) == (
        Listing("2604.00001", 1, "cs.CV", MONDAY),
        Listing("2604.00001", 1, "cs.CL", TUESDAY),
        Listing("2604.00002", 1, "cs.CL", TUESDAY),
    )
    assert [each.category for each in store.search.listings(TUESDAY, {"cs.CV"})] == []
