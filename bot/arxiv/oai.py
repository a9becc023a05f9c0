"""arXiv's OAI-PMH in the format arXivRaw: the set of a category, and the parser of an answer.

Pure. Does not decide what is new: it returns versions and dates, and the caller compares them. Never drops a record
silently: one that lacks something we need is returned as unreadable. https://info.arxiv.org/help/oa/index.html,
https://www.openarchives.org/OAI/openarchivesprotocol.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.arxiv import dates, identifier, taxonomy
from bot.arxiv.authors import authors
from bot.arxiv.limits import require_plausible
from bot.arxiv.xml_guard import read_xml
from bot.errors import ParseError
from bot.model import InvalidItem, Paper
from bot.text import clean, truncate

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from datetime import date, datetime

_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_RAW = "{http://arxiv.org/OAI/arXivRaw/}"
_VERSION = re.compile(r"v([1-9][0-9]{0,3})")
_SHOWN = 100
_LONGEST_TOKEN = 4_000
# All other archives are in arXiv's group of physics.
_GROUPS = ("cs", "econ", "eess", "math", "q-bio", "q-fin", "stat")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a paper."""

    number: int
    """Counted from 1."""
    submitted: datetime
    """When it was submitted, in UTC: days before its announcement, or weeks if a moderator held it back."""


@dataclass(frozen=True, slots=True)
class Record:
    """One paper as it stands now, with its history."""

    paper: Paper
    """The paper in its newest version."""
    versions: tuple[Version, ...]
    """Oldest first, at least one."""
    datestamp: date
    """When anything about it last changed; changes by arXiv itself count too."""


@dataclass(frozen=True, slots=True)
class RecordList:
    """One answer: all records, or a part of them if there is a token."""

    responded_at: datetime
    """By arXiv's clock, in UTC. Caches may serve answers that are hours old."""
    records: tuple[Record, ...] = ()
    unreadable: tuple[InvalidItem, ...] = ()
    token: str | None = None
    """The resumption token to ask for the rest with; None at the end."""


def set_spec(category: str) -> str:
    """The OAI-PMH set of a category, `group:archive:CATEGORY`: `cs:cs:CV`, `physics:hep-th`.

    Raises:
        UnknownCategoryError: arXiv has no such category.
    """
    archive, _, subject = taxonomy.canonical(category).partition(".")
    group = archive if archive in _GROUPS else "physics"
    return f"{group}:{archive}:{subject}" if subject else f"{group}:{archive}"


def parse(body: bytes) -> RecordList:
    """Parses the answer to a ListRecords request with `metadataPrefix=arXivRaw`.

    The error `noRecordsMatch` is an empty list: nothing changed.

    Raises:
        ParseError: it is no well-formed answer with records, or another OAI-PMH error, with its code.
    """
    root = read_xml(body, "harvest")
    if root.tag != f"{_OAI}OAI-PMH":
        raise ParseError("XML, but no answer of OAI-PMH")
    responded_at = _responded_at(root)
    errors = {error.get("code", ""): _text(error) for error in root.findall(f"{_OAI}error")}
    for code, words in errors.items():
        if code != "noRecordsMatch":
            raise ParseError(
                f"OAI-PMH error {truncate(clean(code), _SHOWN) or 'without code'}: {truncate(words, _SHOWN)}"
            )
    if errors:
        return RecordList(responded_at)
    listed = root.find(f"{_OAI}ListRecords")
    if listed is None:
        raise ParseError("an answer of OAI-PMH without ListRecords")
    return _record_list(listed, responded_at)


