"""Renders the fragments of a mail as HTML and text: a paper, a heading, the count of papers not shown.

Many digests of a run show the same papers, so each fragment is rendered once and cached. Pure, except that it reads
templates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from bot.channels.mail.mime import quoted_printable
from bot.channels.presentation import MOST_LINKS, paper_count, paper_links
from bot.text import markup_html
from bot.topics.excerpt import Excerpt, excerpt, matched_terms

if TYPE_CHECKING:
    from datetime import date

    from css_inline import CSSInliner

    from bot.model import DigestEntry, Section
    from bot.text.templates import Templates

TITLE = 300
ABSTRACT = 165
"""Characters; about two lines of the abstract on a wide screen."""
_CACHED = 4096
"""The most cached papers (with their matched terms); some 4 KB each."""
_NUMBER = "\0"
"""Placeholder for a paper's number in its digest; every escape removes this character from texts."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a mail as HTML and text, and the encoded size of its HTML."""

    html: str
    text: str
    size: int


@cache
def inliner() -> CSSInliner:
    """Moves styles into the elements, for mail programs that ignore a style sheet."""
    from css_inline import CSSInliner  # noqa: PLC0415 - 16 ms that only a mail needs

    return CSSInliner(keep_at_rules=True, minify_css=True, load_remote_stylesheets=False)


class Fragments:
    """Renders pieces and caches them; keep it for one run only."""

    def __init__(self, templates: Templates) -> None:
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

    def _show(self, entry: DigestEntry, number: int | str, brief: bool) -> Block:  # noqa: FBT001 - cached, so positional
        found = matched_terms(entry.match)
        excerpt_shown = excerpt(entry.paper, found, title=TITLE, abstract=ABSTRACT)
        number = Markup(number) if isinstance(number, str) else number  # noqa: S704 - ours
        values = {"entry": entry, "terms": found, "links": paper_links(entry), "number": number, "brief": brief}
        html = self._templates.render("mail/paper.html.j2", **values, **_marked(excerpt_shown))
        plain = {
            "title": excerpt_shown.title.text,
            "abstract": excerpt_shown.abstract.as_markup(str, "*{}*", whole_words=True),
        }
        return Block(html, self._templates.render("mail/paper.txt.j2", **values, **plain), self._size(html))

    def _block(self, template: str, **values: object) -> Block:
        html = self._templates.render(f"mail/{template}.html.j2", **values)
        return Block(html, self._templates.render(f"mail/{template}.txt.j2", **values), self._size(html))

    def _size(self, html: str) -> int:
        """The size in the mail, with inlined styles."""
        return len(quoted_printable(inliner().inline_fragment(html, self._css))) + 1

    @cached_property
    def _css(self) -> str:
        return self._templates.render("mail/style.html.j2")


def _marked(excerpt_shown: Excerpt) -> dict[str, Markup]:
    """Title and abstract as HTML, their terms marked."""
    mark = '<b class="hit">{}</b>'
    texts = {"title": excerpt_shown.title, "abstract": excerpt_shown.abstract}
    return {name: Markup(each.as_markup(markup_html, mark)) for name, each in texts.items()}  # noqa: S704 - escaped here
