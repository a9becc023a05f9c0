"""A topic's latest papers as Atom (RFC 4287) and JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/).

Pure. The same papers give the same bytes: each timestamp in a feed is a mailing's, never the time of the run.
"""

from __future__ import annotations

import json
import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot import text
from bot.model import Link
from bot.publish.markdown import chips
from bot.text import links

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from bot.model import DigestEntry, Topic

MAILINGS = 5
"""How many mailings a feed has, so that reading it once a week misses none."""

_NEW_YORK = ZoneInfo("America/New_York")
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML forbids, even escaped: https://www.w3.org/TR/xml/#charsets."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The content of a topic's feeds."""

    topic: Topic
    entries: tuple[DigestEntry, ...]
    """Entries of several mailings, in any order."""
    latest: date
    """The newest mailing date, even if it has no paper."""
    url: str | None = None
    """The URL where the site is published, if it is."""

    @property
    def home(self) -> str | None:
        """The URL of the topic on the published site."""
        return f"{self.url}/index.html#topic-{self.topic.name}" if self.url else None

    def address(self, name: str) -> str | None:
        """The URL of a file of this feed."""
        return f"{self.url}/{self.topic.name}/{name}" if self.url else None

    def told(self) -> list[DigestEntry]:
        """The entries to show, newest mailing first; if several have the same URL, only the earliest."""
        oldest_first = sorted(self.entries, key=lambda e: (e.mailing_date, e.paper.identifier))
        once: dict[str, DigestEntry] = {}
        for entry in oldest_first:
            once.setdefault(entry.url, entry)
        return sorted(once.values(), key=lambda e: (e.mailing_date, e.paper.identifier), reverse=True)


def atom(feed: Feed) -> str:
    """The feed as Atom. It ends in one line break."""
    root = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "en"})
    _add(root, "id", feed.address("feed.xml") or _urn(feed.topic.name))
    _add(root, "title", f"{feed.topic.title}: papers")
    _add(root, "updated", _moment(feed.latest))
    _add(root, "generator", "Paperboy")
    if feed.home:
        ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=feed.address("feed.xml") or "")
        ET.SubElement(root, "link", rel="alternate", type="text/html", href=feed.home)
    ET.SubElement(ET.SubElement(root, "author"), "name").text = "arXiv"  # for papers that name no author
    for entry in feed.told():
        item = ET.SubElement(root, "entry")
        _add(item, "id", _url(entry))
        _add(item, "title", text.flatten_tex(entry.paper.title) or entry.paper.identifier)
        _add(item, "updated", _moment(entry.mailing_date))
        for author in entry.paper.authors:
            _add(ET.SubElement(item, "author"), "name", text.flatten_tex(author.name))
        ET.SubElement(item, "link", rel="alternate", type="text/html", href=_url(entry))
        for link in _links(entry):
            ET.SubElement(item, "link", rel="related", title=link.label, href=_xml(link.url))
        for tag in _tags(entry):
            ET.SubElement(item, "category", term=_xml(tag))
        _add(item, "summary", text.flatten_tex(entry.paper.abstract))
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def json_feed(feed: Feed) -> str:
    """The feed as JSON Feed. It ends in one line break."""
    addresses = {"home_page_url": feed.home, "feed_url": feed.address("feed.json")}
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{text.clean(feed.topic.title)}: papers",
        **{name: url for name, url in addresses.items() if url},
        "language": "en",
        "items": [
            {
                "id": _url(entry),
                "url": _url(entry),
                "title": text.flatten_tex(entry.paper.title) or entry.paper.identifier,
                "content_text": _content(entry),
                "date_published": _moment(entry.mailing_date),
                "authors": [{"name": text.flatten_tex(author.name)} for author in entry.paper.authors],
                "tags": _tags(entry),
            }
            for entry in feed.told()
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _add(parent: ET.Element, tag: str, value: str) -> None:
    ET.SubElement(parent, tag).text = _xml(value)


def _xml(value: str) -> str:
    return _NOT_XML.sub("", text.clean(value))


def _tags(entry: DigestEntry) -> list[str]:
    """The entry's categories and chips (such as "replaced"), each once."""
    tags: Iterable[str] = (*entry.paper.categories, *chips(entry))
    return list(dict.fromkeys(tag for tag in map(text.clean, tags) if tag))


def _content(entry: DigestEntry) -> str:
    """The abstract, and links to the paper and its code below it."""
    beside = (f"{link.label}: {link.url}" for link in _links(entry))
    return "\n".join([text.flatten_tex(entry.paper.abstract), "", *beside])


def _links(entry: DigestEntry) -> list[Link]:
    """Links to the PDF, the HTML, and the authors' code, data and project."""
    forms = (Link(form.label, _quoted(form.url)) for form in entry.format_links)
    return [*forms, *links.found(entry.paper.abstract, entry.paper.comment)]


def _url(entry: DigestEntry) -> str:
    """The URL of the entry's page, which is also its id: arXiv's URLs never change."""
    return _quoted(entry.url)


def _quoted(url: str) -> str:
    return quote(url, safe=":/", errors="replace")


def _moment(day: date) -> str:
    """A mailing date as a timestamp: midnight in New York, as in arXiv's own feed."""
    return datetime.combine(day, time(), _NEW_YORK).isoformat()


def _urn(topic: str) -> str:
    """An id for a feed of a site that is not published."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"urn:paperboy:{topic}").urn
