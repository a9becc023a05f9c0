"""Renders a digest as Discord messages: papers as embeds or lines, as many as fit into a message.

Templates say what a reader sees; here it is assembled, measured and split. Pure but for reading templates; never
talks to Discord. Limits: https://docs.discord.com/developers/resources/message#embed-object-embed-limits.
"""

from __future__ import annotations

import colorsys
import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from bot import text
from bot.channels.discord.components import ShownPaper, components
from bot.channels.discord.markup import TITLE, abstract, escaped_length, label, link_target, safe_links, short
from bot.channels.discord.options import DiscordOptions
from bot.channels.pagination import Item, Show, as_many_as_fit, last_that_holds, lay_out
from bot.channels.presentation import (
    MOST_LINKS,
    best_of,
    opens_thread,
    paper_count,
    paper_links,
    web_pages,
)
from bot.model import Message
from bot.topics.excerpt import matched_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.model import Digest, DigestEntry, Link, Note, Section
    from bot.text.templates import Templates

CONTENT = 2000
HEADLINE = 1000
"""Our own limit for the headline, within CONTENT."""
EMBEDS = 10
DESCRIPTION = 4096
TOTAL = 5800
"""Our limit for the sum over all embeds of a message; Discord's is 6,000."""
FOOTER = 256
THREAD, THREAD_TITLE = 100, 70
"""The limit of a thread's name, and our own for the topic titles in it."""
LINE = 900
"""Our limit for a heading, a one-line entry or "and N more": one of them fits beside a full embed or a headline."""
_HEADLINE_TITLE, _HEADLINE_TOPIC, _HEADLINE_TOPICS = 120, 60, 300
"""Our limits for escaped parts of a headline, so that it stays below HEADLINE and its end is not cut off."""
_LINKS, _FORMS = 650, 600
"""Our limits for the links of an "and N more", so that it stays below LINE, and for the links of a paper."""

NOBODY: Mapping[str, Any] = {"parse": []}
"""`allowed_mentions` without any; Discord's default would allow pings."""


@lru_cache(maxsize=1024)
def colour(topic: str) -> int:
    """A topic's colour, as 0xRRGGBB: the same in every digest, bright enough for both themes."""
    hue = int.from_bytes(hashlib.sha256(topic.encode()).digest()[:2], "big") / 0x10000
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.55, 0.6))
    return red << 16 | green << 8 | blue


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a page: an embed of its own if it has a title, else a line."""

    section: Section
    text: str
    plain: str
    papers: int = 0
    """The number of papers in it, for "and N more" if the plain form has no room for it."""
    shows: str = ""
    """The identifier of the paper that it shows; empty if none."""
    alone: bool = False
    """Whether no other paper may be in its message."""
    topic: str = ""
    """The paper's topic."""
    name: str = ""
    """The paper's title, without markup."""
    title: str = ""
    url: str = ""
    footer: str = ""


_section = attrgetter("section")

_Block = tuple[_Part, ...]
"""Parts that stay together on a page: a heading and the first part under it."""


def render_digest(
    digest: Digest,
    templates: Templates,
    max_messages: int,
    *,
    options: DiscordOptions = DiscordOptions(thread=False),  # noqa: B008 - frozen
    full: int | None = None,
) -> tuple[Message, ...]:
    """Renders the digest as at most `max_messages` messages; papers that are not shown are counted and linked.

    In a forum, or with a thread, each message also has the `thread_name` of the thread that the first one opens; the
    others are replies. With a thread, the first one says how many papers there are and names the best.

    Args:
        digest: the digest.
        templates: for the templates in `discord/`.
        max_messages: at least 1.
        options: whether there are a thread and buttons.
        full: the most papers to show in full; None for as many as fit.

    Raises:
        RenderError: a template is broken.
    """
    threaded = not options.forum and opens_thread(digest, thread=options.thread, max_messages=max_messages)
    most = max_messages - 1 if threaded else max_messages
    writer_of = partial(_Writer, digest, templates, threaded=threaded, alone=options.reactions)
    writer, pages = lay_out(digest.sections, most, writer_of, full)
    filled = [[part for block in page for part in block] for page in pages]
    opening = [writer.opening()] if threaded else []
    messages = (
        writer.message(parts, number, len(filled), buttons=bool(options.buttons))
        for number, parts in enumerate(filled, start=1)
    )
    in_thread = threaded or options.forum
    return tuple(writer.in_thread([*opening, *messages]) if in_thread else messages)


def render_note(note: Note, templates: Templates) -> Message:
    """A note as one message without embeds.

    Raises:
        RenderError: a template is broken.
    """
    content = templates.render("discord/note.md.j2", note=note)
    return Message(_payload(text.truncate(content, CONTENT, text.utf16)))


