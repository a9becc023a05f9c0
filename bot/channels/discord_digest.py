"""A digest as Discord messages: what becomes an embed, what a line, and how many fit on a message.

Templates say what a reader sees; here it is assembled, measured and split. Pure but for reading templates; never
talks to Discord. Limits: https://docs.discord.com/developers/resources/message#embed-object-embed-limits.
"""

from __future__ import annotations

import colorsys
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot import text
from bot.channels.packing import fit, paginate
from bot.model import Link, Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import Digest, DigestEntry, Note, Section
    from bot.templating import Templates

CONTENT = 2000
HEADLINE = 1000
"""Ours, of CONTENT."""
EMBEDS = 10
TITLE = 256
DESCRIPTION = 4096
TOTAL = 5800
"""Discord's is 6,000, summed over all embeds of a message; the rest is margin."""
FOOTER = 256
LINE = 900
"""Ours: a heading, a one-line entry, an "and N more". One goes with a full embed, and with a headline."""

NOBODY: Mapping[str, Any] = {"parse": []}
"""`allowed_mentions` that let nothing ping; absent, Discord's default would."""

_MARKUP = re.compile(r"[\\*_~`|\[\]()<>@#:]")


def colour(topic: str) -> int:
    """A topic's colour, as 0xRRGGBB: the same in every digest, bright enough for both themes."""
    hue = int.from_bytes(hashlib.sha256(topic.encode()).digest()[:2], "big") / 0x10000
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.55, 0.6))
    return red << 16 | green << 8 | blue


@dataclass(frozen=True, slots=True)
class _Part:
    """What becomes an embed of its own (it has a title), or joins the lines above it."""

    section: Section
    text: str
    plain: str
    papers: int = 0
    """How many papers it tells of: what "and N more" counts where the plain form has no room for it."""
    title: str = ""
    url: str = ""
    footer: str = ""


_Block = tuple[_Part, ...]
"""What stays together on a page: a heading and the first that stands under it."""


def render_digest(digest: Digest, templates: Templates, max_messages: int) -> tuple[Message, ...]:
    """The digest as at most `max_messages` messages; what a cut keeps from sight is counted and linked.

    Raises:
        RenderError: a template is broken.
    """
    writer = _Writer(digest, templates)
    pages = fit(len(writer.entries), max_messages, writer.pages)
    if len(pages) > max_messages:
        # So many topics that their counts alone are too long: as many as possible keep one of their own.
        pages = fit(len(digest.sections) - 1, max_messages, lambda own, _: writer.counts(own))
    filled = [[part for block in page for part in block] for page in pages] or [[]]
    return tuple(writer.message(parts, number, len(filled)) for number, parts in enumerate(filled, start=1))


def render_note(note: Note, templates: Templates) -> Message:
    """A note as one message without embeds.

    Raises:
        RenderError: a template is broken.
    """
    content = templates.render("discord/note.md.j2", note=note)
    return Message(_payload(text.cut(content, CONTENT, text.utf16)))