def _record_list(listed: ET.Element, responded_at: datetime) -> RecordList:
    elements = listed.findall(f"{_OAI}record")
    token = (listed.findtext(f"{_OAI}resumptionToken") or "").strip() or None
    if token and len(token) > _LONGEST_TOKEN:
        raise ParseError(f"a resumption token of {len(token)} characters")
    if not elements and token is None:
        raise ParseError("a list without records, which OAI-PMH does not know")
    # What arXiv marks as deleted has no metadata.
    alive = [record for record in elements if record.find(f"{_OAI}header[@status='deleted']") is None]
    read = [_read(record, place) for place, record in enumerate(alive, 1)]
    return RecordList(
        responded_at=responded_at,
        records=tuple(item for item in read if isinstance(item, Record)),
        unreadable=tuple(item for item in read if isinstance(item, InvalidItem)),
        token=token,
    )


def _responded_at(root: ET.Element) -> datetime:
    """When arXiv answered. The protocol requires a Z at the end; a time without a zone could be wrong by hours."""
    text = _text(root.find(f"{_OAI}responseDate"))
    try:
        return dates.from_iso(text if text.endswith("Z") else "")
    except ValueError as error:
        raise ParseError(
            f"an answer of OAI-PMH that bears no date but {truncate(text, _SHOWN) or 'nothing'}"
        ) from error


def _read(record: ET.Element, place: int) -> Record | InvalidItem:
    name = _text(record.find(f"{_OAI}header/{_OAI}identifier"))
    try:
        return _record(record)
    except ValueError as error:
        return InvalidItem(where=truncate(name, _SHOWN) or f"record {place}", reason=str(error))


def _record(record: ET.Element) -> Record:
    """Reads one record.

    Raises:
        ValueError: it lacks something that every record needs.
    """
    raw = record.find(f"{_OAI}metadata/{_RAW}arXivRaw")
    if raw is None:
        raise ValueError("no metadata in arXivRaw")
    title, abstract, categories = (_field(raw, name) for name in ("title", "abstract", "categories"))
    found = (("title", title), ("abstract", abstract), ("categories", categories))
    missing = [name for name, value in found if not value]
    if missing:
        raise ValueError(f"no {' and no '.join(missing)}")
    versions = _versions(raw)
    paper, _ = identifier.parse(_field(raw, "id"))
    return Record(
        paper=require_plausible(
            Paper(
                identifier=paper,
                version=versions[-1].number,
                title=title,
                abstract=abstract,
                authors=authors(_field(raw, "authors")),
                categories=tuple(categories.split()),
                license=_field(raw, "license") or None,
                doi=_field(raw, "doi") or None,
                journal_ref=_field(raw, "journal-ref") or None,
                comment=_field(raw, "comments") or None,
            )
        ),
        versions=versions,
        datestamp=_datestamp(_text(record.find(f"{_OAI}header/{_OAI}datestamp"))),
    )


def _versions(raw: ET.Element) -> tuple[Version, ...]:
    versions = sorted(map(_version, raw.findall(f"{_RAW}version")), key=lambda version: version.number)
    if not versions:
        raise ValueError("no versions")
    return tuple(versions)


def _version(element: ET.Element) -> Version:
    number = _VERSION.fullmatch(element.get("version", ""))
    if number is None:
        raise ValueError(f"no version but {truncate(clean(element.get('version', '')), _SHOWN) or 'nothing'}")
    text = _field(element, "date")
    try:
        submitted = dates.from_mail_date(text)
    except ValueError as error:
        raise ValueError(f"{number[0]} is of no date: {truncate(text, _SHOWN) or 'nothing'}") from error
    return Version(int(number[1]), submitted)


def _datestamp(text: str) -> date:
    """The date; arXiv gives only the day, other repositories also the time."""
    try:
        return dates.from_iso(text).date()
    except ValueError as error:
        raise ValueError(f"no datestamp but {truncate(text, _SHOWN) or 'nothing'}") from error


def _field(element: ET.Element, name: str) -> str:
    """The text of a child element in arXivRaw's namespace, whatever its prefix."""
    return _text(element.find(_RAW + name))


def _text(element: ET.Element | None) -> str:
    """All text inside the element, white space folded; empty if there is no element."""
    return "" if element is None else clean("".join(element.itertext()))
