"""Slots: due once, never early, across both DST changes, wherever the host is; and durations, in buckets by label."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import accumulate, count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import BOUNDS, Durations, Observed, latest_slot, next_slot
from bot.settings import ALL_WEEK

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")
EIGHT = time(8)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc] # year, month, day, hour, minute


def test_the_latest_slot_of_a_morning_is_today_s_and_before_it_yesterday_s() -> None:
    assert latest_slot(utc(2026, 4, 21, 6, 0), EIGHT, ALL_WEEK, BERLIN) == utc(2026, 4, 21, 6, 0)
    assert latest_slot(utc(2026, 4, 21, 5, 59), EIGHT, ALL_WEEK, BERLIN) == utc(2026, 4, 20, 6, 0)


def test_the_next_slot_is_strictly_later() -> None:
    assert next_slot(utc(2026, 4, 21, 6, 0), EIGHT, ALL_WEEK, BERLIN) == utc(2026, 4, 22, 6, 0)


def test_weekdays_are_counted_in_the_subscriber_s_own_zone() -> None:
    # Monday 08:00 in Tokyo is Sunday evening in UTC.
    assert latest_slot(utc(2026, 4, 20, 12), EIGHT, frozenset({0}), TOKYO) == utc(2026, 4, 19, 23)


def test_a_single_weekday_reaches_back_a_whole_week() -> None:
    assert latest_slot(utc(2026, 4, 20, 5), EIGHT, frozenset({0}), BERLIN) == utc(2026, 4, 13, 6)
    assert next_slot(utc(2026, 4, 20, 7), EIGHT, frozenset({0}), BERLIN) == utc(2026, 4, 27, 6)


def test_a_wall_time_that_spring_skips_is_served_once_that_day() -> None:
    half_past_two = time(2, 30)  # does not exist in New York on 8 March 2026
    slots = _all_slots(utc(2026, 3, 6), utc(2026, 3, 11), half_past_two, NEW_YORK)
    assert slots == [
        utc(2026, 3, 6, 7, 30),
        utc(2026, 3, 7, 7, 30),
        utc(2026, 3, 8, 7, 30),
        *(utc(2026, 3, day, 6, 30) for day in (9, 10)),
    ]


def test_a_wall_time_that_autumn_repeats_is_served_once_that_day() -> None:
    half_past_one = time(1, 30)  # comes twice in New York on 1 November 2026
    slots = _all_slots(utc(2026, 10, 31), utc(2026, 11, 3), half_past_one, NEW_YORK)
    assert slots == [utc(2026, 10, 31, 5, 30), utc(2026, 11, 1, 5, 30), utc(2026, 11, 2, 6, 30)]


def _all_slots(start: datetime, end: datetime, at: time, zone: ZoneInfo) -> list[datetime]:
    slots = []
    slot = next_slot(start, at, ALL_WEEK, zone)
    while slot < end:
        slots.append(slot)
        slot = next_slot(slot, at, ALL_WEEK, zone)
    return slots


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.sampled_from([BERLIN, NEW_YORK, TOKYO, ZoneInfo("Pacific/Apia")]),
)
def test_there_is_no_slot_between_the_latest_and_the_next(
    now: datetime, at: time, on: frozenset[int], zone: ZoneInfo
) -> None:
    latest, following = latest_slot(now, at, on, zone), next_slot(now, at, on, zone)
    assert latest <= now < following
    assert following - latest <= timedelta(days=7, hours=2)
    assert next_slot(latest, at, on, zone) == following


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, TOKYO])
def test_every_day_of_a_year_has_one_slot(zone: ZoneInfo) -> None:
    slots = _all_slots(utc(2026, 1, 1), utc(2027, 1, 1), EIGHT, zone)
    days = [slot.astimezone(zone).date() for slot in slots]
    assert len(days) == len(set(days)) == 365


def test_what_fails_is_counted_too_and_each_label_by_itself() -> None:
    seconds = count()
    durations = Durations(monotonic=lambda: float(next(seconds)))
    with durations.timed("mail"):
        pass
    with pytest.raises(ValueError, match="refused"), durations.timed("slack"):
        raise ValueError("refused")
    with durations.timed("mail"):
        pass
    found = durations.read()
    assert {label: (sum(each.counts), each.total) for label, each in found.items()} == {
        "mail": (2, 2.0),
        "slack": (1, 1.0),
    }


@given(st.lists(st.floats(min_value=0, max_value=1000)))
def test_each_bucket_has_what_took_at_most_its_bound(seconds: list[float]) -> None:
    observed = Observed()
    for each in seconds:
        observed = observed.plus(each)
    expected = [sum(each <= bound for each in seconds) for bound in (*BOUNDS, float("inf"))]
    assert list(accumulate(observed.counts)) == expected
    assert observed.total == pytest.approx(sum(seconds))
