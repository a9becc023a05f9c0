"""Pacing and dead doors, kept in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.model import Service
from bot.store.arxiv_limits import ArxivLimits
from bot.store.database import Database
from bot.store.limits import close_circuit, delay_until, open_circuit, read_limit
from bot.store.worker import WorkerId

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


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


# -- arXiv's ---------------------------------------------------------------------------------------------------------


def limits(database: Database, host: str = "") -> ArxivLimits:
    """As this process has them; with a host, as a process that runs there."""
    owner = WorkerId.current()
    return ArxivLimits(database, replace(owner, host=host) if host else owner)


@pytest.mark.parametrize("service", Service)
def test_what_a_service_of_arxiv_s_asks_for_holds_across_restarts_and_for_it_alone(
    database: Database, url: str, service: Service
) -> None:
    limits(database).hold_until(service, NOW + 5 * MINUTE)
    again = Database(url)
    waits = {each: limits(again).waits_until(each, NOW) for each in Service}
    assert waits == {each: NOW + 5 * MINUTE if each is service else None for each in Service}
    assert limits(again).acquire(NOW, MINUTE) is None
    again.close()


def test_the_pause_between_two_requests_is_one_for_all_processes(database: Database, url: str) -> None:
    other = Database(url)
    assert limits(database).acquire(NOW, MINUTE) is None
    limits(database).release(NOW + MINUTE)
    assert limits(other).acquire(NOW, MINUTE) == NOW + MINUTE
    assert limits(other).acquire(NOW + MINUTE, MINUTE) is None
    other.close()


def test_while_a_process_is_in_the_midst_of_a_request_no_other_begins_one(database: Database) -> None:
    here, there = limits(database), limits(database, "elsewhere")
    assert here.acquire(NOW, 3 * SECOND) is None
    later = NOW + 10 * SECOND
    assert there.acquire(later, 3 * SECOND) == later + SECOND
    here.release(later + 3 * SECOND)
    assert there.acquire(later, 3 * SECOND) == later + 3 * SECOND
    assert there.acquire(later + 3 * SECOND, 3 * SECOND) is None


def test_a_process_that_died_in_the_midst_of_a_request_holds_the_others_for_minutes_only(database: Database) -> None:
    limits(database, "elsewhere").acquire(NOW, 3 * SECOND)
    assert limits(database).acquire(NOW + MINUTE, 3 * SECOND) is not None
    assert limits(database).acquire(NOW + 3 * MINUTE, 3 * SECOND) is None


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=3), timedelta(days=400)])
def test_no_pause_is_longer_than_it_is_meant_whatever_a_wrong_clock_has_written(
    database: Database, ahead: timedelta
) -> None:
    limits(database).acquire(NOW + ahead, 3 * SECOND)
    limits(database).release(NOW + ahead + 3 * SECOND)
    assert limits(database).acquire(NOW, 3 * SECOND) == NOW + 3 * SECOND
    assert limits(database).acquire(NOW + 3 * SECOND, 3 * SECOND) is None


def test_a_request_begun_by_a_clock_far_ahead_holds_nobody(database: Database) -> None:
    limits(database, "elsewhere").acquire(NOW + timedelta(days=400), 3 * SECOND)
    assert limits(database).acquire(NOW, 3 * SECOND) == NOW + 3 * SECOND
    assert limits(database).acquire(NOW + 3 * SECOND, 3 * SECOND) is None


@pytest.mark.parametrize("service", [Service.FEEDS, Service.OAI])
def test_what_a_clock_that_went_wrong_has_written_holds_nobody(database: Database, service: Service) -> None:
    limit = limits(database)
    limit.hold_until(service, NOW + timedelta(days=2))
    limit.record_refusal(service, NOW, NOW + timedelta(days=2), "403")
    assert limit.refusal(service, NOW) is None
    assert limit.waits_until(service, NOW) is None


def test_throttling_lasts_from_its_first_answer_and_ends_with_another(database: Database) -> None:
    limit, oai = limits(database), Service.OAI
    limit.record_answer(oai)
    assert limit.record_throttling(oai, NOW, "429") == NOW
    assert limit.record_throttling(oai, NOW + MINUTE, "503") == NOW
    limit.record_answer(Service.FEEDS)
    assert limit.record_throttling(oai, NOW + MINUTE, "503") == NOW
    assert limit.record_throttling(oai, NOW - MINUTE, "503") == NOW - MINUTE  # the clock went back
    assert limit.refusal(oai, NOW) is None
    limit.record_answer(oai)
    assert limit.record_throttling(oai, NOW + 9 * MINUTE, "429") == NOW + 9 * MINUTE


def test_a_refusal_is_dated_by_its_first_answer_and_not_by_the_throttling_before(database: Database) -> None:
    limit, oai = limits(database), Service.OAI
    limit.record_throttling(oai, NOW, "429")
    limit.record_refusal(oai, NOW + MINUTE, NOW + 3 * MINUTE, "403")
    limit.record_refusal(oai, NOW + 2 * MINUTE, NOW + 4 * MINUTE, "403 again")
    state = limit.refusal(oai, NOW + 2 * MINUTE)
    assert state is not None
    assert (state.since, state.closed_until, state.reason) == (NOW + MINUTE, NOW + 4 * MINUTE, "403 again")
    assert limit.refusal(oai, NOW + 4 * MINUTE) is None
    assert limit.record_throttling(oai, NOW + 5 * MINUTE, "429") == NOW + 5 * MINUTE
    assert limit.refusal(oai, NOW + 2 * MINUTE) is None


def test_a_refusal_by_the_feeds_is_meant_for_us_as_a_whole_and_one_by_another_service_for_that_one(
    database: Database,
) -> None:
    limit = limits(database)
    limit.record_refusal(Service.OAI, NOW, NOW + MINUTE, "403")
    assert [limit.waits_until(each, NOW) for each in Service] == [None, NOW + MINUTE, None]
    limit.record_refusal(Service.FEEDS, NOW, NOW + 5 * MINUTE, "403")
    assert [limit.waits_until(each, NOW) for each in Service] == [NOW + 5 * MINUTE] * 3
