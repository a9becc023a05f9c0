"""Today before yesterday: nothing that is old or optional delays today's mailing, on a whole arXiv in simulated time.

A day was missed, and the second sources are throttled, refuse us, hang or are slow; the feeds are healthy.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.app.daemon import Daemon
from bot.app.runner import Runner
from bot.arxiv.calendar import EASTERN
from bot.collect import fallback
from bot.collect.reconstruct import reconstruct
from bot.store.worker import WorkerId
from tests.fake_arxiv import faults
from tests.fake_arxiv.faults import Ask, Effect, Fault, Source
from tests.fake_arxiv.politeness import violations
from tests.fake_arxiv.service import ArxivService
from tests.fake_arxiv.truth import Truth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.app.run_result import RunResult
    from bot.model import Composed, FeedItem
    from tests.servers.arxiv import Answer
    from tests.world import Environment

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=each) for each in (1, 60, 3_600, 86_400))
CATEGORIES = ("cs.CL", "cs.CV", "cs.LG", "math.NA")
LINK = re.compile(r"https://arxiv\.org/abs/([a-z-]+/\d{7}|\d{4}\.\d{4,5})\b")
MISSED, TODAY, TOMORROW, LATER = 1, 2, 3, 4
"""Of the truth's days: nothing runs on the first of these."""


class Scene:
    """An arXiv with a reader of four categories, who had the mailing of the day before the missed one."""

    def __init__(self, environment: Environment, service: ArxivService) -> None:
        self.environment = environment
        self.service = service
        self.days = service.truth.days

    def at(self, day: int, hour: int, minute: int = 0) -> datetime:
        """That moment in New York on one of the truth's days."""
        return datetime.combine(self.days[day], time(hour, minute), EASTERN).astimezone(UTC)

    async def once(self, at: datetime | None = None) -> RunResult:
        return await self.environment.once(at)

    def told(self, start: int = 0) -> list[str]:
        """Every paper, as often as it was told of."""
        texts = [str(message.blocks) for message in self.environment.slack.messages[start:]]
        return [identifier for text in texts for identifier in dict.fromkeys(LINK.findall(text))]

    def owed(self, *days: int) -> frozenset[str]:
        """What the reader has to be told of these days; late cross-lists are known by a feed only."""
        return self.service.truth.expected(CATEGORIES, days=[self.days[day] for day in days]).told

    def asked(self, source: Source, since: datetime) -> int:
        return sum(request.source is source and request.at >= since for request in self.service.requests)

    def slowly(self, seconds: float) -> Effect:
        """The right answer, so many simulated seconds late."""

        def effect(ask: Ask) -> Answer:
            self.environment.clock.set(self.environment.clock.now() + timedelta(seconds=seconds))
            return ask.healthy(ask.at)

        return effect


@asynccontextmanager
async def opened(
    environment: Environment, *, catchup: bool = False, holidays: tuple[date, ...] = ()
) -> AsyncIterator[Scene]:
    truth = Truth(5, start=date(2026, 10, 19), mailings=6, new_per_day=8, holidays=holidays)
    async with ArxivService(truth, environment.clock, oai_page=1_000) as service:
        environment.config["arxiv"] = {
            "rss_url": service.rss_url,
            "oai_url": service.oai_url,
            "catchup_url": service.catchup_url if catchup else None,
            "seconds_between_requests": 3,
        }
        environment.config["topics"] = {"all": {"title": "All of it", "categories": [*CATEGORIES]}}
        environment.config["subscribers"] = {"lab": {"slack": "C0123456789", "topics": ["all"], "max_messages": 50}}
        scene = Scene(environment, service)
        await scene.once(scene.at(0, 8))
        yield scene
    assert not violations(service.requests, 3)
    assert len(scene.told()) == len(set(scene.told()))


@pytest.fixture
async def scene(environment: Environment) -> AsyncIterator[Scene]:
    async with opened(environment) as scene:
        yield scene


