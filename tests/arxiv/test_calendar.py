from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.arxiv import calendar

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
NEW_YORK, SHANGHAI, LOS_ANGELES = map(ZoneInfo, ("America/New_York", "Asia/Shanghai", "America/Los_Angeles"))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 4, 20, 23, 59, tzinfo=NEW_YORK), date(2026, 4, 20)),
        (datetime(2026, 4, 21, 11, 59, tzinfo=SHANGHAI), date(2026, 4, 20)),
        (datetime(2026, 4, 21, 12, 0, tzinfo=SHANGHAI), date(2026, 4, 21)),
        (datetime(2026, 4, 20, 21, 0, tzinfo=LOS_ANGELES), date(2026, 4, 21)),
        (_utc("2026-03-08 04:59"), date(2026, 3, 7)),
        (_utc("2026-03-09 04:00"), date(2026, 3, 9)),
        (_utc("2026-11-01 04:00"), date(2026, 11, 1)),
        (_utc("2026-11-02 04:59"), date(2026, 11, 1)),
    ],
)
def test_a_mailing_bears_new_yorks_date_wherever_the_host_is(now: datetime, expected: date) -> None:
    assert calendar.mailing_date(now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-04-20 04:19:59", "2026-04-20 04:20"),
        ("2026-04-20 04:20", "2026-04-21 04:20"),
        ("2026-04-24 12:00", "2026-04-27 04:20"),
        ("2026-04-25 04:20", "2026-04-27 04:20"),
        # New York springs forward on Sunday 8 March and falls back on Sunday 1 November
        ("2026-03-06 05:19", "2026-03-06 05:20"),
        ("2026-03-06 12:00", "2026-03-09 04:20"),
        ("2026-10-30 04:19", "2026-10-30 04:20"),
        ("2026-11-01 05:30", "2026-11-02 05:20"),
    ],
)
def test_the_next_mailing_comes_a_little_after_midnight_in_new_york(now: str, expected: str) -> None:
    assert calendar.next_mailing(_utc(now)) == _utc(expected)


@given(MOMENTS)
def test_the_next_mailing_is_a_weekdays_and_at_most_three_days_away(now: datetime) -> None:
    coming = calendar.next_mailing(now)
    assert coming.tzinfo is UTC
    assert timedelta(0) < coming - now <= timedelta(days=3, hours=1)
    assert calendar.is_mailing_day(calendar.mailing_date(coming))


@given(MOMENTS)
def test_between_two_mailing_days_there_is_no_other(now: datetime) -> None:
    day = calendar.mailing_date(now)
    before = calendar.previous_mailing_day(day)
    assert calendar.is_mailing_day(before)
    between = (before + timedelta(days=offset) for offset in range(1, (day - before).days))
    assert not any(map(calendar.is_mailing_day, between))


def test_mailings_bear_monday_to_friday() -> None:
    week = [date(2026, 4, 20) + timedelta(days=offset) for offset in range(7)]
    assert [calendar.is_mailing_day(day) for day in week] == [True] * 5 + [False] * 2


def test_an_empty_feed_is_expected_after_a_holiday() -> None:
    assert calendar.deferred(date(2026, 11, 27))
    assert not calendar.deferred(date(2026, 11, 26))


DEFERRED = """
    2025-01-01 2025-01-02 2025-01-21 2025-06-20 2025-07-07 2025-09-02 2025-11-28 2025-12-26 2025-12-31
    2026-01-02 2026-01-20 2026-06-22 2026-07-06 2026-09-08 2026-11-27 2026-12-28 2026-12-30 2027-01-01
"""


def _deferred_until_new_year_2027() -> list[str]:
    days = (date(2024, 1, 1) + timedelta(days=offset) for offset in range(3 * 366))
    return [day.isoformat() for day in days if calendar.deferred(day) and day <= date(2027, 1, 1)]


def test_the_deferred_mailings_of_the_known_years() -> None:
    assert _deferred_until_new_year_2027() == DEFERRED.split()


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_the_deferred_mailings_follow_from_arxivs_skipped_freezes() -> None:
    holidays = json.loads((SHARED / "reference" / "holidays.json").read_text())["holidays"]
    empty = {record["mailing_date_with_no_announcement"] for record in holidays} - {None}
    assert set(_deferred_until_new_year_2027()) == {day for day in empty if day >= "2025"}


def test_later_years_follow_the_rule() -> None:
    expected = ("2027-01-19", "2027-06-21", "2027-07-06", "2027-09-07", "2027-11-26", "2027-12-27", "2028-01-18")
    assert all(calendar.deferred(date.fromisoformat(day)) for day in expected)
    assert not calendar.deferred(date(2027, 3, 16))


# -- when a submission is announced at the earliest (https://info.arxiv.org/help/availability.html) ---------------


@pytest.mark.parametrize(
    ("submitted", "announced"),
    [
        ("2026-04-20 13:59", "2026-04-21"),
        ("2026-04-20 14:00", "2026-04-21"),
        ("2026-04-20 14:01", "2026-04-22"),
        ("2026-04-21 09:00", "2026-04-22"),
        ("2026-04-22 23:00", "2026-04-24"),
        ("2026-04-23 13:00", "2026-04-24"),
        ("2026-04-23 15:00", "2026-04-27"),
        ("2026-04-24 13:00", "2026-04-27"),
        ("2026-04-24 15:00", "2026-04-28"),
        ("2026-04-25 12:00", "2026-04-28"),
        ("2026-04-26 23:59", "2026-04-28"),
        ("2026-03-08 02:30", "2026-03-10"),
    ],
)
def test_a_submission_is_announced_the_evening_after_the_deadline_at_the_earliest(
    submitted: str, announced: str
) -> None:
    moment = datetime.fromisoformat(submitted).replace(tzinfo=NEW_YORK)
    assert calendar.earliest_mailing(moment.astimezone(UTC)) == date.fromisoformat(announced)


@pytest.mark.parametrize(
    ("day", "start"),
    [
        ("2026-04-22", "2026-04-20 14:00"),
        ("2026-04-24", "2026-04-22 14:00"),
        ("2026-04-27", "2026-04-23 14:00"),
        ("2026-04-28", "2026-04-24 14:00"),
        ("2026-03-10", "2026-03-06 14:00"),
    ],
)
def test_a_mailing_s_submissions_begin_after_the_deadline_two_weekdays_before(day: str, start: str) -> None:
    expected = datetime.fromisoformat(start).replace(tzinfo=NEW_YORK)
    assert calendar.submissions_from(date.fromisoformat(day)) == expected


@given(MOMENTS)
def test_a_submission_lies_within_the_window_of_its_earliest_mailing(moment: datetime) -> None:
    day = calendar.earliest_mailing(moment)
    (after, *_) = calendar.mailing_days(day, day + timedelta(days=4))
    assert calendar.is_mailing_day(day)
    assert calendar.submissions_from(day) < moment <= calendar.submissions_from(after)


def test_days_are_said_as_a_span_with_their_number() -> None:
    days = calendar.mailing_days(date(2026, 4, 15), date(2026, 4, 20))
    assert calendar.span(days) == "2026-04-16 to 2026-04-20 (3)"
    assert calendar.span(days[:1]) == "2026-04-16"


@given(st.dates(date(2025, 1, 1), date(2030, 1, 1)))
def test_after_a_date_the_next_mailing_day_is_the_one_whose_previous_is_not_later(day: date) -> None:
    following = calendar.next_mailing_day(day)
    assert calendar.previous_mailing_day(following) <= day < following
