from __future__ import annotations

import asyncio
import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.arxiv import catchup, feed, oai, taxonomy
from bot.arxiv.calendar import EASTERN
from bot.clock import SimulatedClock
from bot.errors import ParseError
from bot.model import AnnounceType
from tests.fake_arxiv import faults, html, xml
from tests.fake_arxiv.faults import Effect, Fault, Source
from tests.fake_arxiv.paper_history import Kind, Schedule, announced_at
from tests.fake_arxiv.politeness import Request, violations
from tests.fake_arxiv.service import OAI_PAGE, ArxivService
from tests.fake_arxiv.truth import CATEGORIES, Truth
from tests.fake_arxiv.words import KEYWORDS, WITHDRAWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.model import Mailing, Paper

MONDAY = date(2026, 10, 19)
TRUTH = Truth(1, start=MONDAY, mailings=30)
TUESDAY, LAST = TRUTH.days[1], TRUTH.days[-1]
LISTED = dict(zip(("new", "cross", "rep", "repcross"), AnnounceType, strict=True))
OAI = "{http://www.openarchives.org/OAI/2.0/}"
RAW = "{http://arxiv.org/OAI/arXivRaw/}"


def new_york(day: date, hour: int = 0, minute: int = 20) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=EASTERN).astimezone(UTC)


def without_comments(mailing: Mailing) -> Mailing:
    """As feeds tell it: they have no comments."""
    entries = (replace(entry, paper=replace(entry.paper, comment=None)) for entry in mailing.entries)
    return replace(mailing, entries=tuple(entries))


def keyed(mailing: Mailing) -> list[tuple[str, int, AnnounceType]]:
    return [(entry.paper.identifier, entry.paper.version, entry.type) for entry in mailing.entries]


# -- the truth -------------------------------------------------------------------------------------------------------


def test_the_same_seed_tells_the_same_story() -> None:
    assert Truth(1, start=MONDAY, mailings=30).histories == TRUTH.histories
    assert Truth(2, start=MONDAY, mailings=30).histories != TRUTH.histories


def test_weekends_and_holidays_bear_no_mailing() -> None:
    thanksgiving, ad_hoc = date(2026, 11, 27), date(2026, 10, 22)
    assert thanksgiving not in TRUTH.days
    assert len(TRUTH.days) == 30
    truth = Truth(1, start=date(2026, 10, 17), mailings=5, holidays=[ad_hoc])
    assert [day.isoformat()[-2:] for day in truth.days] == ["19", "20", "21", "23", "26"]
    assert truth.mailing(ad_hoc, "cs.CV").entries == ()


def test_every_paper_keeps_arxivs_schedule() -> None:
    held = 0
    for history in TRUTH.histories.values():
        assert list(history.submitted) == sorted(set(history.submitted))
        days = [event.mailing_date for event in history.events]
        assert days == sorted(set(days))
        for before, event in zip((None, *history.events), history.events, strict=False):
            if event.kind in (Kind.NEW, Kind.REPLACE, Kind.WITHDRAW):
                start, end = TRUTH.schedule.window(event.mailing_date)
                moment = history.submitted[event.paper.version - 1]
                assert moment <= end < announced_at(event.mailing_date)
                assert before is None or moment > announced_at(before.mailing_date)
                held += moment <= start
    assert held > 50


def test_papers_of_long_ago_are_as_old_as_their_identifiers() -> None:
    ages = {identifier: history.submitted[0].year for identifier, history in TRUTH.histories.items()}
    assert (ages["hep-th/9901001"], ages["math/0611001"], ages["0704.9001"], ages["2301.99001"]) == (
        1999,
        2006,
        2007,
        2023,
    )


def test_a_skipped_freeze_leaves_its_papers_to_the_next_mailing() -> None:
    window = Schedule().window
    assert window(date(2026, 10, 19)) == (new_york(date(2026, 10, 15), 14, 0), new_york(date(2026, 10, 16), 14, 0))
    assert window(date(2026, 10, 20)) == (new_york(date(2026, 10, 16), 14, 0), new_york(date(2026, 10, 19), 14, 0))
    assert window(date(2026, 11, 30)) == (new_york(date(2026, 11, 25), 14, 0), new_york(date(2026, 11, 27), 14, 0))


