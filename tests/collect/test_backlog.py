"""Which mailings are open: found from the stored states alone, and asked for ever more seldom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.collect import backlog
from bot.model import MailingRecord, MailingState
from bot.store import Store
from bot.store.papers import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
TODAY = date(2026, 4, 21)  # a Tuesday
WEDNESDAY, THURSDAY, FRIDAY, MONDAY = (date(2026, 4, day) for day in (15, 16, 17, 20))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'paperboy.db'}")
    yield store
    store.close()


def note(store: Store, day: date, state: MailingState, category: str = "cs.CV") -> None:
    store.papers.record_failure(day, category, Verdict(state, "as told"), NOW)


def missed(store: Store, *categories: str, since: date | None = None) -> list[tuple[date, str]]:
    found = backlog.missed(store.papers, categories or ("cs.CV",), TODAY, since=since)
    return [(record.mailing_date, record.category) for record in found]


def test_a_new_store_has_missed_nothing(store: Store) -> None:
    assert missed(store) == []


def test_days_without_any_run_are_missed_and_weekends_are_not(store: Store) -> None:
    note(store, WEDNESDAY, MailingState.COMPLETE)
    assert missed(store) == [(THURSDAY, "cs.CV"), (FRIDAY, "cs.CV"), (MONDAY, "cs.CV")]


def test_a_day_that_stayed_open_is_missed_and_a_closed_one_is_not(store: Store) -> None:
    note(store, THURSDAY, MailingState.SUSPECT_STALE)
    note(store, FRIDAY, MailingState.EXPECTED_EMPTY)
    note(store, MONDAY, MailingState.COMPLETE)
    assert missed(store) == [(THURSDAY, "cs.CV")]


def test_today_is_never_missed_yet(store: Store) -> None:
    note(store, TODAY, MailingState.FAILED)
    assert missed(store) == []


def test_each_category_has_its_own_first_day(store: Store) -> None:
    note(store, THURSDAY, MailingState.COMPLETE, "cs.CL")
    note(store, MONDAY, MailingState.COMPLETE)
    assert missed(store, "cs.CV", "cs.CL", "cs.LG") == [(FRIDAY, "cs.CL"), (MONDAY, "cs.CL")]


def test_what_lies_too_far_back_is_not_made_up_for_unasked(store: Store) -> None:
    note(store, TODAY - timedelta(days=200), MailingState.COMPLETE)
    first, *_ = missed(store)
    assert first[0] == TODAY - timedelta(days=90)


def test_asked_since_a_date_every_open_day_from_then_on_counts(store: Store) -> None:
    note(store, FRIDAY, MailingState.COMPLETE)
    assert missed(store, since=THURSDAY) == [(THURSDAY, "cs.CV"), (MONDAY, "cs.CV")]


def record(*, tries: int, asked: datetime | None = NOW) -> MailingRecord:
    return MailingRecord(MONDAY, "cs.CV", MailingState.FAILED, "", 0, 0, tries, asked)


def test_a_missed_mailing_is_asked_for_ever_more_seldom_up_to_six_hours() -> None:
    due = NOW - timedelta(days=1)
    waits = [backlog.next_attempt(record(tries=tries), due, NOW, past=True) - NOW for tries in range(8)]
    assert [wait // timedelta(minutes=1) for wait in waits] == [10, 10, 20, 40, 80, 160, 320, 360]


def test_what_was_never_asked_for_is_due_when_it_was_expected() -> None:
    assert backlog.next_attempt(record(tries=0, asked=None), NOW, NOW, past=True) == NOW
    assert backlog.next_attempt(None, NOW, NOW) == NOW


def test_what_a_clock_far_ahead_has_noted_does_not_count() -> None:
    ahead = record(tries=3, asked=NOW + timedelta(days=12))
    assert backlog.next_attempt(ahead, NOW - timedelta(days=1), NOW) == NOW - timedelta(days=1)
