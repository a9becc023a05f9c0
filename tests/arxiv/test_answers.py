"""What arXiv's headers mean."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.arxiv import answers
from bot.errors import FetchError

START = datetime(2026, 4, 20, 4, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("90", 90.0),
        ("9" * 400, 86_400.0),
        ("Mon, 20 Apr 2026 04:21:30 GMT", 90.0),
        ("Mon, 20 Apr 2026 04:21:30 -0000", 90.0),
        ("Mon, 20 Apr 2026 04:00:00 GMT", 0.0),
        ("Mon, 20 Apr 2099 04:00:00 GMT", 86_400.0),
        ("9" * 15, 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        (f"Mon, 20 Apr 2026 04:00:00 +{'9' * 20}", None),
        ("1e308", None),
        ("NaN", None),
        ("-inf", None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("٣", None),
    ],
)
def test_both_forms_of_retry_after_are_read_and_clamped_to_a_day(header: str, seconds: float | None) -> None:
    assert answers.retry_after(header, START) == seconds


def test_https_is_followed_anywhere_and_never_left() -> None:
    assert answers.redirect_target("http://rss.arxiv.org/a", "https://other.example/b") == "https://other.example/b"
    with pytest.raises(FetchError):
        answers.redirect_target("https://rss.arxiv.org/a", "http://rss.arxiv.org/a")
