"""Parses arXiv's catch-up page, `/catchup/<category>/<date>?abs=True`, into a mailing.

Pure. The page tells exactly what was announced and with which type, for 90 days back. But it shows every paper as it
is today: a version, where there is one, is today's, not the announced one. It leaves out replacements after v5, and
authors after the first hundred. The format: https://github.com/arXiv/arxiv-browse, browse/templates/catchup.html and
list/list_macros.html, browse/controllers/catchup_page.py, browse/services/database/catchup.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from bot.arxiv import identifier, taxonomy
from bot.arxiv.authors import authors
from bot.arxiv.html_blocks import Block, read_blocks
from bot.arxiv.limits import require_plausible
from bot.errors import ParseError
from bot.model import AnnounceType, Author, FeedItem, InvalidItem, Mailing, Paper
from bot.text import truncate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

PAGE_SIZE = 2_000
"""Entries per page (CATCHUP_LIMIT in arxiv-browse)."""

_HEADING = re.compile(r"Catchup results for (?P<name>.+) on (?P<day>\w{3}, \d{1,2} \w{3} \d{4})")
_TOTAL = re.compile(r"\bTotal of (\d{1,5}) entries\b")
_SHOWING = re.compile(r"\b(\d{1,5}) of (\d{1,5}) entries\b")
_PLACE = re.compile(r"\[(\d{1,5})\]")
_SUBJECT = re.compile(r"\(([a-z-]+(?:\.[A-Za-z-]+)?)\)$")
_PAGE_OF = re.compile(r"/catchup/([^/?#]+)/")
_LINKED_PAPER = re.compile(r"/(?:abs|pdf|html)/(.+)")
_UNNAMED_AUTHORS = re.compile(r",?\s*\bet al\. \(\d+ additional authors? not shown\)$")
_NO_AUTHORS = "(author list is unavailable)"
_SECTIONS = {"New": AnnounceType.NEW, "Cross": AnnounceType.CROSS, "Replacement": AnnounceType.REPLACE}
_FIELDS = ("list-title", "list-authors", "list-subjects", "list-comments", "list-journal-ref")
_ABSTRACT = "abstract"
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class CatchupPage:
    """One page of one category's mailing."""

    mailing: Mailing
    """The entries of this page only."""
    pages: int
    """The number of pages, at least 1."""
    total: int
    """The number of entries on all pages, as arXiv states it; 0 if nothing was announced on that date."""
    unversioned: frozenset[str]
    """Identifiers of entries whose version the page does not show: set to 1, or 2 for a replacement."""


@dataclass(slots=True)
class _Item:
    """One entry while its parts are collected."""

    section: AnnounceType
    head: Block
    fields: dict[str, str]


