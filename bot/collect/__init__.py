"""The first verb: asks arXiv for mailings, and stores papers and announcements that are new.

    feeds            category -> [closed?] -> feed -> parse -> [judge] -> record          one transaction per answer
    second sources   today's, open, and its hour has come -> page | OAI-PMH -> record
                     today's, closed by its feed          -> page -> comments
                     missed days -> page | OAI-PMH -> [reconstruct] -> record             one transaction per date
                                  `-> did the next day's feed only repeat these? -> reopen it

`page` is arXiv's catch-up page. Today comes before earlier days: every feed is asked before any second source, and
what second sources have may be collected later, after today's digests are delivered. Categories are independent: a
failure of one does not affect the others. Nothing in here knows a topic or a subscriber. Only a well-formed answer
for a mailing's own date closes it. What an answer means is decided in `verdict`; what is asked again and when, in
`backlog`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.arxiv import calendar, feed
from bot.collect import backlog
from bot.collect.fallback import FallbackSources, Found
from bot.collect.recorder import Recorder
from bot.collect.verdict import fallback_from
from bot.errors import FetchError, ParseError
from bot.model import Collected, MailingState
from bot.store.papers import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime

    from bot.clock import Clock
    from bot.collect.fallback import Source
    from bot.model import MailingRecord
    from bot.store.papers import Papers

    Progress = Callable[[str, int], None]
    """Called after each step with its name, and with how many steps there are in all."""

_FEW_DAYS = 10
"""Reading more missed days than these takes long, so today's digests do not wait for it."""


def silently(_name: str, _steps: int) -> None:
    """Shows no progress."""


@dataclass(frozen=True, slots=True)
class _Request:
    """Mailings of one category that a second source is asked for at once."""

    category: str
    days: tuple[date, ...]
    """Oldest first."""
    feed_result: Collected | None = None
    """What came of today's feed; None for earlier days."""

    @property
    def name(self) -> str:
        """The category and its days: `cs.CV 2026-04-16 to 2026-04-20 (3)`."""
        return f"{self.category} {calendar.span(self.days)}"


