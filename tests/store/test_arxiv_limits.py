"""One request to arXiv at a time over all processes, a pause between two, and refusals kept over restarts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Service
from bot.store import Store
from bot.store.worker import WorkerId

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
PAUSE = 3 * SECOND
ELSEWHERE = replace(WorkerId.current(), host="elsewhere")


def test_law_8_the_pause_counts_from_the_end_of_the_last_request(store: Store) -> None:
    limits = store.arxiv_limits
    assert limits.acquire(NOW, PAUSE) is None
    limits.release(NOW + MINUTE + PAUSE)  # it took a minute
    assert limits.acquire(NOW + MINUTE + SECOND, PAUSE) == NOW + MINUTE + PAUSE
    assert limits.acquire(NOW + MINUTE + PAUSE, PAUSE) is None


def test_law_8_while_another_process_asks_nobody_else_does(url: str) -> None:
    mine, theirs = Store(url), Store(url, ELSEWHERE)
    assert theirs.arxiv_limits.acquire(NOW, PAUSE) is None
    assert mine.arxiv_limits.acquire(NOW + MINUTE, PAUSE) == NOW + MINUTE + SECOND
    theirs.arxiv_limits.release(NOW + MINUTE)
    assert mine.arxiv_limits.acquire(NOW + MINUTE, PAUSE) is None
    mine.close()
    theirs.close()


def test_a_process_of_which_nothing_is_heard_for_long_is_taken_for_dead(url: str) -> None:
    mine, theirs = Store(url), Store(url, ELSEWHERE)
    assert theirs.arxiv_limits.acquire(NOW, PAUSE) is None
    assert mine.arxiv_limits.acquire(NOW + 3 * MINUTE, PAUSE) is None
    mine.close()
    theirs.close()


def test_a_pause_that_a_wrong_clock_wrote_is_cut_to_the_usual_one(store: Store) -> None:
    store.arxiv_limits.acquire(NOW + 400 * DAY, PAUSE)
    store.arxiv_limits.release(NOW + 400 * DAY)
    assert store.arxiv_limits.acquire(NOW, PAUSE) == NOW + PAUSE
    assert store.arxiv_limits.acquire(NOW + PAUSE, PAUSE) is None


@pytest.mark.parametrize("service", Service)
def test_law_8_a_retry_after_holds_for_its_service_over_restarts(url: str, service: Service) -> None:
    store = Store(url)
    store.arxiv_limits.hold_until(service, NOW + MINUTE)
    store.arxiv_limits.hold_until(service, NOW + SECOND)  # never shortens the wait
    store.close()
    again = Store(url)
    waits = {each for each in Service if again.arxiv_limits.waits_until(each, NOW)}
    assert waits == {service}
    assert again.arxiv_limits.waits_until(service, NOW) == NOW + MINUTE
    again.close()


def test_a_refusal_holds_until_its_time_or_a_good_answer(store: Store) -> None:
    limits = store.arxiv_limits
    limits.record_refusal(Service.OAI, NOW, NOW + DAY, "403 Forbidden")
    refusal = limits.refusal(Service.OAI, NOW + MINUTE)
    assert refusal is not None
    assert (refusal.since, refusal.closed_until, refusal.reason) == (NOW, NOW + DAY, "403 Forbidden")
    assert limits.refusal(Service.PAGES, NOW + MINUTE) is None
    assert limits.refusal(Service.OAI, NOW + DAY) is None
    limits.record_refusal(Service.OAI, NOW + DAY, NOW + 2 * DAY, "403 Forbidden")
    limits.record_answer(Service.OAI)
    assert limits.refusal(Service.OAI, NOW + DAY + MINUTE) is None


def test_throttling_lasts_until_a_good_answer(store: Store) -> None:
    limits = store.arxiv_limits
    assert limits.record_throttling(Service.FEEDS, NOW, "429") == NOW
    assert limits.record_throttling(Service.FEEDS, NOW + MINUTE, "429") == NOW
    limits.record_answer(Service.FEEDS)
    assert limits.record_throttling(Service.FEEDS, NOW + 2 * MINUTE, "429") == NOW + 2 * MINUTE
