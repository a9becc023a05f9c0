"""Stores what arXiv answered together with the verdict on it, one transaction per answer.

    answer -> what is known of its mailing -> [verdict] -> store -> the mailing's state

Sends no requests; every decision is made in `verdict`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.collect.fallback import Found, NotFound
from bot.collect.verdict import events_of, is_news, judge, judge_found, proves_empty, repeats, settles, without
from bot.model import Collected, FeedItem, MailingState
from bot.store.papers import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from bot.clock import Clock
    from bot.model import Mailing
    from bot.store.papers import Papers


class Recorder:
    """Judges and stores the answers of one run."""

    def __init__(self, papers: Papers, clock: Clock, today: date) -> None:
        self._papers = papers
        self._clock = clock
        self._today = today

    # -- feeds -------------------------------------------------------------------------------------------------------

    def feed(self, mailing: Mailing) -> Collected:
        """Stores a feed as today's mailing, or as the earlier mailing that it still shows, if that one is open."""
        day = mailing.mailing_date
        if day == self._today:
            return self._feed(mailing)
        new = 0
        if settles(day, self._papers.mailing(day, mailing.category), self._today):
            new = self._feed(mailing).new
        verdict = Verdict(MailingState.PENDING, f"the feed still shows the mailing of {day:%Y-%m-%d}")
        result = self.failed(mailing.category, self._today, verdict)
        return replace(result, new=new, unreadable=len(mailing.unreadable))

    def _feed(self, mailing: Mailing) -> Collected:
        """Stores a feed under its own date; only the verdict if it is stale, because its papers are another day's."""
        identifiers = {entry.paper.identifier for entry in mailing.entries}
        verdict = judge(mailing, self._papers.history(mailing.category, identifiers))
        if verdict.state is MailingState.SUSPECT_STALE:
            return self.failed(mailing.category, mailing.mailing_date, verdict)
        new = self._papers.record(mailing, verdict, self._clock.now())
        unreadable = len(mailing.unreadable)
        return Collected(mailing.category, mailing.mailing_date, verdict.state, verdict.reason, new, unreadable)

    def failed(self, category: str, day: date, verdict: Verdict) -> Collected:
        """Stores that a request brought nothing usable for that date."""
        self._papers.record_failure(day, category, verdict, self._clock.now())
        return Collected(category, day, verdict.state, verdict.reason)

    # -- second sources ----------------------------------------------------------------------------------------------

    def unproven_after(self, category: str, missed: Sequence[date]) -> dict[date, tuple[FeedItem, ...]]:
        """What feeds announced on the mailing day after each missed one, by date.

        A second source must confirm it: while the missed mailing was unknown, a feed that repeated it looked new.
        """
        following = {calendar.next_mailing_day(day) for day in missed} - set(missed)
        entries = {day: self._closed_by_feed(category, day) for day in sorted(following) if day <= self._today}
        return {day: items for day, items in entries.items() if items}

    def _closed_by_feed(self, category: str, day: date) -> tuple[FeedItem, ...]:
        """What a feed announced, if the mailing is complete; without what second sources added."""
        record = self._papers.mailing(day, category)
        if record is None or record.state is not MailingState.COMPLETE:
            return ()
        announcements = self._papers.announcements_on(day, {category})
        papers = self._papers.load({(a.identifier, a.version) for a in announcements if not a.reconstructed})
        return tuple(FeedItem(papers[a.identifier, a.version], a.type) for a in announcements if not a.reconstructed)

    def found(
        self,
        category: str,
        found: Iterable[Found | NotFound],
        unproven: Mapping[date, tuple[FeedItem, ...]],
        feed_result: Collected | None,
    ) -> Iterator[Collected]:
        """Stores what a second source answered.

        Args:
            category: whose mailings.
            found: the answers, one per date.
            unproven: what feeds announced on the dates after these; see `unproven_after`.
            feed_result: the result of today's feed, which the reason includes; None for earlier days.

        Yields:
            The state of each mailing.
        """
        found = tuple(found)
        events = events_of(each.mailing for each in found if isinstance(each, Found))
        too_late = {key for each in found if isinstance(each, Found) for key in each.too_late}
        changed = {key: day for each in found if isinstance(each, Found) for key, day in each.changed.items()}
        told: list[FeedItem] = []
        for day, entries in unproven.items():
            if repeats(entries, day, events, changed) and not is_news(entries, too_late):
                yield self._reopened(category, day)
            else:
                told += entries
        for each in found:
            if isinstance(each, NotFound):
                yield self._not_found(category, each, feed_result)
            elif each.reconstructed:
                yield self._found(replace(each, mailing=without(each.mailing, told)), feed_result)
            else:
                yield self._found(each, feed_result)

    def _reopened(self, category: str, day: date) -> Collected:
        verdict = Verdict(MailingState.SUSPECT_STALE, "its feed had repeated an earlier mailing under its date")
        self._papers.reopen(day, category, verdict)
        return Collected(category, day, verdict.state, verdict.reason, reopened=True)

    def _found(self, found: Found, feed_result: Collected | None) -> Collected:
        mailing, now = found.mailing, self._clock.now()
        known = self._papers.mailing(mailing.mailing_date, mailing.category)
        if feed_result and not mailing.entries and not proves_empty(self._today, known, now):
            nothing = NotFound(mailing.mailing_date, f"{found.source} has nothing yet", asked=True)
            return self._not_found(mailing.category, nothing, feed_result)
        verdict = judge_found(found, known, feed_result.reason if feed_result else "")
        new = self._papers.record(mailing, verdict, now, reconstructed=found.reconstructed)
        return Collected(
            category=mailing.category,
            mailing_date=mailing.mailing_date,
            state=verdict.state,
            reason=verdict.reason,
            new=new + (feed_result.new if feed_result else 0),
            unreadable=len(mailing.unreadable),
        )

    def _not_found(self, category: str, found: NotFound, feed_result: Collected | None) -> Collected:
        """Stores that no second source had the mailing; it counts as a try only if one was asked."""
        if feed_result is None:
            verdict = Verdict(MailingState.FAILED, found.reason)
        else:
            verdict = Verdict(feed_result.state, f"{feed_result.reason}; {found.reason}")
        if not found.asked:
            return feed_result or Collected(category, found.mailing_date, verdict.state, verdict.reason, asked=False)
        result = self.failed(category, found.mailing_date, verdict)
        return replace(result, new=feed_result.new, unreadable=feed_result.unreadable) if feed_result else result
