"""Runs the four verbs in a row: once for `once`, and round after round for the daemon.

    [bounces? addresses changed?] -> collect -> compose -> deliver -> publish -> alerts -> prune

Only the order of the verbs stands in here: what is due, is retried or is given up is decided below. Opens nothing but
the one connection to arXiv, through the function that it is given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.app.daemon import WAIT_FOR_LATE_UNTIL, WorkAhead
from bot.app.run_result import RunResult, log_run
from bot.arxiv import calendar
from bot.collect import backlog, collect
from bot.deliver import MAX_WAIT, deliver, readdress
from bot.errors import RenderError
from bot.members.bounce_mailbox import BounceMailboxError
from bot.members.housekeeping import forget_outdated
from bot.report.alert import Alert, enqueue_alerts
from bot.store.leases import LeaseTakenError

log = structlog.get_logger(__name__)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from bot.channels.channel import Channel
    from bot.clock import Clock
    from bot.collect import Collected, Source
    from bot.compose import Composed, Composer
    from bot.deliver import LaneReport
    from bot.members.roster import RosterReader
    from bot.publish import Published, Publisher
    from bot.settings import Settings
    from bot.store import Store

    Progress = Callable[[Collected], None]

COLLECT_TERM = timedelta(minutes=30)
"""For how long the lease to collect is taken; each category that is in prolongs it."""

_LOOK_AGAIN_AFTER = timedelta(minutes=1)
"""After another process was seen collecting."""
_ROUND_MAX_WAIT = timedelta(seconds=30)
"""How long a round of the daemon waits for pacing and Retry-After: what takes longer is another round's."""


