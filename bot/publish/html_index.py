"""The site's front page as HTML: the search, the latest mailings, and a calendar per topic; and each topic's dates.

Pure but for reading templates: knows no store and no clock, so that equal counts give equal bytes.
"""

from __future__ import annotations

import calendar
import json
from itertools import groupby
from typing import TYPE_CHECKING

from bot.publish.html import shared
from bot.publish.markdown import MONTHS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bot.model import Topic
    from bot.publish.html import SiteContext
    from bot.text.templates import Templates

LATEST = 5
"""Mailing dates on top of the front page."""
_WORKING_DAYS = 5


def render_front(
    counts: Mapping[Topic, Mapping[date, int]], site: SiteContext, templates: Templates, *, mark: str
) -> str:
    """The front page, ending in one line break.

    Args:
        counts: per topic, in the order to show, how many papers the page of each mailing date has.
        site: what all pages share.
        templates: where `site/front.html.j2` is.
        mark: what the page was made of, as a hash; the next run compares it.

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

    A page finds its previous and its next mailing in it, also one that is written later.
    """
    return f"paperboy.mailings({json.dumps([day.isoformat() for day in sorted(dates, reverse=True)])});\n"


def _page(topic: Topic, day: date, papers: int | None) -> dict[str, object]:
    """One day of a topic; no `url` where it has no page."""
    url = "" if papers is None else f"{topic.name}/{day.isoformat()}.html"
    return {"topic": topic.title, "url": url, "papers": papers or 0, "number": day.day}


def _calendar(topic: Topic, dates: Mapping[date, int]) -> list[dict[str, object]]:
    """Months newest first, each in weeks of five days, or of more where a mailing is dated on a weekend."""
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
