"""Makes a digest's Slack messages: what is shown of each paper, and how papers are split over numbered messages.

Reads templates and does no other I/O. The templates hold the wording; this module measures it, joins it and splits
it. Never leaves a paper out without saying so in the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bot.channels.pagination import Item, Show, as_many_as_fit, fit, lay_out, paginate
from bot.channels.presentation import (
    MOST_LINKS,
    best_of,
    opens_thread,
    paper_count,
    paper_links,
    web_pages,
)
from bot.channels.slack import blocks
from bot.channels.slack.blocks import Text, escaped_length, label, link_target, short
from bot.errors import RenderError
from bot.text import escape_mrkdwn, names, truncate, utf16
from bot.topics.excerpt import excerpt, matched_terms

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from bot.model import Digest, DigestEntry, Link, Message, Note, Section
    from bot.text.templates import Templates

# What one value may take, escaped: whatever our templates put together stays below blocks.MOST_IN_BLOCK.
_TITLE, _AUTHORS, _ABSTRACT, _NAME, _LINKS, _NOTE, _NOTIFIED, _FORMS = 300, 300, 280, 80, 2_000, 2_500, 2_400, 600
_REASON = 300
_MOST_AUTHORS, _MOST_CATEGORIES, _MOST_HITS, _MOST_TOPICS = 6, 12, 6, 4
_LARGEST_NUMBER = 9_999
_RULE = Text("divider")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece that is never split: a paper in full, a paper as a line, or "and N more" for the rest of a topic."""

    texts: tuple[Text, ...]
    section: int | None = None
    """The index of the section under whose heading it is."""
    title: str | None = None
    """The paper's title, for the notification."""
    paper: str | None = None
    """The paper's identifier."""
    alone: bool = False
    """Whether no other paper may be in its message."""


def render_digest(
    templates: Templates,
    digest: Digest,
    *,
    max_messages: int,
    thread: bool | None,
    buttons: bool = False,
    alone: bool = False,
    full: int | None = None,
) -> tuple[Message, ...]:
    """Renders the digest as at most `max_messages` messages: full entries, then one-line entries, then "and N more".

    With a thread, the first message says how many papers there are and names the best; the others are replies.

    Args:
        templates: for the templates in `slack/`.
        digest: the digest.
        max_messages: at least 1; with 1 there is no thread.
        thread: see `opens_thread`.
        buttons: whether each paper in full has a menu.
        alone: whether each paper in full is a message of its own.
        full: the most papers to show in full; None for as many as fit.

    Raises:
        RenderError: a template is broken, or renders to nothing or to more than a block can hold.
    """
    sections = tuple(section for section in digest.sections if paper_count(section))
    renderer = _DigestRenderer(templates, digest, sections, buttons=buttons, alone=alone)
    threaded = opens_thread(digest, thread=thread, max_messages=max_messages)
    opening = [renderer.opening()] if threaded else []

    def renderer_of(shown: Sequence[Section]) -> _DigestRenderer:
        if shown is sections:
            return renderer
        return _DigestRenderer(templates, digest, shown, buttons=buttons, alone=alone)

    renderer, pages = lay_out(sections, max_messages - len(opening), renderer_of, full)
    return renderer.messages([*opening, *pages], threaded=threaded)


def render_note(templates: Templates, note: Note) -> Message:
    """Renders a short message other than a digest.

    Raises:
        RenderError: see `render_digest`.
    """
    lines = [line for line in truncate(note.text, _NOTE, escaped_length).splitlines() if line.strip()]
    text = _rendered(templates, "note", title=short(note.title, _TITLE), lines=lines)
    return blocks.message([Text("section", text)], text)


