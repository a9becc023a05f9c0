"""The first verb: arXiv -> mailing -> what is unseen -> papers and announcements.

    missed days -> fallback source -> [reconstruct] -> record           one transaction per mailing date
    category -> [closed?] -> feed -> parse -> [judge] -> record       one transaction per answer
                                       `-> suspect? -> second source -> record
    [closed by its feed?] -> catch-up page -> comments

Categories are independent: a failure of one does not affect the others. Nothing in here knows a topic or a
subscriber,
and nothing but a well-formed answer for the very date closes a mailing. What was missed comes first, so that a feed
that repeats an earlier mailing is recognised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from bot.arxiv import calendar, feed
from bot.collect import backlog
from bot.collect.fallback import FallbackSources, Found, NotFound, Pages
from bot.collect.verdict import fallback_from, judge, judge_found, proves_empty, settles
from bot.errors import FetchError, ParseError
from bot.model import MailingState
from bot.store.papers import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from bot.clock import Clock
    from bot.model import Mailing, MailingRecord
    from bot.store.papers import Papers


class Source(Pages, Protocol):
    """Interface to arXiv: feeds, and the pages of the fallback sources."""

    async def fetch_rss(self, category: str) -> bytes:
        """The feed's bytes.

        Raises:
            FetchError: there was no usable answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Collected:
    """How one category's mailing stands after this run."""

    category: str
    mailing_date: date
    state: MailingState
    reason: str
    new: int = 0
    """Announcements that were not stored before."""
    unreadable: int = 0
    asked: bool = True
    """Whether arXiv was asked; a closed mailing is not asked for again, and nothing is while arXiv has us wait."""


async def collect(
    source: Source,
    papers: Papers,
    categories: Iterable[str],
    clock: Clock,
    *,
    since: date | None = None,
    ignore_backoff: bool = True,
    progress: Callable[[Collected], None] = lambda _: None,
) -> tuple[Collected, ...]:
    """Collects missed mailings first, then today's of every category that is still open.

    On a day without a mailing (a weekend) only what was missed is asked for.

    Args:
        source: arXiv.
        papers: the store.
        categories: canonical names.
        clock: for now; requests take their time.
        since: make up for everything from that mailing date on, whether or not it was ever asked for before.
        ignore_backoff: ask for what was missed although it was asked for in vain a short while ago.
        progress: called with each result as it comes.
    """
    categories = tuple(categories)
    results = []

    def add_result(result: Collected) -> None:
        results.append(result)
        progress(result)

    collector = _Collector(source, papers, clock)
    now = clock.now()
    missed = backlog.missed(papers, categories, calendar.mailing_date(now), since=since)
    if not ignore_backoff:
        missed = tuple(
            m for m in missed if backlog.next_attempt(m, calendar.expected(m.mailing_date), now, past=True) <= now
        )
    for category in categories:
        for result in await collector.collect_missed(
            category, [m.mailing_date for m in missed if m.category == category]
        ):
            add_result(result)
    if calendar.is_mailing_day(calendar.mailing_date(clock.now())):
        for category in categories:
            add_result(await collector.today(category))
        await collector.add_comments()  # now that every feed is in: they may fail, and then are only not there
    return tuple(results)


