"""Collect against a loopback arXiv: only a well-formed answer for the very date closes a mailing.

Law 1: announcements, not submission dates. Law 2: nothing is marked done before it is done. Law 8: arXiv is a
guest house.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.arxiv.client import ArxivClient
from bot.clock import SimulatedClock
from bot.model import AnnounceType, Collected, FeedItem, Mailing, MailingState
from bot.settings import ArxivSettings
from bot.store import Store
from tests.builders import paper
from tests.collect.support import collect
from tests.servers.arxiv import Answer, ArxivServer, render_rss

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

FRIDAY, MONDAY, TUESDAY = date(2026, 4, 17), date(2026, 4, 20), date(2026, 4, 21)
NEW = AnnounceType.NEW


def morning(day: date) -> datetime:
    """06:00 UTC, two hours after arXiv's midnight."""
    return datetime(day.year, day.month, day.day, 6, tzinfo=UTC)


def feed_of(day: date, *identifiers: str, category: str = "cs.CV", kind: AnnounceType = NEW) -> bytes:
    entries = tuple(FeedItem(paper(identifier, title=f"On {identifier}"), kind) for identifier in identifiers)
    return render_rss(Mailing(category, day, entries), morning(day))


def settings_of(server: ArxivServer) -> ArxivSettings:
    """A loopback arXiv that has feeds and nothing else."""
    return ArxivSettings(rss_url=server.url, oai_url=server.url.replace("/rss/{category}", "/oai"))


class Environment:
    """A store, a clock and a loopback arXiv."""

    def __init__(self, store: Store, server: ArxivServer, clock: SimulatedClock) -> None:
        self.store = store
        self.server = server
        self.clock = clock

    async def collect(self, *categories: str) -> dict[str, Collected]:
        settings = settings_of(self.server)
        client = ArxivClient(
            settings, contact="us@example.net", limits=self.store.arxiv_limits, clock=self.clock, timeout=1.0
        )
        results = await collect(client, self.store.papers, categories or ("cs.CV",), self.clock)
        await client.aclose()
        return {result.category: result for result in results}

    def state(self, day: date, category: str = "cs.CV") -> MailingState:
        record = self.store.papers.mailing(day, category)
        assert record is not None
        return record.state


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'paperboy.db'}")
    yield store
    store.close()


@pytest.fixture
async def environment(store: Store) -> AsyncIterator[Environment]:
    clock = SimulatedClock(morning(TUESDAY))
    async with ArxivServer(clock) as server:
        yield Environment(store, server, clock)


async def test_a_well_formed_answer_for_the_day_closes_it(environment: Environment) -> None:
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY, "2604.00001", "2604.00002")
    result = (await environment.collect())["cs.CV"]
    assert (result.state, result.new, result.reason) == (MailingState.COMPLETE, 2, "2 announced")
    assert [a.identifier for a in environment.store.papers.announcements_on(TUESDAY, {"cs.CV"})] == [
        "2604.00001",
        "2604.00002",
    ]


async def test_a_closed_day_is_not_asked_for_again(environment: Environment) -> None:
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY, "2604.00001")
    await environment.collect()
    again = (await environment.collect())["cs.CV"]
    assert (again.state, again.asked) == (MailingState.COMPLETE, False)
    assert len(environment.server.requests) == 1


async def test_on_a_weekend_nothing_is_asked(environment: Environment) -> None:
    environment.clock.set(morning(date(2026, 4, 25)))
    assert await environment.collect() == {}
    assert environment.server.requests == []


async def test_one_category_s_trouble_costs_no_other(environment: Environment) -> None:
    environment.server.feeds["cs.CL"] = Answer(b"", status=500)
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY, "2604.00001")
    results = await environment.collect("cs.CL", "cs.CV")
    assert results["cs.CL"].state is MailingState.FAILED
    assert results["cs.CV"].state is MailingState.COMPLETE


GOOD = feed_of(TUESDAY, "2604.00001", "2604.00002", "2604.00003")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(b""), id="silence"),
        pytest.param(Answer(GOOD[: len(GOOD) * 2 // 3]), id="cut-off document"),
        pytest.param(Answer(GOOD, cut=True), id="cut-off connection"),
        pytest.param(Answer(b"<html><body>Maintenance</body></html>"), id="HTML page"),
        pytest.param(Answer(b"Rate exceeded."), id="throttled under 200"),
        pytest.param(Answer(GOOD, status=503, headers={"Retry-After": "120"}), id="503"),
        pytest.param(Answer(GOOD, status=406), id="406 with a valid feed"),
        pytest.param(Answer(b"x" * 21_000_000), id="oversized"),
        pytest.param(Answer(GOOD, delay=30), id="hangs"),
        pytest.param(None, id="400 with arXiv's empty error feed"),
    ],
)
async def test_an_unusable_answer_leaves_the_day_open_with_its_reason(
    environment: Environment, answer: Answer | None
) -> None:
    if answer is not None:
        environment.server.feeds["cs.CV"] = answer
    result = (await environment.collect())["cs.CV"]
    assert result.state is MailingState.FAILED
    assert result.reason
    assert environment.store.papers.last_seq() == 0
    environment.server.feeds["cs.CV"] = GOOD
    environment.clock.set(environment.clock.now() + timedelta(hours=2))
    assert (await environment.collect())["cs.CV"].state is MailingState.COMPLETE


async def test_a_feed_that_still_shows_yesterday_settles_yesterday_and_leaves_today_open(
    environment: Environment,
) -> None:
    environment.server.feeds["cs.CV"] = feed_of(MONDAY, "2604.00001")
    result = (await environment.collect())["cs.CV"]
    assert (result.state, result.new) == (MailingState.PENDING, 1)
    assert result.reason == "the feed still shows the mailing of 2026-04-20"
    assert environment.state(MONDAY) is MailingState.COMPLETE
    assert environment.state(TUESDAY) is MailingState.PENDING


async def test_a_feed_that_still_shows_a_settled_day_adds_nothing(environment: Environment) -> None:
    environment.server.feeds["cs.CV"] = feed_of(MONDAY, "2604.00001")
    await environment.collect()
    result = (await environment.collect())["cs.CV"]
    assert (result.state, result.new) == (MailingState.PENDING, 0)


async def test_a_sunday_feed_shown_on_monday_settles_nothing(environment: Environment) -> None:
    environment.clock.set(morning(date(2026, 4, 27)))
    environment.server.feeds["cs.CV"] = feed_of(date(2026, 4, 26))
    assert (await environment.collect())["cs.CV"].state is MailingState.PENDING
    assert environment.store.papers.mailing(date(2026, 4, 26), "cs.CV") is None


async def test_yesterday_s_papers_under_today_s_date_are_suspect_and_not_stored_again(
    environment: Environment,
) -> None:
    environment.clock.set(morning(MONDAY))
    environment.server.feeds["cs.CV"] = feed_of(MONDAY, "2604.00001", "2604.00002")
    await environment.collect()
    environment.clock.set(morning(TUESDAY))
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY, "2604.00001", "2604.00002")
    result = (await environment.collect())["cs.CV"]
    assert (result.state, result.new) == (MailingState.SUSPECT_STALE, 0)
    assert environment.store.papers.announcements_on(TUESDAY, {"cs.CV"}) == ()
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY, "2604.00001", "2604.00009")
    assert (await environment.collect())["cs.CV"].state is MailingState.COMPLETE


