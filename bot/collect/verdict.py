"""Decides what an answer of arXiv means for a mailing: whether it is complete, empty, stale or truncated.

    feed, history          -> judge        -> verdict
    feed of another day    -> settles      -> whether it is stored as that day's mailing
    open, verdict, now     -> fallback_from -> when a second source is read
    second source, known   -> judge_found  -> verdict

Pure: what is known comes in as arguments. Reads no store and no clock.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.model import MailingState
from bot.store.papers import Event, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bot.collect.fallback import Found
    from bot.model import FeedItem, Mailing, MailingRecord


FEED_CAP = 2_000
"""arXiv cuts a feed at this many items, and the cut falls on the new papers (arxiv-feed, database.py)."""

_FALLBACK_FROM = {
    MailingState.TRUNCATED: time(0, 20),
    MailingState.SUSPECT_STALE: time(2),
    MailingState.INCOMPLETE: time(2),
    MailingState.PENDING: time(7),
    MailingState.FAILED: time(7),
    MailingState.UNEXPECTED_EMPTY: time(7),
}


def fallback_from(day: date, state: MailingState) -> datetime:
    """The moment from which a mailing in that state may be read from a second source, on its own day (New York time).

    A feed says more than OAI-PMH, so a feed that may still become complete gets some hours. What is late in the feed
    may be late in OAI-PMH too, so OAI-PMH proves an empty day only in the morning. A truncated feed never gets whole.
    """
    return datetime.combine(day, _FALLBACK_FROM[state], calendar.EASTERN)


def judge(mailing: Mailing, history: Mapping[str, tuple[Event, ...]]) -> Verdict:
    """Decides what a well-formed feed means for the mailing of its own date.

    Args:
        mailing: what the feed shows.
        history: by identifier, what the category announced of these papers before.
    """
    count = len(mailing.entries)
    if mailing.unreadable:
        return _incomplete(mailing)
    if not mailing.entries:
        if calendar.deferred(mailing.mailing_date):
            return Verdict(MailingState.EXPECTED_EMPTY, "arXiv announces nothing today (a listed holiday)")
        return Verdict(MailingState.UNEXPECTED_EMPTY, "the feed is empty on a working day")
    if repeats(mailing.entries, mailing.mailing_date, history):
        return Verdict(MailingState.SUSPECT_STALE, "the feed repeats an earlier mailing under today's date")
    if count >= FEED_CAP:
        return Verdict(MailingState.TRUNCATED, f"the feed is cut at {FEED_CAP} items; new papers are missing from it")
    return Verdict(MailingState.COMPLETE, f"{count} announced")


def repeats(
    entries: Iterable[FeedItem],
    day: date,
    history: Mapping[str, tuple[Event, ...]],
    changed: Mapping[tuple[str, int], date] | None = None,
) -> bool:
    """Whether the entries repeat an earlier mailing: most of them were announced in this category before `day`.

    No paper appears twice in a category and no version is announced twice, so almost nothing of a true mailing is
    known, and almost all of a repeated one. Only almost: reconstructed mailings lack some late cross-lists, and have
    some papers under a date that is too early: those that moderators held back, and late cross-lists. In a small
    category these may be most. Their record in OAI-PMH bears the day on which they were announced, so that an entry
    whose record changed on that day or later counts as not announced before.

    Args:
        entries: what a feed shows under a date.
        day: that date.
        history: per identifier, what the category announced of these papers.
        changed: by identifier and newest version, when the record last changed, as far as it is known.
    """
    changed = changed or {}
    known = [
        _is_known(entry, day, history) and changed.get((entry.paper.identifier, entry.paper.version), date.min) < day
        for entry in entries
    ]
    return 2 * sum(known) > len(known)


def is_news(entries: Iterable[FeedItem], too_late: Collection[tuple[str, int]]) -> bool:
    """Whether one of the entries was submitted too late for the earlier mailings, so that these repeat none of them.

    Needed in small categories: most papers of a true mailing may have been held back by moderators or cross-listed
    late, and then the reconstruction puts them into an earlier mailing.
    """
    return any((entry.paper.identifier, entry.paper.version) in too_late for entry in entries)


def events_of(mailings: Iterable[Mailing]) -> dict[str, tuple[Event, ...]]:
    """What these mailings announced, by identifier: the history for the verdict on a later mailing."""
    found: dict[str, tuple[Event, ...]] = {}
    for mailing in mailings:
        for entry in mailing.entries:
            event = Event(mailing.mailing_date, entry.paper.version, entry.type)
            found[entry.paper.identifier] = (*found.get(entry.paper.identifier, ()), event)
    return found


def without(mailing: Mailing, told: Iterable[FeedItem]) -> Mailing:
    """The reconstructed mailing without what a later feed announced, because the feed is certain."""
    appeared = {item.paper.identifier for item in told if not item.type.is_replacement}
    versions: dict[str, int] = {}
    for item in told:
        identifier = item.paper.identifier
        versions[identifier] = max(item.paper.version, versions.get(identifier, 0))
    kept = tuple(
        entry
        for entry in mailing.entries
        if (
            versions.get(entry.paper.identifier, 0) < entry.paper.version
            if entry.type.is_replacement
            else entry.paper.identifier not in appeared
        )
    )
    return replace(mailing, entries=kept)


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


def settles(shown: date, known: MailingRecord | None, today: date) -> bool:
    """Whether a feed of another day than today is stored as that day's mailing, because that one is still open.

    A cache may serve a feed that is weeks old; a new store must not begin with that.
    """
    if known is not None:
        return calendar.is_mailing_day(shown) and not known.state.closed
    return calendar.is_mailing_day(shown) and calendar.previous_mailing_day(today) <= shown < today


def proves_empty(day: date, known: MailingRecord | None, now: datetime) -> bool:
    """Whether a second source without anything new proves that the mailing has nothing more.

    It does if some of the mailing is stored already, and from 07:00 on, when the mailing can no longer be late.
    """
    return bool(known and known.announced) or now >= fallback_from(day, MailingState.UNEXPECTED_EMPTY)


def judge_found(found: Found, known: MailingRecord | None, beside: str = "") -> Verdict:
    """Decides what a second source's answer means for the mailing of a date.

    Unreadable OAI-PMH records are counted in the reason but keep no day open: they do not show which day they belong
    to, and asking again would bring the same.

    Args:
        found: the mailing as the source has it.
        known: what is stored of the mailing; papers from OAI-PMH are added to it.
        beside: why the feed was not enough, for the reason.
    """
    if found.mailing.unreadable and not found.reconstructed:
        return _incomplete(found.mailing)
    beside = f" ({beside})" if beside else ""
    total = len(found.mailing.entries) + (known.announced if known and found.reconstructed else 0)
    if count := len(found.mailing.unreadable):
        beside = f"; {count} of its records could not be read, first {found.mailing.unreadable[0].where}{beside}"
    if not total:
        return Verdict(MailingState.EXPECTED_EMPTY, f"nothing announced, says {found.source}{beside}")
    how = "reconstructed from" if found.reconstructed else "from"
    return Verdict(MailingState.COMPLETE, f"{total} announced, {how} {found.source}{beside}")
