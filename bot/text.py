"""Text from strangers made fit to show: tidied, TeX flattened, cut at word ends, escaped for one place.

Pure. Never loses a word, never raises on any string. Escapes are made for their place and only for it: nothing
here is a universal sanitizer.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from bot import tex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from bot.model import Author

ELLIPSIS = "…"
ZERO_WIDTH_SPACE = "\u200b"

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2800\u3164\uffa0]+")
"""White space, control characters, and what looks like a blank: Braille's and the Hangul fillers."""
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")
_DIRECTIONS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile(
    r"(?P<flag>\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)"
    r"|[\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff0-\ufffb]"
    r"|[\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""What shows nothing: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point, but for what joins or
varies its neighbours, and but for the tags in the flag of a region."""
_JOINERS = re.compile(
    r"(?<![^\s\x00-\x9f\u180b-\u180d\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef])"
    r"[\u180b-\u180d\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]+(?!\u20e3)"
)
"""Joiners and variation selectors after anything that has nothing to join or vary: white space, ASCII, the like."""


def tidy(raw: str) -> str:
    """One line of text that always encodes to UTF-8 and reads in the order it is written.

    White space and control characters are folded to single blanks and stripped outside, the characters that
    override the direction of writing (https://trojansource.codes) or show nothing at all are gone (the joiners of
    other scripts and of emoji stay), a lone surrogate is U+FFFD.
    """
    folded = " ".join(raw.split())
    if folded.isascii() and folded.isprintable():  # nearly always, and ten times faster
        return folded
    seen = _SPACES.sub(" ", _DIRECTIONS.sub("", _LONE_SURROGATES.sub("\ufffd", folded)))
    return _JOINERS.sub("", _INVISIBLE.sub(lambda found: found["flag"] or "", seen)).strip()


@lru_cache(maxsize=8192)
def flatten_tex(raw: str) -> str:
    """TeX as arXiv's metadata carries it, as Unicode, on one line: see `tex.flatten`."""
    return tidy(tex.flatten(tidy(raw)))


_LETTERS_FOLDED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "’": "'"})
_SEPARATORS = re.compile(r"[\s\u2010-\u2015\u2212-]+")


def bare(raw: str) -> str:
    """TeX flattened, no accents, nothing invisible; hyphens, dashes and white space are one blank. Case is kept."""
    return _SEPARATORS.sub(" ", _without_marks(flatten_tex(raw))).strip()


def lowered(bare_text: str) -> str:
    """What `bare` made, case folded, and letters with a stroke or of two in their plainest form."""
    return _without_marks(bare_text.casefold().translate(_LETTERS_FOLDED))


def fold(raw: str) -> str:
    """What matching runs on: TeX flattened, case and accents folded, hyphens, dashes and white space one blank."""
    return lowered(bare(raw))


def _without_marks(text: str) -> str:
    """Decomposed, without what stands on, under or invisibly between letters."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")


def utf16(text: str) -> int:
    """The length in UTF-16 code units, which is how JavaScript, and so Discord's client, counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


_SENTENCE_END = re.compile(r"(?<!\bal)(?<!\bvs)(?<!\bcf)(?<!\.g)(?<!\.e)[.!?][)\]\"'”’]?(?=\s+[^\sa-z])")


