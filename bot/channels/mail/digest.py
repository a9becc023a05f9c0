"""Renders a digest as mails: HTML and text with the same papers, each whole mail small enough not to be clipped.

Pure, except that it reads templates. Decides which fragments go into which mail, and the values of the frame around
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bot.channels.mail.fragments import Block, Fragments, inlined
from bot.channels.mail.links import PREFERENCES, UNSUBSCRIBE
from bot.channels.mail.mime import encoded_subject, entity, mailto
from bot.channels.mail.wrap import wrap
from bot.channels.pagination import Item, Show, lay_out
from bot.channels.presentation import MOST_LINKS, web_pages
from bot.model import Message
from bot.text import clean, day, flatten_tex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from bot.model import Digest, Note, Section
    from bot.text.templates import Templates

MAIL_BYTES = 90_000
"""The most bytes of a mail as a relay gets it: headers, text and HTML, encoded. Gmail clips mails above 102 KB."""
HEADER_BYTES = 900
"""Room for the headers besides the subject: addresses, and a link to unsubscribe."""
SUBJECT_TITLES = 60
"""The most characters of topic titles in a subject; if they are longer, topics are counted."""
_MARGIN = 300  # the frame is measured before the mails' number is known
_LONGEST_PREHEADER = "\U0001f54a" * 110  # which is measured before the mail's papers are known


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece that is not split over two mails: a paper, or the count of papers that are not shown."""

    section: int
    first: bool
    """Whether it is the first of its section."""
    day: date | None
    block: Block
    title: str = ""
    paper: str = ""
    """The identifier."""
    brief: bool = False
    counted: int = 0
    """The number of papers that it counts without showing them."""


def render_digest(
    digest: Digest,
    templates: Templates,
    *,
    sender: str,
    max_messages: int,
    fragments: Fragments | None = None,
    full: int | None = None,
) -> tuple[Message, ...]:
    """The digest as at most `max_messages` mails.

    Args:
        digest: the digest.
        templates: for the templates in `mail/`.
        sender: the address to which readers can write.
        max_messages: at least 1.
        fragments: rendered for other digests of the same run, with the same templates; reused. They also say what
            there are links to; if None, there are no pages.
        full: the most papers to show in full; None for as many as fit.

    Raises:
        RenderError: a template is broken.
    """
    fragments = fragments or Fragments(templates)
    answering = _answering(sender, pages=fragments.links is not None)
    layout_of = partial(_Layout, digest, templates, fragments, answering)
    layout, mails = lay_out(digest.sections, max_messages, layout_of, full)
    return layout.messages(mails)


def render_note(note: Note, templates: Templates, *, sender: str, pages: bool = False) -> Message:
    """Renders a short mail other than a digest.

    Raises:
        RenderError: a template is broken.
    """
    paragraphs = [line for line in note.text.splitlines() if line.strip()]
    values: dict[str, Any] = {
        "subject": clean(note.title),
        "paragraphs": paragraphs,
        **_answering(sender, pages=pages),
    }
    text = wrap(templates.render("mail/note.txt.j2", **values))
    html, css = templates.render("mail/note.html.j2", **values), templates.render("mail/style.html.j2")
    return _message(values["subject"], text, inlined(html, css), part=1)


