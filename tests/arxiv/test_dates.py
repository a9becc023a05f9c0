from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.arxiv.dates import from_iso, from_mail_date


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Mon, 20 Apr 2026 17:30:00 GMT", 17),
        ("Mon, 20 Apr 2026 17:30:00 -0400", 21),
        ("Mon, 20 Apr 2026 17:30:00 +0200", 15),
        ("Mon, 20 Apr 2026 17:30:00 -0000", 17),
        ("20 Apr 2026 17:30:00 EDT", 21),
    ],
)
def test_the_date_of_a_mail_is_a_moment_in_utc(text: str, hour: int) -> None:
    assert from_mail_date(text) == datetime(2026, 4, 20, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-04-20T17:30:00Z", 17), ("2026-04-20T17:30:00-04:00", 21), ("2026-04-20 17:30", 17)],
)
def test_an_iso_date_is_a_moment_in_utc(text: str, hour: int) -> None:
    assert from_iso(text) == datetime(2026, 4, 20, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "20 Apr 2026 17:30:00",
        "Mon, 20 Apr 10000 00:00:00 GMT",
        f"Mon, 20 Apr {'9' * 30} 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 20 Apr 0100 00:00:00 GMT",
        "Mon, 20 Apr 2026 00:00:00 -9999",
        f"Mon, 20 Apr 2026 00:00:00 +{'9' * 20}",
        f"Mon, 20 Apr 2026 00:00:00 +{'9' * 5_000}",
    ],
)
def test_a_date_of_no_plausible_year_or_zone_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|offset|year"):
        from_mail_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1979-12-31",
        "2026-04-20T00:00:00+99:99",
    ],
)
def test_an_iso_date_of_no_plausible_year_or_zone_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"year|isoformat|offset"):
        from_iso(text)