def cut(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """The text if it measures at most `limit`, else as much as fits, with an ellipsis.

    Cut at a sentence's end if one lies in the last third, else at a word's end; only a first word that is too long
    by itself is cut inside, and never between a letter and its accents or within an emoji. A formula that had to stay
    TeX is one word.
    """
    if measure(text) <= limit or not text:
        return text
    fits, too_long = 0, len(text)
    while fits + 1 < too_long:
        middle = (fits + too_long) // 2
        fits, too_long = (middle, too_long) if measure(text[:middle] + ELLIPSIS) <= limit else (fits, middle)
    solid = tex.LEFT.sub(lambda formula: "x" * len(formula[0]), text) if "\\" in text else text
    ends = [end.end() for end in _SENTENCE_END.finditer(solid[: fits + 1]) if end.end() * 3 >= fits * 2]
    if ends and measure(sentence := f"{text[: ends[-1]]} {ELLIPSIS}") <= limit:
        return sentence
    words = text[:fits] if solid[fits].isspace() else text[: max(0, solid.rfind(" ", 0, fits))]
    kept = words.rstrip(" ,;:.") or words or text[: _between_characters(text, fits)]
    while kept and measure(kept + ELLIPSIS) > limit:  # an escape may measure a part longer than the whole
        kept = text[: _between_characters(text, len(kept) - 1)]
    return kept + ELLIPSIS if measure(kept + ELLIPSIS) <= limit else ""


_JOINING = frozenset("\u200d" + "".join(map(chr, range(0x1F3FB, 0x1F400))))
"""Zero-width joiner and skin tones."""


def _between_characters(text: str, end: int) -> int:
    """The last place up to `end` that is not inside a character as a reader sees it."""
    while end > 0 and (
        unicodedata.category(text[end]) in ("Mn", "Mc", "Me") or text[end] in _JOINING or text[end - 1] == "\u200d"
    ):
        end -= 1
    return end


def names(authors: Sequence[Author], most: int) -> str:
    """The first `most` authors' names in Unicode, and "et al." where there are more."""
    shown = ", ".join(flatten_tex(author.name) for author in authors[:most])
    return f"{shown}, et al." if len(authors) > most else shown


def day(moment: date) -> str:
    """A date for readers: `Tue 21 Apr 2026`, in no locale but our own."""
    return f"{_WEEKDAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def escape_plain(raw: str) -> str:
    """For plain text, terminals and logs: one line in which no control sequence survives.

    Every one of them begins with ESC or a C1 control character: https://ecma-international.org/?s=ECMA-48.
    """
    return tidy(raw)


def escape_html(raw: str) -> str:
    """For HTML text and quoted attributes.

    https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html
    """
    return html.escape(tidy(raw), quote=True)


def markup_html(raw: str) -> str:
    """For HTML text, and not for attributes: as `escape_html`, a formula that had to stay TeX as code."""
    return _apart(tidy(raw), html.escape, "<code>{}</code>".format, html.escape)


def _apart(
    flat: str, escape: Callable[[str], str], code: Callable[[str], str], inside: Callable[[str], str] = str
) -> str:
    """The text escaped, but formulas that had to stay TeX in a code span, escaped as it is done inside of one."""
    if "\\" not in flat:
        return escape(flat)
    shown, position = [], 0
    for found in tex.LEFT.finditer(flat):
        shown += [escape(flat[position : found.start()]), code(inside(found[0]))]
        position = found.end()
    return "".join([*shown, escape(flat[position:])])


_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=[A-Za-z0-9])")
_SLACK_MARKS = re.compile(r"(?P<link>(?<!\w)https?://[^\s*`]+)|(?P<code>:(?=[\w+-]+:))|[*_~`]+")


def escape_mrkdwn(raw: str) -> str:
    """For Slack's mrkdwn, in running text and in a link's label.

    `& < >` become entities, and nothing else may: https://docs.slack.dev/messaging/formatting-message-text#escaping.
    mrkdwn has no escape for `* _ ~` and backticks; zero-width spaces around them keep them from opening or closing
    anything, and one after `@` or `:` keeps Slack from seeing a mention, or an emoji's short code such as `:100:`.
    A formula that had to stay TeX is in backticks.
    """
    return _apart(html.escape(tidy(raw), quote=False), _mrkdwn, "`{}`".format)


def _mrkdwn(escaped: str) -> str:
    return _SLACK_MARKS.sub(_loosened, _MENTION.sub("@" + ZERO_WIDTH_SPACE, escaped))


