"""Parses arXiv's feeds, RSS 2.0 and Atom, into a mailing.

Pure. Refuses a truncated or malformed body, and never drops an item silently: an item that we cannot read is returned
as unreadable. The format: https://info.arxiv.org/help/rss_specifications.html.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from bot.arxiv import calendar, dates, identifier, taxonomy
from bot.arxiv.authors import creators
from bot.arxiv.limits import require_plausible
from bot.arxiv.xml_guard import read_xml
from bot.errors import ParseError
from bot.model import AnnounceType, FeedItem, InvalidItem, Mailing, Paper
from bot.text import clean, truncate

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Mapping
    from datetime import date

_ARXIV_NAMESPACE = "http://arxiv.org/schemas/atom"
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_ITEMS = ("item", "{http://www.w3.org/2005/Atom}entry")
_PEOPLE = ("author", "contributor", "creator", "managingeditor", "owner", "publisher", "webmaster")
_ENDLESS_WORD = re.compile(r"[\w.+@-]{400}", re.ASCII)
_TITLE_END = " updates on arXiv.org"
_ERROR_TITLE = "Feed error for query"
_PREAMBLE = re.compile(r"^arXiv:\S+\s+Announce Type:\s*\S+\s+Abstract:\s*")
_SHOWN = 100


def parse(body: bytes, category: str) -> Mailing:
    """Parses the answer to a request for one category's feed.

    Args:
        body: the whole answer.
        category: the category that was asked for; several are joined with `+`, as in arXiv's URLs.

    Returns:
        The mailing under `category`, its entries in the feed's order.

    Raises:
        ParseError: it is no well-formed feed of that category; the reason says what it is instead.
    """
    root = read_xml(body, "feed")
    _require_names(root)
    parsed = _feedparser(body)
    title = _text(parsed.feed, "title")
    if title.startswith(_ERROR_TITLE):
        raise ParseError(f"arXiv's error feed: {truncate(_text(parsed.feed, 'subtitle') or title, _SHOWN)}")
    _require_category(title, _text(parsed.feed, "link"), category)
    prefix = next((prefix for prefix, uri in parsed.namespaces.items() if uri == _ARXIV_NAMESPACE), "arxiv")
    items = zip(parsed.entries, _creators(root, len(parsed.entries)), strict=True)
    read = [_read(item, names, prefix, place) for place, (item, names) in enumerate(items, 1)]
    return Mailing(
        category=category,
        mailing_date=_mailing_date(parsed),
        entries=tuple(item for item in read if isinstance(item, FeedItem)),
        unreadable=tuple(item for item in read if isinstance(item, InvalidItem)),
    )


def _feedparser(body: bytes) -> Any:  # noqa: ANN401 - feedparser has no types
    """Parses a well-formed body with feedparser.

    Raises:
        ParseError: it is no feed.
    """
    import feedparser  # noqa: PLC0415 - 80 ms that most commands do not need

    try:
        # A stream, because feedparser tries whether bytes are a file name. Its sanitizer removes `<...>` from texts.
        parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:
        # Some misplaced elements (`gml:pos`) make feedparser raise, mostly a KeyError.
        raise ParseError(f"a feed in no shape that feedparser knows: {truncate(repr(error), _SHOWN)}") from error
    if parsed.bozo:
        raise ParseError(f"a malformed feed: {truncate(str(parsed.bozo_exception), _SHOWN)}")
    if not parsed.version:
        raise ParseError("XML, but no RSS or Atom feed")
    return parsed


def _require_names(root: ET.Element) -> None:
    """Refuses names of thousands of letters without a space, which feedparser would search for minutes."""
    for element in root.iter():
        if element.tag.rpartition("}")[2].lower() in _PEOPLE and _ENDLESS_WORD.search("".join(element.itertext())):
            raise ParseError("a feed with a name that does not end")


def _creators(root: ET.Element, items: int) -> list[list[str]]:
    """The `dc:creator` elements of each item. Of several, feedparser keeps only the last, without mail addresses."""
    found = [element for element in root.iter() if element.tag in _ITEMS]
    if len(found) != items:
        raise ParseError(f"a feed with {len(found)} items of which feedparser knows {items}")
    return [["".join(creator.itertext()) for creator in item.iterfind(_CREATOR)] for item in found]


def _require_category(title: str, link: str, category: str) -> None:
    """Refuses the feed of another category, which a faulty cache may serve; a feed that names none is accepted."""
    if title.endswith(_TITLE_END):
        names = title.removesuffix(_TITLE_END).split(", ")
    else:
        names = link.rpartition("/")[2].split("+")
    named = {_canonical(name) for name in names if name}
    if named and named != {_canonical(name) for name in category.split("+")}:
        raise ParseError(f"another feed than that of {category}: {truncate(title or link, _SHOWN)}")


def _canonical(name: str) -> str:
    """The canonical name of a category; the name itself for archives and for categories that we do not know."""
    try:
        return taxonomy.canonical(name)
    except taxonomy.UnknownCategoryError:
        return name.strip().lower()


def _mailing_date(parsed: Any) -> date:  # noqa: ANN401 - feedparser has no types
    """The mailing date: midnight in New York, of the feed in RSS, of the entries in Atom.

    An empty Atom feed has only the time of its rendering.

    Raises:
        ParseError: the feed has no date.
    """
    if not parsed.version.startswith("atom"):
        text, read = _text(parsed.feed, "published"), dates.from_mail_date
    elif parsed.entries:
        text, read = _text(parsed.entries[0], "published"), dates.from_iso
    else:
        text, read = _text(parsed.feed, "updated"), dates.from_iso
    try:
        return calendar.mailing_date(read(text))
    except ValueError as error:
        raise ParseError(f"the feed bears no date{text and ' but '}{truncate(text, _SHOWN)}") from error


def _read(item: Mapping[str, Any], names: list[str], prefix: str, place: int) -> FeedItem | InvalidItem:
    """Reads one item; `prefix` is the feed's prefix for arXiv's namespace, usually `arxiv`."""
    try:
        return _entry(item, names, prefix)
    except ValueError as error:
        where = _text(item, "id") or _text(item, "title")
        return InvalidItem(where=truncate(where, _SHOWN) or f"item {place}", reason=str(error))


def _entry(item: Mapping[str, Any], names: list[str], prefix: str) -> FeedItem:
    """Reads one announcement.

    Raises:
        ValueError: it lacks something that every item needs.
    """
    title = _text(item, "title")
    paper, version = identifier.parse(_text(item, "id"))
    announced = _announce_type(_text(item, f"{prefix}_announce_type"))
    abstract = _PREAMBLE.sub("", _text(item, "summary"), count=1)
    missing = [name for name, value in (("version", version), ("title", title), ("abstract", abstract)) if not value]
    if version is None or missing:
        raise ValueError(f"no {' and no '.join(missing)}")
    return FeedItem(
        paper=require_plausible(
            Paper(
                identifier=paper,
                version=version,
                title=title,
                abstract=abstract,
                authors=creators(names),
                categories=tuple(filter(None, (clean(tag["term"] or "") for tag in item.get("tags", ())))),
                license=_text(item, "rights") or None,
                doi=_text(item, f"{prefix}_doi") or None,
                journal_ref=_text(item, f"{prefix}_journal_reference") or None,
            )
        ),
        type=announced,
    )


def _announce_type(word: str) -> AnnounceType:
    """The announce type. arXiv's own code knows a fifth one, `absonly`, which was never in a feed so far."""
    try:
        return AnnounceType(word)
    except ValueError:
        raise ValueError(f"unknown announce type {truncate(word, _SHOWN)}" if word else "no announce type") from None


def _text(item: Mapping[str, Any], key: str) -> str:
    """The element's text, white space folded; empty for an element with attributes, whose text feedparser drops."""
    value = item.get(key, "")
    return clean(value) if isinstance(value, str) else ""