class _DigestRenderer:
    """Renders one digest."""

    def __init__(
        self, templates: Templates, digest: Digest, sections: Sequence[Section], *, buttons: bool, alone: bool
    ) -> None:
        self._templates = templates
        self._buttons = buttons
        self._alone = alone
        self._digest = digest
        self._sections = sections
        self._title = short(", ".join(section.title for section in digest.sections), _TITLE) or "Digest"
        self._heading = cache(self._render_heading)
        headlines = (self._headline(part, _LARGEST_NUMBER) for part in (1, _LARGEST_NUMBER))
        self._room = blocks.MOST_CHARACTERS - max(headline.size for headline in headlines)

    def piece(self, item: Item) -> _Piece:
        """A paper in full or as a line, or the count of its topic's other papers."""
        if item.show is Show.COUNTED:
            more = self._more(self._sections[item.section].more, item.place, item.count)
            return _Piece((more,), item.section)
        return (self._render_full if item.show is Show.FULL else self._render_line)(item.section, item.place)

    def fits(self, pieces: Sequence[_Piece]) -> bool:
        """Whether one message can hold them: https://docs.slack.dev/reference/methods/chat.postMessage#truncating."""
        if any(piece.alone for piece in pieces) and sum(piece.paper is not None for piece in pieces) > 1:
            return False
        texts = self._under_headings(pieces, range(len(self._sections)))
        return len(texts) < blocks.MOST_BLOCKS and sum(text.size for text in texts) <= self._room

    def opening(self) -> Sequence[_Piece]:
        """The first page of a thread: how many papers each topic has, the best titles, and a link to all.

        With one topic, only the headline has the number.
        """
        topics, below = len(self._sections), list(self._below_counts())
        if topics == 1:
            return below

        def pages(shown: int) -> Sequence[Sequence[_Piece]]:
            return list(paginate([*self._counts(shown), *below], self.fits))

        return fit(topics, 1, lambda more, less: pages(more + less))[0]

    def messages(self, pages: Sequence[Sequence[_Piece]], *, threaded: bool) -> tuple[Message, ...]:
        """The pages as messages with numbered headlines."""
        messages: list[Message] = []
        sections_begun: set[int | None] = set()
        for part, page in enumerate(pages, start=1):
            opens, reply = threaded and part == 1, threaded and part > 1
            is_only_reply = reply and len(pages) == 2  # noqa: PLR2004 - a thread's opening, and its only reply
            headline = () if is_only_reply else (self._headline(part, len(pages), threaded=threaded),)
            texts = [*headline, *self._under_headings(page, sections_begun)]
            sections_begun.update(piece.section for piece in page)
            titles = self._best_titles if opens else [piece.title for piece in page if piece.title]
            notification = self._notification(part, len(pages), titles, threaded=threaded)
            papers = tuple(piece.paper for piece in page if piece.paper)
            messages.append(blocks.message(texts, notification, papers=papers, reply=reply))
        return tuple(messages)

    @cached_property
    def _best_titles(self) -> Sequence[str]:
        return [short(entry.paper.title, _TITLE) or entry.paper.identifier for _, entry in best_of(self._sections)]

    def _below_counts(self) -> Iterator[_Piece]:
        """The best titles, without links because each paper is linked once, in the thread; and a link to all."""
        if titles := self._best_titles:
            yield _Piece((Text("section", self._render("best", titles=titles)),))
        if links := web_pages(self._sections):
            named = _safe(links[:MOST_LINKS], _LINKS)
            text = self._render("web", links=named, only=len(links) == 1, other_links=len(links) - len(named))
            yield _Piece((Text("context", text),))

    def _counts(self, topics: int) -> Iterator[_Piece]:
        for section in self._sections[:topics]:
            line = self._render("topic", title=short(section.title, _TITLE), count=paper_count(section))
            yield _Piece((Text("line", line),))
        if rest := self._sections[topics:]:
            line = self._render("topics", topics=len(rest), count=sum(map(paper_count, rest)))
            yield _Piece((Text("line", line),))

    def _under_headings(self, pieces: Iterable[_Piece], sections_begun: Container[int | None]) -> list[Text]:
        texts: list[Text] = []
        above = None
        for piece in pieces:
            opens = piece.section is not None and piece.section != above and len(self._sections) > 1
            if texts and (opens or texts[-1].kind == "context"):  # Slack shows no space between two papers
                texts.append(_RULE)
            if opens:
                above = piece.section
                texts.append(self._heading(above, above in sections_begun))
            texts.extend(piece.texts)
        return blocks.join_lines(texts)

    def _headline(self, part: int, parts: int, *, threaded: bool = False) -> Text:
        values = self._numbers(part, parts, threaded=threaded)
        return Text("section", self._render("headline", **values, missing=self._digest.missing))

    def _notification(self, part: int, parts: int, titles: Sequence[str], *, threaded: bool) -> str:
        named, rest = as_many_as_fit(titles, _NOTIFIED, lambda title: escaped_length(title) + 1)
        rest = self._digest.matched - len(named) if threaded and part == 1 else rest
        values = self._numbers(part, parts, threaded=threaded)
        return self._render("notification", **values, papers=named, unnamed=rest)

    def _numbers(self, part: int, parts: int, *, threaded: bool) -> dict[str, Any]:
        digest = self._digest
        return {
            "title": self._title,
            "dates": digest.mailing_dates,
            "matched": digest.matched,
            "announced": digest.announced,
            "liked_since": digest.liked_since,
            "part": part,
            "parts": parts,
            "threaded": threaded,
        }

    def _render_heading(self, index: int, continued: bool) -> Text:  # noqa: FBT001 - `cache` would take it for another key
        section = self._sections[index]
        title = short(section.title, _TITLE)
        return Text("section", self._render("section", title=title, count=paper_count(section), continued=continued))

    def _render_full(self, index: int, place: int) -> _Piece:
        section = self._sections[index]
        entry = section.entries[place]
        values, identifier = self._values(entry) | _full_values(entry), entry.paper.identifier
        menu = (entry.match.topic, identifier) if self._buttons else None
        paper, chips = self._render("paper", **values), self._render("chips", **values)
        texts = (Text("section", paper, menu), Text("context", chips))
        return _Piece(texts, index, values["title"], identifier, alone=self._alone)

    def _render_line(self, index: int, place: int) -> _Piece:
        entry = self._sections[index].entries[place]
        values = self._values(entry)
        line = Text("line", self._render("line", **values))
        return _Piece((line,), index, values["title"], entry.paper.identifier)

    def _more(self, links: Sequence[Link], shown: int, count: int) -> Text:
        named = _safe(links[:MOST_LINKS], _LINKS)
        others = len(links) - len(named)
        return Text("line", self._render("more", shown=shown, count=count, links=named, other_links=others))

    def _values(self, entry: DigestEntry) -> dict[str, Any]:
        """Values for the templates of a full entry and of a line."""
        paper = entry.paper
        return {
            "url": link_target(entry.url),
            "title": label(paper.title, _TITLE) or paper.identifier,
            "identifier": paper.identifier,
            "version": paper.version,
            "categories": [short(category, _NAME) for category in paper.categories[:_MOST_CATEGORIES]],
            "other_categories": len(paper.categories[_MOST_CATEGORIES:]),
            "type": entry.type.value,
            "replaced_to": entry.replaced_to,
            "date": entry.mailing_date,
            "dated": len(self._digest.mailing_dates) > 1,
            "reconstructed": entry.reconstructed,
            "withdrawn": paper.withdrawn,
            "votes": entry.votes,
        }

    def _render(self, name: str, **values: object) -> str:
        return _rendered(self._templates, name, **values)