def _loosened(found: re.Match[str]) -> str:
    """Marks as they are in a link or inside a word, where they do nothing, else kept off their neighbours."""
    if found["code"]:
        return found[0] + ZERO_WIDTH_SPACE
    before, after = (
        found.string[max(0, found.start() - 1) : found.start()],
        found.string[found.end() : found.end() + 1],
    )
    if found["link"] or (before.isalnum() and after.isalnum()):
        return found[0]
    return f"{ZERO_WIDTH_SPACE}{found[0]}{ZERO_WIDTH_SPACE}"


_DISCORD_MARKS = re.compile(
    r"""
      (?P<link> (?<!\w) https?:// (?![\w./?=&%#+,;:!~-]*discord(?:app)?\.(?:gg|com/invite))
                [\w./?=&%#+,;:!~-]* [\w/=&%#+] )
    | (?P<mention> @(?=everyone|here) )
    | (?P<mark> [\\*_~`|<>\[\]]
              | :(?=//|[\w+-]+:)                             # a scheme, an emoji's short code
              | (?<=discord|cordapp) \.(?=gg|com/invite)
              | ^[#+-] )                                     # a heading, a list, small print
    | (?P<number> ^\d+(?=\.[ ]) )                            # a numbered list
    """,
    re.VERBOSE | re.IGNORECASE,
)


def escape_discord(raw: str) -> str:
    """For Discord's Markdown; `allowed_mentions` switches mentions off a second time.

    A backslash takes the meaning from any punctuation: https://support.discord.com/hc/en-us/articles/210298617; what
    is written in brackets to mean more: https://discord.com/developers/docs/reference#message-formatting. A bare
    http(s) link stays a link, as it shows where it leads; one to a Discord invite does not. A formula that had to
    stay TeX is in backticks.
    """
    return _apart(tidy(raw), lambda text: _DISCORD_MARKS.sub(_backslashed, text), "`{}`".format)


def _backslashed(found: re.Match[str]) -> str:
    if found["link"]:
        return found[0]
    if found["mention"]:
        return found[0] + ZERO_WIDTH_SPACE
    return found[0] + "\\" if found["number"] else "\\" + found[0]


_MARKDOWN_MARKS = re.compile(
    r"""
      (?P<dollar> \$ )
    | (?P<mention> (?<![A-Za-z0-9]) @(?=[A-Za-z0-9]) | \#(?=\d) | :(?=[\w+-]+:) )
    | (?P<mark> [*`<>\[\]|]
              | \\(?=[!-/:-@\[-`{-~]|$)                      # a backslash that would take the next one's meaning
              | (?<![^\W_])_ | _(?![^\W_])                   # not inside a word
              | ~(?=~) | (?<=[\w~])~ | (?<=\S)~(?!\w)        # not where it can only mean "about"
              | ^[\#+=-] )                                   # a heading, a list, an underline
    | (?P<number> ^\d{1,9}(?=[.)](?:[ ]|$)) . )              # a numbered list
    | &(?=(?P<entity> \#?[A-Za-z0-9]+;? ))
    """,
    re.VERBOSE,
)


def escape_markdown(raw: str) -> str:
    """For GitHub-flavoured Markdown and for HTML blocks inside it; plain text stays as it is.

    Character references, because they are literal in both places and a backslash is not:
    https://github.github.com/gfm/#entity-and-numeric-character-references. `$` is put into a span, the one way
    GitHub documents to keep it from opening a formula:
    https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/writing-mathematical-expressions.
    References are decoded before GitHub looks for `@user`, `#123` and `:emoji:`, so these get a zero-width space
    instead. A formula that had to stay TeX is in `<code>`, which is code in both places as backticks are not.
    """
    return _apart(tidy(raw), _references, "<code>{}</code>".format, _references)


def _references(text: str) -> str:
    return _MARKDOWN_MARKS.sub(_referenced, text)


def _referenced(found: re.Match[str]) -> str:
    token, entity = found[0], found["entity"]
    if entity:
        return token if html.unescape(token + entity) == token + entity else "&amp;"
    if found["dollar"]:
        return "<span>$</span>"
    if found["mention"]:
        return token + ZERO_WIDTH_SPACE
    return f"{token[:-1]}&#{ord(token[-1])};"
