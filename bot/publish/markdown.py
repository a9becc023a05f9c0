"""Renders the site's pages as Markdown: one per topic and mailing, and the index.

A page's layout is exactly that of the digest page that this project was asked to reproduce; the words are in
`templates/site/`. Pure, except that it reads templates.
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
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TopicPage:
    """The content of one page: every paper of one mailing that the topic matches."""

    topic: Topic
    mailing_date: date
    entries: tuple[DigestEntry, ...]
    """In any order; the page sorts them."""
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
    """The entries by (list of categories, identifier), descending, as on the page that we reproduce."""
    return sorted(entries, key=lambda e: (e.paper.categories, e.paper.identifier), reverse=True)


def chips(entry: DigestEntry) -> list[str]:
    """Labels for an entry that is not just new, such as "replaced" or "cross-listed"."""
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
    """The site's index: for each topic its months, newest first, with a link and a count for each mailing.

    Args:
        counts: by topic, in the order to show, the number of papers of each mailing date.
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
    """One paper's values for the template, which escapes all but code spans and URLs."""
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
    """What the topic matches: its keywords, authors or query, as code spans."""
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
    """The path of a topic's page, relative to the index."""
    return _url(f"{topic.name}/{mailing_date.isoformat()}.md")


def _url(raw: str) -> Markup:
    """A URL for a Markdown link: characters that could end the link are percent-encoded."""
    return Markup(quote(raw, safe=":/", errors="replace"))  # noqa: S704 - nothing but letters, digits and _.-~:/% is left


def _code_spans(names: Iterable[str]) -> Markup:
    """Each name as a code span, whatever it contains: https://spec.commonmark.org/0.31.2/#code-spans."""
    return Markup(" ").join(_code_span(name) for name in map(text.escape_plain, names) if name)


def _code_span(name: str) -> Markup:
    """A code span with one backtick more than the name has in a row, and a space beside a backtick at its edge."""
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(name)), default=0) + 1)
    inner = f" {name} " if "`" in (name[0], name[-1]) else name
    return Markup(fence + inner + fence)  # noqa: S704 - nothing acts inside a code span, and the fence holds