def test_everything_happens_that_a_bot_may_meet() -> None:
    kinds = Counter(event.kind for history in TRUTH.histories.values() for event in history.events)
    assert min(kinds[kind] for kind in Kind) >= 10
    mailings = [TRUTH.mailing(day, category) for day in TRUTH.days for category in CATEGORIES]
    types = Counter(entry.type for mailing in mailings for entry in mailing.entries)
    assert min(types[kind] for kind in AnnounceType) >= 20
    old = [entry.type for mailing in mailings for entry in mailing.entries if "/" in entry.paper.identifier]
    assert {AnnounceType.CROSS, AnnounceType.REPLACE} <= set(old)
    assert any(event.paper.version >= 6 for history in TRUTH.histories.values() for event in history.events)
    assert any(history.withdrawn and history.paper.comment == WITHDRAWN for history in TRUTH.histories.values())
    assert any(len({event.paper.title for event in history.events}) > 1 for history in TRUTH.histories.values())
    assert any(history.pdf_only for history in TRUTH.histories.values())


def test_a_paper_is_new_in_one_category_and_cross_in_another_on_the_same_day() -> None:
    vision, learning = (dict(map(_typed, TRUTH.mailing(TUESDAY, name).entries)) for name in ("cs.CV", "cs.LG"))
    both = {identifier: {vision[identifier], learning[identifier]} for identifier in vision.keys() & learning.keys()}
    assert {AnnounceType.NEW, AnnounceType.CROSS} in both.values()


def _typed(entry: Any) -> tuple[str, AnnounceType]:
    return entry.paper.identifier, entry.type


def test_an_alias_has_the_mailing_of_its_category() -> None:
    assert TRUTH.mailing(TUESDAY, "cs.NA").entries == TRUTH.mailing(TUESDAY, "math.NA").entries != ()
    primary = {e.paper.primary for day in TRUTH.days for e in TRUTH.mailing(day, "math.NA").entries if not crossed(e)}
    assert primary == {"math.NA", "cs.NA"}


def crossed(entry: Any) -> bool:
    return entry.type in (AnnounceType.CROSS, AnnounceType.REPLACE_CROSS)


def test_a_late_cross_list_is_news_only_where_it_comes_to() -> None:
    found = 0
    for day in TRUTH.days:
        for event, _ in TRUTH.events(day):
            if event.kind is Kind.CROSS:
                found += 1
                there = [
                    c
                    for c in CATEGORIES
                    if event.paper.identifier in dict(map(_typed, TRUTH.mailing(day, c).entries))
                ]
                assert there == [name for name in CATEGORIES if name in event.added]
    assert found > 100


def test_nothing_is_announced_from_version_six_on() -> None:
    assert {version for _, version in TRUTH.expected(CATEGORIES).replaced} == {2, 3, 4, 5}
    assert {version for _, version in TRUTH.expected(CATEGORIES).unannounced} >= {6}


def test_no_later_version_gains_or_loses_a_keyword() -> None:
    for history in TRUTH.histories.values():
        assert len({frozenset(filter(event.paper.title.lower().count, KEYWORDS)) for event in history.events}) == 1


def test_what_is_owed_is_what_the_mailings_have() -> None:
    def wanted(paper: Paper) -> bool:
        return "pigeon" in f"{paper.title} {paper.abstract}".lower()

    expected = TRUTH.expected(["cs.CV", "cs.LG"], wanted)
    entries = [e for day in TRUTH.days for c in ("cs.CV", "cs.LG") for e in TRUTH.mailing(day, c).entries]
    mine = [entry for entry in entries if wanted(entry.paper)]
    assert expected.told == {e.paper.identifier for e in mine if not e.type.is_replacement}
    assert expected.replaced == {(e.paper.identifier, e.paper.version) for e in mine if e.type.is_replacement}
    assert set() < expected.late < expected.told
    assert expected.perhaps.isdisjoint(expected.told)
    assert TRUTH.expected(["cs.CV"], days=[]).told == frozenset()
    assert TRUTH.expected(["cs.NA"], days=[TUESDAY]) == TRUTH.expected(["math.NA"], days=[TUESDAY])


# -- the service -----------------------------------------------------------------------------------------------------


