"""The site's pages as Markdown: one per topic and mailing, and the index over them all.

A page's layout is that of the digest page this project was asked to reproduce, to the letter; the words are in
`templates/site/`. Pure but for reading templates: writes no file, knows no store and no clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from bot import text
from bot.model import AnnounceType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from bot.model import DigestEntry, Topic
    from bot.text.templates import Templates

AUTHORS_SHOWN = 6
_BACKTICKS = re.compile(r"`+")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)  # fmt: skip - two rows of six


@dataclass(frozen=True, slots=True)
class TopicPage:
    """What one page shows: every paper of one mailing that one topic claims."""

    topic: Topic
    mailing_date: date
    entries: tuple[DigestEntry, ...]
    """In any order; the page has its own."""
    repository: str | None = None
    """GitHub's owner/name, for the last-update badge."""


def render_page(page: TopicPage, templates: Templates) -> str:
    """The page as Markdown, ending in one line break. Equal pages give equal bytes.

    Raises:
        RenderError: the template is broken.
    """
    body = templates.render(
        "site/page.md.j2",
        title=page.topic.title,
        mailing_date=page.mailing_date.isoformat(),
        repository=_url(page.repository or ""),
        keywords=_keywords(page.topic),
        exclusions=_code_spans(page.topic.exclude) or _code_spans(["None"]),
        papers=[_paper(entry) for entry in in_order(page.entries)],
    )
    return body + "\n"


def in_order(entries: Iterable[DigestEntry]) -> list[DigestEntry]:
    """By (list of categories, identifier), descending, as on the page we reproduce."""
    return sorted(entries, key=lambda e: (e.paper.categories, e.paper.identifier), reverse=True)


def chips(entry: DigestEntry) -> list[str]:
    """What is to be known of an entry beyond its being new."""
    chips = []
    if entry.type.is_replacement:
        chips.append(f"replaced: v{entry.paper.version}")
    elif entry.replaced_to is not None:
        chips.append(f"new, now v{entry.replaced_to}")
    if entry.type in (AnnounceType.CROSS, AnnounceType.REPLACE_CROSS):
        chips.append("cross-listed")
    if entry.paper.withdrawn:
        chips.append("withdrawn")
    if entry.reconstructed:
        chips.append("reconstructed")
    return chips


def render_index(
    counts: Mapping[Topic, Mapping[date, int]],
    templates: Templates,
    *,
    repository: str | None = None,
) -> str:
    """The site's front page: per topic its months, newest first, each mailing linked and counted.

    Args:
        counts: per topic, in the order to show, how many papers the page of each mailing date has.
        templates: where `site/index.md.j2` is.
        repository: GitHub's owner/name, for the last-update badge.

    Raises:
        RenderError: the template is broken.
    """
    topics = [
        {
            "title": topic.title,
            "papers": sum(dates.values()),
            "mailings": len(dates),
            "latest": max(dates).isoformat(),
            "latest_url": _page_url(topic, max(dates)),
            "months": _months(topic, dates),
        }
        for topic, dates in counts.items()
        if dates
    ]
    return templates.render("site/index.md.j2", topics=topics, repository=_url(repository or "")) + "\n"


def _paper(entry: DigestEntry) -> dict[str, object]:
    """What the template may use of one paper; code spans and URLs are marked safe, the rest is yet to be escaped."""
    paper = entry.paper
    return {
        "title": text.flatten_tex(paper.title) or paper.identifier,
        "url": _url(entry.url),
        "identifier": _code_spans([f"arXiv:{paper.identifier}"]),
        "categories": _code_spans(paper.categories),
        "chips": _code_spans(chips(entry)),
        "authors": text.names(paper.authors, AUTHORS_SHOWN),
        "abstract": text.flatten_tex(paper.abstract),
    }


def _keywords(topic: Topic) -> Markup:
    """Everything by which the topic claims a paper: its keywords, the authors it follows, or its query."""
    query = [topic.query] if topic.query else []
    spans = _code_spans([*topic.keywords, *topic.authors, *query])
    return spans or Markup("everything in ") + _code_spans(topic.categories)


def _months(topic: Topic, dates: Mapping[date, int]) -> list[dict[str, object]]:
    """The topic's mailings by month, newest first."""
    newest_first = sorted(dates, reverse=True)
    return [
        {
            "name": f"{MONTHS[month - 1]} {year}",
            "mailings": [{"day": day.day, "url": _page_url(topic, day), "papers": dates[day]} for day in mailings],
        }
        for (year, month), mailings in groupby(newest_first, key=lambda day: (day.year, day.month))
    ]


def _page_url(topic: Topic, mailing_date: date) -> Markup:
    """Where a topic's page stands, seen from the index."""
    return _url(f"{topic.name}/{mailing_date.isoformat()}.md")


def _url(raw: str) -> Markup:
    """A URL fit for a Markdown link: whatever could end the link is percent-encoded."""
    return Markup(quote(raw, safe=":/", errors="replace"))  # noqa: S704 - nothing but letters, digits and _.-~:/% is left


def _code_spans(names: Iterable[str]) -> Markup:
    """Each name as a code span, whatever it holds: https://spec.commonmark.org/0.31.2/#code-spans."""
    return Markup(" ").join(_code_span(name) for name in map(text.escape_plain, names) if name)


def _code_span(name: str) -> Markup:
    """Fenced by one backtick more than the name has in a row; a backtick at its edge stands off by a blank."""
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(name)), default=0) + 1)
    inner = f" {name} " if "`" in (name[0], name[-1]) else name
    return Markup(fence + inner + fence)  # noqa: S704 - nothing acts inside a code span, and the fence holds