@dataclass(frozen=True, slots=True)
class _Options:
    """What one run of the verbs is to do."""

    poll: bool = True
    """Whether arXiv is asked."""
    tell: bool = True
    """Whether anything is composed and delivered; else what is new stays new."""
    any_hour: bool = False
    """Whether subscribers are told before their hour."""
    wait_for_late: bool = False
    """Whether a digest waits for a category that is late."""
    ignore_backoff: bool = True
    """Whether what failed is tried again at once, at arXiv and at the destinations."""
    max_wait: timedelta = MAX_WAIT
    """How long deliver waits, in all, for pacing and Retry-After."""
    since: date | None = None
    """The first mailing date to make up for, whether or not it was ever asked for."""


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
        open_arxiv: Callable[[], AbstractAsyncContextManager[Source]],
        open_composer: Callable[[Settings], Composer],
        open_publisher: Callable[[], Publisher | None],
        read_bounces: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what the verbs need.

        Args:
            store: where each verb starts and ends.
            settings: the configuration.
            roster: who wants what, at each moment.
            channels: by name, those that a subscriber uses.
            clock: for now and for waiting.
            open_arxiv: the one connection to arXiv; raises `LeaseTakenError` while another process has it.
            open_composer: a composer for a roster, over the store as it is at that moment.
            open_publisher: the same for the site; None without one.
            read_bounces: does what mails that came back ask for; raises `BounceMailboxError` if it cannot.
        """
        self._store = store
        self._settings = settings
        self._roster = roster
        self._channels = channels
        self._clock = clock
        self._open_arxiv = open_arxiv
        self._open_composer = open_composer
        self._open_publisher = open_publisher
        self._read_bounces = read_bounces
        self._alerts: dict[str, Alert] = {}

    # -- in a row ------------------------------------------------------------------------------------------------

    async def once(
        self,
        *,
        any_hour: bool = False,
        no_deliver: bool = False,
        since: date | None = None,
        progress: Progress = lambda _: None,
    ) -> RunResult:
        """The four verbs in a row. With `no_deliver` nothing is composed either: what is new stays new.

        With `since` every mailing from that date on is collected, and a new subscriber gets all of them.
        """
        if since is not None:
            now = self._clock.now()
            self._open_composer(self._roster.whole(now)).enrol(now)
        return await self._run_verbs(_Options(tell=not no_deliver, any_hour=any_hour, since=since), progress)

    async def round(self, *, poll: bool) -> WorkAhead:
        """What the daemon does when something is due: the four verbs, without waiting for long."""
        options = _Options(poll=poll, wait_for_late=True, ignore_backoff=False, max_wait=_ROUND_MAX_WAIT)
        run = await self._run_verbs(options)
        log_run(run)
        retries = [lane.left_until for lane in run.delivered if lane.left_until]
        work_ahead = replace(self.work_ahead(), retries=tuple(retries))
        if run.collected_elsewhere:
            again = self._clock.now() + _LOOK_AGAIN_AFTER
            work_ahead = replace(work_ahead, retries=(*retries, again), arxiv_waits_until=again)
        return work_ahead

    async def _run_verbs(self, options: _Options, progress: Progress = lambda _: None) -> RunResult:
        """The four verbs.

        While another process is collecting, the store may hold half a mailing: then nothing is composed and
        published, only the outbox is delivered.
        """
        composed: tuple[Composed, ...] = ()
        published: tuple[Published, ...] = ()
        site_error = ""
        self._heed_bounces()
        delivered = self._readdress() if options.tell else ()
        collected, elsewhere = await self._collect_if_free(options, progress)
        if options.tell and not elsewhere:
            composed = self.compose(any_hour=options.any_hour, wait_for_late=options.wait_for_late)
        if options.tell:
            delivered += await self.deliver(ignore_backoff=options.ignore_backoff, max_wait=options.max_wait)
        if not elsewhere:
            published, site_error = self._publish_or_say_why()
        if options.tell:
            delivered += await self._deliver_alerts(composed, site_error)
        self._prune()
        today = calendar.mailing_date(self._clock.now())
        work_ahead = self.work_ahead()
        return RunResult(
            collected=collected,
            collected_elsewhere=elsewhere,
            composed=composed,
            delivered=delivered,
            published=published,
            next_mailing=None if calendar.is_mailing_day(today) else calendar.next_mailing(self._clock.now()),
            still_open=work_ahead.still_open(today),
            missed=work_ahead.missed,
            site_error=site_error,
        )

    # -- the verbs -----------------------------------------------------------------------------------------------

    async def collect(
        self, progress: Progress = lambda _: None, *, since: date | None = None, ignore_backoff: bool = True
    ) -> tuple[Collected, ...]:
        """The first verb; one process at a time.

        Raises:
            LeaseTakenError: another process is collecting.
        """

        def prolong_lease(result: Collected) -> None:
            self._store.leases.acquire("collect", self._clock.now(), COLLECT_TERM)
            progress(result)

        async with self._open_arxiv() as source:
            return await collect(
                source,
                self._store.papers,
                self._roster.of_yaml(self._clock.now()).categories,
                self._clock,
                since=since,
                ignore_backoff=ignore_backoff,
                progress=prolong_lease,
            )

    def compose(self, *, any_hour: bool = False, wait_for_late: bool = False) -> tuple[Composed, ...]:
        """The second verb."""
        now = self._clock.now()
        late = datetime.combine(calendar.mailing_date(now), WAIT_FOR_LATE_UNTIL) if wait_for_late else None
        roster = self._roster.to_compose(now, any_hour=any_hour)
        return self._open_composer(roster).compose(now, any_hour=any_hour, wait_until=late)

    async def deliver(
        self, *, ignore_backoff: bool, max_wait: timedelta = MAX_WAIT, only: str | None = None
    ) -> tuple[LaneReport, ...]:
        """The third verb; with `only` for one subscriber alone."""
        return await deliver(
            self._store,
            self._roster.waited_for(self._clock.now()),
            self._channels,
            self._clock,
            ignore_backoff=ignore_backoff,
            max_wait=max_wait,
            only=only,
        )

    def publish(self) -> tuple[Published, ...]:
        """The fourth verb; without `site:` there is no site."""
        publisher = self._open_publisher()
        return publisher.publish() if publisher else ()

    # -- what stands around them ---------------------------------------------------------------------------------

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
            arxiv_waits_until=self._store.arxiv_limit.waits_until(now),
            subscribers=tuple(roster.subscribers.values()),
            self_service_due=next_due,
        )

    def add_alert(self, key: str, text: str) -> None:
        """Adds an alert that the store cannot show; it is sent with the next round."""
        self._alerts[key] = Alert(key, text)

    def abandon(self) -> None:
        """Marks deliveries that are being sent, and whose answer we will not see, as unknown."""
        self._store.outbox.abandon(self._store.owner, self._clock.now())

    async def _collect_if_free(self, options: _Options, progress: Progress) -> tuple[tuple[Collected, ...], str]:
        """What was collected, and who is collecting in our place, if somebody is."""
        try:
            if options.poll:
                since, ignore_backoff = options.since, options.ignore_backoff
                return await self.collect(progress, since=since, ignore_backoff=ignore_backoff), ""
            self._store.leases.check("collect", self._clock.now())
        except LeaseTakenError as error:
            return (), str(error)
        return (), ""

    def _heed_bounces(self) -> None:
        """Before anything is composed or sent; if they cannot be read, the operator hears of it."""
        try:
            self._read_bounces()
        except BounceMailboxError as error:
            log.warning("bounces cannot be read", reason=error.reason)
            self.add_alert("bounces unread", f"Mails that came back cannot be read from {error}")

    def _publish_or_say_why(self) -> tuple[tuple[Published, ...], str]:
        """What was published, and why it failed: that must not fail the run, for the digests are sent by now."""
        try:
            return self.publish(), ""
        except (RenderError, OSError) as error:
            return (), str(error)

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
        now = self._clock.now()
        if not enqueue_alerts(self._store, self._roster.of_yaml(now), self._channels, now, also=alerts):
            return ()
        return await self.deliver(ignore_backoff=False, only=self._settings.operator)

    def _readdress(self) -> tuple[LaneReport, ...]:
        now = self._clock.now()
        return readdress(self._store, self._roster.waited_for(now), now)

    def _prune(self) -> None:
        """Forget payloads older than `keep_days`, and what readers asked for and nobody confirmed."""
        now = self._clock.now()
        self._store.outbox.prune(now - timedelta(days=self._settings.keep_days))
        forget_outdated(self._store, now)