class Collection:
    """What one run asks arXiv for: call `ask_feeds`, then `ask_second_sources` until `is_done`."""

    def __init__(
        self,
        papers: Papers,
        categories: Iterable[str],
        clock: Clock,
        *,
        since: date | None = None,
        ignore_backoff: bool = True,
    ) -> None:
        """Finds out from the store what is to be asked for.

        Args:
            papers: the store.
            categories: canonical names.
            clock: read anew for each request, as requests take time.
            since: collect everything from that mailing date on, whether or not it was ever asked for before.
            ignore_backoff: ask for open mailings even if they were asked for in vain shortly before.
        """
        self._papers = papers
        self._categories = tuple(categories)
        self._clock = clock
        self._since = since
        self._ignore_backoff = ignore_backoff
        self._today = calendar.mailing_date(clock.now())
        self._recorder = Recorder(papers, clock, self._today)
        self._results: dict[tuple[str, date], Collected] = {}
        self._late: deque[_Request] = deque()
        """Today's mailings that their feeds did not close."""
        self._without_comments: deque[str] = deque()
        """Categories whose mailing of today this run got from the feed, which has no comments."""
        self._missed = deque(self._missed_requests())
        self._steps = len(self._missed) + (len(self._categories) if calendar.is_mailing_day(self._today) else 0)

    @property
    def results(self) -> tuple[Collected, ...]:
        """The state of each mailing that was asked for: earlier days first, then categories in order."""
        order = {category: place for place, category in enumerate(self._categories)}
        return tuple(
            sorted(
                self._results.values(),
                key=lambda each: (each.mailing_date == self._today, order[each.category], each.mailing_date),
            )
        )

    @property
    def is_done(self) -> bool:
        """Whether there is nothing more to ask second sources for."""
        return not (self._late or self._without_comments or self._missed)

    # -- feeds -------------------------------------------------------------------------------------------------------

    async def ask_feeds(self, source: Source, progress: Progress) -> None:
        """Asks for today's mailing in every category where it is open and due; for none on a day without mailings."""
        if not calendar.is_mailing_day(self._today):
            return
        known = {record.category: record for record in self._papers.mailings_since(self._today)}
        for category in self._categories:
            record = known.get(category)
            if record is not None and record.state.closed:
                self._add_result(Collected(category, self._today, record.state, record.reason, asked=False))
            elif self._is_due(record, self._today):
                self._add_result(await self._ask_feed(source, category))
            progress(category, self._steps)
        self._missed = deque(self._missed_requests())  # a feed that is a day behind may have closed one of them

    async def _ask_feed(self, source: Source, category: str) -> Collected:
        try:
            mailing = feed.parse(await source.fetch_rss(category), category)
        except (FetchError, ParseError) as error:
            if isinstance(error, FetchError) and not error.asked:
                return Collected(category, self._today, MailingState.FAILED, error.reason, asked=False)
            result = self._recorder.failed(category, self._today, Verdict(MailingState.FAILED, error.reason))
        else:
            result = self._recorder.feed(mailing)
        if result.state is MailingState.COMPLETE:
            self._without_comments.append(category)
        elif not result.state.closed:
            self._late.append(_Request(category, (self._today,), result))
        return result

    # -- second sources ----------------------------------------------------------------------------------------------

    async def ask_second_sources(
        self, source: Source, progress: Progress, *, until: datetime | None = None, hurry: bool = False
    ) -> int:
        """Asks for what the feeds lack: today's open mailings, then comments, then missed mailings.

        May be called again; it goes on where it stopped.

        Args:
            source: arXiv.
            progress: called after each mailing, or range of mailings, of earlier days.
            until: start no request from that moment on.
            hurry: stop at the first sign of a long wait: a source that fails or makes us wait, or many days.

        Returns:
            The number of announcements that were not stored before.
        """
        fallback = FallbackSources(source, self._papers, self._clock)
        before = sum(result.new for result in self._results.values())
        self._late = deque(request for request in self._late if self._may_ask_second_source(request))
        await self._run(self._late, fallback, until=until, hurry=hurry)
        await self._add_comments(source, fallback, until=until)
        if not (hurry and self._late):
            await self._run(self._missed, fallback, until=until, hurry=hurry, progress=progress)
        return sum(result.new for result in self._results.values()) - before

    async def _run(
        self,
        requests: deque[_Request],
        fallback: FallbackSources,
        *,
        until: datetime | None,
        hurry: bool,
        progress: Progress = silently,
    ) -> None:
        while requests and (until is None or self._clock.now() < until):
            request = requests[0]
            if hurry and len(request.days) > _FEW_DAYS:
                return
            unproven = {} if request.feed_result else self._recorder.unproven_after(request.category, request.days)
            found = await fallback.read(request.category, request.days, except_days=unproven.keys())
            if hurry and not any(isinstance(each, Found) or each.asked for each in found):
                return
            requests.popleft()
            for result in self._recorder.found(request.category, found, unproven, request.feed_result):
                self._add_result(result)
                if result.reopened:
                    self._ask_second_source_again(result)
                await asyncio.sleep(0)  # there may be hundreds of days: let other tasks run
            progress(request.name, self._steps)
            if hurry and not all(isinstance(each, Found) for each in found):
                return

    async def _add_comments(self, source: Source, fallback: FallbackSources, *, until: datetime | None) -> None:
        """Adds the authors' comments to what the feeds brought, if catch-up pages may be asked."""
        if not source.has_catchup:
            self._without_comments.clear()
        while self._without_comments and (until is None or self._clock.now() < until):
            category = self._without_comments.popleft()
            comments = await fallback.comments(category, self._today)
            if comments is None:
                self._without_comments.clear()  # the next page would probably fail as slowly
            else:
                self._papers.add_comments(self._today, category, comments)

    # -- what is to be asked -----------------------------------------------------------------------------------------

    def _missed_requests(self) -> list[_Request]:
        """A request for each category with missed mailings that are due."""
        missed = backlog.missed(self._papers, self._categories, self._today, since=self._since)
        days: dict[str, tuple[date, ...]] = {}
        for record in missed:
            if self._is_due(record, record.mailing_date):
                days[record.category] = (*days.get(record.category, ()), record.mailing_date)
        return [_Request(category, days[category]) for category in self._categories if category in days]

    def _is_due(self, record: MailingRecord | None, day: date) -> bool:
        now = self._clock.now()
        due, past = calendar.expected(day), day < self._today
        return self._ignore_backoff or backlog.next_attempt(record, due, now, past=past) <= now

    def _may_ask_second_source(self, request: _Request) -> bool:
        """Whether second sources may be asked by now: today's feed gets some hours first."""
        feed_result = request.feed_result
        return feed_result is None or fallback_from(self._today, feed_result.state) <= self._clock.now()

    def _ask_second_source_again(self, reopened: Collected) -> None:
        """Queues a reopened mailing (its feed was stale) for a second source, if that may be asked by now."""
        day = reopened.mailing_date
        request = _Request(reopened.category, (day,), reopened if day == self._today else None)
        if self._may_ask_second_source(request):
            self._missed.append(request)

    def _add_result(self, result: Collected) -> None:
        self._results[result.category, result.mailing_date] = result
