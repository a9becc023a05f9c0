"""What was meant by a name that is no time zone, for the whole world."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from bot.config.zone_hints import _TABLE, _rows, hint


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Europe/Munich", "Europe/Berlin"),
        ("Europe/München", "Europe/Berlin"),
        ("europe/geneva", "Europe/Zurich"),
        ("Europe/Zürich", "Europe/Zurich"),
        ("Asia/Bejing", "Asia/Shanghai"),
        ("Mumbai", "Asia/Kolkata"),
        ("America/San Francisco", "America/Los_Angeles"),
        ("America/San_Fransisco", "America/Los_Angeles"),
        ("US/Boston", "America/New_York"),
        ("Asia/Berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Ho-Chi-Minh", "Asia/Ho_Chi_Minh"),
        ("CEST", "Europe/Berlin"),
        ("pst", "America/Los_Angeles"),
        ("Asia/India", "Asia/Kolkata"),
        ("Switzerland", "Europe/Zurich"),
        ("South Korea", "Asia/Seoul"),
        ("Bosnia", "Europe/Sarajevo"),
        ("Côte d'Ivoire", "Africa/Abidjan"),
        ("JP", "Asia/Tokyo"),
    ],
)
def test_a_city_a_country_or_an_abbreviation_has_a_zone(written: str, meant: str) -> None:
    assert hint(written) == f": did you mean {meant}?"


def test_of_a_country_with_several_zones_those_with_large_cities_come_first() -> None:
    assert hint("Germany") == ": one of Europe/Berlin, Europe/Busingen is expected"
    first, _, rest = hint("Canada").partition(" and ")
    assert first.startswith(": one of America/Toronto, ")
    assert rest.endswith("more is expected")


@pytest.mark.parametrize(
    "written", ["Europe/Augsburg", "Europe/Fürth", "Europe/Nowhere", "xxxx", "", "Asia/Katmandu2"]
)
def test_a_name_that_only_begins_like_a_zone_is_not_taken_for_another_city(written: str) -> None:
    assert hint(written) == ": a name like Europe/Berlin is expected, of a large city with the same time"


def test_every_zone_that_is_proposed_exists_and_no_city_is_there_twice() -> None:
    rows = _rows(_TABLE)
    assert {zone for zone, _ in rows} <= available_timezones()
    cities = [city for _, listed in rows for city in listed.split(", ")]
    assert len(cities) == len(set(cities))
