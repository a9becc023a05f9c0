"""A category so small that a whole mailing may be late cross-lists, after a day that was missed.

OAI-PMH shows a cross-list with the day on which it was announced as its record's datestamp, and nothing else of it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from bot.clock import SimulatedClock
from bot.model import AnnounceType, Collected, FeedItem, Mailing, MailingState
from bot.store import Store
from bot.store.papers import Verdict
from tests.builders import paper
from tests.collect.support import collect
from tests.fake_arxiv import xml
from tests.fake_arxiv.paper_history import Event, Kind, PaperHistory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FRIDAY, MONDAY, TUESDAY = date(2026, 4, 17), date(2026, 4, 20), date(2026, 4, 21)
OLD = ("2601.00001", "2601.00002", "2601.00003")
SUBMITTED = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Arxiv:
    """Has one feed and the records of some old papers that were cross-listed."""

    has_catchup = False

    def __init__(self, clock: SimulatedClock, fed: Mailing, changed: Mapping[str, date]) -> None:
        self._clock = clock
        self.fed = fed
        self._changed = changed

    async def fetch_rss(self, category: str) -> bytes:
        assert category == self.fed.category
        return xml.feed(self.fed)

    async def fetch_oai(self, arguments: Mapping[str, str]) -> bytes:
        assert arguments["set"] == "math:math:GN"
        histories = [
            PaperHistory((Event(changed, Kind.CROSS, cross_listed(identifier).paper),), (SUBMITTED,), pdf_only=False)
            for identifier, changed in self._changed.items()
        ]
        return xml.oai_records(histories, self._clock.now())

    async def fetch_catchup(self, category: str, day: date, page: int = 1) -> bytes:
        raise NotImplementedError(f"{category} {day} {page}")


def cross_listed(identifier: str) -> FeedItem:
    return FeedItem(paper(identifier, categories=("cs.LG", "math.GN")), AnnounceType.CROSS)


def of(day: date, *identifiers: str) -> Mailing:
    return Mailing("math.GN", day, tuple(map(cross_listed, identifiers)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The old papers are known from elsewhere; the category was read last on Friday."""
    store = Store(f"sqlite:///{tmp_path / 'paperboy.db'}")
    elsewhere = Mailing(
        "cs.LG", FRIDAY, tuple(FeedItem(paper(each, categories=("cs.LG",)), AnnounceType.REPLACE) for each in OLD)
    )
    complete = Verdict(MailingState.COMPLETE, "read")
    store.papers.record(elsewhere, complete, datetime(2026, 4, 17, 6, tzinfo=UTC))
    store.papers.record(of(FRIDAY, "2602.00009"), complete, datetime(2026, 4, 17, 6, tzinfo=UTC))
    yield store
    store.close()


async def read(store: Store, arxiv: Arxiv, clock: SimulatedClock) -> Mapping[date, Collected]:
    results = await collect(arxiv, store.papers, ["math.GN"], clock)
    return {result.mailing_date: result for result in results}


def announced(store: Store, day: date) -> set[str]:
    return {each.identifier for each in store.papers.announcements_on(day, {"math.GN"})}


async def test_a_feed_of_late_cross_lists_alone_is_true_where_their_records_changed_that_day(store: Store) -> None:
    clock = SimulatedClock(datetime(2026, 4, 21, 6, tzinfo=UTC))
    arxiv = Arxiv(clock, of(TUESDAY, *OLD), dict.fromkeys(OLD, TUESDAY))
    results = await read(store, arxiv, clock)
    assert results[TUESDAY].state is MailingState.COMPLETE
    assert (announced(store, MONDAY), announced(store, TUESDAY)) == (set(), set(OLD))


async def test_one_that_repeats_the_missed_mailing_is_still_found_out(store: Store) -> None:
    clock = SimulatedClock(datetime(2026, 4, 21, 4, 30, tzinfo=UTC))
    arxiv = Arxiv(clock, of(TUESDAY, *OLD), {OLD[0]: TUESDAY, OLD[1]: MONDAY, OLD[2]: MONDAY})
    results = await read(store, arxiv, clock)
    assert results[TUESDAY].state is MailingState.SUSPECT_STALE
    assert set(OLD[1:]) <= announced(store, MONDAY)


async def test_what_oai_pmh_shows_hours_before_the_feed_is_left_to_the_feed(store: Store) -> None:
    clock = SimulatedClock(datetime(2026, 4, 21, 4, 10, tzinfo=UTC))
    arxiv = Arxiv(clock, of(FRIDAY, "2602.00009"), dict.fromkeys(OLD, TUESDAY))
    await read(store, arxiv, clock)
    assert announced(store, MONDAY) == set()
    arxiv.fed = of(TUESDAY, *OLD)
    clock.set(datetime(2026, 4, 21, 5, tzinfo=UTC))
    assert (await read(store, arxiv, clock))[TUESDAY].state is MailingState.COMPLETE
    assert announced(store, TUESDAY) == set(OLD)
