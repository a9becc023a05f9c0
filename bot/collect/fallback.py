"""Fallback sources for a mailing without a usable feed: arXiv's catch-up page if allowed, else OAI-PMH.

    days -> catch-up page of each date       -> what was announced
         -> OAI-PMH records of the category  -> [reconstruct] -> what was probably announced

Only reads; `recorder` stores what is found. An answer older than a mailing never proves that the mailing was empty.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.arxiv import calendar, catchup, oai
from bot.collect.reconstruct import Known, reconstruct, submitted_after
from bot.errors import FetchError, ParseError
from bot.model import Mailing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from bot.clock import Clock
    from bot.model import FeedItem, InvalidItem
    from bot.store.papers import Papers

log = structlog.get_logger(__name__)

MAX_CATCHUP_AGE = timedelta(days=90)
"""How far back catch-up pages go: https://github.com/arXiv/arxiv-browse, controllers/catchup_page.py."""

_MOST_ANSWERS = 500
"""Answers to one list request (resumption tokens); a server that sends more is broken."""
_BATCH = 1_000
"""Records that are reconstructed before other tasks run."""


class Source(Protocol):
    """Interface to arXiv: its feeds, and its second sources OAI-PMH and the catch-up pages."""

    @property
    def has_catchup(self) -> bool:
        """Whether arXiv's catch-up pages may be asked for."""
        ...

    async def fetch_rss(self, category: str) -> bytes:
        """Returns the feed as it came.

        Raises:
            FetchError: there was no usable answer.
        """
        ...

    async def fetch_oai(self, arguments: Mapping[str, str]) -> bytes:
        """The answer to one OAI-PMH request.

        Raises:
            FetchError: there was no usable answer.
        """
        ...

    async def fetch_catchup(self, category: str, day: date, page: int = 1) -> bytes:
        """One page of what the category announced on that date.

        Raises:
            FetchError: there was no usable answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What a second source has of a mailing; from OAI-PMH, only papers that are not stored yet."""

    mailing: Mailing
    source: str
    """The source's name, for people."""
    reconstructed: bool
    too_late: frozenset[tuple[str, int]] = frozenset()
    """(identifier, version) of papers that were submitted too late for any of the dates that were asked for."""
    changed: Mapping[tuple[str, int], date] = field(default_factory=dict)
    """By (identifier, newest version), the date of the record's last change, if it is after all these dates."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """A mailing that no second source has."""

    mailing_date: date
    reason: str
    asked: bool
    """Whether a request was sent; False where arXiv makes us wait for every source."""


class FallbackSources:
    """Reads missed mailings from catch-up pages, if allowed, and else from OAI-PMH."""

    def __init__(self, source: Source, papers: Papers, clock: Clock) -> None:
        self._source = source
        self._papers = papers
        self._clock = clock

    async def read(
        self, category: str, days: Sequence[date], *, except_days: Collection[date] = ()
    ) -> tuple[Found | NotFound, ...]:
        """What the category announced on each of these mailing dates, oldest first.

        Args:
            category: canonical name.
            days: the mailing dates, oldest first.
            except_days: dates whose stored announcements are not trusted, so that `reconstruct` ignores them.
        """
        pages = {day: await self._page(category, day) for day in days}
        exact = [page for page in pages.values() if isinstance(page, Found)]
        left = [day for day in days if not isinstance(pages[day], Found)]
        if not left:
            return tuple(exact)
        try:
            reconstructed = await self._from_oai(category, left, except_days)
        except (FetchError, ParseError) as error:
            asked = not isinstance(error, FetchError) or error.asked
            reconstructed = [
                NotFound(day, f"OAI-PMH: {error.reason}", asked=asked or _was_asked(pages[day])) for day in left
            ]
        return tuple(sorted((*exact, *reconstructed), key=_day))

    async def comments(self, category: str, day: date) -> dict[str, str] | None:
        """The authors' comments by identifier, which no feed has; None if there is no catch-up page."""
        found = await self._page(category, day)
        if not isinstance(found, Found):
            return None
        papers = [entry.paper for entry in found.mailing.entries]
        return {paper.identifier: paper.comment for paper in papers if paper.comment}

    async def _page(self, category: str, day: date) -> Found | NotFound | None:
        """The whole catch-up page of that date; None if it may not be asked for."""
        if not self._source.has_catchup or calendar.mailing_date(self._clock.now()) - day > MAX_CATCHUP_AGE:
            return None
        try:
            parts = [catchup.parse(await self._source.fetch_catchup(category, day), category, day)]
            parts += [
                catchup.parse(await self._source.fetch_catchup(category, day, page), category, day)
                for page in range(2, parts[0].pages + 1)
            ]
        except (FetchError, ParseError) as error:
            log.info("no catch-up page", category=category, day=f"{day}", reason=error.reason)
            return NotFound(day, error.reason, asked=not isinstance(error, FetchError) or error.asked)
        unversioned = frozenset(identifier for part in parts for identifier in part.unversioned)
        mailing = Mailing(
            category,
            day,
            self._versioned(category, day, [entry for part in parts for entry in part.mailing.entries], unversioned),
            tuple(unreadable for part in parts for unreadable in part.mailing.unreadable),
        )
        return Found(mailing, "arXiv's catch-up page", reconstructed=False)

    def _versioned(
        self,
        category: str,
        day: date,
        entries: Iterable[FeedItem],
        unversioned: frozenset[str],
    ) -> tuple[FeedItem, ...]:
        """The entries, with versions filled in where the page names none.

        The version is the one stored for that day, else the one after the newest of earlier days.
        """
        history = self._papers.history(category, unversioned)
        versions: dict[str, int] = {}
        for identifier, events in history.items():
            same = [e.version for e in events if e.mailing_date == day and e.type.is_replacement]
            before = [e.version for e in events if e.mailing_date < day]
            if same or before:
                versions[identifier] = max(same) if same else max(before) + 1
        return tuple(
            replace(entry, paper=replace(entry.paper, version=versions[entry.paper.identifier]))
            if entry.type.is_replacement and entry.paper.identifier in versions
            else entry
            for entry in entries
        )

    async def _from_oai(
        self, category: str, days: Sequence[date], except_days: Collection[date]
    ) -> list[Found | NotFound]:
        records: list[oai.Record] = []
        unreadable: list[InvalidItem] = []
        arguments = {
            "verb": "ListRecords",
            "metadataPrefix": "arXivRaw",
            "set": oai.set_spec(category),
            "from": self._harvest_from(category, days[0]).isoformat(),
        }
        responded_at = None
        for _ in range(_MOST_ANSWERS):
            answer = oai.parse(await self._source.fetch_oai(arguments))
            responded_at = responded_at or answer.responded_at
            records += answer.records
            unreadable += answer.unreadable
            if answer.token is None:
                break
            arguments = {"verb": "ListRecords", "resumptionToken": answer.token}
        else:
            raise ParseError(f"more than {_MOST_ANSWERS} answers to one request")
        old = f"OAI-PMH: the answer is of {responded_at:%Y-%m-%d %H:%M} UTC, before the mailing"
        proven = [day for day in days if calendar.expected(day) <= responded_at]
        announced = await self._reconstructed(category, records, proven, except_days) if proven else {}
        late = frozenset(submitted_after(records, days[-1]))
        changed = {
            (record.paper.identifier, record.paper.version): record.datestamp
            for record in records
            if record.datestamp > days[-1]
        }
        return [
            Found(
                Mailing(category, day, announced[day], tuple(unreadable)),
                "OAI-PMH",
                reconstructed=True,
                too_late=late,
                changed=changed,
            )
            if day in announced
            else NotFound(day, old, asked=True)
            for day in days
        ]

    async def _reconstructed(
        self, category: str, records: Iterable[oai.Record], days: Sequence[date], except_days: Collection[date]
    ) -> dict[date, tuple[FeedItem, ...]]:
        """What these mailings announced; between two batches of records other tasks run."""
        announced: dict[date, tuple[FeedItem, ...]] = dict.fromkeys(days, ())
        awaited = self._awaited(category, days)
        in_order = sorted(records, key=lambda record: record.paper.identifier)
        for start in range(0, len(in_order), _BATCH):
            batch = in_order[start : start + _BATCH]
            identifiers = {record.paper.identifier for record in batch}
            history = self._papers.history(category, identifiers)
            known = Known(
                {
                    each: tuple(e for e in events if e.mailing_date not in except_days)
                    for each, events in history.items()
                },
                self._papers.categories_of(identifiers, before=calendar.expected(days[0])),
            )
            for day, entries in reconstruct(category, batch, days, known, awaited=awaited).items():
                announced[day] += entries
            await asyncio.sleep(0)
        return announced

    def _awaited(self, category: str, days: Sequence[date]) -> date | None:
        """Today's date, if today's feed may still announce something and is not among `days`."""
        today = calendar.mailing_date(self._clock.now())
        if today in days or not calendar.is_mailing_day(today):
            return None
        record = self._papers.mailing(today, category)
        return today if record is None or not record.state.closed else None

    def _harvest_from(self, category: str, first: date) -> date:
        """The date to list records from: the mailing day before, if it is closed, so that no gap is left."""
        before = calendar.previous_mailing_day(first)
        record = self._papers.mailing(before, category)
        return before if record is not None and record.state.closed else first


def _was_asked(page: Found | NotFound | None) -> bool:
    return isinstance(page, NotFound) and page.asked


def _day(found: Found | NotFound) -> date:
    return found.mailing.mailing_date if isinstance(found, Found) else found.mailing_date
