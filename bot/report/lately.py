"""What a topic would have matched in the last days, for `query` and for readers who change a topic. Only reads."""

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
    """The new and cross-listed papers of one mailing date that the topic would have matched."""

    mailing_date: date
    matched: tuple[Paper, ...]
    announced: int
    """The number of papers in the topic's categories on that date."""


def since(today: date, days: int) -> date:
    """The first of the last `days` days, today included; not earlier than the first date there is."""
    return today - timedelta(days=min(days, today.toordinal()) - 1)


def matches_by_day(search: PaperSearch, topic: Topic, first: date) -> Iterator[DayMatches]:
    """The topic's matches on each stored mailing date from `first` on, newest first.

    Args:
        search: the stored papers.
        topic: without categories, all stored categories are searched.
        first: the first mailing date.

    Raises:
        QueryError: the topic's query does not parse.
    """
    matcher = Matcher([topic])
    for day in search.days(first, topic.categories):
        yield DayMatches(day.mailing_date, tuple(filter(matcher.match, day.papers)), len(day.papers))
