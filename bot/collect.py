"""The first verb: arXiv -> mailing -> what is unseen -> papers and announcements.

    category -> [closed?] -> fetch -> parse -> [judge] -> record        one transaction per answer

Each category stands alone: what one answer lacks costs no other. Nothing in here knows a topic or a subscriber,
and nothing but a well-formed answer for the very date closes a mailing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.arxiv import calendar, feed
from bot.errors import FetchError, ParseError
from bot.model import MailingState
from bot.store.papers import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from bot.clock import Clock
    from bot.model import Mailing
    from bot.store.papers import Papers

FEED_CAP = 2_000
"""arXiv cuts a feed at this many items, and the cut falls on the new papers (arxiv-feed, database.py)."""


class Source(Protocol):
    """Whatever brings a category's feed."""

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
    """Whether arXiv was asked; a closed mailing is not asked for again."""


async def collect(
    source: Source,
    papers: Papers,
    categories: Iterable[str],
    clock: Clock,
    *,
    progress: Callable[[Collected], None] = lambda _: None,
) -> tuple[Collected, ...]:
    """Ask for today's mailing of every category that is not closed yet.

    On a day without a mailing (a weekend) nothing is asked, and the result is empty.
    """
    today = calendar.mailing_date(clock.now())
    if not calendar.is_mailing_day(today):
        return ()
    results = []
    for category in categories:
        result = await _collect_one(source, papers, category, today, clock)
        progress(result)
        results.append(result)
    return tuple(results)


async def _collect_one(source: Source, papers: Papers, category: str, today: date, clock: Clock) -> Collected:
    known = papers.mailing(today, category)
    if known is not None and known.state.closed:
        return Collected(category, today, known.state, known.reason, asked=False)
    try:
        mailing = feed.parse(await source.fetch_rss(category), category)
    except (FetchError, ParseError) as error:
        verdict = Verdict(MailingState.FAILED, error.reason)
        papers.record_failure(today, category, verdict, clock.now())
        return Collected(category, today, verdict.state, verdict.reason)
    if mailing.mailing_date != today:
        return _record_other_date(papers, mailing, today, clock)
    verdict = judge(mailing, papers)
    new = _record(papers, mailing, verdict, clock)
    return Collected(category, today, verdict.state, verdict.reason, new, len(mailing.unreadable))


def judge(mailing: Mailing, papers: Papers) -> Verdict:
    """What a well-formed answer proves about its own date."""
    count = len(mailing.entries)
    if mailing.unreadable:
        first = mailing.unreadable[0]
        reason = f"{len(mailing.unreadable)} of {count + len(mailing.unreadable)} entries could not be read; "
        return Verdict(MailingState.INCOMPLETE, reason + f"the first is {first.where}: {first.reason}")
    if not mailing.entries:
        if calendar.deferred(mailing.mailing_date):
            return Verdict(MailingState.EXPECTED_EMPTY, "arXiv announces nothing today (a listed holiday)")
        return Verdict(MailingState.UNEXPECTED_EMPTY, "the feed is empty on a working day")
    events = {(entry.paper.identifier, entry.paper.version, entry.type) for entry in mailing.entries}
    if events <= papers.known_before(mailing.category, mailing.mailing_date):
        return Verdict(MailingState.SUSPECT_STALE, "the feed repeats an earlier mailing under today's date")
    if count >= FEED_CAP:
        return Verdict(MailingState.TRUNCATED, f"the feed is cut at {FEED_CAP} items; new papers are missing from it")
    return Verdict(MailingState.COMPLETE, f"{count} announced")


def _record(papers: Papers, mailing: Mailing, verdict: Verdict, clock: Clock) -> int:
    """Store the answer; of a stale one only the verdict, for its papers are not today's."""
    if verdict.state is MailingState.SUSPECT_STALE:
        papers.record_failure(mailing.mailing_date, mailing.category, verdict, clock.now())
        return 0
    return papers.record(mailing, verdict, clock.now())


def _record_other_date(papers: Papers, mailing: Mailing, today: date, clock: Clock) -> Collected:
    """The feed still shows another day: that may settle an open mailing of then, but it is not today's answer."""
    new = 0
    known = papers.mailing(mailing.mailing_date, mailing.category)
    if calendar.is_mailing_day(mailing.mailing_date) and not (known and known.state.closed):
        new = _record(papers, mailing, judge(mailing, papers), clock)
    shown = f"the feed still shows the mailing of {mailing.mailing_date:%Y-%m-%d}"
    verdict = Verdict(MailingState.PENDING, shown)
    papers.record_failure(today, mailing.category, verdict, clock.now())
    return Collected(mailing.category, today, verdict.state, verdict.reason, new, len(mailing.unreadable))
