"""What an answer of arXiv's proves about the mailing of its date: whole, empty, stale, cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.model import MailingState
from bot.store.papers import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bot.collect.fallback import Found
    from bot.model import FeedItem, Mailing
    from bot.store.papers import Event, Papers


FEED_CAP = 2_000
"""arXiv cuts a feed at this many items, and the cut falls on the new papers (arxiv-feed, database.py)."""


def judge(mailing: Mailing, papers: Papers) -> Verdict:
    """What a well-formed answer proves about its own date."""
    count = len(mailing.entries)
    if mailing.unreadable:
        return _incomplete(mailing)
    if not mailing.entries:
        if calendar.deferred(mailing.mailing_date):
            return Verdict(MailingState.EXPECTED_EMPTY, "arXiv announces nothing today (a listed holiday)")
        return Verdict(MailingState.UNEXPECTED_EMPTY, "the feed is empty on a working day")
    if _repeats(mailing, papers):
        return Verdict(MailingState.SUSPECT_STALE, "the feed repeats an earlier mailing under today's date")
    if count >= FEED_CAP:
        return Verdict(MailingState.TRUNCATED, f"the feed is cut at {FEED_CAP} items; new papers are missing from it")
    return Verdict(MailingState.COMPLETE, f"{count} announced")


def _repeats(mailing: Mailing, papers: Papers) -> bool:
    """Whether most entries were announced in this category on earlier dates.

    No paper appears twice in a category and no version is announced twice, so that of a true mailing next to nothing
    is known and of a repeated one next to all. Not quite: of an earlier mailing that was reconstructed some late
    cross-lists were never known, and some papers stand under a date that is too early.
    """
    history = papers.history(mailing.category, {entry.paper.identifier for entry in mailing.entries})
    known = sum(_is_known(entry, mailing.mailing_date, history) for entry in mailing.entries)
    return 2 * known > len(mailing.entries)


def _is_known(entry: FeedItem, day: date, history: Mapping[str, tuple[Event, ...]]) -> bool:
    earlier = [event for event in history.get(entry.paper.identifier, ()) if event.mailing_date < day]
    if entry.type.is_replacement:
        return any(event.version >= entry.paper.version for event in earlier)
    return bool(earlier)


def _incomplete(mailing: Mailing) -> Verdict:
    first = mailing.unreadable[0]
    count = len(mailing.unreadable) + len(mailing.entries)
    reason = f"{len(mailing.unreadable)} of {count} entries could not be read; "
    return Verdict(MailingState.INCOMPLETE, reason + f"the first is {first.where}: {first.reason}")


def judge_found(found: Found, total: int, beside: str) -> Verdict:
    """What a second source proves about a date.

    Of a record that nobody can read OAI-PMH does not say which day's it is, and asking again brings the same: it is
    said and keeps no day open.
    """
    if found.mailing.unreadable and not found.reconstructed:
        return _incomplete(found.mailing)
    if count := len(found.mailing.unreadable):
        beside = f"; {count} of its records could not be read, first {found.mailing.unreadable[0].where}{beside}"
    if not total:
        return Verdict(MailingState.EXPECTED_EMPTY, f"nothing announced, says {found.source}{beside}")
    how = "reconstructed from" if found.reconstructed else "from"
    return Verdict(MailingState.COMPLETE, f"{total} announced, {how} {found.source}{beside}")