class Guest:
    """A service, its clock and somebody who asks."""

    def __init__(self, service: ArxivService, clock: SimulatedClock, session: aiohttp.ClientSession) -> None:
        self.service, self.clock, self._session = service, clock, session

    async def get(self, url: str, **query: str) -> tuple[int, bytes, Mapping[str, str]]:
        async with self._session.get(url, params=query, allow_redirects=False) as response:
            return response.status, await response.read(), response.headers

    async def feed(self, category: str = "cs.CV") -> bytes:
        return (await self.get(self.service.rss_url.format(category=category)))[1]

    async def oai(self, **query: str) -> ET.Element:
        return ET.fromstring((await self.get(self.service.oai_url, verb="ListRecords", **query))[1])

    async def harvest(self, category: str, since: date) -> list[ET.Element]:
        """All records of all pages."""
        query = {"metadataPrefix": "arXivRaw", "set": xml.oai_set(category), "from": str(since)}
        records: list[ET.Element] = []
        while query:
            answer = await self.oai(**query)
            records += answer.iter(f"{OAI}record")
            token = answer.findtext(f".//{OAI}resumptionToken")
            query = {"resumptionToken": token} if token else {}
        return records

    async def page(self, category: str, day: date, **query: str) -> tuple[int, bytes, Mapping[str, str]]:
        return await self.get(self.service.catchup_url.format(category=category, date=day), **query)


@pytest.fixture
async def guest() -> AsyncIterator[Guest]:
    clock = SimulatedClock(new_york(TUESDAY))
    async with ArxivService(TRUTH, clock) as service, aiohttp.ClientSession() as session:
        yield Guest(service, clock, session)


async def test_the_feeds_tell_the_whole_truth_day_by_day(guest: Guest) -> None:
    day, days = MONDAY, TRUTH.days[:12]
    guest.clock = SimulatedClock(new_york(day))
    guest.service._clock = guest.clock
    read = set[tuple[str, int, AnnounceType]]()
    while day <= days[-1]:
        guest.clock.set(new_york(day))
        for category in CATEGORIES:
            mailing = feed.parse(await guest.feed(category), category)
            assert mailing == without_comments(TRUTH.mailing(day, category))
            assert (mailing.entries == ()) is (day not in TRUTH.days)
            read.update(keyed(mailing))
        day += timedelta(days=1)
    told = {identifier for identifier, _, kind in read if not kind.is_replacement}
    owed = TRUTH.expected(CATEGORIES, days=days)
    assert told == owed.told
    assert {(i, version) for i, version, kind in read if kind.is_replacement} == owed.replaced


async def test_a_feed_changes_at_midnight_in_new_york_only(guest: Guest) -> None:
    tuesday = await guest.feed()
    guest.clock.set(new_york(TUESDAY, 23, 59))
    assert await guest.feed() == tuesday
    guest.clock.set(new_york(TRUTH.days[2], 0, 0))
    assert feed.parse(await guest.feed(), "cs.CV").mailing_date == TRUTH.days[2]


async def test_a_category_goes_by_any_case_and_by_its_alias(guest: Guest) -> None:
    assert await guest.feed("CS.cv") == await guest.feed("cs.CV")
    assert keyed(feed.parse(await guest.feed("cs.NA"), "cs.NA")) == keyed(TRUTH.mailing(TUESDAY, "math.NA"))
    assert {request.category for request in guest.service.requests} == {"cs.CV", "math.NA"}


async def test_an_unknown_category_gets_the_error_feed(guest: Guest) -> None:
    status, body, _ = await guest.get(guest.service.rss_url.format(category="cs.XX"))
    assert status == 400
    with pytest.raises(ParseError, match="error feed"):
        feed.parse(body, "cs.XX")


def test_a_cut_falls_on_the_lowest_new_numbers() -> None:
    whole = keyed(TRUTH.mailing(TUESDAY, "cs.CV"))
    cut = keyed(feed.parse(xml.feed(TRUTH.mailing(TUESDAY, "cs.CV"), len(whole) - 3), "cs.CV"))
    assert cut == whole[3:]
    assert {kind for *_, kind in whole[:3]} == {AnnounceType.NEW}


async def test_entered_again_the_service_has_its_old_addresses() -> None:
    service = ArxivService(TRUTH, SimulatedClock(new_york(TUESDAY)))
    async with service:
        first = (service.rss_url, service.oai_url, service.catchup_url)
    async with service, aiohttp.ClientSession() as session, session.get(service.oai_url) as response:
        assert (response.status, first) == (200, (service.rss_url, service.oai_url, service.catchup_url))


