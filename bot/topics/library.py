"""Reads the papers of a library: BibTeX and RIS files, as reference managers and arXiv itself write them.

Pure. Made for files that people keep by hand for years: what is no entry is passed over, and an entry without a title
is none. Only what ranking learns from is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from bot.arxiv import identifier as arxiv_identifier
from bot.text import flatten_tex
from bot.topics.features import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ARXIV_DOI = "10.48550/arxiv."
"""What the DOIs that arXiv gives begin with. https://info.arxiv.org/help/doi.html"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper of a library."""

    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    """Given name first."""
    identifier: str | None = None
    """ArXiv's, where the entry names it."""

    @property
    def document(self) -> Document:
        """What is learned from it, where arXiv's own text is not at hand."""
        return Document(f"library:{self.title}:{self.authors}", self.title, self.abstract, self.authors)


def read_bibtex(raw: str) -> tuple[Entry, ...]:
    """The entries of a BibTeX or BibLaTeX file, in its order.

    `@string` abbreviations are filled in; https://tug.ctan.org/info/bibtex/tamethebeast/ttb_en.pdf has the syntax.
    """
    abbreviations: dict[str, str] = {}
    found = []
    for kind, body in _blocks(raw):
        fields = _fields(body, abbreviations)
        if kind == "string":
            abbreviations |= fields
        elif kind not in ("comment", "preamble"):
            found.append(_entry(fields, authors=re.split(r"\s+and\s+", fields.get("author", ""))))
    return tuple(filter(None, found))


def read_ris(raw: str) -> tuple[Entry, ...]:
    """The entries of a RIS file, in its order; https://en.wikipedia.org/wiki/RIS_(file_format) has the tags."""
    found = []
    tags: dict[str, list[str]] = {}
    last = ""
    for line in raw.splitlines():
        if not (tag := re.match(r"\s*([A-Z][A-Z0-9])  ?- ?(.*)", line)):
            if last and line.strip():  # a long abstract goes on
                tags[last][-1] += f" {line.strip()}"
        elif tag[1] == "ER":
            found.append(_entry_of_ris(tags))
            tags, last = {}, ""
        else:
            last = tag[1]
            tags.setdefault(last, []).append(tag[2].strip())
    return tuple(filter(None, (*found, _entry_of_ris(tags))))


def _entry_of_ris(tags: Mapping[str, list[str]]) -> Entry | None:
    def first(*names: str) -> str:
        return next((tags[name][0] for name in names if tags.get(name)), "")

    fields = {"title": first("TI", "T1"), "abstract": first("AB", "N2"), "doi": first("DO")}
    urls = [url for name in ("UR", "L1", "L2", "AN") for url in tags.get(name, ())]
    return _entry(fields, authors=[*tags.get("AU", ()), *tags.get("A1", ())], urls=urls)


def _entry(fields: Mapping[str, str], *, authors: Iterable[str], urls: Iterable[str] = ()) -> Entry | None:
    """The entry, or None for what has no title."""
    title = _plain(fields.get("title", ""))
    names = tuple(filter(None, (_given_first(_plain(author)) for author in authors)))
    named = (fields.get("eprint", ""), fields.get("url", ""), fields.get("doi", ""), *urls)
    identifiers = filter(None, map(_identifier, named))
    return Entry(title, _plain(fields.get("abstract", "")), names, next(identifiers, None)) if title else None


def _identifier(text: str) -> str | None:
    doi = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:)", "", text.strip(), flags=re.IGNORECASE)
    if doi.lower().startswith(ARXIV_DOI):
        text = doi[len(ARXIV_DOI) :]
    try:
        return arxiv_identifier.parse(text)[0]
    except ValueError:
        return None


def _given_first(name: str) -> str:
    family, comma, given = name.partition(",")
    return f"{given.strip().removeprefix('Jr.,').strip()} {family.strip()}".strip() if comma else name.strip()


def _plain(text: str) -> str:
    return " ".join(flatten_tex(text).replace("{", "").replace("}", "").split())


# -- BibTeX's syntax -----------------------------------------------------------------------------------------------


_OPENS = re.compile(r"@\s*(\w+)\s*([{(])")
_NAME = re.compile(r"\s*,?\s*([^\s=,{}\"#%]+)\s*=\s*")
_CLOSES = {"{": "}", "(": ")"}


def _blocks(raw: str) -> Iterator[tuple[str, str]]:
    """Each `@kind{...}`: its kind in small letters, and what is inside."""
    at = 0
    while opening := _OPENS.search(raw, at):
        end = _end(raw, opening.end(), _CLOSES[opening[2]])
        yield opening[1].lower(), raw[opening.end() : end]
        at = max(end, opening.end())


def _end(raw: str, start: int, closing: str) -> int:
    """Where the group that was opened before `start` closes; the end of the text if it never does."""
    depth = 0
    for at in range(start, len(raw)):
        c = raw[at]
        if depth == 0 and c == closing:
            return at
        if raw[at - 1] != "\\":
            depth += (c == "{") - (c == "}")
    return len(raw)


def _fields(body: str, abbreviations: Mapping[str, str]) -> dict[str, str]:
    """The `name = value` of an entry, the names in small letters."""
    found: dict[str, str] = {}
    key = re.match(r"[^=,{}\"]*,", body)
    at = key.end() if key else 0
    while name := _NAME.match(body, at):
        value, at = _value(body, name.end(), abbreviations)
        found.setdefault(name[1].lower(), value)
    return found


def _value(body: str, start: int, abbreviations: Mapping[str, str]) -> tuple[str, int]:
    """A value, of parts joined by #, and where it ends."""
    parts, at = [], start
    while at < len(body):
        if body[at] in '{"':
            end = _end(body, at + 1, "}" if body[at] == "{" else '"')
            parts.append(body[at + 1 : end])
            at = end + 1
        else:
            word = "".join(takewhile(lambda c: c not in ",#}\n ", body[at:]))
            parts.append(abbreviations.get(word.lower(), word))
            at += len(word)
        joined = re.compile(r"\s*#\s*").match(body, at)
        if not joined:
            break
        at = joined.end()
    return "".join(parts), at
