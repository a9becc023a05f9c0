"""The first verb: arXiv -> mailing -> what is unseen -> papers and announcements.

    feeds            category -> [closed?] -> feed -> parse -> [judge] -> record          one transaction per answer
    second sources   today's, open, and its hour has come -> page | harvest -> record
                     today's, closed by its feed          -> page -> comments
                     missed days -> page | harvest -> [reconstruct] -> record             one transaction per date
                                  `-> was the next day's feed a repetition of these? -> reopen it

Today comes before yesterday: every feed is asked before any second source is, and what second sources have may come
later, after today's digests are delivered. Categories are independent: a failure of one does not affect the others.
Nothing in here knows a topic or a subscriber, and nothing but a well-formed answer for the very date closes a
mailing. What is decided about an answer stands in `verdict`, what is asked again and when in `backlog`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.arxiv import calendar, feed
from bot.collect import backlog
from bot.collect.fallback import FallbackSources, Found, Pages
from bot.collect.recorder import Collected, Recorder
from bot.collect.verdict import fallback_from
from bot.errors import FetchError, ParseError
from bot.model import MailingState
from bot.store.papers import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime

    from bot.clock import Clock
    from bot.model import MailingRecord
    from bot.store.papers import Papers

    Progress = Callable[[str, int], None]
    """Called after each step with its name, and with how many steps there are in all."""

__all__ = ["Collected", "Collection", "Source", "collect"]

_FEW_DAYS = 10
"""What was missed over more days than these takes long to read: today's digests do not wait for it."""


class Source(Pages, Protocol):
    """Interface to arXiv: feeds, and the pages of the second sources."""

    async def fetch_rss(self, category: str) -> bytes:
        """The feed's bytes.

        Raises:
            FetchError: there was no usable answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Errand:
    """Mailings of one category that a second source is to be asked for in one go."""

    category: str
    days: tuple[date, ...]
    """Oldest first."""
    feed_result: Collected | None = None
    """What became of today's feed; None for days that are over."""

    @property
    def name(self) -> str:
        """The category and its days: `cs.CV 2026-04-16 to 2026-04-20 (3)`."""
        return f"{self.category} {calendar.span(self.days)}"


async def collect(
    source: Source,
    papers: Papers,
    categories: Iterable[str],
    clock: Clock,
    *,
    since: date | None = None,
    ignore_backoff: bool = True,
    progress: Progress = lambda _name, _steps: None,
) -> tuple[Collected, ...]:
    """Collects today's mailing of every category that is still open, then what was missed, all in one go.

    On a day without a mailing (a weekend) only what was missed is asked for. For the arguments see `Collection`.
    """
    collection = Collection(papers, categories, clock, since=since, ignore_backoff=ignore_backoff)
    await collection.ask_feeds(source, progress)
    await collection.ask_second_sources(source, progress)
    return collection.results