async def test_who_hangs_up_is_in_the_log_too(guest: Guest) -> None:
    guest.service.faults = [Fault(faults.hang(60))]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(guest.feed(), 0.05)
    await asyncio.sleep(0.1)
    assert guest.service.requests[0].ended_at == guest.clock.now()


# -- OAI-PMH ---------------------------------------------------------------------------------------------------------


async def test_records_come_in_pages_each_once_with_their_whole_history(guest: Guest) -> None:
    guest.clock.set(new_york(LAST, 12))
    records = await guest.harvest("cs.CV", TUESDAY)
    histories = [
        history
        for history in TRUTH.histories.values()
        if "cs.CV" in history.paper.categories and history.changed >= TUESDAY
    ]
    assert len(guest.service.requests) > 5
    assert {request.category for request in guest.service.requests} == {"cs.CV"}
    told = {record.findtext(f".//{RAW}id"): record for record in records}
    assert len(told) == len(records)
    assert told.keys() == {history.paper.identifier for history in histories}
    for history in histories:
        record = told[history.paper.identifier]
        assert record.findtext(f".//{OAI}datestamp") == str(history.changed)
        assert len(list(record.iter(f"{RAW}version"))) == history.paper.version == len(history.submitted)
        assert record.findtext(f".//{RAW}categories") == " ".join(history.paper.categories)
        assert " ".join((record.findtext(f".//{RAW}title") or "").split()) == history.paper.title


async def test_an_alias_paper_is_in_both_sets(guest: Guest) -> None:
    old, new = [await guest.harvest(name, TUESDAY) for name in ("cs.NA", "math.NA")]
    assert [record.findtext(f".//{RAW}id") for record in old] == [record.findtext(f".//{RAW}id") for record in new]
    assert {"cs:cs:NA", "math:math:NA"} <= {spec.text for spec in new[0].iter(f"{OAI}setSpec")}
    assert guest.service.requests[0].category == "math.NA"


async def test_our_own_reader_gets_every_record_as_it_stood(guest: Guest) -> None:
    records: list[oai.Record] = []
    answer = oai.parse((await guest.get(guest.service.oai_url, verb="ListRecords", metadataPrefix="arXivRaw"))[1])
    while answer.token:
        records += answer.records
        more = {"verb": "ListRecords", "resumptionToken": answer.token}
        answer = oai.parse((await guest.get(guest.service.oai_url, **more))[1])
    read = [
        (record.paper, tuple(version.submitted for version in record.versions), record.datestamp)
        for record in (*records, *answer.records)
    ]
    assert read == [(history.paper, history.submitted, history.changed) for history in TRUTH.records(TUESDAY)]


async def test_one_record_may_be_unreadable(guest: Guest) -> None:
    guest.service.faults = [Fault(faults.one_unreadable, source=Source.OAI)]
    answer = oai.parse((await guest.get(guest.service.oai_url, verb="ListRecords", metadataPrefix="arXivRaw"))[1])
    assert (len(answer.records), len(answer.unreadable)) == (OAI_PAGE - 1, 1)


@pytest.mark.parametrize("category", ["cs.CV", "cs.NA", "hep-th", "physics.optics", "astro-ph.EP", "stat.ML"])
def test_our_own_reader_names_sets_alike(category: str) -> None:
    assert oai.set_spec(category) == xml.oai_set(taxonomy.canonical(category))


@pytest.mark.parametrize(
    ("category", "spec"),
    [("cs.CV", "cs:cs:CV"), ("hep-th", "physics:hep-th"), ("physics.optics", "physics:physics:optics")],
)
def test_a_set_is_named_by_group_archive_and_category(category: str, spec: str) -> None:
    assert xml.oai_set(category) == spec


async def test_a_mailing_is_in_oai_from_half_past_ten_of_the_evening_before(guest: Guest) -> None:
    wednesday = TRUTH.days[2]
    guest.clock.set(new_york(TUESDAY, 22, 29))
    assert await guest.harvest("cs.CV", wednesday) == []
    guest.clock.set(new_york(TUESDAY, 22, 30))
    assert len(await guest.harvest("cs.CV", wednesday)) > 5