class _Layout:
    """The layout of one digest."""

    def __init__(
        self,
        digest: Digest,
        templates: Templates,
        fragments: Fragments,
        answering: Mapping[str, str],
        sections: Sequence[Section],
    ) -> None:
        self._digest = digest
        self._templates = templates
        self._fragments = fragments
        self._answering = answering
        self._dated = len(digest.mailing_dates) > 1 and not digest.across_days
        self._entries = [entry for section in sections for entry in section.entries]
        self._sections = sections
        self._heading = cache(lambda place, **how: fragments.heading(sections[place], **how))

    def messages(self, pages: Sequence[Sequence[_Piece]]) -> tuple[Message, ...]:
        return tuple(self._mail(pieces, part, len(pages)) for part, pieces in enumerate(pages, start=1))

    def fits(self, pieces: Sequence[_Piece]) -> bool:
        """Whether one mail can hold these pieces."""
        return self._frame_size + sum(block.size for block in self._blocks(pieces)) <= MAIL_BYTES - _MARGIN

    def piece(self, item: Item) -> _Piece:
        """A paper in full or as a line, or the count of its section's other papers."""
        if item.show is Show.COUNTED:
            more = self._fragments.more(self._sections[item.section], item.count)
            return _Piece(item.section, item.place == 0, None, more, counted=item.count)
        entry, brief = self._entries[item.number], item.show is Show.LINE
        block, paper = self._fragments.paper(entry, item.number + 1, brief=brief), entry.paper
        return _Piece(item.section, item.place == 0, entry.mailing_date, block, paper.title, paper.identifier, brief)

    def _blocks(self, pieces: Sequence[_Piece]) -> Iterator[Block]:
        """The pieces with headings of their sections and, if there are several, of their mailing dates."""
        place, shown_day = -1, None
        for piece in pieces:
            opens = piece.section != place
            place, shown_day = piece.section, None if opens else shown_day
            new_day = piece.day if self._dated and piece.day != shown_day else None
            if opens or new_day:
                yield self._heading(place, opens=opens, continued=opens and not piece.first, day=new_day)
            shown_day = piece.day or shown_day
            yield piece.block

    def _mail(self, pieces: Sequence[_Piece], part: int, parts: int) -> Message:
        blocks = list(self._blocks(pieces))
        papers = tuple(piece.paper for piece in pieces if piece.paper)
        titles = [flatten_tex(piece.title) for piece in pieces if piece.title]
        brief = sum(piece.brief for piece in pieces)
        counts = {"full": len(papers) - brief, "brief": brief, "counted": sum(piece.counted for piece in pieces)}
        values = {**self._values(part, parts), "titles": titles, **counts}
        texts = "\n\n".join(block.text for block in blocks)
        text = self._templates.render("mail/digest.txt.j2", **values, body=Markup(texts))  # noqa: S704 - escaped pieces
        htmls = Markup("\n".join(block.html for block in blocks))  # noqa: S704 - rendered with autoescape
        html = self._templates.render("mail/digest.html.j2", **values, body=htmls)
        return _message(values["subject"], wrap(text), self._inlined(html), part=part, papers=papers)

    def _values(self, part: int, parts: int) -> dict[str, Any]:
        """Values for the frame's templates, besides `body`, `titles`, `full`, `brief` and `counted`."""
        digest = self._digest
        values: dict[str, Any] = {
            "digest": digest,
            "topics": _topics(digest.sections),
            "dates": _dates(digest.mailing_dates),
            "all_new": digest.liked_since is None and _all_new(digest.sections),
            "pages": (pages := web_pages(digest.sections))[:MOST_LINKS],
            "other_pages": max(0, len(pages) - MOST_LINKS),
            **self._answering,
            "part": part,
            "parts": parts,
        }
        return {**values, "subject": clean(self._templates.render("mail/subject.txt.j2", **values))}

    def _inlined(self, html: str) -> str:
        return inlined(html, self._fragments.css)

    @cached_property
    def _frame_size(self) -> int:
        """The bytes of a mail without any piece."""
        values = {**self._values(1, 10), "titles": [_LONGEST_PREHEADER], "body": ""}
        values |= dict.fromkeys(("full", "brief", "counted"), 1_000)
        text, html = (self._templates.render(f"mail/digest.{form}.j2", **values) for form in ("txt", "html"))
        body = self._fragments.size(entity(wrap(text), self._inlined(html)))
        return HEADER_BYTES + len(encoded_subject(values["subject"])) + body


def _message(subject: str, text: str, html: str, part: int, papers: tuple[str, ...] = ()) -> Message:
    both, plain = ({"subject": subject, "entity": each} for each in (entity(text, html), entity(text)))
    return Message(payload=both, plain=plain, reply=part > 1, papers=papers)


def _answering(sender: str, *, pages: bool) -> dict[str, str]:
    """Values for answering: `sender` for mail, `unsubscribe` as a link, and `preferences` if there are pages."""
    if not pages:
        return {"sender": sender, "unsubscribe": mailto(sender, "unsubscribe"), "preferences": ""}
    own = {"unsubscribe": UNSUBSCRIBE, "preferences": PREFERENCES}
    return {"sender": sender, **{name: Markup(link) for name, link in own.items()}}  # noqa: S704 - no escape lets it through


def _topics(sections: Sequence[Section]) -> str:
    titles = ", ".join(section.title for section in sections)
    return titles if len(titles) <= SUBJECT_TITLES or len(sections) == 1 else f"{len(sections)} topics"


def _dates(dates: Sequence[date]) -> str:
    """One date, or the first and the last: `Mon 20 – Tue 21 Apr 2026`."""
    if not dates:
        return ""
    first, last = min(dates), max(dates)
    if first == last:
        return day(last)
    same = 2 if (first.year, first.month) == (last.year, last.month) else 3 if first.year == last.year else 4
    return f"{' '.join(day(first).split()[:same])} – {day(last)}"


def _all_new(sections: Sequence[Section]) -> bool:
    """Whether all papers are known to be new; unknown for papers beyond a limit."""
    return not any(
        section.hidden or any(entry.type.is_replacement for entry in section.entries) for section in sections
    )
