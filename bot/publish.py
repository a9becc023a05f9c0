"""The fourth verb: papers x topics -> pages.

    announcements -> per topic and mailing date -> page -> file            (each file written whole or not at all)

The site is a projection of the store: a rerun changes no byte, a late arrival rewrites its page with the union,
and no subscriber has any part in it. Pages of topics that were edited since stay as they were written.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.site.pages import TopicPage, render_index, render_page
from bot.store.pages import PageRecord
from bot.topics.selection import select

if TYPE_CHECKING:
    from datetime import date

    from bot.model import Topic
    from bot.settings import SiteSettings
    from bot.store import Store
    from bot.templating import Templates
    from bot.topics.matcher import Matcher


@dataclass(frozen=True, slots=True)
class Published:
    """One file of the site that this run wrote."""

    path: Path
    papers: int
    """How many it lists; 0 for the index."""


class Publisher:
    """Writes the folder of pages."""

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
        self._matcher = matcher
        self._templates = templates

    def publish(self) -> tuple[Published, ...]:
        """Write what is new, late or missing, then the index.

        Raises:
            RenderError: a template of the site is broken.
            OSError: the folder cannot be written.
        """
        # Oldest announcement first: where this stops half-way, the next run finds where.
        written = [
            self._write_page(topic, day, seq) for topic in self._topics for seq, day in self._stale_pages(topic)
        ]
        index = self._site.dir / "README.md"
        if self._store.pages.written() and write_whole(index, self._index()):
            written.append(Published(index, 0))
        return tuple(written)

    def _stale_pages(self, topic: Topic) -> list[tuple[int, date]]:
        """The topic's mailing dates whose page is not what the store says, by their newest announcement."""
        known = {
            record.mailing_date: record.seq for record in self._store.pages.written() if record.topic == topic.name
        }
        if known:
            after = self._store.papers.dates_after(topic.categories, max(known.values()))
            gone = {day: seq for day, seq in known.items() if not self._path(topic, day).exists()}
            return sorted((seq, day) for day, seq in (gone | after).items())
        # A new topic starts with the latest mailing, as a new subscriber does.
        latest = sorted(self._store.papers.dates_after(topic.categories, 0).items())[-1:]
        return [(seq, day) for day, seq in latest]

    def _write_page(self, topic: Topic, day: date, seq: int) -> Published:
        announcements = self._store.papers.announcements_on(day, topic.categories)
        papers = self._store.papers.load({(a.identifier, a.version) for a in announcements})
        selection = select(
            topic,
            announcements,
            papers,
            lambda paper: self._matcher.match(paper).get(topic.name),
            excluded=lambda paper: self._matcher.verdict(topic.name, paper).stopped_by is not None,
        )
        entries = tuple(selected.entry for selected in selection)
        page = TopicPage(topic, day, entries, self._site.repository)
        path = self._path(topic, day)
        write_whole(path, render_page(page, self._templates))
        self._store.pages.put(PageRecord(topic.name, day, seq, len(entries)))
        return Published(path, len(entries))

    def _index(self) -> str:
        counts: dict[Topic, dict[date, int]] = {topic: {} for topic in self._topics}
        by_name = {topic.name: topic for topic in self._topics}
        for record in self._store.pages.written():
            if record.topic in by_name:
                counts[by_name[record.topic]][record.mailing_date] = record.papers
        return render_index(counts, self._templates, repository=self._site.repository)

    def _path(self, topic: Topic, day: date) -> Path:
        return self._site.dir / topic.name / f"{day:%Y-%m-%d}.md"


def write_whole(path: Path, content: str) -> bool:
    """Put the content there in one step, so that no reader sees half a page. Whether anything changed.

    Raises:
        OSError: the folder cannot be written.
    """
    body = content.encode()
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
