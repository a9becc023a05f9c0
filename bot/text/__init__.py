"""Text from strangers made fit to show: cleaned, TeX flattened, truncated at word ends, escaped for one place.

Pure. Never loses a word, never raises on any string. Escapes are made for their place and only for it: nothing
here is a universal sanitizer.
"""

from bot.text.clean import day, flatten_tex, names, tidy
from bot.text.escape import (
    ZERO_WIDTH_SPACE,
    escape_discord,
    escape_html,
    escape_markdown,
    escape_mrkdwn,
    escape_plain,
    markup_html,
)
from bot.text.fold import bare, fold, lowered
from bot.text.truncate import ELLIPSIS, cut, utf16

__all__ = [
    "ELLIPSIS",
    "ZERO_WIDTH_SPACE",
    "bare",
    "cut",
    "day",
    "escape_discord",
    "escape_html",
    "escape_markdown",
    "escape_mrkdwn",
    "escape_plain",
    "flatten_tex",
    "fold",
    "lowered",
    "markup_html",
    "names",
    "tidy",
    "utf16",
]
