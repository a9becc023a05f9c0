"""Text from strangers made fit to show: TeX to Unicode, one escape per place, cuts at word ends.

Pure. Never loses a word it can show, never raises on any string. Escapes are made for their place and only for
it: nothing here is a universal sanitizer.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from bot.model import Author

ELLIPSIS = "…"
ZERO_WIDTH_SPACE = "\u200b"

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPACES = re.compile(r"\s+")
_DISCORD_MARKUP = re.compile(r"([\\*_~`|>#\[\]()<:-])")
_MARKDOWN_MARKUP = re.compile(r"([\\*_~`|#\[\]<>])")


def flatten_tex(tex: str) -> str:
    """TeX as arXiv's metadata carries it, as Unicode."""
    return tidy(tex)


def tidy(raw: str) -> str:
    """White space folded to single blanks, control and line-separator characters gone, outer blanks stripped."""
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in raw)
    return _SPACES.sub(" ", visible).strip()


def cut(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """The text if it measures at most `limit`, else as much as fits up to a word's end, with an ellipsis."""
    if measure(text) <= limit:
        return text
    words = text.split(" ")
    while len(words) > 1 and measure(" ".join(words) + ELLIPSIS) > limit:
        words.pop()
    kept = " ".join(words).rstrip(" ,;:.")
    while kept and measure(kept + ELLIPSIS) > limit:
        kept = kept[:-1]
    return kept + ELLIPSIS


def names(authors: Sequence[Author], most: int) -> str:
    """The first `most` authors' names in Unicode, and "et al." where there are more."""
    shown = ", ".join(flatten_tex(author.name) for author in authors[:most])
    return f"{shown}, et al." if len(authors) > most else shown


def day(moment: date) -> str:
    """A date for readers: `Tue 21 Apr 2026`, in no locale but our own."""
    return f"{_WEEKDAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def escape_plain(raw: str) -> str:
    """For plain text, terminals and logs: no control sequence survives."""
    return tidy(raw)


def escape_html(raw: str) -> str:
    """For HTML text and quoted attributes."""
    return html.escape(tidy(raw), quote=True)


def escape_mrkdwn(raw: str) -> str:
    """For Slack's mrkdwn: https://docs.slack.dev/messaging/formatting-message-text#escaping."""
    return tidy(raw).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_discord(raw: str) -> str:
    """For Discord's Markdown; mentions are also switched off by `allowed_mentions`."""
    return _DISCORD_MARKUP.sub(r"\\\1", tidy(raw)).replace("@", "@" + ZERO_WIDTH_SPACE)


def escape_markdown(raw: str) -> str:
    """For GitHub-flavoured Markdown: no emphasis, link, tag or table cell of a stranger's."""
    return _MARKDOWN_MARKUP.sub(r"\\\1", tidy(raw))
