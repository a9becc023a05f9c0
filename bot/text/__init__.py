"""Makes untrusted text safe to show: cleaned, TeX as Unicode, truncated at word ends, escaped for one place.

Pure. Never loses a word, never raises on any string. Each escape is safe for one place only: nothing
here is a universal sanitizer.
"""

from bot.text.clean import clean, day, flatten_tex, names
from bot.text.contribution import contribution, main_clause, sentences
from bot.text.escape import (
    ZERO_WIDTH_SPACE,
    escape_discord,
    escape_html,
    escape_markdown,
    escape_mrkdwn,
    escape_plain,
    markup_html,
)
from bot.text.fold import fold_case, normalise
from bot.text.truncate import ELLIPSIS, some, truncate, utf16

__all__ = [
    "ELLIPSIS",
    "ZERO_WIDTH_SPACE",
    "clean",
    "contribution",
    "day",
    "escape_discord",
    "escape_html",
    "escape_markdown",
    "escape_mrkdwn",
    "escape_plain",
    "flatten_tex",
    "fold_case",
    "main_clause",
    "markup_html",
    "names",
    "normalise",
    "sentences",
    "some",
    "truncate",
    "utf16",
]
