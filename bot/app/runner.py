"""Runs the four verbs (collect, compose, deliver, publish) in order: for `once`, and for each run of the daemon.

    [bounces? addresses changed?] -> feeds -> what second sources have at once -> compose -> deliver -> publish
        -> the rest of what was missed -> [anything new?] -> compose -> deliver -> publish -> alerts -> prune

Second sources are arXiv's other services, for what its feeds lack. Nothing old or optional delays today's mailing:
what takes long is collected after today's digests are sent. This module only orders the verbs; the verbs decide what
is due, retried or given up. It opens arXiv clients and publishers only through functions that it is given.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from bot.app.collecting import Collector
from bot.app.compose_process import ComposeRun
from bot.app.run_result import RunResult, Told, log_run
from bot.app.work_ahead import WAIT_FOR_LATE_UNTIL, WorkAhead
from bot.arxiv import calendar
from bot.collect import Collection, backlog, silently
from bot.deliver import MAX_WAIT, Shared, deliver
from bot.deliver.addressing import readdress
from bot.errors import RenderError
from bot.members.bounce_mailbox import BounceMailboxError
from bot.members.housekeeping import forget_outdated
from bot.model import Service
from bot.report.alert import Alert, enqueue_alerts
from bot.report.failing import SELF_SERVICE
from bot.settings import fingerprint

log = structlog.get_logger(__name__)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from bot.app.collecting import OpenArxiv
    from bot.app.composing import Composing
    from bot.channels.channel import Channel
    from bot.clock import Clock, Durations
    from bot.collect import Progress
    from bot.members.roster import RosterReader
    from bot.model import Composed, LaneReport, Shard
    from bot.publish import Published, Publisher
    from bot.settings import Settings
    from bot.store import Store

Result = TypeVar("Result")

_LOOK_AGAIN_AFTER = timedelta(minutes=1)
"""After another process was seen collecting."""
_DAEMON_MAX_WAIT = timedelta(seconds=30)
"""How long a run of the daemon waits for pacing and Retry-After; what takes longer is left to a later run."""


@dataclass(frozen=True, slots=True)
class _Options:
    """What one run of the verbs is to do."""

    poll: bool = True
    """Whether arXiv is asked."""
    tell: bool = True
    """Whether anything is composed and delivered; if not, new papers are told by a later run."""
    any_hour: bool = False
    """Whether subscribers are told before their hour."""
    wait_for_late: bool = False
    """Whether a digest waits for a category that is late."""
    ignore_backoff: bool = True
    """Whether what failed is tried again at once, at arXiv and at the destinations."""
    max_wait: timedelta = MAX_WAIT
    """How long deliver waits, in all, for pacing and Retry-After."""
    since: date | None = None
    """The first mailing date to collect, whether or not it was ever asked for."""


class Runner:
    """The verbs over one open store. Everything that it needs comes from `App`."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        roster: RosterReader,
        channels: Mapping[str, Channel],
        clock: Clock,
        *,
        open_arxiv: OpenArxiv,
        composing: Composing,
        open_publisher: Callable[[], Publisher | None],
        read_bounces: Callable[[], None] = lambda: None,
        read_reactions: Callable[[], Awaitable[Mapping[str, str]]] | None = None,
        sends: Durations | None = None,
    ) -> None:
        """Take what the verbs need.

        Args:
            store: where each verb starts and ends.
            settings: the configuration.
            roster: reads the roster of a moment.
            channels: by name, those that a subscriber uses.
            clock: for now and for waiting.
            open_arxiv: opens a client of arXiv.
            composing: runs the compose verb.
            open_publisher: opens a publisher of the site; returns None without `site:`.
            read_bounces: processes new bounces; raises `BounceMailboxError` if it cannot read them.
            read_reactions: reads what people reacted with; returns, by subscriber, why it cannot be read.
            sends: counts how long each send takes, by channel.
        """
        self._store = store
        self._settings = settings
        self._roster = roster
        self._channels = channels
        self._clock = clock
        self._collector = Collector(store, clock, open_arxiv)
        self._composing = composing
        self._open_publisher = open_publisher
        self._read_bounces = read_bounces
        self._read_reactions = read_reactions
        self._sends = sends
        self._shared = Shared(store, channels, clock)
        """By all runs of deliver of this process: a worker has several at the same time."""
        self._alerts: dict[str, Alert] = {}
        self._is_ending = False
        self._long_work: asyncio.Task[Any] | None = None
        """Collect, the reading of reactions, compose or publish, while it runs."""

    # -- in a row ------------------------------------------------------------------------------------------------

    async def once(
        self,
        *,
        any_hour: bool = False,
        no_deliver: bool = False,
        since: date | None = None,
        progress: Progress = silently,
    ) -> RunResult:
        """Runs the four verbs in a row.

        Args:
            any_hour: deliver to all subscribers, due or not.
            no_deliver: compose and deliver nothing: new papers are told by a later run.
            since: collect every mailing from that date on; a new subscriber gets all of them.
            progress: called after each step of collecting.
        """
        if since is not None:
            self._composing.enrol(self._clock.now())
        run, _ = await self._run_verbs(_Options(tell=not no_deliver, any_hour=any_hour, since=since), progress)
        return run

    async def run_due(self, *, poll: bool) -> WorkAhead:
        """Runs the four verbs for the daemon, with short waits.

        Args:
            poll: whether arXiv is asked.

        Returns:
            What has to be done later.
        """
        options = _Options(poll=poll, wait_for_late=True, ignore_backoff=False, max_wait=_DAEMON_MAX_WAIT)
        run, work_ahead = await self._run_verbs(options)
        log_run(run)
        retries = [lane.left_until for lane in run.delivered if lane.left_until]
        work_ahead = replace(work_ahead, retries=tuple(retries))
        if run.collected_elsewhere:
            again = self._clock.now() + _LOOK_AGAIN_AFTER
            work_ahead = replace(work_ahead, retries=(*retries, again), arxiv_waits_until=again)
        if run.collected_elsewhere or run.catching_up_elsewhere:
            work_ahead = replace(work_ahead, missed_wait_until=self._clock.now() + _LOOK_AGAIN_AFTER)
        return work_ahead

    async def _run_verbs(self, options: _Options, progress: Progress = silently) -> tuple[RunResult, WorkAhead]:
        """The four verbs, and once more compose, deliver and publish where something old came in after today's.

        While another process asks for today's mailing, the store may hold half of it: then nothing is composed and
        published, only the outbox is delivered.
        """
        self.process_bounces()
        roster = self._roster.waited_for(self._clock.now())
        readdressed = readdress(self._store, roster, self._clock.now()) if options.tell else ()
        collection = Collection(
            self._store.papers,
            roster.categories,
            self._clock,
            since=options.since,
            ignore_backoff=options.ignore_backoff,
        )
        briefly = not options.ignore_backoff
        elsewhere = (
            await self._until_the_end(self._collector.collect_today(collection, progress))
            if options.poll
            else self._collector.collecting_elsewhere()
        )
        catching_up_elsewhere = ""
        if options.since and not elsewhere:  # it was asked for by hand, and comes as one digest
            _, catching_up_elsewhere = await self._until_the_end(
                self._collector.collect_missed(collection, progress, briefly=briefly)
            )
        if options.tell and not elsewhere:
            await self._until_the_end(self.process_reactions())
        told = Told(delivered=readdressed).then(await self._tell(options, elsewhere))
        if options.poll and not (elsewhere or catching_up_elsewhere or collection.is_done):
            new, catching_up_elsewhere = await self._until_the_end(
                self._collector.collect_missed(collection, progress, briefly=briefly)
            )
            if new:
                told = told.then(await self._tell(options))
        if options.tell:
            told = told.then(Told(delivered=await self._deliver_alerts(told.composed, told.site_error)))
        self.prune()
        today, work_ahead = calendar.mailing_date(self._clock.now()), self.work_ahead()
        missed = work_ahead.missed
        if options.since:
            missed = backlog.missed(self._store.papers, roster.categories, today, since=options.since)
        run = RunResult(
            collected=collection.results,
            collected_elsewhere=elsewhere,
            catching_up_elsewhere=catching_up_elsewhere,
            composed=told.composed,
            delivered=told.delivered,
            published=told.published,
            next_mailing=None if calendar.is_mailing_day(today) else calendar.next_mailing(self._clock.now()),
            still_open=work_ahead.still_open(today),
            missed=missed,
            site_error=told.site_error,
        )
        return run, work_ahead

    async def _tell(self, options: _Options, elsewhere: str = "") -> Told:
        """Composes, delivers and publishes what is collected; while another process collects, only delivers."""
        told = Told()
        if options.tell and not elsewhere:
            compose = self.compose(any_hour=options.any_hour, wait_for_late=options.wait_for_late)
            told = replace(told, composed=await self._until_the_end(compose))
        if options.tell:
            delivered = await self.deliver(ignore_backoff=options.ignore_backoff, max_wait=options.max_wait)
            told = replace(told, delivered=delivered)
        if not elsewhere:
            try:
                told = replace(told, published=await self._until_the_end(self.publish()))
            except (RenderError, OSError) as error:  # does not fail the run, as digests are sent
                told = replace(told, site_error=str(error))
        return told

    # -- the verbs -----------------------------------------------------------------------------------------------

    async def collect(self) -> None:
        """The first verb: today's mailing from its feeds, and what second sources have at once."""
        roster = self._roster.of_yaml(self._clock.now())
        await self._collector.collect_today(Collection(self._store.papers, roster.categories, self._clock), silently)

    async def compose(
        self, *, any_hour: bool = False, wait_for_late: bool = False, shard: Shard | None = None
    ) -> tuple[Composed, ...]:
        """The second verb: writes the digests that are due into the outbox, with `shard` those of its subscribers."""
        now = self._clock.now()
        late = datetime.combine(calendar.mailing_date(now), WAIT_FOR_LATE_UNTIL) if wait_for_late else None
        report = await self._composing.run(ComposeRun(now, any_hour=any_hour, wait_until=late, shard=shard))
        for problem in report.problems:
            self.add_alert(f"compose {fingerprint(problem)}", problem)
        return report.composed

    async def deliver(
        self,
        *,
        ignore_backoff: bool,
        max_wait: timedelta = MAX_WAIT,
        only: str | None = None,
        shard: Shard | None = None,
    ) -> tuple[LaneReport, ...]:
        """The third verb: sends what is in the outbox, with `only` to one subscriber, with `shard` to those in it."""
        return await deliver(
            self._store,
            self._roster.waited_for(self._clock.now(), shard),
            self._channels,
            self._clock,
            ignore_backoff=ignore_backoff,
            max_wait=max_wait,
            only=only,
            sends=self._sends,
            shard=shard,
            shared=self._shared,
        )

    async def publish(self) -> tuple[Published, ...]:
        """The fourth verb: writes the site's pages; none without `site:`."""
        publisher = self._open_publisher()
        return await publisher.publish() if publisher else ()

    # -- around the verbs ----------------------------------------------------------------------------------------

    def work_ahead(self) -> WorkAhead:
        """What has to be done later, as the store shows it."""
        now = self._clock.now()
        today, roster = calendar.mailing_date(now), self._roster.of_yaml(now)
        with self._store.snapshot() as view:
            next_due = view.members.next_due(now)
        return WorkAhead(
            mailings=self._store.papers.mailings_since(today),
            categories=roster.categories,
            missed=backlog.missed(self._store.papers, roster.categories, today),
            arxiv_waits_until=self._store.arxiv_limits.waits_until(Service.FEEDS, now),
            missed_wait_until=self._second_sources_wait_until(),
            subscribers=tuple(roster.subscribers.values()),
            self_service_due=next_due,
        )

    def _second_sources_wait_until(self) -> datetime | None:
        """Until when no second source may be asked; None if one may be now."""
        pages = (Service.PAGES,) if self._settings.arxiv.catchup_url else ()
        waits = [self._store.arxiv_limits.waits_until(each, self._clock.now()) for each in (Service.OAI, *pages)]
        return min((moment for moment in waits if moment), default=None) if all(waits) else None

    def add_alert(self, key: str, text: str) -> None:
        """Adds an alert that the store cannot show; it is sent by the next run."""
        self._alerts[key] = Alert(key, text)

    @property
    def has_alerts(self) -> bool:
        """Whether any alert of `add_alert` was not sent yet."""
        return bool(self._alerts)

    def end_soon(self) -> None:
        """Stops collect, compose and publish after the current answer, digest or page; sending goes on."""
        self._is_ending = True
        if self._long_work is not None:
            self._long_work.cancel()

    async def _until_the_end(self, verb: Coroutine[Any, Any, Result]) -> Result:
        """Runs what takes long, which `end_soon` may cancel.

        Raises:
            CancelledError: the process is to end.
        """
        self._long_work = task = asyncio.create_task(verb)
        try:
            if self._is_ending:
                task.cancel()
            return await task
        finally:
            self._long_work = None

    def abandon(self) -> None:
        """Marks deliveries that are being sent, and whose answer we will not see, as unknown."""
        self._store.outbox.abandon(self._store.owner, self._clock.now())

    def process_bounces(self) -> None:
        """Processes new bounces before anything is composed or sent; tells the operator if they cannot be read."""
        try:
            self._read_bounces()
        except BounceMailboxError as error:
            log.warning("bounces cannot be read", reason=error.reason)
            self.add_alert("bounces unread", f"Mails that came back cannot be read from {error}")

    async def process_reactions(self) -> None:
        """Reads reactions, so that digests know of them; tells the operator what cannot be read."""
        for subscriber, problem in (await self._read_reactions()).items() if self._read_reactions else ():
            log.warning("reactions cannot be read", subscriber=subscriber, reason=problem)
            self.add_alert(f"reactions {subscriber}", problem)

    async def _deliver_alerts(self, composed: tuple[Composed, ...], site_error: str) -> tuple[LaneReport, ...]:
        """Sends the operator the alerts of this run."""
        if not self.tell_operator(composed, site_error):
            return ()
        return await self.deliver(ignore_backoff=False, only=self._settings.operator)

    def tell_operator(self, composed: tuple[Composed, ...] = (), site_error: str = "") -> int:
        """Writes what the operator should hear of into the outbox: broken templates, the site, what the store shows.

        Returns:
            The number of alerts.
        """
        broken = {(SELF_SERVICE if each.self_service else each.subscriber, each.reason) for each in composed}
        alerts = [
            Alert(f"template {name}", f"A template of {name} is broken: {reason}")
            for name, reason in sorted(broken)
            if reason
        ]
        if site_error:
            alerts.append(Alert("site", f"The site could not be written: {site_error}"))
        alerts.extend(self._alerts.values())
        self._alerts.clear()
        if self._settings.operator is None:
            return 0
        now = self._clock.now()
        return enqueue_alerts(self._store, self._roster.waited_for(now), self._channels, now, also=alerts)

    def prune(self) -> None:
        """Deletes payloads older than `keep_days`, and old sign-up requests that were never confirmed."""
        now = self._clock.now()
        self._store.outbox.prune(now - timedelta(days=self._settings.keep_days))
        forget_outdated(self._store, now)