class _Writer:
    """Renders one digest."""

    def __init__(
        self,
        digest: Digest,
        templates: Templates,
        sections: Sequence[Section],
        *,
        threaded: bool = False,
        alone: bool = False,
    ) -> None:
        self._digest = digest
        self._alone = alone
        self._threaded = threaded
        self._sections = sections
        self._entries = [(section, entry) for section in sections for entry in section.entries]
        self._templates = templates
        self._dated = len(digest.mailing_dates) > 1

    def piece(self, item: Item) -> _Block:
        """A paper as an embed or a line, or the count of its topic's others; the first of a topic has its heading."""
        section = self._sections[item.section]
        if item.show is Show.COUNTED:
            part = self._more(section, item.count, section.more)
        else:
            write = self._write_paper if item.show is Show.FULL else self._write_line
            part = write(*self._entries[item.number])
        return (part,) if item.place or len(self._sections) == 1 else (self._heading(section), part)

    @staticmethod
    def fits(blocks: Sequence[_Block]) -> bool:
        """Whether one message can hold them."""
        parts = [part for block in blocks for part in block]
        if any(part.alone for part in parts) and sum(bool(part.shows) for part in parts) > 1:
            return False
        embeds = _embeds(parts)
        return len(embeds) <= EMBEDS and sum(map(_weight, embeds)) <= TOTAL

    def message(self, parts: Sequence[_Part], number: int, total: int, *, buttons: bool) -> Message:
        """One page as a message, with its plain form."""
        rich = _payload(self._headline(parts, number, total, plain=False)) | {"embeds": _embeds(parts)}
        papers = (ShownPaper(part.shows, part.topic, part.name) for part in parts if part.shows)
        shown = tuple({paper.identifier: paper for paper in papers}.values())
        return Message(
            rich | {"components": components(shown)} if buttons and shown else rich,
            plain=_payload(self._plain_page(parts, number, total)),
            papers=tuple(part.shows for part in parts if part.shows),
        )

    def opening(self) -> Message:
        """The first message of a thread: text only, which is what a phone shows in a notification."""
        sections, pages = self._digest.sections, web_pages(self._digest.sections)
        best = [self._values(section, entry)["unlinked"] for section, entry in best_of(sections)]
        links = safe_links(pages[:MOST_LINKS], _LINKS)
        values = {
            **self._headline_values(sections, 1, 1),
            "best": best,
            "links": links,
            "only": len(pages) == 1,
            "other_links": len(pages) - len(links),
        }
        rich, plain = (self._render("opening", plain=plain, **values) for plain in (False, True))
        payload, other = (_payload(text.truncate(each, CONTENT, text.utf16)) for each in (rich, plain))
        return Message(payload, plain=other)

    def in_thread(self, messages: Iterable[Message]) -> Iterator[Message]:
        """The messages with the thread's name; all but the first are replies."""
        titles = ", ".join(text.clean(section.title) for section in self._digest.sections)
        titles = text.truncate(titles, THREAD_TITLE, text.utf16)
        name = self._render("thread", title=titles or "New on arXiv", digest=self._digest)
        thread = {"thread_name": text.truncate(name, THREAD, text.utf16)}
        for number, message in enumerate(messages):
            payload, plain = {**message.payload, **thread}, {**(message.plain or {}), **thread}
            yield replace(message, payload=payload, plain=plain, reply=number > 0)

    def _plain_page(self, parts: Sequence[_Part], number: int, total: int) -> str:
        """The page as text: as many lines as fit, and the number of the others."""
        headline = self._headline(parts, number, total, plain=True)

        def page(kept: int) -> str:
            return "\n".join([headline, *self._plain_lines(parts, kept)])

        def fits(kept: int) -> bool:
            return text.utf16(page(kept)) <= CONTENT

        return page(len(parts) if fits(len(parts)) else last_that_holds(len(parts), fits) or 0)

    def _plain_lines(self, parts: Sequence[_Part], kept: int) -> list[str]:
        lines = [part.plain for part in parts[:kept]]
        others = parts[kept:]
        unseen = sum(part.papers for part in others)
        if unseen:
            sections = [section for section, _ in groupby(others, _section)]
            links = tuple(dict.fromkeys(link for section in sections for link in section.more))
            lines.append(self._more(others[0].section, unseen, links).plain)
        return lines

    def _headline(self, parts: Sequence[_Part], number: int, total: int, *, plain: bool) -> str:
        everything = number == 1 and not self._threaded
        here = self._digest.sections if everything else [section for section, _ in groupby(parts, _section)]
        values = self._headline_values(here, number, total)
        return text.truncate(self._render("headline", plain=plain, **values), HEADLINE, text.utf16)

    def _headline_values(self, sections: Sequence[Section], number: int, total: int) -> dict[str, Any]:
        subject = self._subject(sections)
        return {"digest": self._digest, "part": number, "parts": total, "threaded": self._threaded, **subject}

    def _subject(self, sections: Sequence[Section]) -> dict[str, Any]:
        """The subject of a headline: the only topic's title, or these topics with their counts."""
        if len(self._digest.sections) == 1:
            return {"title": short(self._digest.sections[0].title, _HEADLINE_TITLE), "topics": (), "other_topics": 0}
        topics = [
            {"title": short(section.title, _HEADLINE_TOPIC), "count": paper_count(section)} for section in sections
        ]
        named, others = as_many_as_fit(
            topics, _HEADLINE_TOPICS, lambda topic: escaped_length(f"{topic['title']} 99999, ")
        )
        return {"title": "New on arXiv", "topics": named, "other_topics": others}

    def _heading(self, section: Section) -> _Part:
        values = {"section": section, "count": paper_count(section)}
        return _Part(
            section,
            text=text.truncate(self._render("section", plain=False, **values), LINE, text.utf16),
            plain=self._render("section", plain=True, **values),
        )

    def _write_paper(self, section: Section, entry: DigestEntry) -> _Part:
        values = {**self._values(section, entry), "abstract": abstract(entry)}
        title, _, description = self._render("paper", **values).partition("\n")
        return _Part(
            section,
            text=text.truncate(description.strip(), DESCRIPTION, text.utf16),
            plain=self._render("line", plain=True, **values),
            papers=1,
            shows=entry.paper.identifier,
            topic=entry.match.topic,
            name=values["full_title"],
            title=text.truncate(title, TITLE, text.utf16),
            url=link_target(entry.url),
            footer=text.truncate(self._render("footer", **values), FOOTER, text.utf16),
            alone=self._alone,
        )

    def _write_line(self, section: Section, entry: DigestEntry) -> _Part:
        values = self._values(section, entry)
        return _Part(
            section,
            text=text.truncate(self._render("line", plain=False, **values), LINE, text.utf16),
            plain=self._render("line", plain=True, **values),
            papers=1,
            shows=entry.paper.identifier,
            topic=entry.match.topic,
            name=values["full_title"],
        )

    def _more(self, section: Section, count: int, links: Sequence[Link]) -> _Part:
        named = safe_links(links[:MOST_LINKS], _LINKS)
        values = {"count": count, "links": named, "other_links": len(links) - len(named)}
        return _Part(
            section,
            text=text.truncate(self._render("more", plain=False, **values), LINE, text.utf16),
            plain=text.truncate(self._render("more", plain=True, **values), LINE, text.utf16),
            papers=count,
        )

    def _values(self, section: Section, entry: DigestEntry) -> dict[str, Any]:
        """Values for a paper's templates. The title is truncated so that it fits when escaped."""
        name = text.clean(text.flatten_tex(entry.paper.title)) or entry.paper.identifier
        title = short(name, TITLE)
        return {
            "full_title": name,
            "section": section,
            "entry": entry,
            "paper": entry.paper,
            "title": title,
            "unlinked": text.escape_discord(title).replace("://", f":{text.ZERO_WIDTH_SPACE}//"),
            "terms": matched_terms(entry.match),
            "url": link_target(entry.url),
            "label": label(entry.paper.identifier),
            "links": safe_links(paper_links(entry), _FORMS),
            "dated": self._dated,
            "alone": len(self._sections) == 1,
        }

    def _render(self, name: str, **values: object) -> str:
        return self._templates.render(f"discord/{name}.md.j2", **values)


