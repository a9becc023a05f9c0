"""Invented papers and what becomes of them: submitted, held, announced, cross-listed, replaced, withdrawn, edited.

Pure and the same for the same seed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from bot.arxiv import calendar, taxonomy
from bot.arxiv.calendar import EASTERN
from bot.model import Paper
from tests.fake_arxiv.words import WITHDRAWN, Words

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

_FREEZE, _ANNOUNCEMENT = time(14), time(20)
_TUESDAY = 1
_LICENSE = "http://creativecommons.org/licenses/by/4.0/"
# The papers of before: their identifiers with a number to fill in, and their categories.
_OLD = (
    ("hep-th/9901{:03}", ("hep-th",)),
    ("math/0611{:03}", ("math.NA",)),
    ("cs/0502{:03}", ("cs.NA", "cs.CV")),
    ("0704.9{:03}", ("math.NA", "cs.NA")),
    ("1412.9{:03}", ("cs.CV", "cs.LG")),
    ("2301.99{:03}", ("cs.LG", "cs.CL")),
)
_OLD_OF_EACH = 10
_FIRST_NUMBER = 50_001  # arXiv itself is far from so many in a month


class Kind(StrEnum):
    """What happens to a paper in a mailing; EDIT happens outside of all, and only OAI-PMH shows it."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    WITHDRAW = "withdraw"
    EDIT = "edit"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one paper on one mailing date."""

    mailing_date: date
    kind: Kind
    paper: Paper
    """As it stands from then on."""
    added: tuple[str, ...] = ()
    """The categories that a late cross-list adds, aliases included."""

    @property
    def touched(self) -> frozenset[str]:
        """In which categories it is news: a late cross-list only where it comes to."""
        return frozenset(self.added or self.paper.categories)


@dataclass(frozen=True, slots=True)
class PaperHistory:
    """One paper's story. A paper from before the first day begins with an EDIT: how it stood then."""

    events: tuple[Event, ...]
    """Oldest first, never two on one day."""
    submitted: tuple[datetime, ...]
    """When v1, v2... were submitted, in UTC."""
    pdf_only: bool
    """Whether arXiv makes no HTML of it; its listings then show no version."""

    @property
    def paper(self) -> Paper:
        """As it stands at the end."""
        return self.events[-1].paper

    @property
    def changed(self) -> date:
        """The mailing date of its last event: what OAI-PMH calls the datestamp."""
        return self.events[-1].mailing_date

    @property
    def withdrawn(self) -> bool:
        return any(event.kind is Kind.WITHDRAW for event in self.events)

    def upto(self, day: date) -> PaperHistory | None:
        """The story as it was known with that day's mailing; None if it had not begun."""
        events = tuple(event for event in self.events if event.mailing_date <= day)
        if not events:
            return None
        return replace(self, events=events, submitted=self.submitted[: events[-1].paper.version])


class Schedule:
    """arXiv's days, https://info.arxiv.org/help/availability.html, with holidays beside those that are listed."""

    def __init__(self, holidays: Iterable[date] = ()) -> None:
        self._holidays = frozenset(holidays)

    def bears_mailing(self, day: date) -> bool:
        """Whether that date is no weekend and no holiday."""
        return calendar.is_mailing_day(day) and not calendar.deferred(day) and day not in self._holidays

    def before(self, day: date) -> date:
        """The last date before that one that bears a mailing."""
        day -= timedelta(days=1)
        while not self.bears_mailing(day):
            day -= timedelta(days=1)
        return day

    def window(self, day: date) -> tuple[datetime, datetime]:
        """From when to when a paper had to be submitted for that mailing, if nobody held it, in UTC.

        What a skipped freeze leaves out goes into the next mailing.
        """
        return _freeze(self.before(day)), _freeze(day)


def announced_at(day: date) -> datetime:
    """When that mailing is announced: at 20:00 on the evening before, in UTC."""
    return datetime.combine(day - timedelta(days=1), _ANNOUNCEMENT, EASTERN).astimezone(UTC)


def _freeze(day: date) -> datetime:
    return datetime.combine(calendar.previous_mailing_day(day), _FREEZE, EASTERN).astimezone(UTC)


@cache
def both_names(category: str) -> tuple[str, ...]:
    """The category and its alias, if it has one that papers are still listed in (not an archive of the nineties)."""
    return tuple(name for name in taxonomy.related(category) if name == category or "." in name)


def _born(identifier: str) -> datetime:
    """The middle of the month in an identifier."""
    month = datetime.strptime(re.findall(r"\d{4}", identifier)[0], "%y%m").replace(tzinfo=UTC)
    return month + timedelta(days=14)