TROUBLES = [
    pytest.param(faults.status(503, retry_after=86_400), id="503 with a Retry-After of a day"),
    pytest.param(faults.status(403), id="403"),
    pytest.param(faults.malformed, id="malformed"),
    *(
        pytest.param(trouble, id=name, marks=pytest.mark.on_request)
        for name, trouble in {
            "503 without Retry-After": faults.status(503),
            "429": faults.status(429),
            "rate exceeded under 200": faults.rate_exceeded,
            "500": faults.status(500),
            "cut off": faults.cut_body,
        }.items()
    ),
]
"""One that says how long to wait, one that refuses us for a day, one that is no answer; the others on request."""


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_every_once_asks_the_healthy_feeds_and_tells_today_s_papers_at_once_whatever_oai_says(
    scene: Scene, trouble: Effect
) -> None:
    scene.service.faults.append(Fault(trouble, source=Source.OAI, until=scene.at(LATER, 0)))
    for day in (TODAY, TOMORROW):
        for hour in (1, 5, 12):
            start, before = scene.at(day, hour), len(scene.environment.slack.messages)
            run = await scene.once(start)
            assert scene.asked(Source.RSS, start) == (len(CATEGORIES) if hour == 1 else 0)
            assert scene.owed(day) <= set(scene.told())
            assert bool(scene.told(before)) == (hour == 1)
            assert {record.mailing_date for record in run.missed} == {scene.days[MISSED]}
    run = await scene.once(scene.at(LATER, 8))
    assert not run.missed
    owed = scene.service.truth.expected(CATEGORIES, days=scene.days[: LATER + 1])
    assert owed.told - owed.late <= set(scene.told())


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_run_tells_today_s_papers_within_minutes_of_the_mailing_whatever_oai_says(
    scene: Scene, trouble: Effect
) -> None:
    scene.service.faults.append(Fault(trouble, source=Source.OAI, until=scene.at(LATER, 0)))
    clock = scene.environment.clock
    clock.set(scene.at(MISSED, 23))
    async with scene.environment.app() as app:
        daemon = Daemon(app.runner, clock)
        for day in (TODAY, TOMORROW):
            clock.set(scene.at(day, 0, 20))
            await _until(daemon, scene, scene.at(day, 0, 25))
            assert scene.owed(day) <= set(scene.told())
            await _until(daemon, scene, scene.at(day, 23))


async def _until(daemon: Daemon, scene: Scene, end: datetime) -> None:
    """Lets the daemon live until then."""
    clock = scene.environment.clock
    while clock.now() < end:
        await daemon.tick()
        assert daemon._wake is not None
        clock.set(min(max(daemon._wake, clock.now() + 5 * SECOND), end))


async def test_what_was_missed_comes_with_today_s_papers_where_it_is_had_at_once(scene: Scene) -> None:
    before = len(scene.environment.slack.messages)
    run = await scene.once(scene.at(TODAY, 8))
    assert not run.left_undone
    (composed,) = run.composed
    assert composed.messages == len(scene.environment.slack.messages) - before
    assert scene.owed(TODAY) <= set(scene.told(before))
    sources = [request.source for request in scene.service.requests if request.at >= scene.at(TODAY, 8)]
    assert sources == [Source.RSS] * len(CATEGORIES) + [Source.OAI] * len(CATEGORIES)


@pytest.mark.parametrize("catchup", [False, True])
async def test_a_second_source_that_is_slow_delays_today_s_papers_by_minutes_only_and_is_read_to_the_end(
    environment: Environment, *, catchup: bool
) -> None:
    async with opened(environment, catchup=catchup) as scene:
        slow = Source.CATCHUP if catchup else Source.OAI
        scene.service.faults.append(Fault(scene.slowly(100), source=slow, since=scene.at(TODAY, 0)))
        told: list[tuple[datetime, frozenset[str]]] = []
        sending = environment.slack.messages

        class Noting(list):  # type: ignore[type-arg]  # the receiver's own list, that notes when it grows
            def append(self, message: object) -> None:
                super().append(message)
                told.append((environment.clock.now(), frozenset(LINK.findall(str(message)))))

        environment.slack.messages = Noting(sending)
        run = await scene.once(scene.at(TODAY, 8))
        in_time = {each for when, links in told if when < scene.at(TODAY, 8) + 5 * MINUTE for each in links}
        assert scene.owed(TODAY) <= in_time
        assert not run.left_undone
        owed = scene.service.truth.expected(CATEGORIES, days=scene.days[: TODAY + 1])
        assert owed.told - owed.late <= set(scene.told())


