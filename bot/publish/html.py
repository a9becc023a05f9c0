"""Renders a topic's page of one mailing as HTML, with the template `site/web.html.j2`.

Pure, except that it reads templates. The template escapes every text; what is marked safe here was escaped here. A
page has no inline script, and its content security policy forbids any: https://www.w3.org/TR/CSP3/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from markupsafe import Markup

from bot import text
from bot.model import AnnounceType, Link, Order
from bot.publish import bibtex
from bot.publish.assets import KATEX
from bot.publish.katex import typeset
from bot.publish.markdown import chips, in_order
from bot.text import links
from bot.topics.found_at import places
from bot.topics.ranking import rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.model import DigestEntry
    from bot.publish.markdown import TopicPage
    from bot.text.templates import Templates

AUTHORS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class SiteContext:
    """What all pages of a site share."""

    assets: Mapping[str, str]
    """The path below the site's folder, by name."""
    url: str | None = None
    """The URL where the site is published, without a trailing slash."""


def render_web_page(page: TopicPage, site: SiteContext, templates: Templates) -> str:
    """The page as HTML, ending in one line break. Equal pages give equal bytes.

    Raises:
        RenderError: the template is broken.
    """
    listed = {entry.paper.identifier: place for place, entry in enumerate(in_order(page.entries), start=1)}
    papers = [_paper(entry, listed[entry.paper.identifier]) for entry in rank(page.topic, page.entries)]
    topic, day = page.topic, page.mailing_date.isoformat()
    body = templates.render(
        "site/web.html.j2",
        **shared(site, root="../", path=f"{topic.name}/{day}.html"),
        topic=topic.name,
        title=topic.title,
        day=day,
        mailing_date=page.mailing_date,
        terms=[*topic.keywords, *topic.authors, *([topic.query] if topic.query else [])],
        categories=topic.categories,
        exclusions=topic.exclude,
        papers=papers,
        by_relevance=topic.order is Order.RELEVANCE,
        katex=f"../{KATEX}" if any(paper["formulas"] for paper in papers) else "",
    )
    return body + "\n"


def shared(site: SiteContext, *, root: str, path: str) -> dict[str, object]:
    """Values for every page's template: paths of assets relative to the page, and its published URL, if any."""
    return {
        "root": root,
        "assets": {name: root + where for name, where in site.assets.items()},
        "canonical": f"{site.url}/{path}" if site.url else "",
    }


def _paper(entry: DigestEntry, listed: int) -> dict[str, object]:
    """What the template is given of a paper, the `listed`th on the Markdown page."""
    paper, hits = entry.paper, entry.match.hits
    title, abstract = (
        typeset(raw, places([(hit.term, hit.mode) for hit in hits if hit.field == field], raw))
        for field, raw in (("title", paper.title), ("abstract", paper.abstract))
    )
    kind = "new" if entry.type is AnnounceType.NEW and entry.replaced_to is None else ""
    return {
        "identifier": paper.identifier,
        "listed": listed,
        "title": title.markup or paper.identifier,
        "abstract": abstract.markup,
        "formulas": title.formulas + abstract.formulas,
        "url": url(entry.url),
        "links": [Link(form.label, url(form.url)) for form in entry.format_links],
        "found": [Link(link.label, url(link.url)) for link in links.found(paper.abstract, paper.comment)],
        "authors": [text.flatten_tex(author.name) for author in paper.authors[:AUTHORS_SHOWN]],
        "authors_left": max(0, len(paper.authors) - AUTHORS_SHOWN),
        "chips": [kind, *chips(entry)] if kind else chips(entry),
        "categories": _searches("category", paper.categories),
        "terms": _searches("keyword", dict.fromkeys(hit.term for hit in hits)),
        "bibtex": Markup("{}").format(bibtex.entry(paper)),
    }


def _searches(field: str, values: Iterable[str]) -> list[dict[str, object]]:
    """Each value with the URL of a search for it on the front page."""
    cleaned = [text.clean(value) for value in values]
    return [
        {"name": value, "url": Markup(f"../index.html#{urlencode({field: value}, errors='replace')}")}  # noqa: S704 - percent-encoded
        for value in cleaned
        if value
    ]


def url(raw: str) -> Markup:
    """A URL for an HTML attribute: characters that could end it are percent-encoded. The caller checks its scheme."""
    return Markup(quote(raw, safe=":/?=&;#%+,@~", errors="replace").replace("&", "&amp;"))  # noqa: S704 - quoted