class Collection:
    """One run's way through arXiv: `ask_feeds`, and then `ask_second_sources` until nothing is left."""

    def __init__(
        self,
        papers: Papers,
        categories: Iterable[str],
        clock: Clock,
        *,
        since: date | None = None,
        ignore_backoff: bool = True,
    ) -> None:
        """Look at what there is to do.

        Args:
            papers: the store.
            categories: canonical names.
            clock: for now; requests take their time.
            since: make up for everything from that mailing date on, whether or not it was ever asked for before.
            ignore_backoff: ask for what is open although it was asked for in vain a short while ago.
        """
        self._papers = papers
        self._categories = tuple(categories)
        self._clock = clock
        self._since = since
        self._ignore_backoff = ignore_backoff
        self._today = calendar.mailing_date(clock.now())
        self._recorder = Recorder(papers, clock, self._today)
        self._results: dict[tuple[str, date], Collected] = {}
        self._late: deque[_Errand] = deque()
        """Today's mailings that their feeds did not close."""
        self._without_comments: deque[str] = deque()
        """The categories whose mailing of today this run had from their feeds."""
        self._missed = deque(self._missed_errands())
        self._steps = len(self._missed) + (len(self._categories) if calendar.is_mailing_day(self._today) else 0)

    @property
    def results(self) -> tuple[Collected, ...]:
        """How each mailing stands by now that was asked for: those of earlier days first, categories in order."""
        order = {category: place for place, category in enumerate(self._categories)}
        return tuple(
            sorted(
                self._results.values(),
                key=lambda each: (each.mailing_date == self._today, order[each.category], each.mailing_date),
            )
        )

    @property
    def is_done(self) -> bool:
        """Whether no second source is left to be asked for anything."""
        return not (self._late or self._without_comments or self._missed)

    # -- feeds -------------------------------------------------------------------------------------------------------

    async def ask_feeds(self, source: Source, progress: Progress) -> None:
        """Ask for today's mailing of every category that is still open and due; none on a day without a mailing."""
        if not calendar.is_mailing_day(self._today):
            return
        known = {record.category: record for record in self._papers.mailings_since(self._today)}
        for category in self._categories:
            record = known.get(category)
            if record is not None and record.state.closed:
                self._note(Collected(category, self._today, record.state, record.reason, asked=False))
            elif self._is_due(record, self._today):
                self._note(await self._ask_feed(source, category))
            progress(category, self._steps)
        self._missed = deque(self._missed_errands())  # a feed that is behind may have brought one of them

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
            self._late.append(_Errand(category, (self._today,), result))
        return result

    # -- second sources ----------------------------------------------------------------------------------------------

    async def ask_second_sources(
        self, source: Source, progress: Progress, *, until: datetime | None = None, hurry: bool = False
    ) -> int:
        """Ask for what the feeds did not bring: today's first, then comments, then what was missed.

        May be called again, and goes on where it stopped.

        Args:
            source: arXiv.
            progress: called after each mailing, or range of mailings, of earlier days.
            until: begin nothing from that moment on.
            hurry: stop at the first sign that it takes long: a source that fails, one that has us wait, many days.

        Returns:
            The number of announcements that were not stored before.
        """
        fallback = FallbackSources(source, self._papers, self._clock)
        before = sum(result.new for result in self._results.values())
        self._late = deque(errand for errand in self._late if self._may_be_read_elsewhere(errand))
        await self._run(self._late, fallback, until=until, hurry=hurry)
        await self._add_comments(source, fallback, until=until)
        if not (hurry and self._late):
            await self._run(self._missed, fallback, until=until, hurry=hurry, progress=progress)
        return sum(result.new for result in self._results.values()) - before

    async def _run(
        self,
        errands: deque[_Errand],
        fallback: FallbackSources,
        *,
        until: datetime | None,
        hurry: bool,
        progress: Progress = lambda _name, _steps: None,
    ) -> None:
        while errands and (until is None or self._clock.now() < until):
            errand = errands[0]
            if hurry and len(errand.days) > _FEW_DAYS:
                return
            doubted = {} if errand.feed_result else self._recorder.unproven_after(errand.category, errand.days)
            found = await fallback.read(errand.category, errand.days, but=doubted.keys())
            if hurry and not any(isinstance(each, Found) or each.asked for each in found):
                return
            errands.popleft()
            for result in self._recorder.found(errand.category, found, doubted, errand.feed_result):
                self._note(result)
                if result.reopened:
                    self._read_anew(result)
                await asyncio.sleep(0)  # a harvest may be of hundreds of days: everything else gets its turn
            progress(errand.name, self._steps)
            if hurry and not all(isinstance(each, Found) for each in found):
                return

    async def _add_comments(self, source: Source, fallback: FallbackSources, *, until: datetime | None) -> None:
        """The authors' comments to what came by feed, where the catch-up pages may be asked for them."""
        if not source.has_catchup:
            self._without_comments.clear()
        while self._without_comments and (until is None or self._clock.now() < until):
            category = self._without_comments.popleft()
            comments = await fallback.comments(category, self._today)
            if comments is None:
                self._without_comments.clear()  # the next page would probably fail as slowly
            else:
                self._papers.add_comments(self._today, category, comments)

    # -- what is to be done ------------------------------------------------------------------------------------------

    def _missed_errands(self) -> list[_Errand]:
        """An errand for each category that missed mailings."""
        missed = backlog.missed(self._papers, self._categories, self._today, since=self._since)
        days: dict[str, tuple[date, ...]] = {}
        for record in missed:
            if self._is_due(record, record.mailing_date):
                days[record.category] = (*days.get(record.category, ()), record.mailing_date)
        return [_Errand(category, days[category]) for category in self._categories if category in days]

    def _is_due(self, record: MailingRecord | None, day: date) -> bool:
        now = self._clock.now()
        due, past = calendar.expected(day), day < self._today
        return self._ignore_backoff or backlog.next_attempt(record, due, now, past=past) <= now

    def _may_be_read_elsewhere(self, errand: _Errand) -> bool:
        """Whether the hour has come from which on today's mailing is read from a second source."""
        feed_result = errand.feed_result
        return feed_result is None or fallback_from(self._today, feed_result.state) <= self._clock.now()

    def _read_anew(self, reopened: Collected) -> None:
        """A mailing that was closed by a feed that was stale is read from a second source, if its hour has come."""
        day = reopened.mailing_date
        errand = _Errand(reopened.category, (day,), reopened if day == self._today else None)
        if self._may_be_read_elsewhere(errand):
            self._missed.append(errand)

    def _note(self, result: Collected) -> None:
        self._results[result.category, result.mailing_date] = result
