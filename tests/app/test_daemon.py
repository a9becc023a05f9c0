"""The daemon: polls around the mailing, keeps hours, and ends when it is told to; whole months in simulated time."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from bot.app.daemon import Daemon, next_poll, next_wake
from bot.app.work_ahead import WorkAhead
from bot.arxiv.calendar import EASTERN
from bot.channels.slack import SlackChannel
from bot.clock import SimulatedClock, SystemClock
from bot.errors import StoreError
from bot.model import MailingRecord, MailingState
from bot.store.worker import WorkerId
from tests.builders import paper
from tests.world import MONDAY, SATURDAY, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from bot.app import App
    from bot.model import Delivery, Receipt
    from bot.publish.markdown import TopicPage
    from bot.settings import Address, Subscriber

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEED = datetime(2026, 4, 21, 4, 20, tzinfo=UTC)
"""When Tuesday's mailing is expected in the feed."""


def record(category: str, state: MailingState, *, tries: int = 1, asked: datetime = FEED) -> MailingRecord:
    return MailingRecord(TUESDAY, category, state, "", 0, 0, tries, asked)


def work_ahead(*records: MailingRecord, categories: tuple[str, ...] = ("cs.CV", "cs.CL")) -> WorkAhead:
    return WorkAhead(records, categories, ())


# -- when to poll ------------------------------------------------------------------------------------------------


def test_nothing_is_asked_before_the_mailing_is_expected() -> None:
    assert next_poll(morning(TUESDAY, 4, 5), work_ahead()) == FEED


