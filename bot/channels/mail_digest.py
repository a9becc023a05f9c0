"""A digest as mails: HTML and text that show the same papers, each mail small enough not to be clipped.

Pure but for reading templates. The templates make the pieces (`section`, `paper`, `more`) and the frame around
them (`digest`); what is decided here is which pieces go into which mail.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from bot.channels.grouping import MOST_LINKS, forms, terms, together, told
from bot.channels.marking import Glance, glance
from bot.channels.mime import entity, mailto, quoted_printable
from bot.channels.packing import fit, paginate
from bot.model import Message
from bot.text import day, flatten_tex, markup_html, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from markupsafe import Markup

    from bot.model import Digest, DigestEntry, Note, Section
    from bot.templating import Templates

HTML_BYTES = 90_000
"""Of one mail's HTML as it travels; Gmail clips a little above 100 KB and with it whatever stands last."""
TEXT_COLUMNS = 72
TITLE = 300
ABSTRACT = 165
"""Characters; of the abstract about two lines on a wide screen."""
SUBJECT_TITLES = 60
"""Characters of the topics' titles in a subject; where they are longer they are counted."""
_MARGIN = 1_000  # the frame is measured before the mails' number is known
_LONGEST_PREHEADER = "\U0001f54a" * 150  # which is measured before the mail's papers are known


@dataclass(frozen=True, slots=True)
class _Block:
    """A piece of a mail in both its forms, and what its HTML adds to the mail."""

    html: str
    text: str
    size: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """What may not be torn: a paper, or the count of those that a section does not show."""

    section: int
    first: bool
    """Whether it opens its section."""
    day: date | None
    block: _Block
    title: str = ""
    paper: str = ""
    """The identifier."""
    brief: bool = False


def render_digest(digest: Digest, templates: Templates, *, sender: str, max_messages: int) -> tuple[Message, ...]:
    """The digest as at most `max_messages` mails.

    Args:
        digest: what to tell.
        templates: where `mail/` is read from.
        sender: the address that a reader can write to.
        max_messages: at least 1.

    Raises:
        RenderError: a template is broken.
    """
    layout = _Layout(digest, templates, sender, digest.sections)
    pages = layout.pages(max_messages)
    if len(pages) > max_messages:  # too many topics even to count each of them
        layout = _Layout(digest, templates, sender, (together(digest.sections),))
        pages = layout.pages(max_messages)
    return layout.messages(pages)


def render_note(note: Note, templates: Templates, *, sender: str) -> Message:
    """A short mail that is no digest.

    Raises:
        RenderError: a template is broken.
    """
    paragraphs = [line for line in note.text.splitlines() if line.strip()]
    values: dict[str, Any] = {"subject": tidy(note.title), "paragraphs": paragraphs, **_writing_to(sender)}
    text = wrap(templates.render("mail/note.txt.j2", **values))
    return _message(values["subject"], text, _inlined(templates.render("mail/note.html.j2", **values)), part=1)


