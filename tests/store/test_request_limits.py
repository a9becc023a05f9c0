"""Buckets of tokens, shared by all who are on the store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store import Store
from bot.store.request_limits import Rate

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
RATE = Rate(3, HOUR)


def take(store: Store, key: str, rate: Rate, now: datetime) -> float:
    with store.transaction() as transaction:
        return transaction.take(key, rate, now)


def test_as_many_as_the_bucket_holds_pass_at_once_then_one_at_a_time(store: Store) -> None:
    assert [take(store, "k", RATE, NOW) for _ in range(3)] == [0.0] * 3
    assert take(store, "k", RATE, NOW) == pytest.approx(1200)
    assert take(store, "k", RATE, NOW + HOUR / 6) == pytest.approx(600)
    assert take(store, "k", RATE, NOW + HOUR / 3) == 0.0
    assert take(store, "k", RATE, NOW + HOUR / 3) == pytest.approx(1200)


def test_every_key_has_its_own(store: Store) -> None:
    one = Rate(1, HOUR)
    assert [take(store, key, one, NOW) > 0 for key in ("a", "b", "a", "b")] == [
        False,
        False,
        True,
        True,
    ]


def test_a_clock_that_was_set_back_gives_nothing(store: Store) -> None:
    for _ in range(3):
        take(store, "k", RATE, NOW)
    assert take(store, "k", RATE, NOW - HOUR) > 0


def test_another_process_sees_what_was_taken(store: Store, url: str) -> None:
    other = Store(url)
    for taker in (store, other, store):
        assert take(taker, "k", RATE, NOW) == 0.0
    assert take(other, "k", RATE, NOW) > 0
    other.close()


def test_at_once_no_more_pass_than_the_bucket_holds(store: Store) -> None:
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(lambda _: take(store, "k", RATE, NOW), range(5)))
    assert sorted(waiting > 0 for waiting in found) == [False, False, False, True, True]


def test_old_buckets_are_forgotten(store: Store) -> None:
    take(store, "old", RATE, NOW)
    take(store, "new", RATE, NOW + HOUR)
    assert store.request_limits.forget(NOW + HOUR) == 1
    assert store.request_limits.forget(NOW + 2 * HOUR) == 1
    assert store.request_limits.forget(NOW + 2 * HOUR) == 0


@given(st.lists(st.integers(0, 7200), min_size=1, max_size=30))
@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=30)
def test_whenever_they_come_no_hour_lets_more_through_than_a_full_bucket_and_a_refill(
    sqlite_url: str, moments: list[int]
) -> None:
    store = Store(sqlite_url)
    store.request_limits.forget(NOW + 9 * HOUR)
    every = ((moment, NOW + timedelta(seconds=moment)) for moment in sorted(moments))
    passed = [moment for moment, now in every if take(store, "k", RATE, now) == 0.0]
    store.close()
    for start in passed:
        assert sum(start <= moment < start + 3600 for moment in passed) <= 2 * RATE.burst