class _Writer:
    """One digest's texts, an entry's rendered at most once however many plans are tried."""

    def __init__(self, digest: Digest, templates: Templates) -> None:
        self.digest = digest
        self.entries = [(section, entry) for section in digest.sections for entry in section.entries]
        self._templates = templates
        self._dated = len(digest.mailing_dates) > 1
        self._paper = cache(lambda number: self._write_paper(*self.entries[number]))
        self._line = cache(lambda number: self._write_line(*self.entries[number]))

    def pages(self, full: int, lines: int) -> list[list[_Block]]:
        """The first `full` entries as embeds, the next `lines` in one line each, the others counted."""
        blocks: list[_Block] = []
        number = 0
        for section in self.digest.sections:
            numbers = range(number, number + len(section.entries))
            number = numbers.stop
            parts = [self._paper(n) if n < full else self._line(n) for n in numbers if n < full + lines]
            unseen = section.hidden + len(section.entries) - len(parts)
            if unseen:
                parts.append(self._more(section, unseen, section.more))
            blocks += self._headed(section, parts)
        return paginate(blocks, _fits)

    def counts(self, own: int) -> list[list[_Block]]:
        """No entry at all: a count for each of the first `own` topics, and one for all others together."""
        blocks: list[_Block] = []
        for section in self.digest.sections[:own]:
            blocks += self._headed(section, [self._more(section, _told(section), section.more)])
        others = self.digest.sections[own:]
        links = tuple(dict.fromkeys(link for section in others for link in section.more))
        return paginate([*blocks, (self._more(others[0], sum(map(_told, others)), links),)], _fits)

    def message(self, parts: Sequence[_Part], number: int, total: int) -> Message:
        """One page as a message, with its plain form."""
        return Message(
            _payload(self._headline(number, total, plain=False)) | {"embeds": _embeds(parts)},
            plain=_payload(self._plain_page(parts, number, total)),
        )

    def _plain_page(self, parts: Sequence[_Part], number: int, total: int) -> str:
        """The page as text alone: as many of its lines as there is room for, and the number of the others."""
        headline = self._headline(number, total, plain=True)
        pages = ("\n".join([headline, *self._plain_lines(parts, kept)]) for kept in reversed(range(len(parts) + 1)))
        return next(page for page in pages if text.utf16(page) <= CONTENT)

    def _plain_lines(self, parts: Sequence[_Part], kept: int) -> list[str]:
        lines = [part.plain for part in parts[:kept]]
        others = parts[kept:]
        unseen = sum(part.papers for part in others)
        if unseen:
            links = tuple(dict.fromkeys(link for part in others for link in part.section.more))
            lines.append(self._more(others[0].section, unseen, links).plain)
        return lines

    def _headline(self, number: int, total: int, *, plain: bool) -> str:
        headline = self._render("headline", digest=self.digest, part=number, parts=total, plain=plain)
        return text.cut(headline, HEADLINE, text.utf16)

    def _headed(self, section: Section, parts: Sequence[_Part]) -> list[_Block]:
        """A topic's parts, under a heading where the digest has other topics too."""
        if len(self.digest.sections) == 1 or not parts:
            return [(part,) for part in parts]
        values = {"section": section, "count": _told(section)}
        heading = _Part(
            section,
            text=text.cut(self._render("section", plain=False, **values), LINE, text.utf16),
            plain=self._render("section", plain=True, **values),
        )
        return [(heading, parts[0]), *((part,) for part in parts[1:])]

    def _write_paper(self, section: Section, entry: DigestEntry) -> _Part:
        values = self._values(section, entry)
        title, _, description = self._render("paper", **values).partition("\n")
        return _Part(
            section,
            text=text.cut(description.strip(), DESCRIPTION, text.utf16),
            plain=self._render("line", plain=True, **values),
            papers=1,
            title=text.cut(title, TITLE, text.utf16),
            url=_link(entry.url),
            footer=text.cut(self._render("footer", **values), FOOTER, text.utf16),
        )

    def _write_line(self, section: Section, entry: DigestEntry) -> _Part:
        values = self._values(section, entry)
        return _Part(
            section,
            text=text.cut(self._render("line", plain=False, **values), LINE, text.utf16),
            plain=self._render("line", plain=True, **values),
            papers=1,
        )

    def _more(self, section: Section, count: int, links: Sequence[Link]) -> _Part:
        values = {"count": count, "links": [Link(_label(link.label), _link(link.url)) for link in links]}
        return _Part(
            section,
            text=text.cut(self._render("more", plain=False, **values), DESCRIPTION, text.utf16),
            plain=text.cut(self._render("more", plain=True, **values), LINE, text.utf16),
            papers=count,
        )

    def _values(self, section: Section, entry: DigestEntry) -> dict[str, Any]:
        """What a paper's templates may use. The title is cut so that it is short enough also when escaped."""
        title = text.cut(text.flatten_tex(entry.paper.title), TITLE, lambda it: text.utf16(text.escape_discord(it)))
        return {
            "section": section,
            "entry": entry,
            "paper": entry.paper,
            "title": title or entry.paper.identifier,
            "url": _link(entry.url),
            "label": _label(entry.paper.identifier),
            "dated": self._dated,
        }

    def _render(self, name: str, **values: object) -> str:
        return self._templates.render(f"discord/{name}.md.j2", **values)


def _payload(content: str) -> dict[str, Any]:
    return {"content": content, "allowed_mentions": NOBODY}


def _embeds(parts: Sequence[_Part]) -> list[dict[str, Any]]:
    """The parts as embeds: a paper has its own, lines of one topic share one as long as it holds them.

    Discord shows only the first of several embeds with one `url`, so a second one goes without.
    """
    embeds: list[dict[str, Any]] = []
    urls: set[str] = set()
    for part in parts:
        shade = colour(part.section.topic)
        if part.title:
            embed = {"title": part.title, "description": part.text, "color": shade, "footer": {"text": part.footer}}
            embeds.append(embed if part.url in urls else embed | {"url": part.url})
            urls.add(part.url)
        elif embeds and _takes(embeds[-1], shade, part.text):
            embeds[-1]["description"] += "\n" + part.text
        else:
            embeds.append({"description": part.text, "color": shade})
    return embeds


def _takes(embed: Mapping[str, Any], shade: int, line: str) -> bool:
    """Whether a line may join this embed: no paper's, the same topic's, and there is room."""
    if "title" in embed or embed["color"] != shade:
        return False
    return text.utf16(embed["description"]) + 1 + text.utf16(line) <= DESCRIPTION


def _fits(blocks: Sequence[_Block]) -> bool:
    embeds = _embeds([part for block in blocks for part in block])
    return len(embeds) <= EMBEDS and sum(map(_weight, embeds)) <= TOTAL


def _weight(embed: Mapping[str, Any]) -> int:
    """What an embed counts towards the limit on their sum."""
    return (
        text.utf16(embed.get("title", ""))
        + text.utf16(embed["description"])
        + text.utf16(embed.get("footer", {}).get("text", ""))
    )


def _told(section: Section) -> int:
    return len(section.entries) + section.hidden


def _link(url: str) -> str:
    """A URL that ends neither a masked link nor an angle bracket."""
    return quote(url, safe=":/?&=#%+,;@~!$")


def _label(label: str) -> str:
    """A masked link's text. No escape works inside of one, so what is markup goes."""
    return _MARKUP.sub("", text.tidy(label))