async def test_a_list_that_goes_on_over_half_past_ten_stays_what_it_was(guest: Guest) -> None:
    guest.clock.set(new_york(TUESDAY, 22, 29))
    first = await guest.oai(metadataPrefix="arXivRaw", set="cs:cs:CV", **{"from": str(MONDAY)})
    guest.clock.set(new_york(TUESDAY, 22, 31))
    token = first.findtext(f".//{OAI}resumptionToken")
    assert token
    rest = await guest.oai(resumptionToken=token)
    stamps = {stamp.text for stamp in (*first.iter(f"{OAI}datestamp"), *rest.iter(f"{OAI}datestamp"))}
    assert stamps == {str(MONDAY), str(TUESDAY)}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"metadataPrefix": "arXivRaw", "set": "math:math:CT"}, "noRecordsMatch"),
        ({"metadataPrefix": "arXivRaw", "from": "yesterday"}, "badArgument"),
        ({"metadataPrefix": "oai_dc"}, "cannotDisseminateFormat"),
        ({"resumptionToken": "made-up"}, "badResumptionToken"),
        ({"verb": "Identify"}, "badVerb"),
    ],
)
async def test_oai_says_no_under_status_200(guest: Guest, query: dict[str, str], code: str) -> None:
    status, body, _ = await guest.get(guest.service.oai_url, **{"verb": "ListRecords", **query})
    answer = ET.fromstring(body)
    error = answer.find(f"{OAI}error")
    assert status == 200
    assert error is not None
    assert error.get("code") == code
    assert answer.findtext(f"{OAI}responseDate") == guest.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_token_is_good_for_its_day_only(guest: Guest) -> None:
    answer = await guest.oai(metadataPrefix="arXivRaw", until=str(TUESDAY))
    token = answer.findtext(f".//{OAI}resumptionToken")
    assert token
    guest.clock.set(new_york(TRUTH.days[2]))
    refused = await guest.oai(resumptionToken=token)
    assert refused.find(f"{OAI}error[@code='badResumptionToken']") is not None


# -- the catchup page ------------------------------------------------------------------------------------------------


def shown(body: bytes) -> tuple[list[str], list[str]]:
    """The identifiers and the counts in the headings."""
    text = body.decode()
    return re.findall(r"arXiv:(\S+)", text), re.findall(r"<h3>(.*)</h3>", text)


async def test_a_catchup_page_lists_the_mailing_of_its_date(guest: Guest) -> None:
    status, body, headers = await guest.page("cs.CV", TUESDAY, abs="True")
    identifiers, headings = shown(body)
    mailing = TRUTH.mailing(TUESDAY, "cs.CV")
    withdrawn = [e.paper.identifier for e, _ in TRUTH.events(TUESDAY) if e.kind is Kind.WITHDRAW]
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert set(identifiers) - set(withdrawn) >= {e.paper.identifier for e in mailing.entries} - set(withdrawn)
    new = sum(entry.type is AnnounceType.NEW for entry in mailing.entries)
    assert headings[0] == f"New submissions (showing {new} of {new} entries)"
    assert b"Catchup results for Computer Vision and Pattern Recognition on Tue, 20 Oct 2026" in body
    assert b"mathjax'>\n          " in body
    assert b"/catchup/cs.CV/2026-10-21" not in body


async def test_a_catchup_page_shows_papers_as_they_are_by_now(guest: Guest) -> None:
    event, history = next(
        (event, history)
        for event, history in TRUTH.events(TUESDAY)
        if event.kind is Kind.NEW and history.paper.version > 1 and not (history.pdf_only or history.withdrawn)
    )
    guest.clock.set(new_york(LAST, 12))
    _, body, _ = await guest.page(event.paper.primary, TUESDAY, abs="True")
    assert f"/html/{history.paper.identifier}v{history.paper.version}".encode() in body


async def test_a_late_cross_list_to_elsewhere_is_on_the_page_again(guest: Guest) -> None:
    identifiers = set(shown((await guest.page("cs.CV", TUESDAY))[1])[0])
    again = identifiers - {entry.paper.identifier for entry in TRUTH.mailing(TUESDAY, "cs.CV").entries}
    expected = TRUTH.expected(["cs.CV"], days=[TUESDAY])
    assert set() < again - {identifier for identifier, _ in expected.unannounced} <= expected.perhaps