def parse(body: bytes, category: str, day: date) -> CatchupPage:
    """Parses one page, which was asked for with that category and mailing date.

    Raises:
        ParseError: it is no complete catch-up page of that category and date, or has fewer entries than it says.
    """
    blocks = read_blocks(body)
    _require_heading(blocks, category, day)
    total = _total(blocks)
    items = _items(blocks)
    _require_all(blocks, items, total)
    read = [_read(item, category) for item in items]
    entries = tuple(item for item in read if isinstance(item, FeedItem))
    _require_category(entries, category)
    return CatchupPage(
        mailing=Mailing(category, day, entries, tuple(item for item in read if isinstance(item, InvalidItem))),
        pages=max(1, -(-total // PAGE_SIZE)),
        total=total,
        unversioned=frozenset(
            paper for item in items if (paper := _identifier(item.head)) and _version(item.head, paper) is None
        ),
    )


def _require_heading(blocks: Iterable[Block], category: str, day: date) -> None:
    """Refuses the page of another date or category.

    The heading has the category's full name, which two may share (Machine Learning); the links to other dates and
    pages, if there are any, have its id.
    """
    headings = (_HEADING.fullmatch(block.text) for block in blocks if block.tag == "h1")
    heading = next(filter(None, headings), None)
    if heading is None:
        raise ParseError("an HTML page, but no catchup page")
    try:
        shown = parsedate_to_datetime(f"{heading['day']} 00:00:00 +0000").date()
    except ValueError:
        shown = None
    if shown != day:
        raise ParseError(f"the catchup page of {heading['day']}, not of {day}")
    ours = taxonomy.related(category)
    linked = {found[1] for block in blocks for link in block.links if (found := _PAGE_OF.search(link))}
    named = linked & set(ours) if linked else heading["name"] in (taxonomy.name(category), *ours)
    if not named:
        raise ParseError(f"the catchup page of {truncate(heading['name'], _SHOWN)}, not of {category}")


def _require_category(entries: tuple[FeedItem, ...], category: str) -> None:
    ours = set(taxonomy.related(category))
    if entries and not any(ours.intersection(entry.paper.categories) for entry in entries):
        raise ParseError(f"a catchup page on which no paper is in {category}")


def _total(blocks: Iterable[Block]) -> int:
    """How many entries the page says there are."""
    found = next(filter(None, (_TOTAL.search(block.text) for block in blocks)), None)
    if found is None:
        raise ParseError("a catchup page that does not say how many entries there are")
    return int(found[1])


def _items(blocks: Iterable[Block]) -> list[_Item]:
    """The entries in order; refuses a section that does not have as many as its heading says."""
    items: list[_Item] = []
    section, current, missing = None, None, 0
    for block in blocks:
        if block.tag in ("h3", "dl"):
            current = None
        if block.tag == "h3":
            _require_none_missing(missing)
            section = _SECTIONS.get(block.text.split(" ")[0])
            missing = _stated(block) if section else 0
        elif block.tag == "dt":
            if section is None:
                raise ParseError("a catchup page with an entry outside its sections")
            missing -= 1
            current = _Item(section, block, {})
            items.append(current)
        elif current is not None and (name := _field_name(block)):
            current.fields.setdefault(name, block.text)
    _require_none_missing(missing)
    return items


def _stated(heading: Block) -> int:
    showing = _SHOWING.search(heading.text)
    if showing is None:
        raise ParseError(f"a section that does not say how many entries it shows: {truncate(heading.text, _SHOWN)}")
    return int(showing[1])


def _require_none_missing(missing: int) -> None:
    if missing:
        raise ParseError("a catchup page with a section that does not hold as many entries as its heading says")


def _require_all(blocks: Iterable[Block], items: list[_Item], total: int) -> None:
    """Refuses a page with missing entries, and an empty page that does not say that there are none."""
    if total == 0 and not items:
        if not any(block.text.startswith("No updates for") for block in blocks):
            raise ParseError("a catchup page without entries that does not say that there are none")
        return
    place = _PLACE.match(items[0].head.text) if items else None
    before = int(place[1]) - 1 if place else 0
    expected = min(PAGE_SIZE, total - before)
    if before % PAGE_SIZE or len(items) != expected:
        raise ParseError(
            f"a catchup page with {len(items)} entries from number {before + 1} on, where there are {total} in all"
        )


def _field_name(block: Block) -> str | None:
    if block.tag == "p":
        return _ABSTRACT if "mathjax" in block.classes else None
    return next((name for name in _FIELDS if name in block.classes), None)


def _read(item: _Item, category: str) -> FeedItem | InvalidItem:
    try:
        return _entry(item, category)
    except ValueError as error:
        where = _identifier(item.head) or item.fields.get("list-title") or item.head.text
        return InvalidItem(where=truncate(where, _SHOWN) or "an entry", reason=str(error))


def _entry(item: _Item, category: str) -> FeedItem:
    """Reads one announcement.

    Raises:
        ValueError: it lacks something that every entry needs.
    """
    paper = _identifier(item.head)
    title = item.fields.get("list-title", "").removeprefix("Title:").strip()
    abstract = item.fields.get(_ABSTRACT, "")
    found = (("identifier", paper), ("title", title), ("abstract", abstract))
    missing = [name for name, value in found if not value]
    if missing:
        raise ValueError(f"no {' and no '.join(missing)}")
    subjects = _subjects(item.fields.get("list-subjects", ""))
    announced = item.section
    if announced is AnnounceType.REPLACE and subjects[0] not in taxonomy.related(category):
        announced = AnnounceType.REPLACE_CROSS
    return FeedItem(
        paper=require_plausible(
            Paper(
                identifier=paper,
                version=_version(item.head, paper) or (2 if announced.is_replacement else 1),
                title=title,
                abstract=abstract,
                authors=_authors(item.fields.get("list-authors", "")),
                categories=subjects,
                journal_ref=item.fields.get("list-journal-ref", "").removeprefix("Journal-ref:").strip() or None,
                comment=item.fields.get("list-comments", "").removeprefix("Comments:").strip() or None,
            )
        ),
        type=announced,
    )


def _linked(head: Block) -> list[tuple[str, int | None]]:
    """The (identifier, version) that an entry's links lead to: its abstract, PDF and HTML."""
    linked = []
    for link in head.links:
        if found := _LINKED_PAPER.search(link):
            try:
                linked.append(identifier.parse(found[1]))
            except ValueError:
                continue  # a link elsewhere; without any identifier the entry is unreadable
    return linked


def _identifier(head: Block) -> str:
    """The identifier that an entry's first link leads to; empty if there is none."""
    return next((paper for paper, _ in _linked(head)), "")


def _version(head: Block, paper: str) -> int | None:
    """Today's version, if a link shows it; mostly only the link to the HTML does."""
    return max((version for linked, version in _linked(head) if version and linked == paper), default=None)


def _authors(names: str) -> tuple[Author, ...]:
    return () if names == _NO_AUTHORS else authors(_UNNAMED_AUTHORS.sub("", names.removeprefix("Authors:")))


def _subjects(line: str) -> tuple[str, ...]:
    """The categories in `Machine Learning (cs.LG); Robotics (cs.RO)`, the primary one first."""
    parts = [part.strip() for part in line.removeprefix("Subjects:").split(";")]
    codes = [_SUBJECT.search(part) for part in parts]
    for part, code in zip(parts, codes, strict=True):
        if code is None:
            raise ValueError(f"no subject but {truncate(part, _SHOWN) or 'nothing'}")
    return tuple(code[1] for code in codes if code)
