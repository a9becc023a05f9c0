"""What a topic would have brought in the last days: for `query`, and for who writes one. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.topics.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from bot.model import Paper, Topic
    from bot.store.search import PaperSearch


@dataclass(frozen=True, slots=True)
class DayMatches:
    """One mailing date: what the topic would have claimed of what was new or cross-listed."""

    mailing_date: date
    matched: tuple[Paper, ...]
    announced: int
    """How many papers there were in its categories."""


def since(today: date, days: int) -> date:
    """The first of that many days, as far back as there are dates."""
    return today - timedelta(days=min(days, today.toordinal()) - 1)


def matches_by_day(search: PaperSearch, topic: Topic, first: date) -> Iterator[DayMatches]:
    """Each stored mailing date from that one on, newest first.

    Args:
        search: the stored papers.
        topic: without categories it reads all that are stored.
        first: the first mailing date.

    Raises:
        QueryError: the topic's query does not parse.
    """
    matcher = Matcher([topic])
    for day in search.days(first, topic.categories):
        yield DayMatches(day.mailing_date, tuple(filter(matcher.match, day.papers)), len(day.papers))