async def test_a_long_catchup_page_goes_on_with_counts_and_links(guest: Guest) -> None:
    whole, _ = shown((await guest.page("cs.CV", TUESDAY))[1])
    guest.service._catchup_page = 10
    pages = [(await guest.page("cs.CV", TUESDAY, page=str(number)))[1] for number in range(1, 7)]
    assert [identifier for page in pages for identifier in shown(page)[0]] == whole
    assert shown(pages[0])[1][0].startswith("New submissions (showing first 10 of ")
    assert b"No further updates for Tue, 20 Oct 2026" in pages[-1]
    _, first, _ = await guest.page("cs.CV", TUESDAY, abs="True")
    assert b"<a href=/catchup/cs.CV/2026-10-20?abs=True&amp;page=2>2</a>" in first


async def test_our_own_reader_gets_every_catchup_page_as_it_is_by_now(guest: Guest) -> None:
    guest.clock.set(new_york(LAST, 12))
    for day in TRUTH.days[::3]:
        for category in CATEGORIES:
            page = catchup.parse((await guest.page(category, day, abs="True"))[1], category, day)
            listed = html.listed(TRUTH, category, day, LAST)
            assert (page.pages, page.mailing.unreadable) == (1, ())
            read = [(e.paper.identifier, e.type, e.paper.title, e.paper.abstract) for e in page.mailing.entries]
            assert read == [
                (li.paper.identifier, LISTED[kind], li.paper.title, li.paper.abstract) for kind, li in listed
            ]
            for entry, (_, history) in zip(page.mailing.entries, listed, strict=True):
                assert entry.paper.version == history.paper.version or history.pdf_only or history.withdrawn
                assert entry.paper.categories == tuple(
                    dict.fromkeys(map(taxonomy.canonical, history.paper.categories))
                )


async def test_our_own_reader_gets_a_catchup_page_in_parts(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catchup, "PAGE_SIZE", 10)
    guest.service._catchup_page = 10
    first = catchup.parse((await guest.page("cs.CV", TUESDAY, abs="True"))[1], "cs.CV", TUESDAY)
    parts = [
        catchup.parse((await guest.page("cs.CV", TUESDAY, abs="True", page=str(number)))[1], "cs.CV", TUESDAY)
        for number in range(2, first.pages + 1)
    ]
    read = [entry.paper.identifier for page in (first, *parts) for entry in page.mailing.entries]
    assert read == [history.paper.identifier for _, history in html.listed(TRUTH, "cs.CV", TUESDAY, TUESDAY)]


async def test_one_entry_of_a_catchup_page_may_be_unreadable(guest: Guest) -> None:
    guest.service.faults = [Fault(faults.one_unreadable, source=Source.CATCHUP)]
    page = catchup.parse((await guest.page("cs.CV", TUESDAY, abs="True"))[1], "cs.CV", TUESDAY)
    assert [lost.reason for lost in page.mailing.unreadable] == ["no title"]


async def test_an_empty_catchup_page_says_so(guest: Guest) -> None:
    guest.clock.set(new_york(LAST, 12))
    _, body, _ = await guest.page("cs.CV", date(2026, 10, 24))
    assert b"<p>No updates for Sat, 24 Oct 2026</p>" in body
    assert catchup.parse(body, "cs.CV", date(2026, 10, 24)).mailing.entries == ()
    assert b"/catchup/cs.CV/2026-10-26?" in body


async def test_a_catchup_page_under_an_alias_moves_on(guest: Guest) -> None:
    status, _, headers = await guest.page("cs.NA", TUESDAY, abs="True")
    assert (status, headers["Location"]) == (301, "/catchup/math.NA/2026-10-20?page=1&abs=True")


@pytest.mark.parametrize(
    ("category", "day", "query"),
    [
        ("cs.CV", TUESDAY - timedelta(days=92), {}),
        ("cs.CV", TUESDAY + timedelta(days=1), {}),
        ("cs.CV", "2026-13-01", {}),
        ("cs.cv", TUESDAY, {}),
        ("cs.XX", TUESDAY, {}),
        ("cs.CV", TUESDAY, {"skip": "5"}),
        ("cs.CV", TUESDAY, {"page": "0"}),
    ],
)
async def test_catchup_refuses_what_arxiv_refuses(
    guest: Guest, category: str, day: Any, query: dict[str, str]
) -> None:
    status, _, _ = await guest.page(category, day, **query)
    assert status == 400


# -- faults ----------------------------------------------------------------------------------------------------------