class _Collector:
    """One run's way through the categories."""

    def __init__(self, source: Source, papers: Papers, clock: Clock) -> None:
        self._source = source
        self._papers = papers
        self._clock = clock
        self._fallback = FallbackSources(source, papers, clock)
        self._today = calendar.mailing_date(clock.now())
        self._complete_by_feed: list[str] = []
        """The categories whose mailing of today this run had from their feeds."""

    async def collect_missed(self, category: str, days: Sequence[date]) -> list[Collected]:
        """The category's mailings of days that are over, from a second source: no feed shows them any more."""
        return [
            self._record_fallback(category, found, self._papers.mailing(_day(found), category))
            for found in await self._fallback.read(category, days)
        ]

    async def today(self, category: str) -> Collected:
        """Today's mailing of the category: from the feed, else, when it is time, from a second source."""
        known = self._papers.mailing(self._today, category)
        if known is not None and known.state.closed:
            return Collected(category, self._today, known.state, known.reason, asked=False)
        result = await self._from_feed(category)
        if not result.asked or result.state.closed or self._clock.now() < fallback_from(self._today, result.state):
            return result
        (found,) = await self._fallback.read(category, [self._today])
        known = self._papers.mailing(self._today, category)
        return self._record_fallback(category, found, known, result)

    async def add_comments(self) -> None:
        """The authors' comments to what came by feed, where the catch-up pages may be asked for them."""
        for category in self._complete_by_feed if self._source.has_catchup else ():
            comments = await self._fallback.comments(category, self._today)
            if comments is None:
                return  # composing waits for this, and the next page would probably fail as slowly
            self._papers.add_comments(self._today, category, comments)

    async def _from_feed(self, category: str) -> Collected:
        try:
            mailing = feed.parse(await self._source.fetch_rss(category), category)
        except (FetchError, ParseError) as error:
            if isinstance(error, FetchError) and not error.asked:
                return Collected(category, self._today, MailingState.FAILED, error.reason, asked=False)
            return self._failed(category, self._today, Verdict(MailingState.FAILED, error.reason))
        if mailing.mailing_date != self._today:
            return self._other_date(mailing)
        verdict, new = self._record_feed(mailing)
        if verdict.state is MailingState.COMPLETE:
            self._complete_by_feed.append(category)
        return Collected(category, self._today, verdict.state, verdict.reason, new, len(mailing.unreadable))

    def _other_date(self, mailing: Mailing) -> Collected:
        """The feed still shows another day: that may settle an open mailing of then, but is not today's answer."""
        new, day = 0, mailing.mailing_date
        if settles(day, self._papers.mailing(day, mailing.category), self._today):
            _, new = self._record_feed(mailing)
        verdict = Verdict(MailingState.PENDING, f"the feed still shows the mailing of {day:%Y-%m-%d}")
        result = self._failed(mailing.category, self._today, verdict)
        return replace(result, new=new, unreadable=len(mailing.unreadable))

    def _record_feed(self, mailing: Mailing) -> tuple[Verdict, int]:
        """Judge and store a feed's answer; of a stale one only the verdict, for its papers are not that day's.

        Returns:
            The verdict, and how many announcements were not stored before.
        """
        identifiers = {entry.paper.identifier for entry in mailing.entries}
        verdict = judge(mailing, self._papers.history(mailing.category, identifiers))
        if verdict.state is MailingState.SUSPECT_STALE:
            self._failed(mailing.category, mailing.mailing_date, verdict)
            return verdict, 0
        return verdict, self._papers.record(mailing, verdict, self._clock.now())

    def _record_fallback(
        self,
        category: str,
        found: Found | NotFound,
        known: MailingRecord | None,
        feed_result: Collected | None = None,
    ) -> Collected:
        """What a second source said, stored; where the feed said something first, that stays beside it.

        Args:
            category: whose mailing.
            found: the second source's answer.
            known: what is stored of the mailing.
            feed_result: what became of today's feed; None for a mailing of an earlier day.
        """
        now = self._clock.now()
        too_early = feed_result is not None and not proves_empty(self._today, known, now)
        if isinstance(found, Found) and not found.mailing.entries and too_early:
            found = NotFound(self._today, f"{found.source} has nothing yet", asked=True)
        if isinstance(found, NotFound):
            return self._record_nothing(category, found, feed_result)
        mailing = found.mailing
        verdict = judge_found(found, known, feed_result.reason if feed_result else "")
        new = self._papers.record(mailing, verdict, now, reconstructed=found.reconstructed)
        return Collected(
            category=category,
            mailing_date=mailing.mailing_date,
            state=verdict.state,
            reason=verdict.reason,
            new=new + (feed_result.new if feed_result else 0),
            unreadable=len(mailing.unreadable),
        )

    def _record_nothing(self, category: str, found: NotFound, feed_result: Collected | None) -> Collected:
        """That no second source had the mailing; a try is noted only where one was asked."""
        if feed_result is None:
            verdict = Verdict(MailingState.FAILED, found.reason)
        else:
            verdict = Verdict(feed_result.state, f"{feed_result.reason}; {found.reason}")
        if not found.asked:
            return feed_result or Collected(category, found.mailing_date, verdict.state, verdict.reason, asked=False)
        result = self._failed(category, found.mailing_date, verdict)
        return replace(result, new=feed_result.new, unreadable=feed_result.unreadable) if feed_result else result

    def _failed(self, category: str, day: date, verdict: Verdict) -> Collected:
        self._papers.record_failure(day, category, verdict, self._clock.now())
        return Collected(category, day, verdict.state, verdict.reason)


def _day(found: Found | NotFound) -> date:
    return found.mailing.mailing_date if isinstance(found, Found) else found.mailing_date