def _payload(content: str) -> dict[str, Any]:
    return {"content": content, "allowed_mentions": NOBODY}


def _embeds(parts: Sequence[_Part]) -> list[dict[str, Any]]:
    """The parts as embeds: one for each paper, and shared ones for the lines of a topic.

    Discord shows only the first of several embeds with the same `url`, so a second one has none.
    """
    embeds: list[dict[str, Any]] = []
    urls: set[str] = set()
    for part in parts:
        shade = colour(part.section.topic)
        if part.title:
            embed = {"title": part.title, "description": part.text, "color": shade}
            embed |= {"footer": {"text": part.footer}} if part.footer else {}
            embeds.append(embed if part.url in urls else embed | {"url": part.url})
            urls.add(part.url)
        elif embeds and _takes(embeds[-1], shade, part.text):
            embeds[-1]["description"] += "\n" + part.text
        else:
            embeds.append({"description": part.text, "color": shade})
    return embeds


def _takes(embed: Mapping[str, Any], shade: int, line: str) -> bool:
    """Whether a line can be added to this embed: it has lines of the same topic, and room."""
    if "title" in embed or embed["color"] != shade:
        return False
    return text.utf16(embed["description"]) + 1 + text.utf16(line) <= DESCRIPTION


def _weight(embed: Mapping[str, Any]) -> int:
    """An embed's length towards the limit for all embeds."""
    return (
        text.utf16(embed.get("title", ""))
        + text.utf16(embed["description"])
        + text.utf16(embed.get("footer", {}).get("text", ""))
    )
