"""What each job does: it looks at the store and does what is due, with the application as it is opened now.

    collect    bounces, reactions, changed addresses, arXiv if it is time -> what is due, and itself when the next is
    compose    the digests of a shard -> in the same transaction its `deliver` (see `put_all`)
    deliver    what waits for a shard -> itself, when what is left may go

Digests are asked for when today's mailing is in, and not with each answer's papers: one of half a mailing would be
followed by another for the rest.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.app.collecting import Collector
from bot.app.daemon import TICK, next_poll, next_wake
from bot.app.run_result import RunResult, log_run
from bot.collect import Collection, silently
from bot.deliver.addressing import readdress
from bot.errors import RenderError, StoreError
from bot.store.jobs import Job, Verb

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.app import App

log = structlog.get_logger(__name__)

_LONGEST_WAIT = timedelta(seconds=30)
"""How long one `deliver` waits for pacing and Retry-After; what takes longer is left to a later one."""
_LOOK_AGAIN = timedelta(minutes=1)
"""After a job failed, or another process was seen collecting."""
_STORE_PAUSE = timedelta(seconds=10)
"""After the store could not be used: a server that restarts is back soon."""
_LOOK_AT_HELD = timedelta(hours=1)
"""Between two looks at what waits for a person or for the end of a pause."""


class Jobs:
    """Does the jobs that this process takes."""

    def __init__(self, current: Callable[[], App], *, follow: Callable[[], Awaitable[None]] | None = None) -> None:
        """Take what gives the application.

        Args:
            current: returns it as it is opened now; it changes with the configuration.
            follow: called before each job, follows a changed configuration. Another worker may have followed it
                already: by the former one, this worker would drop what that one wrote for a new address.
        """
        self._current = current
        self._follow = follow
        self._is_collecting = False
        """Whether this process asks for today's mailing: its lease keeps others from composing, not itself."""

    async def do(self, job: Job) -> None:
        """Does one job. One that is cancelled or fails is asked for again: at once, or after a while.

        Raises:
            StoreError: the store cannot be used.
        """
        async with self._current().in_use() as before:
            try:
                if self._follow is not None:
                    await self._follow()
                async with self._current().in_use() as app:
                    await self._do(app, job)
            except asyncio.CancelledError:
                self._ask_again(before, job)
                raise
            except StoreError as error:
                log.error("the store cannot be used", job=job.key, store=error.store, reason=error.reason)  # noqa: TRY400 - said whole
                self._ask_again(before, job, after=_STORE_PAUSE)
                raise
            except Exception as error:
                log.exception("a job failed", job=job.key)
                self._ask_again(before, job, after=_LOOK_AGAIN)
                self._tell_operator(before, job, error)
                raise

    @staticmethod
    def _ask_again(app: App, job: Job, *, after: timedelta = timedelta()) -> None:
        """Asks for a job that was not done to its end."""
        try:
            app.store.job_queue.ask(job, after=after)
        except StoreError as error:
            # `collect` and `deliver` are asked for by `repair`, and the others by the next `collect`.
            log.warning("a job could not be asked for again", job=job.key, reason=error.reason)

    @staticmethod
    def _tell_operator(app: App, job: Job, error: Exception) -> None:
        """Tells the operator of a fault of ours, for which no process ends."""
        text = f"A worker fails to {job.verb}, again every minute: {type(error).__name__}; its log says more."
        app.runner.add_alert(f"job {job.verb}", text)
        try:
            app.runner.tell_operator()
        except (RenderError, StoreError) as untold:
            log.warning("the operator could not be told", reason=str(untold))

    async def _do(self, app: App, job: Job) -> None:
        match job.verb:
            case Verb.COLLECT:
                await self._collect(app)
            case Verb.COMPOSE:
                await self._compose(app, job)
            case Verb.DELIVER:
                await self._deliver(app, job)
            case Verb.PUBLISH:
                await self._publish(app)
            case Verb.PRUNE:
                app.runner.prune()

    async def _collect(self, app: App) -> None:
        """A round of the daemon, but that it asks for digests, messages and pages in place of making them."""
        runner, clock, queue = app.runner, app.clock, app.store.job_queue
        runner.process_bounces()
        await runner.process_reactions()
        readdress(app.store, app.roster.waited_for(clock.now()), clock.now())
        is_collected = True
        if clock.now() >= next_poll(clock.now(), runner.work_ahead()):
            is_collected = await self._poll(app)
        else:
            self._ask_for_what_is_due(app)
        runner.tell_operator()
        wait = _until(next_wake(clock.now(), runner.work_ahead()), clock.now()) if is_collected else _LOOK_AGAIN
        queue.ask(Job(Verb.COLLECT), after=wait)

    async def _poll(self, app: App) -> bool:
        """Asks arXiv, and has told what came in. Returns whether it could: False if another process is at it."""
        collector = Collector(app.store, app.clock, app.arxiv)
        categories = app.roster.of_yaml(app.clock.now()).categories
        collection = Collection(app.store.papers, categories, app.clock, ignore_backoff=False)
        self._is_collecting = True
        try:
            elsewhere = await collector.collect_today(collection, silently)
        finally:
            self._is_collecting = False
        missed_elsewhere = ""
        if not elsewhere:
            self._ask_for_what_is_due(app)
            if not collection.is_done:
                new, missed_elsewhere = await collector.collect_missed(collection, silently, briefly=True)
                if new:
                    self._ask_for_what_is_due(app)
        log_run(
            RunResult(
                collected=collection.results,
                collected_elsewhere=elsewhere,
                catching_up_elsewhere=missed_elsewhere,
            )
        )
        return not (elsewhere or missed_elsewhere)

    @staticmethod
    def _ask_for_what_is_due(app: App) -> None:
        queue = app.store.job_queue
        digests = (Job(Verb.COMPOSE, shard) for shard in app.roster.shards_to_compose(app.clock.now()))
        pages = [Job(Verb.PUBLISH)] if app.settings.site else []
        queue.ask(*digests, *queue.left(), *pages)

    async def _compose(self, app: App, job: Job) -> None:
        if self._is_collecting or Collector(app.store, app.clock, app.arxiv).collecting_elsewhere():
            # The store may hold half a mailing. `collect` asks for this at once when it is in; `once` does not.
            app.store.job_queue.ask(job, after=_LOOK_AGAIN)
            return
        composed = await app.runner.compose(wait_for_late=True, shard=job.subscribers)
        log_run(RunResult(composed=composed))
        if app.runner.has_alerts or any(each.reason for each in composed):
            app.runner.tell_operator(composed)

    async def _deliver(self, app: App, job: Job) -> None:
        reports = await app.runner.deliver(ignore_backoff=False, max_wait=_LONGEST_WAIT, shard=job.subscribers)
        next_try = min((report.left_until for report in reports if report.left_until), default=None)
        if next_try is not None:
            app.store.job_queue.ask(job, after=_until(next_try, app.clock.now()))
            return
        is_clear = bool(reports) and not any(report.paused or report.held for report in reports)
        if not is_clear and app.store.outbox.lanes(job.subscribers):
            app.store.job_queue.ask(job, after=_LOOK_AT_HELD)

    @staticmethod
    async def _publish(app: App) -> None:
        """Writes the pages; an error of theirs is told to the operator, as digests go out all the same."""
        try:
            log_run(RunResult(published=await app.runner.publish()))
        except (RenderError, OSError) as error:
            log_run(RunResult(site_error=str(error)))
            app.runner.tell_operator(site_error=str(error))


def _until(moment: datetime, now: datetime) -> timedelta:
    """How long to wait for it; a little where it has come, so that no job asks for itself without a pause."""
    return max(moment - now, timedelta(seconds=TICK))
