"""Renders the site's front page as HTML: search, best papers, latest mailings, calendars; and each topic's dates.

Pure, except that it reads templates; no store and no clock, so equal counts give equal bytes.
"""

from __future__ import annotations

import calendar
import json
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from bot import text
from bot.model import Order
from bot.publish.html import shared, url
from bot.publish.markdown import MONTHS, chips
from bot.topics.excerpt import excerpt, matched_terms
from bot.topics.ranking import rank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bot.model import DigestEntry, Topic
    from bot.publish.html import SiteContext
    from bot.text.templates import Templates

LATEST = 5
"""Mailing dates on the front page."""
BEST = 5
"""Papers of each topic's latest mailing on top of it."""
BEST_TOPICS = 12
"""Topics that are shown so; with more the front page would be no longer read."""
_AUTHORS, _EXCERPT = 3, 240
_WORKING_DAYS = 5


def render_front(
    counts: Mapping[Topic, Mapping[date, int]],
    newest: Mapping[Topic, Sequence[DigestEntry]],
    site: SiteContext,
    templates: Templates,
    *,
    mark: str,
) -> str:
    """The front page, ending in one line break.

    Args:
        counts: per topic, in the order to show, how many papers the page of each mailing date has.
        newest: per topic, the papers of its latest mailing, in any order.
        site: what all pages share.
        templates: where `site/front.html.j2` is.
        mark: a hash of what the page is made from; the next run compares it.

    Raises:
        RenderError: the template is broken.
    """
    shown = {topic: dates for topic, dates in counts.items() if dates}
    days = sorted({day for dates in shown.values() for day in dates}, reverse=True)
    body = templates.render(
        "site/front.html.j2",
        **shared(site, root="", path="index.html"),
        katex="",
        mark=mark,
        best=[_best(topic, max(counts[topic]), rank(topic, entries)) for topic, entries in newest.items() if entries],
        latest=[
            {"day": day, "pages": [_page(topic, day, dates[day]) for topic, dates in shown.items() if day in dates]}
            for day in days[:LATEST]
        ],
        topics=[
            {
                "name": topic.name,
                "title": topic.title,
                "papers": sum(dates.values()),
                "mailings": len(dates),
                "calendar": _calendar(topic, dates),
            }
            for topic, dates in shown.items()
        ],
        all_topics=[{"name": topic.name, "title": topic.title} for topic in counts],
        months=list(dict.fromkeys(f"{day:%Y-%m}" for day in days)),
    )
    return body + "\n"


def mailings(dates: Mapping[date, int]) -> str:
    """A topic's mailing dates as a script, newest first.

    With it a page links to the previous and the next mailing, even one that is written later.
    """
    return f"paperboy.mailings({json.dumps([day.isoformat() for day in sorted(dates, reverse=True)])});\n"


def _best(topic: Topic, day: date, ranked: Sequence[DigestEntry]) -> dict[str, object]:
    """The first papers of a topic's latest mailing."""
    page = f"{topic.name}/{day.isoformat()}.html"
    return {
        "topic": topic.title,
        "name": topic.name,
        "day": day,
        "url": page,
        "papers": len(ranked),
        "by_relevance": topic.order is Order.RELEVANCE,
        "shown": [_shown(entry, page) for entry in ranked[:BEST]],
    }


def _shown(entry: DigestEntry, page: str) -> dict[str, object]:
    paper = entry.paper
    seen = excerpt(paper, matched_terms(entry.match), title=300, abstract=_EXCERPT)
    return {
        "url": url(f"{page}#{paper.identifier}"),
        "title": Markup(seen.title.as_markup(text.markup_html, "<mark>{}</mark>")),  # noqa: S704 - escaped there
        "excerpt": Markup(seen.abstract.as_markup(text.markup_html, "<mark>{}</mark>")),  # noqa: S704 - escaped there
        "authors": text.names(paper.authors, _AUTHORS),
        "chips": chips(entry),
    }


def _page(topic: Topic, day: date, papers: int | None) -> dict[str, object]:
    """One day of a topic; without `url` if it has no page."""
    url = "" if papers is None else f"{topic.name}/{day.isoformat()}.html"
    return {"topic": topic.title, "url": url, "papers": papers or 0, "number": day.day}


def _calendar(topic: Topic, dates: Mapping[date, int]) -> list[dict[str, object]]:
    """Months, newest first, each in weeks of five days, or more if a mailing has the date of a weekend."""
    months: list[dict[str, object]] = []
    for (year, month), _ in groupby(sorted(dates, reverse=True), key=lambda day: (day.year, day.month)):
        weeks = calendar.Calendar().monthdatescalendar(year, month)
        widest = max(day.weekday() + 1 for day in dates if (day.year, day.month) == (year, month))
        width = max(_WORKING_DAYS, widest)
        weeks_shown = [[day if day.month == month else None for day in week[:width]] for week in weeks]
        months.append(
            {
                "name": f"{MONTHS[month - 1]} {year}",
                "days": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[:width],
                "weeks": [
                    [None if day is None else _page(topic, day, dates.get(day)) for day in week]
                    for week in weeks_shown
                    if any(week)
                ],
            }
        )
    return months
