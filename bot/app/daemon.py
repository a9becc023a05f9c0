"""The daemon: decides when the four verbs run next, and runs them then.

    tick -> [stop? reload? due?] -> a run of the four verbs -> when the next one is due

A run is due when a mailing is expected, when a subscriber's hour comes, or when a wait ends. `schedule` gives only
the tick: its own time zones need pytz and are wrong when the clocks change, so what is due is computed here from
`now`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import schedule
import structlog

from bot.app.work_ahead import WAIT_FOR_LATE_UNTIL, WorkAhead
from bot.arxiv import calendar
from bot.collect import backlog
from bot.compose.slots import next_slot
from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from bot.clock import Clock

    Heartbeat = Callable[[], object]
    Reload = Callable[[], Awaitable["Verbs | None"]]

log = structlog.get_logger(__name__)

TICK = 5
"""Seconds between two checks of whether a run is due."""

GRACE = 5.0
"""Seconds that a run in progress is given when we are asked to stop; then what is in flight becomes unknown."""

_LONGEST_SLEEP = timedelta(hours=6)
_STORE_PAUSE = timedelta(minutes=1)
_SOON = timedelta(minutes=2)
"""About as long as one run takes to ask for 34 categories: so far apart they are due again."""


class Verbs(Protocol):
    """Interface to the four verbs, as the daemon calls them."""

    async def run_due(self, *, poll: bool) -> WorkAhead:
        """Runs compose, deliver and publish, and collect before them if `poll`. Returns what to do later."""
        ...

    def work_ahead(self) -> WorkAhead:
        """What has to be done later, as the store shows it."""
        ...

    def end_soon(self) -> None:
        """Stops collect, compose and publish after the current answer, digest or page; sending goes on."""
        ...

    def abandon(self) -> None:
        """Marks deliveries that are being sent, and whose answer we will not see, as unknown."""
        ...


def next_poll(now: datetime, work_ahead: WorkAhead) -> datetime:
    """When arXiv is to be asked next: as soon as a mailing is due, then at growing intervals until it is closed.

    Never later than the next mailing, whatever was missed and however long arXiv makes us wait.
    """
    today = calendar.mailing_date(now)
    due = calendar.expected(today)
    known = {record.category: record for record in work_ahead.mailings if record.mailing_date == today}
    feeds = [backlog.next_attempt(known.get(category), due, now) for category in work_ahead.still_open(today)]
    missed = [
        backlog.next_attempt(record, calendar.expected(record.mailing_date), now, past=True)
        for record in work_ahead.missed
    ]
    feeds = [max(moment, work_ahead.arxiv_waits_until or moment) for moment in feeds]
    missed = [max(moment, work_ahead.missed_wait_until or moment) for moment in missed]
    return min((*(_together(each, now) for each in (feeds, missed) if each), calendar.next_mailing(now)))


def _together(moments: Collection[datetime], now: datetime) -> datetime:
    """The first of these moments; if it is still to come, the last that follows it soon: one run does them all."""
    first = min(moments)
    return first if first <= now else max(moment for moment in moments if moment <= first + _SOON)


def next_wake(now: datetime, work_ahead: WorkAhead) -> datetime:
    """When the next run is due; at most `_LONGEST_SLEEP` from now, in case the clock is changed."""
    slots = [next_slot(subscriber, now) for subscriber in work_ahead.subscribers if not subscriber.paused]
    moments = [*filter(None, (*slots, work_ahead.self_service_due)), *work_ahead.retries]
    wait_until = datetime.combine(calendar.mailing_date(now), WAIT_FOR_LATE_UNTIL)
    if wait_until > now:
        moments.append(wait_until)
    return min(next_poll(now, work_ahead), now + _LONGEST_SLEEP, *moments)


class Daemon:
    """Runs the verbs when they are due, until it is told to stop."""

    def __init__(self, verbs: Verbs, clock: Clock) -> None:
        self._verbs = verbs
        self._clock = clock
        self._wake: datetime | None = None
        self._woken = asyncio.Event()
        """Set by `wake`: a reader changed something after the last run began."""

    def wake(self) -> None:
        """Makes a run due at once, because a reader changed something."""
        self._woken.set()

    def is_due(self) -> bool:
        """Whether a run is due."""
        return self._wake is None or self._woken.is_set() or self._clock.now() >= self._wake

    async def tick(self) -> None:
        """Runs the four verbs if a run is due, and decides when the next one is."""
        now = self._clock.now()
        if not self.is_due():
            return
        self._woken.clear()
        try:
            poll = now >= next_poll(now, self._verbs.work_ahead())
            work_ahead = await self._verbs.run_due(poll=poll)
        except StoreError as error:
            # A full disk or a locked store may recover within a minute; nothing is lost until then.
            log.error("the store cannot be used", store=error.store, reason=error.reason)  # noqa: TRY400 - said whole
            self._wake = now + _STORE_PAUSE
            return
        self._wake = next_wake(self._clock.now(), work_ahead)
        log.info("round done", polled=poll, next=self._wake.isoformat(timespec="minutes"))

    async def run(self, stop: asyncio.Event, *, heartbeat: Heartbeat, reload: Reload) -> None:
        """Ticks until `stop` is set; a run in progress is given `GRACE` seconds to end.

        Args:
            stop: set by SIGTERM and SIGINT.
            heartbeat: called at every tick, also during a run.
            reload: asked between two runs; returns new verbs where the configuration changed, else None.
        """
        step: asyncio.Task[None] | None = None

        def check() -> None:
            nonlocal step
            heartbeat()
            if step is None or step.done():
                step = asyncio.create_task(self._step(reload))

        ticker = schedule.Scheduler()
        ticker.every(TICK).seconds.do(check)
        ticker.run_all()
        while not stop.is_set():
            running = [step] if step is not None and not step.done() else []
            events = [stop] if running else [stop, self._woken]
            await sleep(max(0.1, ticker.idle_seconds or 0.0), events, *running)
            if step is not None and step.done():
                step.result()  # an error of a run ends the daemon: nothing is swallowed
                if self._woken.is_set():
                    ticker.run_all()
            ticker.run_pending()
        await self._finish(step)

    async def _step(self, reload: Reload) -> None:
        fresh = await reload()
        if fresh is not None:
            self._verbs, self._wake = fresh, None
        await self.tick()

    async def _finish(self, step: asyncio.Task[None] | None) -> None:
        if step is not None:
            self._verbs.end_soon()
            await asyncio.wait([step], timeout=GRACE)
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)
        try:
            self._verbs.abandon()
        except StoreError as error:
            # They stay claimed by a dead process; the next process recovers them.
            log.error("what is in flight could not be noted", store=error.store, reason=error.reason)  # noqa: TRY400 - said whole


async def sleep(seconds: float, events: Iterable[asyncio.Event], *tasks: asyncio.Task[None]) -> None:
    """Sleeps until the time is over, one of the events, or the end of one of the tasks."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait([*waiting, *tasks], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
