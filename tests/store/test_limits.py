"""Pacing and dead doors, kept in the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.store.arxiv_limits import ArxivLimit
from bot.store.database import Database
from bot.store.limits import close_circuit, delay_until, open_circuit, read_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def test_an_unknown_limit_is_open(database: Database) -> None:
    with database.reading() as connection:
        assert read_limit(connection, "g").opens_at is None


def test_a_hold_is_never_shortened(database: Database) -> None:
    with database.writing() as connection:
        delay_until(connection, "g", NOW + 5 * MINUTE)
        delay_until(connection, "g", NOW + MINUTE)
        assert read_limit(connection, "g").opens_at == NOW + 5 * MINUTE


def test_an_open_circuit_remembers_its_first_refusal_and_forgets_all_when_it_closes(database: Database) -> None:
    with database.writing() as connection:
        open_circuit(connection, "g", until=NOW + MINUTE, reason="archived", now=NOW)
        open_circuit(connection, "g", until=NOW + 3 * MINUTE, reason="still archived", now=NOW + 2 * MINUTE)
        shut = read_limit(connection, "g")
        assert (shut.since, shut.closed_until, shut.reason) == (NOW, NOW + 3 * MINUTE, "still archived")
        close_circuit(connection, "g")
        opened = read_limit(connection, "g")
        assert (opened.since, opened.closed_until, opened.reason) == (None, None, None)


def test_closing_a_circuit_leaves_its_pacing(database: Database) -> None:
    with database.writing() as connection:
        delay_until(connection, "g", NOW)
        open_circuit(connection, "g", until=NOW, reason="no", now=NOW)
        close_circuit(connection, "g")
        assert read_limit(connection, "g").opens_at == NOW


def test_the_limit_on_arxiv_holds_across_restarts(database: Database, url: str) -> None:
    ArxivLimit(database).hold_until(NOW + MINUTE)
    again = Database(url)
    assert ArxivLimit(again).opens_at() == NOW + MINUTE
    again.close()


def test_only_one_process_acquires_the_limit_on_arxiv_and_the_other_is_told_when_to_come(
    database: Database, url: str
) -> None:
    other = Database(url)
    assert ArxivLimit(database).acquire(NOW, NOW + MINUTE) is None
    assert ArxivLimit(other).acquire(NOW, NOW + 5 * MINUTE) == NOW + MINUTE
    assert ArxivLimit(other).acquire(NOW + MINUTE, NOW + 2 * MINUTE) is None
    other.close()


def test_what_a_clock_that_went_wrong_has_written_holds_nobody(database: Database) -> None:
    limit = ArxivLimit(database)
    limit.hold_until(NOW + timedelta(days=3))
    limit.record_refusal(NOW, NOW + timedelta(days=3), "403")
    assert limit.refusal(NOW) is None
    assert limit.acquire(NOW, NOW + MINUTE) is None
    assert limit.opens_at() == NOW + MINUTE


def test_throttling_lasts_from_its_first_answer_and_ends_with_another(database: Database) -> None:
    limit = ArxivLimit(database)
    limit.record_answer()
    assert limit.record_throttling(NOW, "429") == NOW
    assert limit.record_throttling(NOW + MINUTE, "503") == NOW
    assert limit.record_throttling(NOW - MINUTE, "503") == NOW - MINUTE  # the clock went back
    assert limit.refusal(NOW) is None
    limit.record_answer()
    assert limit.record_throttling(NOW + 9 * MINUTE, "429") == NOW + 9 * MINUTE


def test_a_refusal_is_dated_by_its_first_answer_and_not_by_the_throttling_before(database: Database) -> None:
    limit = ArxivLimit(database)
    limit.record_throttling(NOW, "429")
    limit.record_refusal(NOW + MINUTE, NOW + 3 * MINUTE, "403")
    limit.record_refusal(NOW + 2 * MINUTE, NOW + 4 * MINUTE, "403 again")
    state = limit.refusal(NOW + 2 * MINUTE)
    assert state is not None
    assert (state.since, state.closed_until, state.reason) == (NOW + MINUTE, NOW + 4 * MINUTE, "403 again")
    assert limit.refusal(NOW + 4 * MINUTE) is None
    assert limit.record_throttling(NOW + 5 * MINUTE, "429") == NOW + 5 * MINUTE
    assert limit.refusal(NOW + 2 * MINUTE) is None
