"""Where a feed cannot be had: the exact page if it may be asked, else OAI-PMH, and nothing closed without proof."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from bot.arxiv.calendar import EASTERN
from bot.arxiv.client import ArxivClient
from bot.clock import SimulatedClock
from bot.collect.fallback import FallbackSources, Found, NotFound
from bot.model import AnnounceType, Collected, MailingState, Service
from bot.settings import ArxivSettings
from bot.store import Store
from bot.store.papers import Verdict
from tests.collect.support import collect
from tests.fake_arxiv import faults
from tests.fake_arxiv.faults import Fault, Source
from tests.fake_arxiv.service import ArxivService
from tests.fake_arxiv.truth import Truth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.servers.arxiv import Answer
START = date(2026, 10, 19)
DAY = timedelta(days=1)
NEW = AnnounceType.NEW


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """In New York."""
    return datetime.combine(day, time(hour, minute), EASTERN).astimezone(UTC)


class Environment:
    """A store and an arXiv that goes wrong by script."""

    def __init__(self, store: Store, service: ArxivService, clock: SimulatedClock, client: ArxivClient) -> None:
        self.papers = store.papers
        self.service = service
        self.clock = clock
        self.client = client
        self.days = service.truth.days

    async def read(self, *days: date, category: str = "cs.CV") -> tuple[Found | NotFound, ...]:
        return await FallbackSources(self.client, self.papers, self.clock).read(category, days)

    async def collect(self, when: datetime, category: str = "cs.CV") -> Collected:
        """What became of the newest mailing."""
        self.clock.set(when)
        return (await collect(self.client, self.papers, [category], self.clock))[-1]

    def store_up_to(self, day: date, category: str = "cs.CV") -> None:
        """As if every mailing up to that one had come in."""
        for earlier in self.days:
            if earlier <= day:
                mailing = self.service.truth.mailing(earlier, category)
                self.papers.record(mailing, Verdict(MailingState.COMPLETE, ""), at(earlier, 1))

    def announced(self, day: date, kind: AnnounceType, category: str = "cs.CV") -> set[str]:
        return {e.paper.identifier for e in self.service.truth.mailing(day, category).entries if e.type is kind}

    def stored(self, day: date, kind: AnnounceType, category: str = "cs.CV") -> set[str]:
        return {a.identifier for a in self.papers.announcements_on(day, {category}) if a.type is kind}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'paperboy.db'}")
    yield store
    store.close()


@cache
def _truth() -> Truth:
    """Nobody changes it."""
    return Truth(11, start=START, mailings=8, pdf_only=0.3)


@asynccontextmanager
async def opened(store: Store, *, catchup: bool, **sizes: int) -> AsyncIterator[Environment]:
    clock = SimulatedClock(at(START, 0))
    async with ArxivService(_truth(), clock, **sizes) as service:
        settings = ArxivSettings(service.rss_url, service.oai_url, service.catchup_url if catchup else None)
        client = ArxivClient(settings, contact="us@example.net", limits=store.arxiv_limits, clock=clock)
        yield Environment(store, service, clock, client)
        await client.aclose()


@pytest.fixture
async def environment(store: Store) -> AsyncIterator[Environment]:
    async with opened(store, catchup=False) as environment:
        yield environment


@pytest.fixture
async def paged(store: Store) -> AsyncIterator[Environment]:
    async with opened(store, catchup=True) as environment:
        yield environment


def refuse(store: Store, environment: Environment) -> None:
    """As if a feed had been answered with 403 just now."""
    now = environment.clock.now()
    store.arxiv_limits.record_refusal(Service.FEEDS, now, now + DAY, "403 Forbidden")


def sources(environment: Environment) -> list[Source]:
    return [request.source for request in environment.service.requests]


# -- OAI-PMH -----------------------------------------------------------------------------------------------------


async def test_missed_mailings_are_concluded_from_one_harvest(environment: Environment) -> None:
    environment.store_up_to(environment.days[1])
    environment.clock.set(at(environment.days[4], 9))
    found = await environment.read(*environment.days[2:4])
    assert all(isinstance(each, Found) and each.reconstructed and each.source == "OAI-PMH" for each in found)
    told = {
        e.paper.identifier for each in found if isinstance(each, Found) for e in each.mailing.entries if e.type is NEW
    }
    missed = environment.announced(environment.days[2], NEW) | environment.announced(environment.days[3], NEW)
    assert missed - told == set()
    # Held until today, or announced then and changed today: OAI-PMH cannot tell, so it is told, and once.
    assert told - missed <= environment.announced(environment.days[4], NEW)
    assert set(sources(environment)) == {Source.OAI}


async def test_the_harvest_begins_with_the_last_mailing_that_is_surely_stored(environment: Environment) -> None:
    environment.store_up_to(environment.days[1])
    environment.clock.set(at(environment.days[4], 9))
    await environment.read(environment.days[2])
    assert f"from={environment.days[1]}" in environment.service.requests[0].path
    await environment.read(environment.days[5])
    assert f"from={environment.days[5]}" in environment.service.requests[-1].path


async def test_an_answer_from_before_the_mailing_proves_nothing(environment: Environment) -> None:
    environment.clock.set(at(environment.days[3], 2))
    environment.service.faults.append(Fault(faults.behind(8), source=Source.OAI))
    before, today = await environment.read(*environment.days[2:4])
    assert isinstance(before, Found)
    assert isinstance(today, NotFound)
    assert today.reason.startswith("OAI-PMH: the answer is of 2026-10-21 22:00 UTC, before the mailing")


@pytest.mark.parametrize("effect", [faults.status(500), faults.malformed, faults.html_page, faults.bad_token])
async def test_a_harvest_that_breaks_off_leaves_every_day_open_with_its_reason(
    environment: Environment, effect: faults.Effect
) -> None:
    environment.clock.set(at(environment.days[7], 9))
    environment.service.faults.append(Fault(effect, source=Source.OAI))
    found = await environment.read(*environment.days[:7])
    assert [type(each) for each in found] == [NotFound] * 7
    assert all(isinstance(each, NotFound) and each.asked and each.reason.startswith("OAI-PMH: ") for each in found)


async def test_a_server_that_never_comes_to_an_end_is_given_up(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.collect.fallback._MOST_ANSWERS", 2)
    environment.clock.set(at(environment.days[7], 9))
    (found,) = await environment.read(environment.days[0])
    assert isinstance(found, NotFound)
    assert found.reason == "OAI-PMH: more than 2 answers to one request"


async def test_while_arxiv_has_us_wait_nobody_is_asked(environment: Environment, store: Store) -> None:
    environment.clock.set(at(environment.days[3], 9))
    refuse(store, environment)
    (found,) = await environment.read(environment.days[2])
    assert isinstance(found, NotFound)
    assert not found.asked
    assert environment.service.requests == []


async def test_a_record_that_nobody_can_read_is_told_and_keeps_no_day_open(environment: Environment) -> None:
    environment.store_up_to(environment.days[1])
    environment.service.faults.append(Fault(faults.one_unreadable, source=Source.OAI, times=1))
    await environment.collect(at(environment.days[2] + DAY, 9))
    record = environment.papers.mailing(environment.days[2], "cs.CV")
    assert record is not None
    assert (record.state, record.unreadable) == (MailingState.COMPLETE, 1)
    assert "reconstructed from OAI-PMH; 1 of its records could not be read, first " in record.reason


def late(ask: faults.Ask) -> Answer:
    """A night on which arXiv is late: an answer of now, without anything of today."""
    answer = ask.healthy(ask.at - timedelta(hours=8))
    return replace(
        answer,
        body=re.sub(rb"(<responseDate>)[^<]*", rb"\g<1>" + f"{ask.at:%Y-%m-%dT%H:%M:%SZ}".encode(), answer.body),
    )


# -- the catch-up page -------------------------------------------------------------------------------------------


async def test_a_page_that_may_be_asked_is_read_first_and_is_exact(paged: Environment) -> None:
    paged.clock.set(at(paged.days[4], 9))
    (found,) = await paged.read(paged.days[2])
    assert isinstance(found, Found)
    assert (found.source, found.reconstructed) == ("arXiv's catch-up page", False)
    assert {e.paper.identifier for e in found.mailing.entries if e.type is NEW} == paged.announced(paged.days[2], NEW)
    assert sources(paged) == [Source.CATCHUP]


async def test_a_long_page_is_read_to_its_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.arxiv.catchup.PAGE_SIZE", 5)
    async with opened(store, catchup=True, catchup_page=5) as environment:
        environment.clock.set(at(environment.days[4], 9))
        (found,) = await environment.read(environment.days[2])
        assert isinstance(found, Found)
        assert (
            len(found.mailing.entries)
            >= len(environment.service.truth.mailing(environment.days[2], "cs.CV").entries)
            > 5
        )
        assert len(sources(environment)) > 1


async def test_where_the_page_fails_oai_is_asked(paged: Environment) -> None:
    paged.clock.set(at(paged.days[4], 9))
    paged.service.faults.append(Fault(faults.html_page, source=Source.CATCHUP, times=1))
    first, second = await paged.read(*paged.days[2:4])
    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert (first.source, second.source) == ("OAI-PMH", "arXiv's catch-up page")


async def test_beyond_ninety_days_the_page_is_not_asked(paged: Environment) -> None:
    paged.clock.set(at(paged.days[2] + 91 * DAY, 9))
    await paged.read(paged.days[2])
    assert Source.CATCHUP not in sources(paged)


async def test_a_replacement_of_which_the_page_names_no_version_is_the_next_after_the_stored(
    paged: Environment,
) -> None:
    paged.store_up_to(paged.days[6])
    paged.clock.set(at(paged.days[7], 9))
    (found,) = await paged.read(paged.days[7])
    assert isinstance(found, Found)
    replaced = [entry.paper for entry in found.mailing.entries if entry.type.is_replacement]
    history = paged.papers.history("cs.CV", {paper.identifier for paper in replaced})
    known = {identifier: max(event.version for event in events) for identifier, events in history.items()}
    assert known
    assert all(paper.version > known.get(paper.identifier, 1) for paper in replaced)


# -- when collect asks for it ------------------------------------------------------------------------------------


async def test_a_stale_feed_is_waited_for_until_two_and_then_read_elsewhere(environment: Environment) -> None:
    environment.store_up_to(environment.days[1])
    today = environment.days[2]
    environment.service.faults.append(Fault(faults.stale, day=today))
    assert (await environment.collect(at(today, 1, 50))).state is MailingState.SUSPECT_STALE
    result = await environment.collect(at(today, 2))
    assert result.state is MailingState.COMPLETE
    assert result.reason.endswith(
        "reconstructed from OAI-PMH (the feed repeats an earlier mailing under today's date)"
    )
    assert environment.stored(today, NEW) == environment.announced(today, NEW)
    assert all(a.reconstructed for a in environment.papers.announcements_on(today, {"cs.CV"}))


async def test_before_the_morning_no_fallback_source_proves_a_working_day_empty(environment: Environment) -> None:
    environment.store_up_to(environment.days[1])
    today = environment.days[2]
    environment.service.faults += [Fault(faults.stale, day=today), Fault(late, source=Source.OAI)]
    result = await environment.collect(at(today, 2))
    assert result.state is MailingState.SUSPECT_STALE
    assert result.reason.endswith("; OAI-PMH has nothing yet")


async def test_an_empty_feed_is_waited_for_until_seven_and_then_closed_only_by_proof(
    environment: Environment,
) -> None:
    environment.store_up_to(environment.days[1])
    today = environment.days[2]
    environment.service.faults.append(Fault(faults.empty, day=today))
    assert (await environment.collect(at(today, 6, 50))).state is MailingState.UNEXPECTED_EMPTY
    assert Source.OAI not in sources(environment)
    assert (await environment.collect(at(today, 7))).state is MailingState.COMPLETE
    assert environment.stored(today, NEW) == environment.announced(today, NEW)


async def test_a_category_in_which_nothing_happened_is_closed_as_empty(environment: Environment) -> None:
    today = environment.days[2]
    assert (await environment.collect(at(today, 2), "math.CT")).state is MailingState.UNEXPECTED_EMPTY
    result = await environment.collect(at(today, 8), "math.CT")
    assert result.state is MailingState.EXPECTED_EMPTY
    assert result.reason == "nothing announced, says OAI-PMH (the feed is empty on a working day)"


async def test_what_was_cut_off_is_read_elsewhere_at_once(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.collect.verdict.FEED_CAP", 4)
    today = environment.days[1]
    environment.store_up_to(environment.days[0])
    environment.service.faults.append(Fault(faults.truncated(4), day=today))
    result = await environment.collect(at(today, 0, 20))
    assert result.state is MailingState.COMPLETE
    assert environment.stored(today, NEW) == environment.announced(today, NEW)
    marks = [a.reconstructed for a in environment.papers.announcements_on(today, {"cs.CV"})]
    assert marks.count(False) == 4
    assert result.new == len(marks)


async def test_where_the_fallback_source_fails_too_both_reasons_stand(environment: Environment) -> None:
    environment.store_up_to(environment.days[1])
    today = environment.days[2]
    environment.service.faults += [Fault(faults.stale, day=today), Fault(faults.status(500), source=Source.OAI)]
    result = await environment.collect(at(today, 3))
    assert result.state is MailingState.SUSPECT_STALE
    assert result.reason == (
        "the feed repeats an earlier mailing under today's date; "
        "OAI-PMH: 127.0.0.1 answered 500 Internal Server Error"
    )


async def test_a_cached_feed_of_weeks_ago_begins_nothing(environment: Environment) -> None:
    environment.service.faults.append(Fault(faults.behind(24 * 8)))
    result = await environment.collect(at(environment.days[6], 1))
    assert result.state is MailingState.PENDING
    assert environment.papers.last_seq() == 0


async def test_what_was_missed_is_asked_for_ever_more_seldom_by_the_daemon(environment: Environment) -> None:
    environment.store_up_to(environment.days[1])
    environment.service.faults.append(Fault(faults.status(500), source=Source.OAI))
    for minute in range(0, 180, 10):
        environment.clock.set(at(environment.days[3], 9, 0) + timedelta(minutes=minute))
        await collect(environment.client, environment.papers, ["cs.CV"], environment.clock, ignore_backoff=False)
    assert sources(environment).count(Source.OAI) == 5


async def test_while_arxiv_has_us_wait_no_try_is_counted(environment: Environment, store: Store) -> None:
    environment.clock.set(at(environment.days[2], 3))
    refuse(store, environment)
    result = await environment.collect(at(environment.days[2], 3))
    assert (result.state, result.asked) == (MailingState.FAILED, False)
    assert environment.papers.mailing(environment.days[2], "cs.CV") is None


async def test_a_missed_mailing_is_not_counted_as_asked_for_while_arxiv_has_us_wait(
    environment: Environment, store: Store
) -> None:
    environment.store_up_to(environment.days[1])
    environment.clock.set(at(environment.days[3], 3))
    refuse(store, environment)
    results = await collect(environment.client, environment.papers, ["cs.CV"], environment.clock)
    assert [(r.mailing_date, r.asked) for r in results] == [
        (environment.days[2], False),
        (environment.days[3], False),
    ]
    assert environment.papers.mailing(environment.days[2], "cs.CV") is None


async def test_since_a_date_everything_is_made_up_for_also_in_a_new_store(environment: Environment) -> None:
    environment.clock.set(at(environment.days[4], 9))
    results = await collect(
        environment.client, environment.papers, ["cs.CV"], environment.clock, since=environment.days[1]
    )
    assert [(r.mailing_date, r.state) for r in results] == [
        (day, MailingState.COMPLETE) for day in environment.days[1:5]
    ]
    days = environment.days[1:5]
    announced = {identifier for day in days for identifier in environment.announced(day, NEW)}
    assert announced - {identifier for day in days for identifier in environment.stored(day, NEW)} == set()


async def test_every_feed_is_asked_before_any_second_source(paged: Environment) -> None:
    paged.store_up_to(paged.days[1], "cs.CV")
    paged.store_up_to(paged.days[1], "cs.LG")
    today = paged.days[3]
    paged.service.faults.append(Fault(faults.status(404), category="cs.CV", day=today))
    paged.clock.set(at(today, 8))
    await collect(paged.client, paged.papers, ["cs.CV", "cs.LG", "hep-th"], paged.clock)
    asked = [(request.source, request.category) for request in paged.service.requests]
    assert asked == [
        (Source.RSS, "cs.CV"),
        (Source.RSS, "cs.LG"),
        (Source.RSS, "hep-th"),
        (Source.CATCHUP, "cs.CV"),  # today's, from its page
        (Source.CATCHUP, "cs.LG"),  # today's comments
        (Source.CATCHUP, "hep-th"),
        (Source.CATCHUP, "cs.CV"),  # what was missed
        (Source.CATCHUP, "cs.LG"),
    ]


async def test_the_daemon_asks_each_open_feed_in_its_own_time(environment: Environment) -> None:
    today = environment.days[2]
    environment.service.faults.append(Fault(faults.status(500), category="cs.CV", day=today))
    for minute in (20, 25, 31):
        environment.clock.set(at(today, 0, minute))
        await collect(
            environment.client, environment.papers, ["cs.CV", "cs.LG"], environment.clock, ignore_backoff=False
        )
    assert [request.category for request in environment.service.requests] == ["cs.CV", "cs.LG", "cs.CV"]


async def test_a_page_that_fails_is_a_try_also_where_oai_pmh_has_us_wait(paged: Environment, store: Store) -> None:
    paged.store_up_to(paged.days[1])
    today = paged.days[3]
    paged.service.faults.append(Fault(faults.status(500), source=Source.CATCHUP))
    paged.clock.set(at(today, 8))
    store.arxiv_limits.hold_until(Service.OAI, paged.clock.now() + DAY)
    await collect(paged.client, paged.papers, ["cs.CV"], paged.clock)
    record = paged.papers.mailing(paged.days[2], "cs.CV")
    assert record is not None
    assert (record.tries, record.asked_at is None) == (1, False)


# -- a feed that repeated a mailing that nobody had ----------------------------------------------------------------


@pytest.mark.parametrize("source", ["OAI-PMH", "catch-up page"])
async def test_a_feed_that_repeats_a_missed_mailing_is_taken_back_as_soon_as_that_one_is_had(
    store: Store, source: str
) -> None:
    async with opened(store, catchup=source == "catch-up page") as environment:
        missed, today = environment.days[2:4]
        environment.store_up_to(environment.days[1])
        environment.service.faults.append(Fault(faults.stale, day=today))
        result = await environment.collect(at(today, 8))
        assert source in result.reason
        for day in (missed, today):
            announced = environment.announced(day, NEW)
            assert announced <= environment.stored(missed, NEW) | environment.stored(today, NEW)
        assert environment.announced(missed, NEW) <= environment.stored(missed, NEW)
        assert environment.stored(today, NEW).isdisjoint(environment.announced(missed, NEW))


async def test_a_feed_that_repeated_a_missed_mailing_stays_open_until_its_hour(environment: Environment) -> None:
    missed, today = environment.days[2:4]
    environment.store_up_to(environment.days[1])
    environment.service.faults.append(Fault(faults.stale, day=today, until=at(today, 1)))
    result = await environment.collect(at(today, 0, 30))
    assert (result.state, result.reopened) == (MailingState.SUSPECT_STALE, True)
    assert environment.announced(missed, NEW) <= environment.stored(missed, NEW)
    assert (await environment.collect(at(today, 1))).state is MailingState.COMPLETE
    assert environment.stored(today, NEW) == environment.announced(today, NEW)


@pytest.mark.parametrize("category", ["cs.CV", "cs.LG", "cs.CL", "math.NA"])
async def test_a_healthy_feed_after_a_missed_mailing_stays_as_it_was_and_nothing_of_it_is_stored_twice(
    environment: Environment, category: str
) -> None:
    missed, today = environment.days[4:6]
    environment.store_up_to(environment.days[3], category)
    assert (await environment.collect(at(today, 8), category)).state is MailingState.COMPLETE
    fed = environment.service.truth.mailing(today, category)
    stored = environment.papers.announcements_on(today, {category})
    assert {(a.identifier, a.version, a.type) for a in stored} == {
        (entry.paper.identifier, entry.paper.version, entry.type) for entry in fed.entries
    }
    assert not any(a.reconstructed for a in stored)
    assert environment.stored(missed, NEW, category).isdisjoint(environment.stored(today, NEW, category))


# -- comments, which no feed brings ------------------------------------------------------------------------------


async def test_where_the_page_may_be_asked_the_papers_of_a_feed_get_their_comments(paged: Environment) -> None:
    today = paged.days[2]
    assert (await paged.collect(at(today, 1))).reason.endswith("announced")
    truth = {entry.paper.identifier: entry.paper for entry in paged.service.truth.mailing(today, "cs.CV").entries}
    stored = paged.papers.load({(identifier, paper.version) for identifier, paper in truth.items()})
    assert {key[0]: paper.comment for key, paper in stored.items()} == {
        identifier: paper.comment for identifier, paper in truth.items()
    }
    assert len({paper.comment for paper in stored.values()}) > 2
    assert sources(paged)[-2:] == [Source.RSS, Source.CATCHUP]


async def test_a_page_that_fails_costs_nothing_but_the_comments(paged: Environment) -> None:
    today = paged.days[2]
    paged.service.faults.append(Fault(faults.status(503), source=Source.CATCHUP, day=today))
    result = await paged.collect(at(today, 1))
    assert result.state is MailingState.COMPLETE
    assert paged.stored(today, NEW) == paged.announced(today, NEW)
    await paged.collect(at(today, 2))
    assert sources(paged).count(Source.CATCHUP) == 1


async def test_what_came_by_the_page_itself_is_not_asked_for_comments_again(paged: Environment) -> None:
    today = paged.days[2]
    paged.service.faults.append(Fault(faults.status(404), source=Source.RSS, day=today))
    assert "catch-up page" in (await paged.collect(at(today, 7))).reason
    assert sources(paged).count(Source.CATCHUP) == 1


async def test_where_the_page_may_not_be_asked_there_are_no_comments(environment: Environment) -> None:
    today = environment.days[2]
    await environment.collect(at(today, 1))
    assert set(sources(environment)) == {Source.RSS}


async def test_after_a_page_that_fails_no_other_is_asked_for_comments_that_day(paged: Environment) -> None:
    today = paged.days[2]
    paged.service.faults.append(Fault(faults.status(404), source=Source.CATCHUP, day=today))
    paged.clock.set(at(today, 1))
    results = await collect(paged.client, paged.papers, ["cs.CV", "cs.LG", "hep-th"], paged.clock)
    assert {result.state for result in results} == {MailingState.COMPLETE}
    assert sources(paged).count(Source.CATCHUP) == 1


async def test_pages_that_refuse_us_are_left_alone_and_the_feeds_go_on(store: Store) -> None:
    async with opened(store, catchup=True) as environment:
        environment.service.faults.append(Fault(faults.status(403), source=Source.CATCHUP))
        first, second, third = environment.days[2:5]
        assert (await environment.collect(at(first, 1))).state is MailingState.COMPLETE
        assert (await environment.collect(at(second, 0, 30))).state is MailingState.COMPLETE
        assert (await environment.collect(at(third, 1))).state is MailingState.COMPLETE
        assert sources(environment).count(Source.CATCHUP) == 1
        assert not environment.client.has_catchup
        environment.clock.set(at(first, 2) + 31 * DAY)
        assert environment.client.has_catchup