class _Layout:
    """One digest being laid out; every piece is rendered once, when first needed."""

    def __init__(self, digest: Digest, templates: Templates, sender: str, sections: Sequence[Section]) -> None:
        self._digest = digest
        self._sections = sections
        self._templates = templates
        self._sender = sender
        self._dated = len(digest.mailing_dates) > 1
        self._paper = cache(self._render_paper)
        self._more = cache(self._render_more)
        self._heading = cache(self._render_heading)

    def pages(self, most: int) -> Sequence[Sequence[_Piece]]:
        """The richest pages that are at most so many; more of them only where the counts alone need more."""
        return fit(sum(len(section.entries) for section in self._sections), most, self._pages)

    def messages(self, pages: Sequence[Sequence[_Piece]]) -> tuple[Message, ...]:
        return tuple(self._mail(pieces, part, len(pages)) for part, pieces in enumerate(pages, start=1))

    def _pages(self, full: int, lines: int) -> list[list[_Piece]]:
        return paginate(self._pieces(full, lines), self._fits) or [[]]

    def _fits(self, pieces: Sequence[_Piece]) -> bool:
        return self._frame_size + sum(block.size for block in self._blocks(pieces)) <= HTML_BYTES - _MARGIN

    def _pieces(self, full: int, lines: int) -> Iterator[_Piece]:
        """The first `full` papers in full, the next `lines` as one line, the others as a count per section."""
        number = 0
        for place, section in enumerate(self._sections):
            unshown = section.hidden
            for position, entry in enumerate(section.entries):
                number += 1
                if number > full + lines:
                    unshown += len(section.entries) - position
                    number += len(section.entries) - position - 1
                    break
                brief = number > full
                block = self._paper(entry, number, brief)
                paper = entry.paper
                yield _Piece(place, position == 0, entry.mailing_date, block, paper.title, paper.identifier, brief)
            if unshown:
                yield _Piece(place, unshown == told(section), None, self._more(place, unshown))

    def _blocks(self, pieces: Sequence[_Piece]) -> Iterator[_Block]:
        """The pieces with the headings of their sections and, where there are several, of their mailing dates."""
        place, shown_day = -1, None
        for piece in pieces:
            opens = piece.section != place
            place, shown_day = piece.section, None if opens else shown_day
            new_day = piece.day if self._dated and piece.day != shown_day else None
            if opens or new_day:
                yield self._heading(place, opens, opens and not piece.first, new_day)
            shown_day = piece.day or shown_day
            yield piece.block

    def _mail(self, pieces: Sequence[_Piece], part: int, parts: int) -> Message:
        from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2, which is loaded late

        blocks = list(self._blocks(pieces))
        papers = tuple(piece.paper for piece in pieces if piece.paper)
        titles = [flatten_tex(piece.title) for piece in pieces if piece.title]
        brief = sum(piece.brief for piece in pieces)
        values = {**self._values(part, parts), "titles": titles, "brief": brief}
        texts = "\n\n".join(block.text for block in blocks)
        text = self._templates.render("mail/digest.txt.j2", **values, body=Markup(texts))  # noqa: S704 - escaped pieces
        htmls = Markup("\n".join(block.html for block in blocks))  # noqa: S704 - the same
        html = self._templates.render("mail/digest.html.j2", **values, body=htmls)
        return _message(values["subject"], wrap(text), _inlined(html), part=part, papers=papers)

    def _values(self, part: int, parts: int) -> dict[str, Any]:
        """What the frame's templates are given, beside `body`, `titles` and `brief`."""
        digest = self._digest
        values: dict[str, Any] = {
            "digest": digest,
            "topics": _topics(digest.sections),
            "dates": _dates(digest.mailing_dates),
            "all_new": _all_new(digest.sections),
            **_writing_to(self._sender),
            "part": part,
            "parts": parts,
        }
        return {**values, "subject": tidy(self._templates.render("mail/subject.txt.j2", **values))}

    def _render_paper(self, entry: DigestEntry, number: int, brief: bool) -> _Block:  # noqa: FBT001 - cached, so positional
        found = terms(entry.match)
        seen = glance(entry.paper, found, title=TITLE, abstract=ABSTRACT)
        values = {"entry": entry, "terms": found, "links": forms(entry), "number": number, "brief": brief}
        plain = {"title": seen.title.text, "abstract": seen.abstract.shown(str, "*{}*", whole_words=True)}
        html = self._templates.render("mail/paper.html.j2", **values, **_marked(seen))
        return self._sized(html, self._templates.render("mail/paper.txt.j2", **values, **plain))

    def _render_more(self, place: int, count: int) -> _Block:
        section = self._sections[place]
        links, others = section.more[:MOST_LINKS], len(section.more[MOST_LINKS:])
        alone = count == told(section)
        return self._block("more", section=section, count=count, alone=alone, links=links, other_links=others)

    def _render_heading(self, place: int, opens: bool, continued: bool, of_day: date | None) -> _Block:  # noqa: FBT001 - cached
        section = self._sections[place]
        return self._block("section", section=section, opens=opens, continued=continued, day=of_day)

    def _block(self, template: str, **values: object) -> _Block:
        html = self._templates.render(f"mail/{template}.html.j2", **values)
        return self._sized(html, self._templates.render(f"mail/{template}.txt.j2", **values))

    def _sized(self, html: str, text: str) -> _Block:
        return _Block(html, text, len(quoted_printable(self._styled(html))) + 1)

    def _styled(self, fragment: str) -> str:
        import css_inline  # noqa: PLC0415 - only mail needs it

        return css_inline.inline_fragment(fragment, self._css, minify_css=True, load_remote_stylesheets=False)

    @cached_property
    def _css(self) -> str:
        return self._templates.render("mail/style.html.j2")

    @cached_property
    def _frame_size(self) -> int:
        values = {**self._values(1, 10), "titles": [_LONGEST_PREHEADER], "brief": 1_000, "body": ""}
        return len(quoted_printable(_inlined(self._templates.render("mail/digest.html.j2", **values))))


def wrap(text: str) -> str:
    """The text in lines of at most 72 columns; a URL is never broken, a line's indent is kept on the next.

    A line that begins with a number or a dash goes on below its first word.
    """
    return "\n".join(_wrapped(line) for line in text.splitlines()) + "\n"


_INDENT = re.compile(r" *(\d+\. |- )?")


def _wrapped(line: str) -> str:
    found = _INDENT.match(line)
    indent = len(found.group()) if found else 0
    room = TEXT_COLUMNS - indent
    words = (word if "://" in word else _broken(word, room) for word in line[indent:].split(" "))
    lines = textwrap.wrap(
        " ".join(words),
        TEXT_COLUMNS,
        initial_indent=line[:indent],
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def _broken(word: str, room: int) -> str:
    """A word that no line can hold, in pieces: scripts without blanks, and strangers' jokes."""
    return " ".join(word[start : start + room] for start in range(0, len(word), room))


def _inlined(html: str) -> str:
    """The styles on the elements, where every mail program looks; media queries stay in the head."""
    import css_inline  # noqa: PLC0415 - only mail needs it

    return css_inline.inline(html, keep_at_rules=True, minify_css=True, load_remote_stylesheets=False)


def _marked(seen: Glance) -> dict[str, Markup]:
    """Title and abstract as HTML, their terms marked."""
    from markupsafe import Markup  # noqa: PLC0415 - as above

    mark = '<b class="hit">{}</b>'
    texts = {"title": seen.title, "abstract": seen.abstract}
    return {name: Markup(each.shown(markup_html, mark)) for name, each in texts.items()}  # noqa: S704 - escaped here


def _message(subject: str, text: str, html: str, part: int, papers: tuple[str, ...] = ()) -> Message:
    both, plain = ({"subject": subject, "entity": each} for each in (entity(text, html), entity(text)))
    return Message(payload=both, plain=plain, reply=part > 1, papers=papers)


def _writing_to(sender: str) -> dict[str, str]:
    return {"sender": sender, "unsubscribe": mailto(sender, "unsubscribe")}


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
    """Whether every paper is known to be new: of those beyond a limit nothing is known here."""
    return not any(
        section.hidden or any(entry.type.is_replacement for entry in section.entries) for section in sections
    )