async def test_an_empty_feed_on_a_working_day_stays_open(environment: Environment) -> None:
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY)
    assert (await environment.collect())["cs.CV"].state is MailingState.UNEXPECTED_EMPTY


async def test_an_empty_feed_on_a_listed_holiday_closes_the_day(environment: Environment) -> None:
    holiday = date(2026, 6, 22)  # the mailing that 19 June's deferral leaves empty
    environment.clock.set(morning(holiday))
    environment.server.feeds["cs.CV"] = feed_of(holiday)
    assert (await environment.collect())["cs.CV"].state is MailingState.EXPECTED_EMPTY


async def test_papers_on_a_listed_holiday_are_taken_all_the_same(environment: Environment) -> None:
    holiday = date(2026, 6, 22)
    environment.clock.set(morning(holiday))
    environment.server.feeds["cs.CV"] = feed_of(holiday, "2606.00001")
    assert (await environment.collect())["cs.CV"].state is MailingState.COMPLETE


async def test_a_feed_at_arxiv_s_cap_is_stored_and_stays_open(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.collect.verdict.FEED_CAP", 3)
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY, "2604.00001", "2604.00002", "2604.00003")
    result = (await environment.collect())["cs.CV"]
    assert (result.state, result.new) == (MailingState.TRUNCATED, 3)


async def test_entries_that_cannot_be_read_are_reported_and_the_rest_is_stored(environment: Environment) -> None:
    broken = GOOD.replace(b"<arxiv:announce_type>new</arxiv:announce_type>", b"", 1)
    environment.server.feeds["cs.CV"] = broken
    result = (await environment.collect())["cs.CV"]
    assert (result.state, result.new, result.unreadable) == (MailingState.INCOMPLETE, 2, 1)
    assert result.reason.startswith("1 of 3 entries could not be read; the first is oai:arXiv.org:2604.00001v1")


async def test_a_paper_submitted_long_ago_is_news_on_the_day_it_is_announced(environment: Environment) -> None:
    """Law 1: a held paper, and an old one freshly cross-listed, count by their announcement."""
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY, "2301.02225", kind=AnnounceType.CROSS)
    assert (await environment.collect())["cs.CV"].new == 1


async def test_requests_are_three_seconds_apart_from_the_end_of_the_last_answer(environment: Environment) -> None:
    """Law 8, over two runs of the program on one store."""
    for category in ("cs.CV", "cs.CL", "cs.LG"):
        environment.server.feeds[category] = feed_of(TUESDAY, "2604.00001", category=category)
    await environment.collect("cs.CV", "cs.CL")
    await environment.collect("cs.LG")
    log = environment.server.requests
    gaps = [later.at - earlier.ended_at for earlier, later in itertools.pairwise(log) if earlier.ended_at]
    assert len(gaps) == 2
    assert min(gaps) >= timedelta(seconds=3)
    assert {request.user_agent for request in log} == {"paperboy/0.1.0 (us@example.net)"}


async def test_a_retry_after_is_kept_over_a_restart(environment: Environment) -> None:
    environment.server.feeds["cs.CV"] = Answer(b"", status=429, headers={"Retry-After": "7200"})
    await environment.collect()
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY, "2604.00001")
    result = (await environment.collect())["cs.CV"]
    assert result.state is MailingState.FAILED
    assert "no request before 2026-04-21 08:00 UTC" in result.reason
    assert len(environment.server.requests) == 1


async def test_progress_is_told_category_by_category(environment: Environment) -> None:
    environment.server.feeds["cs.CV"] = feed_of(TUESDAY, "2604.00001")
    told: list[str] = []
    client = ArxivClient(
        settings_of(environment.server), contact="x", limits=environment.store.arxiv_limits, clock=environment.clock
    )
    await collect(
        client,
        environment.store.papers,
        ("cs.CV",),
        environment.clock,
        progress=lambda name, steps: told.append(f"{name} of {steps}"),
    )
    await client.aclose()
    assert told == ["cs.CV of 1"]