def _full_values(entry: DigestEntry) -> dict[str, Any]:
    """Values for the template of a full entry only."""
    found = matched_terms(entry.match)
    hits = [{"term": short(each.term, _NAME), "fields": each.fields} for each in found]
    excerpt_shown = excerpt(entry.paper, found, title=_TITLE, abstract=_ABSTRACT, measure=escaped_length)
    return {
        "links": _safe(paper_links(entry), _FORMS),
        "authors": short(names(entry.paper.authors, _MOST_AUTHORS), _AUTHORS),
        "reason": short(entry.reason, _REASON),
        "abstract": Markup(excerpt_shown.abstract.as_markup(escape_mrkdwn, "*{}*", whole_words=True)),  # noqa: S704 - escaped here
        "hits": hits[:_MOST_HITS],
        "other_hits": len(hits[_MOST_HITS:]),
        "also_in": [short(title, _NAME) for title in entry.also_in[:_MOST_TOPICS]],
        "other_topics": len(entry.also_in[_MOST_TOPICS:]),
    }


def _safe(links: Sequence[Link], most: int) -> Sequence[dict[str, str]]:
    """As many links as have at most `most` characters when escaped, as values for templates."""
    safe = [{"label": label(link.label, _NAME), "url": link_target(link.url)} for link in links]
    return as_many_as_fit(safe, most, lambda link: escaped_length(link["label"]) + len(link["url"]) + len(", <|>"))[0]


def _rendered(templates: Templates, name: str, **values: object) -> str:
    template = f"slack/{name}.mrkdwn.j2"
    text = templates.render(template, **values)
    if not 0 < utf16(text) <= blocks.MOST_IN_BLOCK:
        raise RenderError(template, f"renders to {utf16(text)} characters; Slack takes 1 to {blocks.MOST_IN_BLOCK}")
    return text