async def test_what_was_missed_over_many_days_is_read_only_when_today_s_digests_are_out(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.collect._FEW_DAYS", 2)
    asked: list[int] = []

    async def noting(runner: Runner, **how: Any) -> tuple[Composed, ...]:
        asked.append(scene.asked(Source.OAI, scene.at(LATER, 0)))
        return await compose(runner, **how)

    compose = Runner.compose
    monkeypatch.setattr(Runner, "compose", noting)
    assert not (await scene.once(scene.at(LATER, 8))).left_undone
    assert asked == [0, len(CATEGORIES)]
    owed = scene.service.truth.expected(CATEGORIES, days=scene.days[: LATER + 1])
    assert owed.told - owed.late <= set(scene.told())


async def test_a_stop_in_the_midst_of_a_long_harvest_ends_it_between_two_records_and_the_next_run_reads_it_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.daemon.GRACE", 3600)  # it is for what is being sent
    monkeypatch.setattr(fallback, "_BATCH", 1)
    stop, records = asyncio.Event(), list[str]()

    def read(category: str, *rest: Any, **more: Any) -> dict[date, tuple[FeedItem, ...]]:
        records.append(category)
        if len(records) == 3:
            stop.set()
        return reconstruct(category, *rest, **more)

    async def unchanged() -> None:
        return None

    monkeypatch.setattr(fallback, "reconstruct", read)
    scene.environment.clock.set(scene.at(TODAY, 8))
    async with scene.environment.app() as app:
        await Daemon(app.runner, scene.environment.clock).run(stop, heartbeat=lambda: None, reload=unchanged)
    assert 3 <= len(records) < 10  # some turns of the event loop pass until it is cancelled
    await scene.once(scene.at(TODAY, 9))
    assert len(records) > 30
    assert scene.owed(MISSED) - scene.service.truth.expected(CATEGORIES, days=[scene.days[MISSED]]).late <= set(
        scene.told()
    )


async def test_while_another_process_makes_up_for_what_was_missed_today_is_collected_composed_and_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.collect._FEW_DAYS", 0)
    start = scene.at(TODAY, 8)
    scene.environment.clock.set(start)
    async with scene.environment.app() as app:
        app.store.leases._owner = WorkerId.parse("elsewhere|boot|1|1")
        app.store.leases.acquire("catch up", start, HOUR)
    run = await scene.once()
    assert run.catching_up_elsewhere == "catch up is held by process 1 on elsewhere"
    assert not run.collected_elsewhere
    assert scene.owed(TODAY) <= set(scene.told())
    assert scene.asked(Source.OAI, start) == 0
    async with scene.environment.app() as app:
        daemon = Daemon(app.runner, scene.environment.clock)
        await daemon.tick()
        assert daemon._wake is not None
        assert daemon._wake >= scene.environment.clock.now() + MINUTE  # it looks again soon, not at every tick
    scene.environment.clock.set(start + HOUR + MINUTE)
    assert not (await scene.once()).missed


async def test_a_stale_feed_is_read_elsewhere_also_while_another_process_makes_up_for_what_was_missed(
    scene: Scene,
) -> None:
    scene.service.faults.append(Fault(faults.stale, category="cs.CV", day=scene.days[TODAY]))
    await scene.once(scene.at(MISSED, 8))
    start = scene.at(TODAY, 8)
    async with scene.environment.app() as app:
        app.store.leases._owner = WorkerId.parse("elsewhere|boot|1|1")
        app.store.leases.acquire("catch up", start, HOUR)
    assert not (await scene.once(start)).left_undone


async def test_a_digest_does_not_wait_for_a_mailing_of_an_earlier_day_as_it_does_for_one_of_today(
    scene: Scene,
) -> None:
    """`run` waits until 02:00 for a category that is late today, and for none that was missed."""
    scene.service.faults += [
        Fault(faults.status(500), source=Source.OAI),
        Fault(faults.status(500), category="cs.LG", day=scene.days[TOMORROW], until=scene.at(TOMORROW, 1, 30)),
    ]
    async with scene.environment.app() as app:
        daemon = Daemon(app.runner, scene.environment.clock)
        scene.environment.clock.set(scene.at(TODAY, 0, 20))
        await daemon.tick()
        assert scene.owed(TODAY) <= set(scene.told())
        before = len(scene.environment.slack.messages)
        scene.environment.clock.set(scene.at(TOMORROW, 0, 20))
        await daemon.tick()
        assert scene.told(before) == []
        await _until(daemon, scene, scene.at(TOMORROW, 2, 1))
        assert scene.owed(TOMORROW) <= set(scene.told())


@pytest.mark.parametrize("healed", ["in the same run", "two days later"])
async def test_a_feed_that_repeats_a_missed_mailing_is_known_for_what_it_is_as_soon_as_that_one_is_had(
    scene: Scene, healed: str
) -> None:
    """Today comes first, so that the repeated papers look like news; nothing is told twice, and nothing is lost."""
    scene.service.faults.append(Fault(faults.stale, category="cs.CV", day=scene.days[TODAY]))
    until = scene.at(TODAY, 0) if healed == "in the same run" else scene.at(LATER, 0)
    scene.service.faults.append(Fault(faults.status(503), source=Source.OAI, until=until))
    for day in (TODAY, TOMORROW):
        await scene.once(scene.at(day, 8))
    if healed != "in the same run":
        cs_cv = {entry.paper.identifier for entry in scene.service.truth.mailing(scene.days[MISSED], "cs.CV").entries}
        assert cs_cv & set(scene.told())  # as today's, for nobody knew better
    run = await scene.once(scene.at(LATER, 8))
    assert not run.left_undone
    owed = scene.service.truth.expected(CATEGORIES, days=scene.days[: LATER + 1])
    assert owed.told - owed.late <= set(scene.told())
    async with scene.environment.app() as app:
        for day in (MISSED, TODAY):
            stored = {a.identifier for a in app.store.papers.announcements_on(scene.days[day], {"cs.CV"})}
            new = {
                entry.paper.identifier
                for entry in scene.service.truth.mailing(scene.days[day], "cs.CV").entries
                if not entry.type.is_replacement
            }
            assert len(stored & new) > len(new) / 2, day
