"""Whatever arXiv answers, a parser reads it or raises its own error, and nothing that it reads overflows later."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.arxiv import answers, calendar, catchup, dates, feed, identifier, oai
from bot.errors import ParseError
from tests.arxiv.test_catchup import DAY, PAGE
from tests.arxiv.test_feed import ATOM, RSS
from tests.arxiv.test_oai import ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from bot.model import Mailing, Paper

NOW = datetime(2026, 4, 20, 6, tzinfo=UTC)
EXTREMES = [
    *("", "-1", "0", "1e308", "NaN", "inf", "9" * 15, "9" * 5_000, "v10000", "v" + "9" * 5_000, "a, " * 30_000),
    *("x" * 60_000, "2604." + "9" * 5_000, "(" * 5_000, "²", "\x85", "&#0;", "&bomb;", "]]>", "<!--", "<a>" * 500),
    *("Mon, 20 Apr -1 00:00:00 +0000", "Mon, 01 Jan 0001 00:00:00 +0000", "Fri, 31 Dec 9999 23:59:59 -2359"),
    *(f"Mon, 20 Apr {'9' * 30} 00:00:00 GMT", "Mon, 20 Apr 10000 00:00:00 GMT"),
    *("Mon, 20 Apr 2026 00:00:00 -9999", f"Mon, 20 Apr 2026 00:00:00 +{'9' * 20}"),
    *("-0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z"),
    *("2026-04-20T00:00:00+99:99", "0000-00-00", "Fri, 31 Dec 9999 23:59:59 GMT"),
]  # fmt: skip
_TEXT = re.compile(rb"(?<=>)[^<>]*[^<>\s][^<>]*(?=<)|(?<==\")[^\"<>]+(?=\")")


def _in_place_of_a_text(document: bytes, value: str, place: int) -> bytes:
    """With one text or attribute, the n-th, replaced by another."""
    texts = list(_TEXT.finditer(document))
    found = texts[place % len(texts)]
    return document[: found.start()] + value.encode() + document[found.end() :]


@st.composite
def _mutated(draw: st.DrawFn, document: bytes) -> bytes:
    """The document cut, with bytes changed, with parts repeated, lost or out of place, with texts of another kind."""
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(document))] * 2)))
        part = document[start:end]
        match draw(st.sampled_from(["cut", "change", "repeat", "lose", "move", "insert", "replace"])):
            case "cut":
                document = document[:end]
            case "change":
                document = document[:start] + draw(st.binary(min_size=1, max_size=4)) + document[start + 1 :]
            case "repeat":
                document = document[:end] + part + document[end:]
            case "lose":
                document = document[:start] + document[end:]
            case "move":
                document = document[:start] + document[end:] + part
            case "insert":
                document = document[:start] + draw(st.sampled_from(EXTREMES)).encode() + document[start:]
            case "replace":
                value = draw(st.sampled_from(EXTREMES) | st.text(max_size=20))
                document = (
                    _in_place_of_a_text(document, value, draw(st.integers(0, 200)))
                    if _TEXT.search(document)
                    else b"<"
                )
    return document


def _assert_sound(paper: Paper) -> None:
    assert identifier.parse(paper.identifier) == (paper.identifier, None)
    assert 1 <= paper.version <= 9999
    assert 0 < len(paper.title) <= 5_000
    assert 0 < len(paper.abstract) <= 50_000
    assert paper.withdrawn in (True, False)


def _assert_mailing(mailing: Mailing) -> None:
    assert mailing.mailing_date.year in range(dates.YEARS.start - 1, dates.YEARS.stop)
    assert calendar.submissions_from(mailing.mailing_date) < calendar.expected(mailing.mailing_date)
    for entry in mailing.entries:
        _assert_sound(entry.paper)


def _feed(body: bytes) -> None:
    _assert_mailing(feed.parse(body, "cs.CV"))


def _oai(body: bytes) -> None:
    harvest = oai.parse(body)
    assert harvest.responded_at.year in dates.YEARS
    for record in harvest.records:
        _assert_sound(record.paper)
        for version in record.versions:
            assert calendar.earliest_mailing(version.submitted) >= version.submitted.date() - timedelta(days=1)


def _catchup(body: bytes) -> None:
    page = catchup.parse(body, "cs.CV", DAY)
    assert page.pages <= 50
    _assert_mailing(page.mailing)


def _assert_read_or_refused(read: Callable[[bytes], None], body: bytes) -> None:
    reason = "none"
    try:
        read(body)
    except ParseError as error:
        reason = error.reason
    assert 0 < len(reason) < 500


_RSS, _ATOM = (re.sub(rb"(?s)(</item>|</entry>).*(</item>|</entry>)", rb"\1", whole) for whole in (RSS, ATOM))
READERS: list[tuple[Callable[[bytes], None], bytes]] = [
    (_feed, _RSS), (_feed, _ATOM), (_oai, ANSWER.encode()), (_catchup, PAGE.encode()),
]  # fmt: skip
_BODIES: SearchStrategy[tuple[Callable[[bytes], None], bytes]] = st.sampled_from(READERS).flatmap(
    lambda reader: st.tuples(st.just(reader[0]), _mutated(reader[1]) | st.binary(max_size=300))
)


@settings(deadline=None, max_examples=200)
@given(_BODIES)
def test_a_parser_reads_or_raises_its_own_error(answer: tuple[Callable[[bytes], None], bytes]) -> None:
    read, body = answer
    _assert_read_or_refused(read, body)


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.on_request)])
@pytest.mark.parametrize("number", range(len(EXTREMES)))
@pytest.mark.parametrize(("read", "document"), READERS, ids=["rss", "atom", "oai", "catchup"])
def test_no_text_of_an_answer_can_be_too_extreme(
    read: Callable[[bytes], None], document: bytes, number: int, step: int
) -> None:
    """Each value in every third place, the next one in the places beside them."""
    for place in range(number % step, len(_TEXT.findall(document)), step):
        _assert_read_or_refused(read, _in_place_of_a_text(document, EXTREMES[number], place))


_OFFSETS = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59)).map(timezone)
_MOMENTS = st.datetimes(datetime(1980, 1, 2), datetime(2199, 12, 28), timezones=_OFFSETS)  # noqa: DTZ001 - hypothesis adds the zone


@given(
    st.sampled_from(EXTREMES)
    | st.text(max_size=30)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.datetimes()
    .map("{:%a, %d %b %Y %H:%M:%S}".format)
    .flatmap(lambda moment: st.integers(-(10**25), 10**25).map(lambda offset: f"{moment} {offset:+05d}"))
)
def test_a_retry_after_is_a_wait_of_at_most_a_day_or_none(header: str) -> None:
    wait = answers.retry_after(header, NOW)
    assert wait is None or 0 <= wait <= 86_400


@given(st.sampled_from(EXTREMES) | st.text() | st.from_regex(r"\d{4}\.\d{4,9}v?\d*"))
def test_a_text_is_an_identifier_or_none(text: str) -> None:
    with suppress(ValueError):
        paper, version = identifier.parse(text)
        assert identifier.parse(paper) == (paper, None)
        assert version is None or 1 <= version <= 9999


@given(st.sampled_from(EXTREMES) | st.text(max_size=40) | st.datetimes().map(str))
def test_a_text_is_a_date_of_a_plausible_year_or_none(text: str) -> None:
    for read in (dates.from_iso, dates.from_mail_date):
        with suppress(ValueError):
            assert read(text).year in range(1979, 2201)


@given(_MOMENTS)
def test_every_plausible_moment_has_its_place_in_the_calendar(moment: datetime) -> None:
    day = calendar.mailing_date(moment)
    assert day - timedelta(days=4) <= calendar.previous_mailing_day(day) < day
    assert moment < calendar.next_mailing(moment) < moment + timedelta(days=5)
    assert date(1980, 1, 1) < calendar.earliest_mailing(moment)
    assert calendar.deferred(day) in (True, False)
