"""What arXiv announces over some weeks, all of it invented: the mailings, and what they owe to whom.

Pure and the same for the same seed. What one of arXiv's interfaces tells of it is `arxiv_pages`' trade.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.arxiv import taxonomy
from bot.model import AnnounceType, FeedItem, Mailing
from tests.fake_arxiv.paper_history import Archive, Event, Kind, PaperHistory, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bot.model import Paper

CATEGORIES = {"cs.CV": 8, "cs.LG": 6, "cs.CL": 4, "math.NA": 2, "hep-th": 1}
"""The categories that get papers, and how many in proportion; math.NA is also cs.NA."""

FIRST_UNANNOUNCED_VERSION = 6
"""Replacements from this version on are in no feed (arxiv-feed, database.py)."""

ORDER = (AnnounceType.NEW, AnnounceType.CROSS, AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)
"""In which feeds and pages show them."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What somebody must be told, by identifier and version."""

    told: frozenset[str]
    """As new or cross."""
    late: frozenset[str]
    """Those of `told` that only a late cross-list brings, which OAI-PMH does not mark."""
    perhaps: frozenset[str]
    """Not owed, but catchup pages may show them as cross: they go by the categories that a paper has by now."""
    replaced: frozenset[tuple[str, int]]
    unannounced: frozenset[tuple[str, int]]
    """Replacements that no feed has, but OAI-PMH does: they may be told."""


class Truth:
    """Everything that happens on a number of mailing dates.

    Args:
        seed: of the random numbers.
        start: the first mailing date is this or the next that bears a mailing.
        mailings: how many mailing dates bear a mailing.
        categories: the categories that get papers, weighted; the lightest have none on some days.
        new_per_day: new papers over all categories, twice as many on Tuesdays.
        holidays: mailing dates that are empty beside those that `calendar.deferred` knows.
        pdf_only: the share of papers of which arXiv makes no HTML, so that a catchup page shows no version.
    """

    def __init__(
        self,
        seed: int,
        *,
        start: date,
        mailings: int,
        categories: Mapping[str, int] = CATEGORIES,
        new_per_day: int = 20,
        holidays: Iterable[date] = (),
        pdf_only: float = 0.1,
    ) -> None:
        self.schedule = Schedule(holidays)
        self.days = _days(self.schedule, start, mailings)
        """The dates that bear a mailing, oldest first."""
        archive = Archive(random.Random(seed), self.schedule, categories, pdf_only)
        archive.fill(self.days[0])
        for day in self.days:
            archive.live(day, new_per_day)
        self._tell(archive.histories)

    @classmethod
    def of(cls, histories: Mapping[str, PaperHistory], days: Sequence[date], schedule: Schedule) -> Truth:
        """A truth that somebody else knows."""
        truth = cls.__new__(cls)
        truth.schedule, truth.days = schedule, tuple(days)
        truth._tell(histories)
        return truth

    def _tell(self, histories: Mapping[str, PaperHistory]) -> None:
        self.histories = histories
        self._events = defaultdict[date, list[tuple[Event, PaperHistory]]](list)
        for history in self.histories.values():
            for event in history.events:
                self._events[event.mailing_date].append((event, history))

    def events(self, day: date) -> tuple[tuple[Event, PaperHistory], ...]:
        """What happened on that date, and to which paper."""
        return tuple(self._events.get(day, ()))

    def mailing(self, day: date, category: str) -> Mailing:
        """That date's mailing in that category, in arXiv's order; without entries on weekends and holidays."""
        entries = []
        for event, _ in self.events(day):
            kind = announce_type(event, category)
            if kind and not unannounced(event):
                entries.append(FeedItem(event.paper, kind))
        entries.sort(key=lambda entry: (ORDER.index(entry.type), entry.paper.identifier))
        return Mailing(category, day, tuple(entries))

    def records(self, day: date) -> tuple[PaperHistory, ...]:
        """Every paper as it stood with that day's mailing, in the order of change."""
        known = filter(None, (history.upto(day) for history in self.histories.values()))
        return tuple(sorted(known, key=lambda history: (history.changed, history.paper.identifier)))

    def expected(
        self,
        categories: Iterable[str],
        wanted: Callable[[Paper], bool] = lambda _: True,
        days: Iterable[date] | None = None,
    ) -> Expected:
        """What the mailings of these days (all, if not given) owe to somebody who wants such papers."""
        names = {name for category in categories for name in taxonomy.related(category)}
        told, born, perhaps = set[str](), set[str](), set[str]()
        replaced, unseen = set[tuple[str, int]](), set[tuple[str, int]]()
        happened = [found for day in (self.days if days is None else days) for found in self.events(day)]
        for event, history in happened:
            paper = event.paper
            if (
                event.kind in (Kind.NEW, Kind.CROSS)
                and names & set(history.paper.categories)
                and wanted(history.paper)
            ):
                perhaps.add(paper.identifier)
            if event.kind is Kind.EDIT or not names & event.touched or not wanted(paper):
                continue
            if event.kind in (Kind.NEW, Kind.CROSS):
                told.add(paper.identifier)
                born |= {paper.identifier} if event.kind is Kind.NEW else set()
            else:
                (unseen if unannounced(event) else replaced).add((paper.identifier, paper.version))
        return Expected(
            told=frozenset(told),
            late=frozenset(told - born),
            perhaps=frozenset(perhaps - told),
            replaced=frozenset(replaced),
            unannounced=frozenset(unseen),
        )


def announce_type(event: Event, category: str) -> AnnounceType | None:
    """What the event is to that category; None if it is not in its mailing, as an edit is in none."""
    names = taxonomy.related(category)
    if event.touched.isdisjoint(names):
        return None
    inside = event.paper.primary in names
    match event.kind:
        case Kind.EDIT:
            return None
        case Kind.NEW:
            return AnnounceType.NEW if inside else AnnounceType.CROSS
        case Kind.CROSS:
            return AnnounceType.CROSS
        case Kind.REPLACE | Kind.WITHDRAW:
            return AnnounceType.REPLACE if inside else AnnounceType.REPLACE_CROSS


def unannounced(event: Event) -> bool:
    """Whether it is a replacement that feeds leave out for its version."""
    return event.kind in (Kind.REPLACE, Kind.WITHDRAW) and event.paper.version >= FIRST_UNANNOUNCED_VERSION


def _days(schedule: Schedule, start: date, count: int) -> tuple[date, ...]:
    days: list[date] = []
    while len(days) < count:
        if schedule.bears_mailing(start):
            days.append(start)
        start += timedelta(days=1)
    return tuple(days)
