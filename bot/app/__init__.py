"""The composition root: the only place that opens anything, and the four verbs in a row.

Reads the clock; everything below gets what it needs as arguments. What is due, is retried or is given up is decided
below; in here only stands which verb follows which, once for `once` and for the daemon.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from bot.app.daemon import WAIT_FOR_LATE_UNTIL, WorkAhead
from bot.app.run_result import RunResult, log_run
from bot.arxiv import calendar
from bot.channels import CHANNELS
from bot.channels.channel import CheckResult
from bot.clock import SystemClock
from bot.collect import backlog, collect
from bot.compose import Composed, Composer
from bot.compose.digests import DigestPlanner
from bot.deliver import MAX_WAIT, deliver, readdress
from bot.errors import RenderError
from bot.report import check
from bot.report.alert import Alert, enqueue_alerts
from bot.settings import refuse_live
from bot.store import Store
from bot.store.leases import LeaseTakenError
from bot.text.templates import Templates
from bot.topics.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import date

    from bot.arxiv.client import ArxivClient
    from bot.channels.channel import Channel
    from bot.clock import Clock
    from bot.collect import Collected
    from bot.deliver import LaneReport
    from bot.publish import Published
    from bot.report.status import Reporter
    from bot.settings import Settings

_COLLECT_TERM = timedelta(minutes=30)
_LOOK_AGAIN_AFTER = timedelta(minutes=1)
"""After another process was seen collecting."""
_ROUND_MAX_WAIT = timedelta(seconds=30)
"""How long a round of the daemon waits for pacing and Retry-After: what takes longer is another round's."""


