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
from datetime import datetime, time
from typing import TYPE_CHECKING, Protocol

from bot.arxiv import calendar, feed
from bot.collect import backlog
from bot.collect.fallback import FallbackSources, Found, NotFound, Pages
from bot.collect.verdict import judge, judge_found
from bot.errors import FetchError, ParseError
from bot.model import MailingState
from bot.store.papers import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from bot.clock import Clock
    from bot.model import Mailing
    from bot.store.papers import Papers


FALLBACK_FROM = {
    MailingState.TRUNCATED: time(0, 20),
    MailingState.SUSPECT_STALE: time(2),
    MailingState.INCOMPLETE: time(2),
    MailingState.PENDING: time(7),
    MailingState.FAILED: time(7),
    MailingState.UNEXPECTED_EMPTY: time(7),
}
"""From when on today's mailing is read from a second source, in New York.

A feed says more than OAI-PMH can, so one that may yet come right is waited for; and what is late in the feed may be
late in OAI-PMH too, so that it can prove an empty day only in the morning. What was cut off a feed will not come
back to it.
"""


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
        return [self._record_fallback(category, found) for found in await self._fallback.read(category, days)]

    async def today(self, category: str) -> Collected:
        """Today's mailing of the category: from the feed, else, when it is time, from a second source."""
        known = self._papers.mailing(self._today, category)
        if known is not None and known.state.closed:
            return Collected(category, self._today, known.state, known.reason, asked=False)
        result = await self._from_feed(category)
        if not result.asked or result.state.closed:
            return result
        since = datetime.combine(self._today, FALLBACK_FROM[result.state], calendar.EASTERN)
        if self._clock.now() < since:
            return result
        (found,) = await self._fallback.read(category, [self._today])
        if isinstance(found, Found) and not found.mailing.entries and not self._may_be_empty(found):
            found = NotFound(self._today, f"{found.source} has nothing yet", asked=True)
        return self._record_fallback(category, found, result)

    async def add_comments(self) -> None:
        """The authors' comments to what came by feed, where the catch-up pages may be asked for them."""
        for category in self._complete_by_feed if self._source.has_catchup else ():
            comments = await self._fallback.comments(category, self._today)
            if comments is None:
                return  # composing waits for this, and the next page would probably fail as slowly
            self._papers.add_comments(self._today, category, comments)

    def _may_be_empty(self, found: Found) -> bool:
        """Whether an answer without news proves something: some of the mailing is stored, or the morning has come."""
        known = self._papers.mailing(self._today, found.mailing.category)
        morning = datetime.combine(self._today, FALLBACK_FROM[MailingState.UNEXPECTED_EMPTY], calendar.EASTERN)
        return bool(known and known.announced) or self._clock.now() >= morning

    async def _from_feed(self, category: str) -> Collected:
        try:
            mailing = feed.parse(await self._source.fetch_rss(category), category)
        except (FetchError, ParseError) as error:
            if isinstance(error, FetchError) and not error.asked:
                return Collected(category, self._today, MailingState.FAILED, error.reason, asked=False)
            return self._failed(category, self._today, Verdict(MailingState.FAILED, error.reason))
        if mailing.mailing_date != self._today:
            return self._other_date(mailing)
        verdict = judge(mailing, self._papers)
        new = self._record(mailing, verdict)
        if verdict.state is MailingState.COMPLETE:
            self._complete_by_feed.append(category)
        return Collected(category, self._today, verdict.state, verdict.reason, new, len(mailing.unreadable))

    def _other_date(self, mailing: Mailing) -> Collected:
        """The feed still shows another day: that may settle an open mailing of then, but is not today's answer."""
        new, day = 0, mailing.mailing_date
        known = self._papers.mailing(day, mailing.category)
        # A cache may show a feed of weeks ago; a new store must not begin with that.
        expected = known is not None or calendar.previous_mailing_day(self._today) <= day < self._today
        if calendar.is_mailing_day(day) and expected and not (known and known.state.closed):
            new = self._record(mailing, judge(mailing, self._papers))
        shown = f"the feed still shows the mailing of {mailing.mailing_date:%Y-%m-%d}"
        result = self._failed(mailing.category, self._today, Verdict(MailingState.PENDING, shown))
        return replace(result, new=new, unreadable=len(mailing.unreadable))

    def _record(self, mailing: Mailing, verdict: Verdict) -> int:
        """Store the answer; of a stale one only the verdict, for its papers are not today's."""
        if verdict.state is MailingState.SUSPECT_STALE:
            self._failed(mailing.category, mailing.mailing_date, verdict)
            return 0
        return self._papers.record(mailing, verdict, self._clock.now())

    def _record_fallback(
        self, category: str, found: Found | NotFound, feed_result: Collected | None = None
    ) -> Collected:
        """What a second source said, stored; where the feed said something first, that stays beside it."""
        if isinstance(found, Found):
            return self._record_found(found, feed_result)
        if feed_result is None:
            verdict = Verdict(MailingState.FAILED, found.reason)
        else:
            verdict = Verdict(feed_result.state, f"{feed_result.reason}; {found.reason}")
        if not found.asked:
            return feed_result or Collected(category, found.mailing_date, verdict.state, verdict.reason, asked=False)
        result = self._failed(category, found.mailing_date, verdict)
        return replace(result, new=feed_result.new, unreadable=feed_result.unreadable) if feed_result else result

    def _record_found(self, found: Found, feed_result: Collected | None) -> Collected:
        mailing = found.mailing
        known = self._papers.mailing(mailing.mailing_date, mailing.category)
        total = len(mailing.entries) + (known.announced if known and found.reconstructed else 0)
        verdict = judge_found(found, total, f" ({feed_result.reason})" if feed_result else "")
        new = self._papers.record(mailing, verdict, self._clock.now(), reconstructed=found.reconstructed)
        return Collected(
            category=mailing.category,
            mailing_date=mailing.mailing_date,
            state=verdict.state,
            reason=verdict.reason,
            new=new + (feed_result.new if feed_result else 0),
            unreadable=len(mailing.unreadable),
        )

    def _failed(self, category: str, day: date, verdict: Verdict) -> Collected:
        self._papers.record_failure(day, category, verdict, self._clock.now())
        return Collected(category, day, verdict.state, verdict.reason)
