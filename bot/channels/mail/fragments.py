"""Renders the fragments of a mail as HTML and text: a paper, a heading, the count of papers not shown.

Many digests of a run show the same papers, so each fragment is rendered once and cached. Pure, except that it reads
templates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from bot.channels.mail.links import feedback_links, fill
from bot.channels.mail.mime import quoted_printable
from bot.channels.mail.wrap import wrap
from bot.channels.presentation import MOST_LINKS, paper_count, paper_links
from bot.text import markup_html
from bot.topics.excerpt import Excerpt, excerpt, matched_terms

if TYPE_CHECKING:
    from datetime import date

    from css_inline import CSSInliner

    from bot.channels.mail.links import OwnLinks
    from bot.model import DigestEntry, Link, Section
    from bot.text.templates import Templates

TITLE = 300
ABSTRACT = 165
"""Characters; about two lines of the abstract on a wide screen."""
_CACHED = 4096
"""The most cached papers (with their matched terms); some 4 KB each."""
_NUMBER = "\0"
"""Placeholder for a paper's number in its digest; every escape removes this character from texts."""
_STAYS = ' data-css-inline="ignore"'
"""What tells the inliner to leave a style sheet where it is: https://github.com/Stranger6667/css-inline."""
_LARGEST_NUMBER = "9999"
_EMPTY_LINES = 2 * len("\r\n")
"""Between two pieces, in text and HTML together."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a mail as HTML and text."""

    html: str
    text: str
    size: int
    """How many bytes both add to the mail."""


def inlined(html: str, css: str) -> str:
    """The page with these styles on its elements, for programs that ignore a style sheet; its own stays as it is."""
    return _inliner(css).inline(html).replace(_STAYS, "")


@cache
def _inliner(css: str) -> CSSInliner:
    from css_inline import CSSInliner  # noqa: PLC0415 - 16 ms that only a mail needs

    return CSSInliner(extra_css=css, keep_style_tags=True, minify_css=True, load_remote_stylesheets=False)


class Fragments:
    """Renders pieces and caches them; keep it for one run only."""

    def __init__(self, templates: Templates, links: OwnLinks | None = None, *, feedback: bool = False) -> None:
        """Take what they are rendered with.

        Args:
            templates: for the templates in `mail/`.
            links: of any reader, since all have the same length, to measure pieces by; None if there are no pages.
            feedback: whether papers in full have links for feedback.
        """
        self.links = links
        self._has_feedback = feedback and links is not None
        self._templates = templates
        self._templates_are_built_in = templates.folder is None or not (templates.folder / "mail").is_dir()
        self._shown = lru_cache(_CACHED)(self._show)

    def paper(self, entry: DigestEntry, number: int, *, brief: bool) -> Block:
        """An entry of the digest: in full, or `brief` as one line."""
        if not self._templates_are_built_in:
            return self._shown(entry, number, brief)
        # Our own templates name no topic and put the number into the text alone; of the user's we cannot know.
        block = self._shown(replace(entry, match=replace(entry.match, topic="")), _NUMBER, brief)
        return replace(block, text=block.text.replace(_NUMBER, str(number)))

    def heading(self, section: Section, *, opens: bool, continued: bool, day: date | None) -> Block:
        """A heading for a section that begins or continues, for a mailing date in it, or both."""
        return self._block("section", section=section, opens=opens, continued=continued, day=day)

    def more(self, section: Section, count: int) -> Block:
        """A line that says how many of the section's papers are not shown, with links."""
        links, others = section.more[:MOST_LINKS], len(section.more[MOST_LINKS:])
        alone = count == paper_count(section)
        return self._block("more", section=section, count=count, alone=alone, links=links, other_links=others)

    def size(self, encoded: str) -> int:
        """The bytes of an encoded text in which the placeholders are a reader's links."""
        return len(fill(encoded, self.links) if self.links else encoded)

    def _show(self, entry: DigestEntry, number: int | str, brief: bool) -> Block:  # noqa: FBT001 - cached, so positional
        found = matched_terms(entry.match)
        excerpt_shown = excerpt(entry.paper, found, title=TITLE, abstract=ABSTRACT)
        number = Markup(number) if isinstance(number, str) else number  # noqa: S704 - ours
        values = {"entry": entry, "terms": found, "links": paper_links(entry), "number": number, "brief": brief}
        values["feedback"] = () if brief else self._feedback(entry)
        html = self._templates.render("mail/paper.html.j2", **values, **_marked(excerpt_shown))
        plain = {
            "title": excerpt_shown.title.text,
            "abstract": excerpt_shown.abstract.as_markup(str, "*{}*", whole_words=True),
        }
        return self._measured(html, self._templates.render("mail/paper.txt.j2", **values, **plain))

    def _feedback(self, entry: DigestEntry) -> tuple[Link, ...]:
        """The links for feedback, which no escape lets through."""
        links = feedback_links(entry.paper.identifier) if self._has_feedback else ()
        return tuple(replace(link, url=Markup(link.url)) for link in links)  # noqa: S704 - ours

    def _block(self, template: str, **values: object) -> Block:
        html = self._templates.render(f"mail/{template}.html.j2", **values)
        return self._measured(html, self._templates.render(f"mail/{template}.txt.j2", **values))

    def _measured(self, html: str, text: str) -> Block:
        """The piece with its size: as it will stand in the mail, styles inlined and lines wrapped."""
        styled = _inliner(self.css).inline_fragment(html, "")
        wrapped = wrap(text.replace(_NUMBER, _LARGEST_NUMBER))
        encoded = quoted_printable(styled) + quoted_printable(wrapped)
        return Block(html, text, self.size(encoded.decode("ascii")) + _EMPTY_LINES)

    @cached_property
    def css(self) -> str:
        """The styles that stand on the elements."""
        return self._templates.render("mail/style.html.j2")


def _marked(excerpt_shown: Excerpt) -> dict[str, Markup]:
    """Title and abstract as HTML, their terms marked."""
    mark = '<b class="hit">{}</b>'
    texts = {"title": excerpt_shown.title, "abstract": excerpt_shown.abstract}
    return {name: Markup(each.as_markup(markup_html, mark)) for name, each in texts.items()}  # noqa: S704 - escaped here