class App:
    """Everything opened, for one process. Use `opened`."""

    def __init__(self, settings: Settings, clock: Clock | None = None, *, must_exist: bool = False) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.store = Store(settings.store, must_exist=must_exist)
        self._alerts: dict[str, Alert] = {}
        self.templates = Templates(settings.templates)
        self.channels = self._build_channels(self.templates)

    def _build_channels(self, templates: Templates) -> dict[str, Channel]:
        """The channels that are set up, none of them open."""
        return {
            name: CHANNELS[name](options, templates, contact=self.settings.contact)
            for name, options in self.settings.channels.items()
        }

    def channel(self, name: str) -> Channel:
        """A channel to render with, also one that no subscriber uses."""
        return self.channels.get(name) or CHANNELS[name](
            CHANNELS[name].Settings(),
            self.templates,
            contact=self.settings.contact,
        )

    @cached_property
    def matcher(self) -> Matcher:
        """All topics compiled, once."""
        return Matcher(self.settings.topics.values())

    @property
    def reporter(self) -> Reporter:
        """Status and explain."""
        from bot.report.status import Reporter  # noqa: PLC0415 - 15 ms, with the next, that `once` can spare

        return Reporter(self.store, self.settings, self.channels, self.planner())

    def planner(self) -> DigestPlanner:
        """A planner of digests over the store as it is now."""
        return DigestPlanner(self.store, self.settings, self.matcher)

    def composer(self) -> Composer:
        """A composer over the store as it is now, with its own channels, so that their render caches end with it."""
        built_in = self._build_channels(Templates()) if self.settings.templates else {}
        return Composer(
            self.store, self.settings, self._build_channels(self.templates), self.planner(), fallbacks=built_in
        )

    async def collect(
        self,
        progress: Callable[[Collected], None] = lambda _: None,
        *,
        since: date | None = None,
        ignore_backoff: bool = True,
    ) -> tuple[Collected, ...]:
        """The first verb; one process at a time.

        Raises:
            LeaseTakenError: another process is collecting.
        """

        def prolong_lease(result: Collected) -> None:
            self.store.leases.acquire("collect", self.clock.now(), _COLLECT_TERM)
            progress(result)

        async with self._arxiv_client() as client:
            return await collect(
                client,
                self.store.papers,
                self.settings.categories,
                self.clock,
                since=since,
                ignore_backoff=ignore_backoff,
                progress=prolong_lease,
            )

    @asynccontextmanager
    async def _arxiv_client(self) -> AsyncIterator[ArxivClient]:
        """The one client, while no other process has one."""
        from bot.arxiv.client import ArxivClient  # noqa: PLC0415 - aiohttp, only where arXiv is asked

        self.store.leases.acquire("collect", self.clock.now(), _COLLECT_TERM)
        client = ArxivClient(
            self.settings.arxiv,
            contact=self.settings.contact,
            limit=self.store.arxiv_limit,
            catchup_limit=self.store.catchup_limit,
            clock=self.clock,
        )
        try:
            yield client
        finally:
            await client.aclose()
            self.store.leases.release("collect")

    async def check(self, *, send: bool) -> tuple[CheckResult, ...]:
        """Reach arXiv and every channel without changing anything; with `send`, post a test to every address."""
        results = [*check.notices(self.settings), *check.renamed_notices(self.store, self.settings)]
        results.append(await self._check_arxiv())
        results.extend(await check.check_channels(self.channels, self.settings))
        if send:
            results.extend(await check.send_tests(self.channels, self.settings, self.store.outbox, self.clock))
        return tuple(results)

    async def _check_arxiv(self) -> CheckResult:
        problem = refuse_live(self.settings)
        if problem is not None:
            return CheckResult(problem.path, ok=False, message=problem.message)
        try:
            async with self._arxiv_client() as client:
                return await check.check_arxiv(client, self.settings)
        except LeaseTakenError as error:
            return CheckResult("arxiv.rss_url", ok=True, message=f"not asked: {error}")

    def compose(self, *, any_hour: bool = False) -> tuple[Composed, ...]:
        """The second verb."""
        return self.composer().compose(self.clock.now(), any_hour=any_hour)

    async def deliver(self, *, ignore_backoff: bool, max_wait: timedelta = MAX_WAIT) -> tuple[LaneReport, ...]:
        """The third verb."""
        return await deliver(
            self.store,
            self.settings,
            self.channels,
            self.clock,
            ignore_backoff=ignore_backoff,
            max_wait=max_wait,
        )

    def publish(self) -> tuple[Published, ...]:
        """The fourth verb; without `site:` there is no site."""
        site = self.settings.site
        if site is None:
            return ()
        from bot.publish import Publisher  # noqa: PLC0415 - pages and feeds, only where there is a site

        topics = tuple(self.settings.topics[name] for name in site.topics)
        return Publisher(self.store, site, topics, self.matcher, self.templates).publish()

    def prune(self) -> int:
        """Forget payloads older than `keep_days`; the number forgotten."""
        return self.store.outbox.prune(self.clock.now() - timedelta(days=self.settings.keep_days))

    async def once(
        self,
        *,
        any_hour: bool = False,
        no_deliver: bool = False,
        since: date | None = None,
        progress: Callable[[Collected], None] = lambda _: None,
    ) -> RunResult:
        """The four verbs in a row. With `no_deliver` nothing is composed either: what is new stays new.

        With `since` every mailing from that date on is collected, and a new subscriber gets all of them.
        """
        if since is not None:
            self.composer().enrol(self.clock.now())
        return await self._run_verbs(
            poll=True,
            since=since,
            compose=None if no_deliver else lambda: self.compose(any_hour=any_hour),
            ignore_backoff=True,
            max_wait=MAX_WAIT,
            progress=progress,
        )

    async def round(self, *, poll: bool) -> WorkAhead:
        """What the daemon does when something is due: the four verbs, without waiting for long."""

        def compose() -> tuple[Composed, ...]:
            now = self.clock.now()
            late = datetime.combine(calendar.mailing_date(now), WAIT_FOR_LATE_UNTIL)
            return self.composer().compose(now, wait_until=late)

        run = await self._run_verbs(poll=poll, compose=compose, ignore_backoff=False, max_wait=_ROUND_MAX_WAIT)
        log_run(run)
        retries = [lane.left_until for lane in run.delivered if lane.left_until]
        work_ahead = replace(self.work_ahead(), retries=tuple(retries))
        if run.collected_elsewhere:
            again = self.clock.now() + _LOOK_AGAIN_AFTER
            work_ahead = replace(work_ahead, retries=(*retries, again), arxiv_waits_until=again)
        return work_ahead

    async def _run_verbs(
        self,
        *,
        poll: bool,
        compose: Callable[[], tuple[Composed, ...]] | None,
        ignore_backoff: bool,
        max_wait: timedelta,
        since: date | None = None,
        progress: Callable[[Collected], None] = lambda _: None,
    ) -> RunResult:
        """The four verbs; without `compose` neither it nor deliver.

        While another process is collecting, the store may hold half a mailing: then nothing is composed, only the
        outbox is delivered.
        """
        delivered = readdress(self.store, self.settings, self.clock.now()) if compose else ()
        collected, elsewhere = await self._collect_if_free(
            progress, poll=poll, since=since, ignore_backoff=ignore_backoff
        )
        composed = compose() if compose and not elsewhere else ()
        if compose:
            delivered += await self.deliver(ignore_backoff=ignore_backoff, max_wait=max_wait)
        published, site_error = ((), "") if elsewhere else self._publish()
        if compose:
            delivered += await self._deliver_alerts(composed, site_error)
        self.prune()
        today = calendar.mailing_date(self.clock.now())
        work_ahead = self.work_ahead()
        return RunResult(
            collected=collected,
            collected_elsewhere=elsewhere,
            composed=composed,
            delivered=delivered,
            published=published,
            next_mailing=None if calendar.is_mailing_day(today) else calendar.next_mailing(self.clock.now()),
            still_open=work_ahead.still_open(today),
            missed=work_ahead.missed,
            site_error=site_error,
        )

    def work_ahead(self) -> WorkAhead:
        """What has to be done later, as the store shows it."""
        today = calendar.mailing_date(self.clock.now())
        return WorkAhead(
            mailings=self.store.papers.mailings_since(today),
            categories=self.settings.categories,
            missed=backlog.missed(self.store.papers, self.settings.categories, today),
            arxiv_waits_until=self.store.arxiv_limit.waits_until(self.clock.now()),
            subscribers=tuple(self.settings.subscribers.values()),
        )

    def add_alert(self, key: str, text: str) -> None:
        """Adds an alert that the store cannot show; it is sent with the next round."""
        self._alerts[key] = Alert(key, text)

    def abandon(self) -> None:
        """Marks deliveries that are being sent, and whose answer we will not see, as unknown."""
        self.store.outbox.abandon(self.store.owner, self.clock.now())

    async def _collect_if_free(
        self,
        progress: Callable[[Collected], None],
        *,
        poll: bool,
        since: date | None,
        ignore_backoff: bool,
    ) -> tuple[tuple[Collected, ...], str]:
        """What was collected, and who is collecting in our place, if somebody is."""
        try:
            if poll:
                return await self.collect(progress, since=since, ignore_backoff=ignore_backoff), ""
            self.store.leases.check("collect", self.clock.now())
        except LeaseTakenError as error:
            return (), str(error)
        return (), ""

    async def _deliver_alerts(self, composed: tuple[Composed, ...], site_error: str) -> tuple[LaneReport, ...]:
        """Sends the operator the alerts of this run: broken templates, the site, and what the store shows."""
        alerts = [
            Alert(f"template {result.subscriber}", f"A template of {result.subscriber} is broken: {result.reason}")
            for result in composed
            if result.reason
        ]
        if site_error:
            alerts.append(Alert("site", f"The site could not be written: {site_error}"))
        alerts.extend(self._alerts.values())
        self._alerts.clear()
        if not enqueue_alerts(self.store, self.settings, self.channels, self.clock.now(), also=alerts):
            return ()
        return await deliver(
            self.store,
            self.settings,
            self.channels,
            self.clock,
            ignore_backoff=False,
            only=self.settings.operator,
        )

    def _publish(self) -> tuple[tuple[Published, ...], str]:
        """Publishes; an error here must not fail the run, for the digests are sent by now."""
        try:
            return self.publish(), ""
        except (RenderError, OSError) as error:
            return (), str(error)

    async def aclose(self) -> None:
        """Close what was opened."""
        for channel in self.channels.values():
            await channel.aclose()
        self.store.close()


@asynccontextmanager
async def opened(settings: Settings, clock: Clock | None = None, *, must_exist: bool = False) -> AsyncIterator[App]:
    """The application, closed at the end whatever happens.

    Args:
        settings: what to open it with.
        clock: the time; the machine's own if there is none.
        must_exist: whether to make no store where there is none, as whoever only reads wants it.

    Raises:
        NoStoreError: there is no store, and there must be one.
        StoreError: the store cannot be used.
    """
    app = App(settings, clock, must_exist=must_exist)
    try:
        yield app
    finally:
        await app.aclose()
