"""Pacing and dead doors, kept in the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.store.arxiv_limits import ArxivGate
from bot.store.database import Database
from bot.store.limits import hold_gate, open_gate, read_gate, shut_gate

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def test_an_unknown_gate_is_open(database: Database) -> None:
    with database.reading() as connection:
        assert read_gate(connection, "g").opens_at is None


def test_a_hold_is_never_shortened(database: Database) -> None:
    with database.writing() as connection:
        hold_gate(connection, "g", NOW + 5 * MINUTE)
        hold_gate(connection, "g", NOW + MINUTE)
        assert read_gate(connection, "g").opens_at == NOW + 5 * MINUTE


def test_a_shut_door_remembers_its_first_no_and_forgets_all_when_it_opens(database: Database) -> None:
    with database.writing() as connection:
        shut_gate(connection, "g", until=NOW + MINUTE, reason="archived", now=NOW)
        shut_gate(connection, "g", until=NOW + 3 * MINUTE, reason="still archived", now=NOW + 2 * MINUTE)
        shut = read_gate(connection, "g")
        assert (shut.since, shut.closed_until, shut.reason) == (NOW, NOW + 3 * MINUTE, "still archived")
        open_gate(connection, "g")
        opened = read_gate(connection, "g")
        assert (opened.since, opened.closed_until, opened.reason) == (None, None, None)


def test_opening_a_door_leaves_its_pacing(database: Database) -> None:
    with database.writing() as connection:
        hold_gate(connection, "g", NOW)
        shut_gate(connection, "g", until=NOW, reason="no", now=NOW)
        open_gate(connection, "g")
        assert read_gate(connection, "g").opens_at == NOW


def test_the_gate_before_arxiv_holds_across_restarts(database: Database, url: str) -> None:
    ArxivGate(database).close_until(NOW + MINUTE)
    again = Database(url)
    assert ArxivGate(again).opens_at() == NOW + MINUTE
    again.close()


def test_only_one_process_enters_the_gate_before_arxiv_and_the_other_is_told_when_to_come(
    database: Database, url: str
) -> None:
    other = Database(url)
    assert ArxivGate(database).enter(NOW, NOW + MINUTE) is None
    assert ArxivGate(other).enter(NOW, NOW + 5 * MINUTE) == NOW + MINUTE
    assert ArxivGate(other).enter(NOW + MINUTE, NOW + 2 * MINUTE) is None
    other.close()


def test_what_a_clock_that_went_wrong_has_written_holds_nobody(database: Database) -> None:
    gate = ArxivGate(database)
    gate.close_until(NOW + timedelta(days=3))
    gate.refuse(NOW, NOW + timedelta(days=3), "403")
    assert gate.refused(NOW) is None
    assert gate.enter(NOW, NOW + MINUTE) is None
    assert gate.opens_at() == NOW + MINUTE


def test_throttling_lasts_from_its_first_answer_and_ends_with_another(database: Database) -> None:
    gate = ArxivGate(database)
    gate.answered()
    assert gate.throttled(NOW, "429") == NOW
    assert gate.throttled(NOW + MINUTE, "503") == NOW
    assert gate.throttled(NOW - MINUTE, "503") == NOW - MINUTE  # the clock went back
    assert gate.refused(NOW) is None
    gate.answered()
    assert gate.throttled(NOW + 9 * MINUTE, "429") == NOW + 9 * MINUTE


def test_a_refusal_is_dated_by_its_first_answer_and_not_by_the_throttling_before(database: Database) -> None:
    gate = ArxivGate(database)
    gate.throttled(NOW, "429")
    gate.refuse(NOW + MINUTE, NOW + 3 * MINUTE, "403")
    gate.refuse(NOW + 2 * MINUTE, NOW + 4 * MINUTE, "403 again")
    state = gate.refused(NOW + 2 * MINUTE)
    assert state is not None
    assert (state.since, state.closed_until, state.reason) == (NOW + MINUTE, NOW + 4 * MINUTE, "403 again")
    assert gate.refused(NOW + 4 * MINUTE) is None
    assert gate.throttled(NOW + 5 * MINUTE, "429") == NOW + 5 * MINUTE
    assert gate.refused(NOW + 2 * MINUTE) is None
