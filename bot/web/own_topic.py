"""A reader's own topic: from the form and into the form, and what it would have matched lately."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from bot import text
from bot.arxiv import calendar
from bot.members.own_topics import read_topic
from bot.members.values import Refused
from bot.model import paper_url
from bot.report.lately import matches_by_day, since
from bot.web.sentences import FormMessage, refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bot.model import Topic
    from bot.report.lately import DayMatches
    from bot.web.forms import Form
    from bot.web.page import PageRequest

DAYS = 14
_TITLES = 3
_LINES = ("keywords", "authors", "exclude")
_BETWEEN = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class TopicForm:
    """The fields of the form."""

    name: str = ""
    """The name of the topic that is being changed; empty for a new one."""
    title: str = ""
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    query: str = ""
    not_read: tuple[str, ...] = ()
    """Categories of it that are no longer collected."""
    preview: Preview | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it has no keywords, authors or query."""
        return not (self.title or self.keywords or self.authors or self.exclude or self.query)

    def as_yaml(self) -> dict[str, object]:
        """The topic as in the YAML, for the commands."""
        lists: dict[str, object] = {name: list(getattr(self, name)) for name in ("categories", *_LINES)}
        return {"title": self.title, "query": self.query, **lists}


@dataclass(frozen=True, slots=True)
class PreviewDay:
    """One mailing date in a preview."""

    day: str
    matched: int
    announced: int
    papers: tuple[Mapping[str, str], ...]
    """The first ones: `title`, `url`."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a topic would have matched in the last days; or what is wrong with it."""

    said: FormMessage | None = None
    days: tuple[PreviewDay, ...] = ()
    matched: int = 0
    announced: int = 0


def read_topic_form(form: Form) -> TopicForm:
    """The topic in a submitted form.

    Raises:
        RequestError: a field was sent twice.
    """
    return TopicForm(
        name=form.one("name"),
        title=form.one("title"),
        categories=tuple(filter(None, _BETWEEN.split(form.one("categories")))),
        keywords=form.lines("keywords"),
        authors=form.lines("authors"),
        exclude=form.lines("exclude"),
        query=form.one("query"),
    )


def topic_form(topic: Topic, read: Collection[str]) -> TopicForm:
    """A stored topic as form fields; `read` are the categories that own topics may have."""
    return TopicForm(
        name=topic.name,
        title=topic.title,
        categories=topic.categories,
        keywords=topic.keywords,
        authors=topic.authors,
        exclude=topic.exclude,
        query=topic.query or "",
        not_read=tuple(category for category in topic.categories if category not in read),
    )


def previewed(request: PageRequest, typed: TopicForm, muted: Iterable[str] = ()) -> TopicForm:
    """The form with its preview.

    Raises:
        StoreError: the store cannot be read.
    """
    topic = read_topic(typed.as_yaml(), read=request.readers.settings.named_categories)
    if isinstance(topic, Refused):
        return replace(typed, preview=Preview(refused(topic)))
    topic = replace(topic, name="preview", exclude=tuple(dict.fromkeys((*topic.exclude, *muted))))
    first = since(calendar.mailing_date(request.now), DAYS)
    days = tuple(map(_preview_day, matches_by_day(request.readers.store.search, topic, first)))
    matched, announced = sum(day.matched for day in days), sum(day.announced for day in days)
    return replace(typed, preview=Preview(None, days, matched, announced))


def _preview_day(day: DayMatches) -> PreviewDay:
    shown = islice(day.matched, _TITLES)
    papers = tuple({"title": text.flatten_tex(paper.title), "url": paper_url(paper.identifier)} for paper in shown)
    return PreviewDay(text.day(day.mailing_date), len(day.matched), day.announced, papers)