async def spoiled(guest: Guest, effect: Effect, category: str = "cs.CV") -> Mailing:
    guest.service.faults = [Fault(effect)]
    return feed.parse(await guest.feed(category), category)


async def test_a_stale_feed_repeats_the_last_mailing_under_todays_date(guest: Guest) -> None:
    mailing = await spoiled(guest, faults.stale)
    assert mailing.mailing_date == TUESDAY
    assert keyed(mailing) == keyed(TRUTH.mailing(MONDAY, "cs.CV"))


async def test_a_truncated_feed_lacks_new_papers(guest: Guest) -> None:
    assert keyed(await spoiled(guest, faults.truncated(20))) == keyed(TRUTH.mailing(TUESDAY, "cs.CV"))[-20:]


async def test_an_empty_feed_is_todays(guest: Guest) -> None:
    mailing = await spoiled(guest, faults.empty)
    assert (mailing.mailing_date, mailing.entries) == (TUESDAY, ())


async def test_yesterdays_feed_says_that_it_is(guest: Guest) -> None:
    mailing = await spoiled(guest, faults.yesterday)
    assert mailing == without_comments(TRUTH.mailing(MONDAY, "cs.CV"))


async def test_one_item_may_be_unreadable(guest: Guest) -> None:
    mailing = await spoiled(guest, faults.one_unreadable)
    (lost,) = mailing.unreadable
    assert "absonly" in lost.reason
    assert len(mailing.entries) == len(TRUTH.mailing(TUESDAY, "cs.CV").entries) - 1


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        (faults.status(400), "error feed"),
        (faults.rate_exceeded, "Rate exceeded"),
        (faults.html_page, "HTML page"),
        (faults.half_body, "cut off or malformed"),
        (faults.malformed, "cut off or malformed"),
    ],
)
async def test_what_is_no_feed_does_not_parse(guest: Guest, effect: Effect, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        await spoiled(guest, effect)


async def test_a_cut_body_breaks_off(guest: Guest) -> None:
    guest.service.faults = [Fault(faults.cut_body)]
    with pytest.raises(aiohttp.ClientPayloadError):
        await guest.feed()


@pytest.mark.parametrize("code", [403, 406, 429, 500, 503])
@pytest.mark.parametrize("retry_after", [None, 120])
async def test_a_status_comes_from_any_source(guest: Guest, code: int, retry_after: float | None) -> None:
    guest.service.faults = [Fault(faults.status(code, retry_after=retry_after), source=None)]
    for url in (guest.service.rss_url.format(category="cs.CV"), guest.service.oai_url):
        status, _, headers = await guest.get(url)
        assert (status, headers.get("Retry-After")) == (code, None if retry_after is None else "120")
    assert [(r.status, r.retry_after) for r in guest.service.requests] == [(code, retry_after)] * 2


async def test_oai_may_be_hours_behind(guest: Guest) -> None:
    guest.service.faults = [Fault(faults.behind(3), source=Source.OAI)]
    assert await guest.harvest("cs.CV", TUESDAY) == []
    answer = await guest.oai(metadataPrefix="arXivRaw")
    assert answer.findtext(f"{OAI}responseDate") == (guest.clock.now() - timedelta(hours=3)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


async def test_a_token_may_be_refused(guest: Guest) -> None:
    guest.service.faults = [Fault(faults.bad_token, source=Source.OAI)]
    answer = await guest.oai(metadataPrefix="arXivRaw")
    token = answer.findtext(f".//{OAI}resumptionToken")
    assert token
    refused = await guest.oai(resumptionToken=token)
    assert refused.find(f"{OAI}error[@code='badResumptionToken']") is not None


async def test_a_script_takes_the_requests_it_names_and_no_others(guest: Guest) -> None:
    no = faults.status(500)
    guest.service.faults = [
        Fault(no, category="cs.LG", first=2, times=1),
        Fault(no, category="cs.CL", day=TRUTH.days[2]),
        Fault(no, category="hep-th", since=new_york(TUESDAY, 1), until=new_york(TUESDAY, 2)),
    ]

    async def statuses(category: str) -> list[int]:
        return [(await guest.get(guest.service.rss_url.format(category=category)))[0] for _ in range(3)]

    assert await statuses("cs.LG") == [200, 500, 200]
    assert await statuses("cs.CL") == await statuses("hep-th") == await statuses("cs.CV") == [200] * 3
    guest.clock.set(new_york(TUESDAY, 1))
    assert await statuses("hep-th") == [500] * 3
    guest.clock.set(new_york(TUESDAY, 2))
    assert await statuses("hep-th") == [200] * 3
    guest.clock.set(new_york(TRUTH.days[2]))
    assert await statuses("cs.CL") == [500] * 3


async def test_requests_are_counted_per_category_and_the_first_fault_wins(guest: Guest) -> None:
    guest.service.faults = [Fault(faults.status(429), times=1), Fault(faults.status(500), times=2)]
    urls = [guest.service.rss_url.format(category=name) for name in ("cs.CV", "cs.LG")]
    assert [[(await guest.get(url))[0] for _ in range(3)] for url in urls] == [[429, 500, 200]] * 2


# -- manners ---------------------------------------------------------------------------------------------------------


def request(second: float, ended: float | None = None, path: str = "/rss/cs.CV", **more: Any) -> Request:
    start = new_york(TUESDAY)
    end = None if ended is None else start + timedelta(seconds=ended)
    source = Source.RSS if path.startswith("/rss") else Source.CATCHUP if "catchup" in path else Source.OAI
    return Request(start + timedelta(seconds=second), source, "cs.CV", path, end, **{"status": 200, **more})


def test_who_waits_three_seconds_after_every_answer_is_polite() -> None:
    assert violations([], 3) == []
    assert violations([request(0, 5), request(8, 8), request(11)], 3) == []


def test_two_at_once_are_a_breach_and_so_is_one_that_never_ended() -> None:
    (breach,) = violations([request(0, 5), request(4, 6)], 3)
    assert "two at once" in breach
    assert len(violations([request(0), request(100, 101)], 3)) == 1
    assert len(violations([request(0, 50), request(10, 11), request(20, 21)], 3)) == 2


def test_the_pause_runs_from_the_end_of_the_last_answer() -> None:
    (breach,) = violations([request(0, 5), request(7.5, 8)], 3)
    assert breach == "2026-10-20 04:20:07 /rss/cs.CV: only 2.5 s after the end of 2026-10-20 04:20:00 /rss/cs.CV"


def test_a_retry_after_binds_the_source_that_said_so() -> None:
    no = request(0, 1, "/oai?verb=ListRecords", status=503, retry_after=60.0)
    (breach,) = violations([no, request(10, 11), request(60, 60, "/oai?verb=ListRecords"), request(63, 64)], 3)
    assert "/oai?verb=ListRecords: too soon after Retry-After: 60" in breach


def test_a_403_of_the_feeds_asks_for_a_day_of_silence_and_another_s_for_that_source_alone() -> None:
    no = request(0, 0, status=403)
    assert violations([no, request(86_400, 86_401)], 3) == []
    for path in ("/rss/cs.CV", "/oai", "/catchup/cs.CV/2026-10-20"):
        (breach,) = violations([no, request(86_399, 86_400, path)], 3)
        assert "too soon after a 403" in breach
    no = request(0, 0, "/oai", status=403)
    assert violations([no, request(10, 11)], 3) == []
    assert len(violations([no, request(10, 11, "/oai")], 3)) == 1


def test_a_closed_mailing_is_not_asked_for_again() -> None:
    closed = {(TUESDAY, "cs.CV"): new_york(TUESDAY) + timedelta(seconds=1)}
    page = request(20, 21, "/catchup/cs.CV/2026-10-20?abs=True")
    other = request(30, 31, "/catchup/cs.CV/2026-10-19?abs=True")
    breaches = violations([request(0, 1), request(10, 11), page, other, request(40, 41, "/oai")], 3, closed=closed)
    assert [breach.split(" ", 2)[1] for breach in breaches] == ["04:20:10"]
    again = request(50, 51, "/catchup/cs.CV/2026-10-20?abs=True")
    breaches = violations([request(0, 1), page, other, again], 3, closed=closed)
    assert [breach.split(" ", 2)[1] for breach in breaches] == ["04:20:50"]


async def test_the_services_own_log_can_be_judged(guest: Guest) -> None:
    await guest.feed()
    await guest.clock.sleep(3)
    await guest.harvest("hep-th", TUESDAY)
    await guest.feed()
    (breach,) = violations(guest.service.requests, 3)
    assert "only 0 s after" in breach