class Archive:
    """Where papers come to and change, day by day.

    Args:
        rng: decides everything.
        schedule: when a mailing takes what was submitted.
        categories: where papers come to, weighted.
        pdf_only: the share of papers of which there is no HTML.
    """

    def __init__(
        self,
        rng: random.Random,
        schedule: Schedule,
        categories: Mapping[str, int],
        pdf_only: float,
    ) -> None:
        self._rng, self._words = rng, Words(rng)
        self._schedule = schedule
        self._categories = categories
        self._pdf_only = pdf_only
        self.histories: dict[str, PaperHistory] = {}
        self._numbers: dict[str, int] = {}

    def fill(self, before: date) -> None:
        """Put in the papers of long ago, of one to six versions, none younger than a month on that date."""
        for shape, categories in _OLD:
            for number in range(1, 1 + _OLD_OF_EACH):
                version = self._rng.randint(1, 6)
                paper = replace(self._paper(shape.format(number), categories), version=version)
                first = _born(paper.identifier)
                step = (_freeze(before) - timedelta(days=self._rng.randint(30, 300)) - first) / 6
                submitted = tuple(first + step * nth for nth in range(version))
                announced = submitted[-1].date() + timedelta(days=1)
                self.histories[paper.identifier] = self._life(Event(announced, Kind.EDIT, paper), submitted)

    def live(self, day: date, new: int) -> None:
        """One mailing: that many new papers (twice as many on a Tuesday), and what happens to those of before."""
        new *= 2 if day.weekday() == _TUESDAY else 1
        others = [history for history in self.histories.values() if not history.withdrawn]
        self._rng.shuffle(others)
        for _ in range(new):
            self._announce(day)
        for change, count in ((self._replace, new // 2), (self._cross, new // 3), (self._edit, new // 5)):
            for _ in range(min(count, len(others))):
                change(others.pop(), day)

    def _announce(self, day: date) -> None:
        paper = self._paper(self._identifier(day), self._listed())
        moment = self._submission(day, held=self._rng.choice((0, 0, 0, 0, 0, 0, 1, 3)))
        self.histories[paper.identifier] = self._life(Event(day, Kind.NEW, paper), (moment,))

    def _replace(self, history: PaperHistory, day: date) -> None:
        moment = self._submission(day, held=self._rng.choice((0, 0, 0, 1)), after=announced_at(history.changed))
        paper = replace(history.paper, version=history.paper.version + 1)
        kind = Kind.REPLACE
        match self._rng.randrange(12):
            case 0:
                kind, paper = Kind.WITHDRAW, replace(paper, comment=WITHDRAWN)
            case 1 | 2 | 3:
                paper = replace(paper, title=f"{paper.title.partition(', Revised')[0]}, Revised {day:%j}")
        self._continue(history, Event(day, kind, paper), moment)

    def _cross(self, history: PaperHistory, day: date) -> None:
        listed = history.paper.categories
        choice = [name for name in self._categories if not set(taxonomy.related(name)) & set(listed)]
        if choice:
            added = both_names(self._rng.choice(choice))
            self._continue(
                history, Event(day, Kind.CROSS, replace(history.paper, categories=(*listed, *added)), added)
            )

    def _edit(self, history: PaperHistory, day: date) -> None:
        number = self._rng.randint(1, 99)
        edited = replace(
            history.paper, journal_ref=f"Ann. of Kites {number} (2026) 1-9", doi=f"10.99999/kites.{number}"
        )
        self._continue(history, Event(day, Kind.EDIT, edited))

    def _continue(self, history: PaperHistory, event: Event, *submitted: datetime) -> None:
        longer = replace(history, events=(*history.events, event), submitted=(*history.submitted, *submitted))
        self.histories[history.paper.identifier] = longer

    def _life(self, first: Event, submitted: tuple[datetime, ...]) -> PaperHistory:
        return PaperHistory((first,), submitted, pdf_only=self._rng.random() < self._pdf_only)

    def _paper(self, identifier: str, categories: tuple[str, ...]) -> Paper:
        in_title, in_abstract = self._words.keywords()
        return Paper(
            identifier=identifier,
            version=1,
            title=self._words.title(len(self.histories) + 1, in_title),
            abstract=self._words.abstract(in_abstract),
            authors=self._words.authors(),
            categories=categories,
            license=_LICENSE,
            comment=self._words.comment(),
        )

    def _listed(self) -> tuple[str, ...]:
        """A primary category and up to two others; where there is an alias, mostly that too."""
        names, weights = list(self._categories), list(self._categories.values())
        chosen = dict.fromkeys(self._rng.choices(names, weights, k=self._rng.choice((1, 1, 2, 3))))
        aliases = [alias for name in chosen for alias in both_names(name)[1:]]
        return (*chosen, *(alias for alias in aliases if self._rng.random() < 0.7))

    def _identifier(self, day: date) -> str:
        """The next one of the month in which it is announced; some numbers are never seen."""
        month = f"{announced_at(day).astimezone(EASTERN):%y%m}"
        number = self._numbers[month] = self._numbers.get(month, _FIRST_NUMBER) + self._rng.randint(1, 3)
        return f"{month}.{number}"

    def _submission(self, day: date, *, held: int, after: datetime | None = None) -> datetime:
        """A moment in the mailing's own window, or in one so many mailings earlier, but later than `after`."""
        earlier = day
        for _ in range(held):
            earlier = self._schedule.before(earlier)
        start, end = self._schedule.window(earlier)
        if after is not None and after >= end:
            start, end = self._schedule.window(day)
        start = max(start, after or start)
        return start + timedelta(seconds=self._rng.randint(1, int((end - start).total_seconds())))
