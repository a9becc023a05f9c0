"""How arXiv goes wrong, as a script: which of its answers are spoiled, and how.

Pure. An effect makes an answer of an ask; a fault says which asks it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.arxiv.calendar import EASTERN, mailing_date
from bot.model import Mailing
from tests.fake_arxiv import xml
from tests.servers.arxiv import Answer, render_error

if TYPE_CHECKING:
    from datetime import date

    from tests.fake_arxiv.truth import Truth


class Source(StrEnum):
    """One of arXiv's interfaces."""

    RSS = "rss"
    OAI = "oai"
    CATCHUP = "catchup"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request as far as an effect may care, and what a healthy arXiv would say."""

    source: Source
    category: str
    """Canonical where it is one; the set for whole archives."""
    at: datetime
    resumed: bool
    """Whether it brings a resumption token."""
    truth: Truth
    healthy: Callable[[datetime], Answer]
    """The right answer at that moment."""

    @property
    def day(self) -> date:
        """The date in New York."""
        return mailing_date(self.at)


Effect = Callable[[Ask], Answer]


@dataclass(frozen=True, slots=True)
class Fault:
    """Which requests come to grief; of a script's faults, the first that takes a request spoils it."""

    effect: Effect
    source: Source | None = Source.RSS
    """None for all of them."""
    category: str = "*"
    day: date | None = None
    """The date in New York on which it is asked, whatever the request is about; None for any."""
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    first: int = 1
    """From the how-manieth such request on, counted per category..."""
    times: int | None = None
    """...and how many of them; None for all."""

    def applies_to(self, ask: Ask) -> bool:
        """Whether it is one of the requests that are counted."""
        return (
            self.source in (None, ask.source)
            and self.category in ("*", ask.category)
            and self.day in (None, ask.day)
            and (self.since is None or self.since <= ask.at)
            and (self.until is None or ask.at < self.until)
        )

    def takes(self, nth: int) -> bool:
        """Whether it spoils the nth (from 1) of those."""
        return self.first <= nth and (self.times is None or nth < self.first + self.times)


# -- of every source ---------------------------------------------------------------------------------------


def status(code: int, *, retry_after: float | None = None) -> Effect:
    """An answer of that status: 403, 406, 429, 500, 503... A 400 from the feed is arXiv's error feed."""

    def effect(ask: Ask) -> Answer:
        body = f"{code} {HTTPStatus(code).phrase}".encode()
        if ask.source is Source.RSS and code == HTTPStatus.BAD_REQUEST:
            body = render_error(ask.category, f"Bad archive or category {ask.category!r}.", ask.at)
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:.0f}"}
        return Answer(body, code, {"Content-Type": "text/plain", **headers})

    return effect


def rate_exceeded(_: Ask) -> Answer:
    """Throttling under status 200."""
    return Answer(b"Rate exceeded.", headers={"Content-Type": "text/plain"})


def html_page(_: Ask) -> Answer:
    """A page for people where none was asked for."""
    body = b"<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body>Back soon &amp; rested</body></html>"
    return Answer(body, headers={"Content-Type": "text/html"})


def cut_body(ask: Ask) -> Answer:
    """The connection closes half-way."""
    return replace(ask.healthy(ask.at), cut=True)


def half_body(ask: Ask) -> Answer:
    """Half of it, as if it were the whole."""
    answer = ask.healthy(ask.at)
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def malformed(ask: Ask) -> Answer:
    """No XML any more; HTML shrugs at it."""
    answer = ask.healthy(ask.at)
    middle = len(answer.body) // 2
    return replace(answer, body=answer.body[:middle] + b"<&>" + answer.body[middle:])


def hang(seconds: float) -> Effect:
    """The right answer, so many real seconds late."""
    return lambda ask: replace(ask.healthy(ask.at), delay=seconds)


def behind(hours: float) -> Effect:
    """What was right so many hours ago, responseDate and all: a cache that nobody refreshed."""
    return lambda ask: ask.healthy(ask.at - timedelta(hours=hours))


def one_unreadable(ask: Ask) -> Answer:
    """One item, if there is any, without what makes it an announcement: its type, its identifier, its title."""
    answer = ask.healthy(ask.at)
    pattern, spoiled = _ESSENTIAL[ask.source]
    return replace(answer, body=re.sub(pattern, spoiled, answer.body, count=1))


_ESSENTIAL = {
    Source.RSS: (rb"(announce_type>)[a-z-]+<", rb"\1absonly<"),
    Source.OAI: (rb"<id>[^<]+</id>", b""),
    Source.CATCHUP: (rb"(Title:</span>)[^<]+", rb"\1"),
}


# -- the feed's own --------------------------------------------------------------------------------------------------


def stale(ask: Ask) -> Answer:
    """The entries of the last mailing before today's, under today's date."""
    last = ask.truth.mailing(ask.truth.schedule.before(ask.day), ask.category)
    return replace(ask.healthy(ask.at), body=xml.feed(replace(last, mailing_date=ask.day)))


def truncated(cap: int) -> Effect:
    """No more than so many entries, the new ones missing first."""
    return lambda ask: replace(
        ask.healthy(ask.at),
        body=xml.feed(ask.truth.mailing(ask.day, ask.category), cap),
    )


def empty(ask: Ask) -> Answer:
    """A valid feed of today without any entry."""
    return replace(ask.healthy(ask.at), body=xml.feed(Mailing(ask.category, ask.day, ())))


def yesterday(ask: Ask) -> Answer:
    """The feed that was right the day before, with that day's date."""
    return ask.healthy(datetime.combine(ask.day - timedelta(days=1), time(12), EASTERN))


# -- OAI-PMH's own ---------------------------------------------------------------------------------------------------


def bad_token(ask: Ask) -> Answer:
    """Whoever comes with a resumption token has to begin again."""
    answer = ask.healthy(ask.at)
    words = "The value of the resumptionToken argument is invalid or expired."
    error = xml.oai_error("badResumptionToken", words, ask.at)
    return replace(answer, body=error) if ask.resumed else answer
