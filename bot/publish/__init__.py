"""The fourth verb: writes the site, a page per topic and mailing.

    announcements -> per topic and mailing date -> page -> files           (each file written whole or not at all)

A page is a Markdown, an HTML and a BibTeX file; besides, there are indexes, search data per month, and feeds per
topic. The site is a projection of the store, independent of subscribers: a rerun changes no byte; a late announcement
rewrites its page and what depends on it. Pages keep the topic as it was when they were written. Between two pages
other tasks run, so that a stop ends publish there: pages are recorded in batches, and the next run goes on after the
last recorded batch.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from bot.publish import bibtex, feeds, search_data
from bot.publish.assets import Assets, fingerprint
from bot.publish.html import SiteContext, render_web_page
from bot.publish.html_index import BEST_TOPICS, mailings, render_front
from bot.publish.markdown import TopicPage, in_order, render_index, render_page
from bot.store.pages import PageRecord
from bot.topics.matched_papers import MatchedPapers
from bot.topics.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from bot.model import DigestEntry, Topic
    from bot.settings import SiteSettings
    from bot.store import Store
    from bot.text.templates import Templates
    from bot.topics.matcher import Matcher

    MonthFile = Callable[[str, Iterable[TopicPage]], str]

_MARK = re.compile(rb'<meta name="paperboy" content="(\w+)">')
_FORMS = (".md", ".html", ".bib")
_FEEDS = ("feed.xml", "feed.json")
_PAGES_PER_BATCH = 50
"""How many pages of one month are recorded together; at most so many are written again after a stop."""


@dataclass(frozen=True, slots=True)
class Published:
    """One page of the site that this run wrote."""

    path: Path
    """Its Markdown file; for the index, `index.html`."""
    papers: int
    """How many papers it lists; 0 for the index."""


@dataclass(frozen=True, slots=True)
class _Stale:
    """A page that is missing, incomplete or older than its announcements."""

    seq: int
    """The newest announcement that belongs on it."""
    day: date
    topic: Topic
    known: bool
    """Whether it was written with that announcement, so that only some of its files are missing."""


class Publisher:
    """Writes the site's folder."""

    def __init__(
        self,
        store: Store,
        site: SiteSettings,
        topics: tuple[Topic, ...],
        matcher: Matcher,
        templates: Templates,
    ) -> None:
        self._store = store
        self._site = site
        self._topics = topics
        self._matched = MatchedPapers(lambda: matcher)
        self._templates = templates

    async def publish(self) -> tuple[Published, ...]:
        """Writes pages that are new, late or missing, then the indexes.

        Raises:
            RenderError: a template of the site is broken.
            OSError: the folder cannot be written.
        """
        records = self._store.pages.written()
        # Oldest announcement first, so that the next run goes on where a stopped one ended. The pages of a month
        # together, because they share its search data.
        stale = sorted(self._stale_pages(records), key=lambda page: (page.seq, page.day))
        written: list[Published] = []
        for _, pages in groupby(stale, key=lambda page: search_data.file_name(page.day)):
            month = list(pages)
            for start in range(0, len(month), _PAGES_PER_BATCH):
                written += await self._write_batch(month[start : start + _PAGES_PER_BATCH])
        if stale:
            records = self._store.pages.written()
        if records and self._write_indexes(records):
            written.append(Published(self._site.dir / "index.html", 0))
        return tuple(written)

    def _stale_pages(self, records: Iterable[PageRecord]) -> list[_Stale]:
        """The pages to write, by their newest announcement."""
        data = _listed(self._site.dir / "data")
        found = []
        for topic in self._topics:
            known = {record.mailing_date: record.seq for record in records if record.topic == topic.name}
            if known:
                files = _listed(self._site.dir / topic.name)
                gone = {day: seq for day, seq in known.items() if not _is_complete(day, files, data)}
                if not files.issuperset(_FEEDS):
                    gone[max(known)] = known[max(known)]
                wanted = gone | self._store.papers.dates_after(topic.categories, max(known.values()))
            else:
                # A new topic starts with the latest mailing, as a new subscriber does.
                wanted = dict(sorted(self._store.papers.dates_after(topic.categories, 0).items())[-1:])
            found += [_Stale(seq, day, topic, known.get(day) == seq) for day, seq in wanted.items()]
        return found

    async def _write_batch(self, stale: Sequence[_Stale]) -> list[Published]:
        """Writes pages of one month, its search data and their feeds; then records the pages."""
        pages: dict[_Stale, TopicPage] = {}
        for page in stale:
            pages[page] = self._write_page(page)
            await asyncio.sleep(0)
        self._write_month(search_data.file_name(stale[0].day), search_data.month, pages.values())
        self._write_month(search_data.abstracts_name(stale[0].day), search_data.abstracts, pages.values())
        for topic in dict.fromkeys(page.topic for page in stale):
            self._write_feeds(
                topic, {page.day: content.entries for page, content in pages.items() if page.topic is topic}
            )
            await asyncio.sleep(0)
        self._store.pages.put(
            *(PageRecord(page.topic.name, page.day, page.seq, len(each.entries)) for page, each in pages.items())
        )
        return [Published(self._path(page.topic, page.day), len(content.entries)) for page, content in pages.items()]

    def _write_month(self, name: str, made: MonthFile, pages: Iterable[TopicPage]) -> None:
        """Writes these pages into the month's file."""
        data = self._site.dir / name
        before = data.read_text(encoding="utf-8", errors="replace") if data.exists() else ""
        write_atomically(data, made(before, pages))

    def _write_page(self, page: _Stale) -> TopicPage:
        """Writes a page's three files; returns what is on it."""
        content = TopicPage(page.topic, page.day, self._entries(page.topic, page.day), self._site.repository)
        path = self._path(page.topic, page.day)
        if not page.known or not path.exists():
            write_atomically(path, render_page(content, self._templates))
        write_atomically(path.with_suffix(".html"), render_web_page(content, self._site_context, self._templates))
        papers = [entry.paper for entry in in_order(content.entries)]
        write_atomically(path.with_suffix(".bib"), bibtex.bibliography(papers))
        return content

    def _entries(self, topic: Topic, day: date) -> tuple[DigestEntry, ...]:
        """The entries of one mailing that the topic matches."""
        announcements = self._store.papers.announcements_on(day, topic.categories)
        papers = self._store.papers.load({(a.identifier, a.version) for a in announcements})
        return tuple(selected.entry for selected in select(topic, announcements, papers, self._matched))

    def _write_feeds(self, topic: Topic, fresh: Mapping[date, tuple[DigestEntry, ...]]) -> None:
        """Writes the topic's feeds, if one of these mailings is among its newest."""
        written = {record.mailing_date for record in self._store.pages.written() if record.topic == topic.name}
        newest = sorted(written | set(fresh), reverse=True)[: feeds.MAILINGS]
        if not any(day in fresh for day in newest):
            return
        entries = [entry for day in newest for entry in (fresh[day] if day in fresh else self._entries(topic, day))]
        feed = feeds.Feed(topic, tuple(entries), newest[0], self._site.url)
        write_atomically(self._site.dir / topic.name / "feed.xml", feeds.atom(feed))
        write_atomically(self._site.dir / topic.name / "feed.json", feeds.json_feed(feed))

    def _write_indexes(self, records: tuple[PageRecord, ...]) -> bool:
        """Writes the indexes from the records, unless they are up to date. Returns whether the index changed."""
        front, index = self._site.dir / "index.html", self._site.dir / "README.md"
        titles = [(topic.name, topic.title) for topic in self._topics]
        mark = fingerprint(self._templates, records, titles, self._site.repository, self._site_context)
        beside = [
            f"{topic.name}/mailings.js" for topic in self._topics if any(r.topic == topic.name for r in records)
        ]
        wanted = ("README.md", *beside, *self._assets.files)
        if _mark(front) == mark and all((self._site.dir / path).exists() for path in wanted):
            return False
        counts: dict[Topic, dict[date, int]] = {topic: {} for topic in self._topics}
        by_name = {topic.name: topic for topic in self._topics}
        for record in records:
            if record.topic in by_name:
                counts[by_name[record.topic]][record.mailing_date] = record.papers
        for path, source in self._assets.files.items():
            write_atomically(self._site.dir / path, source.read_bytes())
        write_atomically(self._site.dir / ".nojekyll", "")  # else GitHub Pages converts the Markdown itself
        for topic, dates in counts.items():
            if dates:
                write_atomically(self._site.dir / topic.name / "mailings.js", mailings(dates))
        changed = write_atomically(index, render_index(counts, self._templates, repository=self._site.repository))
        # Last, because its mark says that all are written.
        filed = [(topic, max(dates)) for topic, dates in counts.items() if dates][:BEST_TOPICS]
        newest = {topic: self._entries(topic, day) for topic, day in filed}
        write_atomically(front, render_front(counts, newest, self._site_context, self._templates, mark=mark))
        return changed

    @cached_property
    def _assets(self) -> Assets:
        return Assets.find(self._templates)

    @cached_property
    def _site_context(self) -> SiteContext:
        return SiteContext(self._assets.names, self._site.url)

    def _path(self, topic: Topic, day: date) -> Path:
        return self._site.dir / topic.name / f"{day:%Y-%m-%d}.md"


def _is_complete(day: date, files: frozenset[str], data: frozenset[str]) -> bool:
    """Whether all files of a page exist; `files` and `data` are the names in the topic's and the data's folder."""
    names = (search_data.file_name(day), search_data.abstracts_name(day))
    return data.issuperset(Path(name).name for name in names) and files.issuperset(f"{day}{form}" for form in _FORMS)


def _listed(folder: Path) -> frozenset[str]:
    """The names in a folder; none if it does not exist. Listing it once is faster than checking each page."""
    return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()


def _mark(front: Path) -> str:
    """The hash in the front page of what it was made from; empty if there is none."""
    found = _MARK.search(front.read_bytes()) if front.exists() else None
    return found[1].decode() if found else ""


def write_atomically(path: Path, content: str | bytes) -> bool:
    """Replaces a file's content in one step, so that no reader sees half a page. Returns whether it changed.

    Raises:
        OSError: the folder cannot be written.
    """
    body = content.encode() if isinstance(content, str) else content
    if path.exists() and path.read_bytes() == body:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True