def test_an_open_mailing_is_asked_for_ever_more_seldom_up_to_an_hour() -> None:
    waits = [
        next_poll(FEED, work_ahead(record("cs.CV", MailingState.FAILED, tries=tries), categories=("cs.CV",))) - FEED
        for tries in range(1, 7)
    ]
    assert [wait // MINUTE for wait in waits] == [10, 20, 40, 60, 60, 60]


def test_categories_that_were_asked_one_after_the_other_are_asked_again_in_one_run() -> None:
    asked = {"cs.AI": FEED, "cs.CL": FEED + 3 * SECOND, "cs.CV": FEED + 6 * SECOND}
    late = [record(name, MailingState.FAILED, asked=at) for name, at in asked.items()]
    ahead = work_ahead(*late, record("cs.LG", MailingState.FAILED, tries=2), categories=(*asked, "cs.LG"))
    assert next_poll(FEED + MINUTE, ahead) == FEED + 10 * MINUTE + 6 * SECOND
    between = FEED + 10 * MINUTE + 3 * SECOND  # woken between them, it does what is due
    assert next_poll(between, ahead) < between


def test_a_category_that_was_never_asked_for_is_due_although_another_waits() -> None:
    assert next_poll(FEED + MINUTE, work_ahead(record("cs.CV", MailingState.FAILED))) == FEED


def test_what_was_asked_before_the_mailing_was_due_does_not_count() -> None:
    early = record("cs.CV", MailingState.PENDING, tries=5, asked=FEED - 2 * HOUR)
    assert next_poll(FEED, work_ahead(early, categories=("cs.CV",))) == FEED


def test_after_the_last_category_is_closed_the_next_mailing_is_waited_for() -> None:
    done = work_ahead(record("cs.CV", MailingState.COMPLETE), record("cs.CL", MailingState.EXPECTED_EMPTY))
    assert next_poll(FEED + HOUR, done) == FEED + DAY


def test_on_a_weekend_or_without_categories_the_next_mailing_is_waited_for() -> None:
    assert next_poll(morning(SATURDAY), work_ahead()) == morning(MONDAY, 4, 20)
    assert next_poll(morning(TUESDAY), work_ahead(categories=())) == FEED + DAY


def missed(*, tries: int, asked: datetime) -> MailingRecord:
    return MailingRecord(MONDAY, "cs.CV", MailingState.FAILED, "", 0, 0, tries, asked)


def test_a_missed_mailing_that_is_asked_for_seldom_does_not_hold_up_the_next_mailing() -> None:
    evening = FEED + 19 * HOUR
    closed = (record("cs.CV", MailingState.COMPLETE),)
    late = WorkAhead(closed, ("cs.CV",), (), missed=(missed(tries=9, asked=evening),))
    assert next_poll(evening, late) == FEED + DAY


def test_second_sources_that_have_us_wait_do_not_hold_up_the_feeds_nor_the_feeds_them() -> None:
    waiting = (record("cs.CV", MailingState.FAILED),)
    never = MailingRecord(MONDAY, "cs.CV", MailingState.PENDING, "", 0, 0, 0, None)
    now = FEED + MINUTE
    held = WorkAhead(waiting, ("cs.CV",), (), missed=(never,), missed_wait_until=now + 9 * HOUR)
    assert next_poll(now, held) == FEED + 10 * MINUTE
    held = WorkAhead(waiting, ("cs.CV",), (), missed=(never,), arxiv_waits_until=now + 9 * HOUR)
    assert next_poll(now, held) < now


# -- when to wake ------------------------------------------------------------------------------------------------


def subscriber(environment: Environment, **change: object) -> Subscriber:
    environment.config["subscribers"]["lab"] |= change
    return environment.settings.subscribers["lab"]


async def test_the_next_of_hours_polls_and_retries_wakes_it(environment: Environment) -> None:
    eight = subscriber(environment, at="08:00")
    now = morning(TUESDAY, 5, 30)
    closed = (record("cs.CV", MailingState.COMPLETE),)
    soon = WorkAhead(closed, ("cs.CV",), (eight,))
    assert next_wake(now, soon) == morning(TUESDAY, 6)
    assert next_wake(now, WorkAhead(closed, ("cs.CV",), (eight,), (now + MINUTE,))) == now + MINUTE
    paused = subscriber(environment, at="06:45", paused=True)
    assert next_wake(morning(TUESDAY, 4, 30), WorkAhead(closed, ("cs.CV",), (paused,))) == morning(TUESDAY, 6)


def test_two_in_the_morning_wakes_it_for_those_who_waited_for_a_late_category() -> None:
    closed = WorkAhead((record("cs.CV", MailingState.COMPLETE),), ("cs.CV",), ())
    assert next_wake(morning(TUESDAY, 5, 59), closed) == morning(TUESDAY, 6)


def test_it_never_sleeps_for_more_than_some_hours() -> None:
    assert next_wake(morning(SATURDAY, 12), work_ahead(categories=())) == morning(SATURDAY, 18)


# -- whole months ------------------------------------------------------------------------------------------------


@dataclass
class Month:
    """A daemon at work on simulated days; what reached whom, and when."""

    environment: Environment
    end: datetime
    seen: int = 0
    posts: int = 0
    told: dict[str, list[datetime]] = field(default_factory=dict)
    asleep: tuple[datetime, datetime] | None = None

    chance: random.Random | None = None
    """Where there is one: the process is stopped in the midst of runs, at random, and started again."""
    stops: int = 0

    async def live(self) -> None:
        while self.environment.clock.now() < self.end:
            async with self.environment.app() as app:
                await self._live_until_stopped(app)

    async def _live_until_stopped(self, app: App) -> None:
        daemon = Daemon(app.runner, self.environment.clock)
        while self.environment.clock.now() < self.end:
            now = self.environment.clock.now()
            if self.asleep is None or not self.asleep[0] <= now < self.asleep[1]:
                self._feed(now)
                if daemon.is_due() and self.chance is not None and self.chance.random() < 0.5:
                    await self._stop_in_the_midst(app, daemon)
                    return
                await daemon.tick()
                self._note()
            self.environment.clock.set(now + 5 * MINUTE)

    async def _stop_in_the_midst(self, app: App, daemon: Daemon) -> None:
        """What SIGTERM does when its grace is over, at any of the points where a run waits."""
        assert self.chance is not None
        self.stops += 1
        tick = asyncio.create_task(daemon.tick())
        await asyncio.wait([tick], timeout=self.chance.uniform(0.0, 0.02))
        tick.cancel()
        await asyncio.gather(tick, return_exceptions=True)
        app.runner.abandon()
        self._note()

    def _feed(self, now: datetime) -> None:
        """The feed turns over at midnight in New York; one bird every working day."""
        today = now.astimezone(EASTERN).date()
        birds = [paper(f"26{today:%m}.{today.day:05d}", title=f"Pigeon of {today}")] if today.weekday() < 5 else []
        self.environment.announce(today, *birds)

    def _note(self) -> None:
        for message in self.environment.slack.messages[self.seen :]:
            self.told.setdefault(message.channel, []).append(self.environment.clock.now())
        self.seen = len(self.environment.slack.messages)
        for post in self.environment.discord.messages[self.posts :]:
            self.told.setdefault(post.destination, []).append(self.environment.clock.now())
        self.posts = len(self.environment.discord.messages)


@pytest.fixture
def _host_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _weeks(month: int, day: int, days: int, mailings: int, zone: str, **marked: Any) -> Any:
    name = f"{days} days from {day} {'March' if month == 3 else 'October'} in {zone}"
    return pytest.param(datetime(2026, month, day, tzinfo=UTC), days, mailings, zone, id=name, **marked)


@pytest.mark.usefixtures("_host_zone")
@pytest.mark.parametrize(
    ("start", "days", "mailings", "zone"),
    [
        _weeks(3, 8, 4, 3, "America/Los_Angeles"),  # New York goes forward
        _weeks(3, 29, 4, 3, "UTC"),  # Berlin does
        _weeks(10, 25, 10, 7, "Asia/Tokyo"),  # both go back
        *(_weeks(3, 2, 30, 22, zone, marks=pytest.mark.on_request) for zone in ("UTC", "Asia/Tokyo")),
        *(_weeks(10, 12, 30, 22, zone, marks=pytest.mark.on_request) for zone in ("UTC", "America/Los_Angeles")),
    ],
)
async def test_weeks_of_run_tell_everybody_everything_once_and_nobody_early(
    environment: Environment, start: datetime, days: int, mailings: int
) -> None:
    environment.clock._now = start
    end = start + days * DAY
    zones = {"C0000000001": "Europe/Berlin", "C0000000002": "Asia/Tokyo", "C0000000003": "America/Los_Angeles"}
    environment.config["subscribers"] = {
        "now": {"slack": "C0000000000", "topics": ["birds"]},
        **{
            f"reader{channel[-1]}": {"slack": channel, "topics": ["birds"], "at": "08:00", "timezone": zone}
            for channel, zone in zones.items()
        },
    }
    month = Month(environment, end)
    await month.live()
    texts = [(message.channel, message.text) for message in environment.slack.messages]
    assert len(texts) == len(set(texts))  # nothing twice
    for name in environment.settings.subscribers:
        channel = environment.settings.subscribers[name].addresses[0].label
        received = "".join(text for to, text in texts if to == channel)
        assert received.count("Pigeon of ") in (mailings, mailings - 1), name  # the last slot may lie after the end
    for channel, zone in zones.items():
        for moment in month.told[channel]:
            local = moment.astimezone(_zone(zone))
            assert (local.hour, local.minute // 10) == (8, 0), (channel, local)
    for moment in month.told["C0000000000"]:
        eastern = moment.astimezone(EASTERN)
        assert eastern.weekday() < 5
        assert (eastern.hour, eastern.minute // 20) == (0, 1), eastern  # within minutes of 00:20


def _zone(name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - one use

    return ZoneInfo(name)


@pytest.mark.parametrize(
    ("seed", "days", "mailings"),
    [
        pytest.param(0, 12, 9, id="12 days"),
        *(pytest.param(seed, 30, 21, id=f"30 days, seed {seed}", marks=pytest.mark.on_request) for seed in range(3)),
    ],
)
async def test_weeks_of_stops_and_restarts_at_random_tell_everything_once_and_nobody_early(
    environment: Environment, seed: int, days: int, mailings: int
) -> None:
    """Over the spring changes, with a sleep of thirty hours; Discord's bot, for its nonce makes once checkable."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    environment.clock._now = start
    zones = {"111111111111111111": "Europe/Berlin", "222222222222222222": "Asia/Tokyo"}
    environment.config["subscribers"] = {
        "now": {"discord": "999999999999999999", "topics": ["birds"]},
        **{
            f"reader{channel[:1]}": {"discord": channel, "topics": ["birds"], "at": "08:00", "timezone": zone}
            for channel, zone in zones.items()
        },
    }
    asleep = (datetime(2026, 3, 10, 1, tzinfo=UTC), datetime(2026, 3, 11, 7, tzinfo=UTC))
    month = Month(environment, start + days * DAY, asleep=asleep, chance=random.Random(seed))
    await month.live()
    assert month.stops > days / 2
    for channel in ("999999999999999999", *zones):
        titles = [
            embed["title"] for m in environment.discord.messages if m.destination == channel for embed in m.embeds
        ]
        birds = [title for title in titles if title.startswith("Pigeon of")]
        assert len(birds) == len(set(birds)), channel
        assert len(birds) in (mailings, mailings - 1), (
            channel
        )  # one was missed asleep; the last slot may lie after the end
    for channel, zone in zones.items():
        for moment in month.told[channel]:
            local = moment.astimezone(_zone(zone))
            made_up = asleep[1] <= moment < asleep[1] + HOUR
            assert made_up or local.hour == 8 or (local.hour == 9 and local.minute < 30), (channel, local)


async def test_a_machine_that_slept_for_thirty_hours_makes_it_up_at_once(environment: Environment) -> None:
    environment.clock._now = datetime(2026, 4, 20, tzinfo=UTC)
    environment.config["subscribers"]["lab"]["at"] = "08:00"
    month = Month(
        environment,
        datetime(2026, 4, 24, tzinfo=UTC),
        asleep=(datetime(2026, 4, 21, 1, tzinfo=UTC), datetime(2026, 4, 22, 7, tzinfo=UTC)),
    )
    await month.live()
    moments = month.told["C0123456789"]
    assert [moment.date() for moment in moments] == [date(2026, 4, day) for day in (20, 22, 23)]
    assert moments[1] - datetime(2026, 4, 22, 7, tzinfo=UTC) < 10 * MINUTE


async def test_it_waits_for_a_late_category_until_two_in_new_york_and_the_late_part_follows(
    environment: Environment,
) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    environment.clock._now = FEED
    environment.announce(TUESDAY, paper("2604.00001"))  # cs.CL answers with arXiv's error feed
    async with environment.app() as app:
        daemon = Daemon(app.runner, environment.clock)
        await daemon.tick()
        assert environment.received()["slack"] == 0
        environment.clock.set(morning(TUESDAY, 6))
        await daemon.tick()
        assert environment.received()["slack"] == 1
        assert "cs.CL" in environment.slack_text()
        environment.announce(TUESDAY, paper("2604.00002", title="Late pigeon"), category="cs.CL")
        environment.clock.set(morning(TUESDAY, 7))
        await daemon.tick()
    assert environment.received()["slack"] == 2
    assert "Late pigeon" in environment.slack_text(-1)


async def test_while_another_process_collects_a_round_composes_nothing_and_looks_again_soon(
    environment: Environment,
) -> None:
    environment.clock._now = morning(TUESDAY, 7)
    environment.announce(TUESDAY, paper())
    await environment.once(no_deliver=True)
    async with environment.app() as app:
        app.store.leases.acquire("collect", environment.clock.now(), 30 * MINUTE)
        with app.store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE leases SET owner = 'elsewhere|boot|1|1'")
        daemon = Daemon(app.runner, environment.clock)
        await daemon.tick()
        assert environment.received()["slack"] == 0
        app.store.leases._owner = WorkerId.parse("elsewhere|boot|1|1")
        app.store.leases.release("collect")
        environment.clock.set(environment.clock.now() + MINUTE)
        await daemon.tick()
    assert environment.received()["slack"] == 1


async def test_a_round_logs_what_went_wrong_in_it(environment: Environment) -> None:
    environment.clock._now = morning(TUESDAY, 7)
    environment.config |= {"site": {"dir": "site", "topics": ["birds"]}, "templates": "mine"}
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    (environment.folder / "site").write_text("in the way", encoding="utf-8")
    (environment.folder / "mine" / "slack").mkdir(parents=True)
    (environment.folder / "mine" / "slack" / "paper.mrkdwn.j2").write_text("{{ oops", encoding="utf-8")
    environment.announce(TUESDAY, paper())
    with capture_logs() as logs:
        async with environment.app() as app:
            await Daemon(app.runner, environment.clock).tick()
    told = [entry for entry in logs if entry["log_level"] in ("warning", "error")]
    assert {"collected", "template failed", "the site could not be written"} <= {entry["event"] for entry in told}
    assert [entry["category"] for entry in told if entry["event"] == "collected"] == ["cs.CL"]


async def test_an_idle_daemon_asks_nothing_of_anybody(environment: Environment) -> None:
    environment.announce(TUESDAY, paper())
    environment.clock._now = morning(TUESDAY)
    async with environment.app() as app:
        daemon = Daemon(app.runner, environment.clock)
        await daemon.tick()
        asked = len(environment.arxiv.requests)
        for _ in range(100):
            await daemon.tick()
        assert not daemon.is_due()
    assert len(environment.arxiv.requests) == asked


# -- living and ending -------------------------------------------------------------------------------------------


class FakeVerbs:
    """Runs that take as long as they are told to, or fail."""

    def __init__(self, *, seconds: float = 0.0, failure: Exception | None = None) -> None:
        self.count = 0
        self.abandoned = 0
        self.ending = False
        self._seconds = seconds
        self._failure = failure

    async def run_due(self, *, poll: bool) -> WorkAhead:
        assert poll in (True, False)
        self.count += 1
        if self._failure is not None:
            raise self._failure
        await asyncio.sleep(self._seconds)
        return self.work_ahead()

    def work_ahead(self) -> WorkAhead:
        return WorkAhead((), (), ())

    def end_soon(self) -> None:
        self.ending = True

    def abandon(self) -> None:
        self.abandoned += 1


async def unchanged() -> None:
    return None


async def run_and_stop(daemon: Daemon, verbs: FakeVerbs, *, beats: list[int] | None = None) -> None:
    """Runs the daemon, and stops it once the first run of the verbs has begun."""
    stop = asyncio.Event()
    running = asyncio.create_task(daemon.run(stop, heartbeat=lambda: (beats or []).append(1), reload=unchanged))
    await until_run(verbs, 1, running)
    stop.set()
    await running


async def until_run(verbs: FakeVerbs, times: int, running: asyncio.Task[None]) -> None:
    """Waits until the verbs were run so many times, or the daemon has ended."""
    while verbs.count < times and not running.done():  # noqa: ASYNC110 - the fake tells nobody
        await asyncio.sleep(0.005)


@pytest.fixture
def _long_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens only because time has passed."""
    monkeypatch.setattr("bot.app.daemon.TICK", 3600)


@pytest.mark.usefixtures("_long_tick")
async def test_it_works_at_once_and_ends_at_once() -> None:
    verbs, beats = FakeVerbs(), [0]
    await run_and_stop(Daemon(verbs, SystemClock()), verbs, beats=beats)
    assert (verbs.count, verbs.abandoned) == (1, 1)
    assert len(beats) > 1


async def test_a_round_that_hangs_is_left_after_the_grace_and_what_is_in_flight_is_abandoned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.app.daemon.GRACE", 0.1)
    verbs = FakeVerbs(seconds=3600)
    await run_and_stop(Daemon(verbs, SystemClock()), verbs)
    assert verbs.abandoned == 1


async def test_a_stop_in_the_midst_of_long_work_ends_it_at_the_next_page_and_the_next_run_writes_the_rest(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.daemon.GRACE", 3600)  # it is for what is being sent
    names = [f"birds{number}" for number in range(20)]
    environment.config["topics"] = {name: {"categories": ["cs.CV"], "keywords": ["pigeon"]} for name in names}
    environment.config |= {"subscribers": {}, "site": {"dir": "site", "topics": names}}
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    stop, written = asyncio.Event(), list[str]()

    def note(page: TopicPage, *_: object) -> str:
        written.append(page.topic.name)
        if len(written) == 3:
            stop.set()
        return page.topic.name

    monkeypatch.setattr("bot.publish.render_page", note)
    async with environment.app() as app:
        await Daemon(app.runner, environment.clock).run(stop, heartbeat=lambda: None, reload=unchanged)
    assert len(written) < 10  # some turns of the event loop pass until the run is cancelled
    await environment.once()
    pages = (environment.folder / "site").glob("birds*/2026-04-21.html")
    assert sorted(page.parent.name for page in pages) == sorted(names)


async def test_a_stop_while_sending_lets_the_send_end_and_begins_no_page(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.config["site"] = {"dir": "site", "topics": ["birds"]}
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    stop = asyncio.Event()
    send = SlackChannel.send

    async def stopped(channel: SlackChannel, delivery: Delivery, address: Address) -> Receipt:
        stop.set()
        await asyncio.sleep(0.1)
        return await send(channel, delivery, address)

    monkeypatch.setattr(SlackChannel, "send", stopped)
    async with environment.app() as app:
        await Daemon(app.runner, environment.clock).run(stop, heartbeat=lambda: None, reload=unchanged)
        assert app.store.queries.unfinished() == ()
    assert environment.received()["slack"] == 1
    assert not (environment.folder / "site").exists()
    await environment.once()
    assert (environment.folder / "site" / "birds" / "2026-04-21.html").exists()


async def test_a_fault_in_a_round_ends_the_daemon_with_it() -> None:
    verbs = FakeVerbs(failure=RuntimeError("a fault of ours"))
    with pytest.raises(RuntimeError, match="a fault of ours"):
        await Daemon(verbs, SystemClock()).run(asyncio.Event(), heartbeat=lambda: None, reload=unchanged)


async def test_a_store_that_is_locked_or_full_is_tried_again_in_a_minute() -> None:
    clock = SimulatedClock(morning(TUESDAY))
    verbs = FakeVerbs(failure=StoreError("sqlite:///p.db", "database or disk is full"))
    daemon = Daemon(verbs, clock)
    await daemon.tick()
    await daemon.tick()
    assert verbs.count == 1
    clock.set(clock.now() + MINUTE)
    await daemon.tick()
    assert verbs.count == 2


async def test_it_ends_although_the_store_does_not_take_what_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    verbs = FakeVerbs()

    def locked() -> None:
        raise StoreError("sqlite:///p.db", "database is locked")

    monkeypatch.setattr(verbs, "abandon", locked)
    with capture_logs() as logs:
        await run_and_stop(Daemon(verbs, SystemClock()), verbs)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "what is in flight could not be noted"
    ]


async def test_a_new_configuration_gets_a_round_at_once() -> None:
    old, new = FakeVerbs(), FakeVerbs()
    offered = iter([None, new])

    async def reload() -> FakeVerbs | None:
        return next(offered, None)

    daemon = Daemon(old, SimulatedClock(morning(TUESDAY)))
    for _ in range(3):
        await daemon._step(reload)
    assert (old.count, new.count) == (1, 1)


@pytest.mark.usefixtures("_long_tick")
async def test_a_reader_who_acts_between_two_rounds_gets_one_at_once_and_not_only_at_the_next_tick() -> None:
    verbs, stop = FakeVerbs(), asyncio.Event()
    daemon = Daemon(verbs, SystemClock())
    running = asyncio.create_task(daemon.run(stop, heartbeat=lambda: None, reload=unchanged))
    await until_run(verbs, 1, running)
    for count in (2, 3):
        await asyncio.sleep(0.05)  # most probably the round has ended; if it has not, this is the next test
        daemon.wake()
        await until_run(verbs, count, running)
    stop.set()
    await running
    assert verbs.count == 3


@pytest.mark.usefixtures("_long_tick")
async def test_a_reader_who_acts_during_a_round_gets_another_after_it() -> None:
    verbs, stop = FakeVerbs(seconds=0.05), asyncio.Event()
    daemon = Daemon(verbs, SystemClock())
    running = asyncio.create_task(daemon.run(stop, heartbeat=lambda: None, reload=unchanged))
    await until_run(verbs, 1, running)
    daemon.wake()
    await until_run(verbs, 2, running)
    stop.set()
    await running
