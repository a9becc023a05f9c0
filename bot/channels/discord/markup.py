"""Text and links made fit for Discord's Markdown: escaped, measured and cut, an abstract with its terms in bold.

Pure. Knows no message and no template.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from bot import text
from bot.channels.pagination import as_many_as_fit
from bot.model import Link
from bot.topics.excerpt import excerpt, matched_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import DigestEntry

TITLE = 256
"""Of an embed: https://docs.discord.com/developers/resources/message#embed-object-embed-limits."""
_ABSTRACT, _LABEL = 280, 80
"""Ours: of an abstract, and of one link's text."""

_MARKUP = re.compile(r"[\\*_~`|\[\]()<>@#:]")


def abstract(entry: DigestEntry) -> Markup:
    """A few lines of the abstract, chosen to show matched terms, as Markdown with these terms in bold."""
    excerpt_shown = excerpt(entry.paper, matched_terms(entry.match), title=TITLE, abstract=_ABSTRACT)
    return Markup(excerpt_shown.abstract.as_markup(text.escape_discord, "**{}**"))  # noqa: S704 - escaped here


def escaped_length(raw: str) -> int:
    """The length that the text has once it is escaped."""
    return text.utf16(text.escape_discord(raw))


@lru_cache(maxsize=8192)
def short(raw: str, limit: int) -> str:
    """The text, cut so that it has at most `limit` characters once it is escaped."""
    return text.truncate(text.clean(raw), limit, escaped_length)


def link_target(url: str) -> str:
    """The URL, quoted so that nothing in it ends a masked link `[label](URL)` or a link in angle brackets."""
    return quote(url, safe=":/?&=#%+,;@~!$")


def safe_links(links: Sequence[Link], most: int) -> Sequence[Link]:
    """Links that a template can show: the first ones that together take at most `most` characters."""
    safe = [Link(label(text.truncate(link.label, _LABEL)), link_target(link.url)) for link in links]
    return as_many_as_fit(safe, most, lambda link: escaped_length(link.label) + len(link.url) + len(", []()"))[0]


def label(label: str) -> str:
    """A masked link's text. Escapes do not work inside of one, so characters of Markdown are removed."""
    return _MARKUP.sub("", text.clean(label))
