"""The escapes for the places where text is shown: plain text, HTML, Slack, Discord, Markdown.

Pure. Each escape is safe for its one place only: nothing here is a universal sanitizer.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from bot.text import latex
from bot.text.clean import clean

if TYPE_CHECKING:
    from collections.abc import Callable


ZERO_WIDTH_SPACE = "\u200b"


def escape_plain(raw: str) -> str:
    """For plain text, terminals and logs: one line without control sequences.

    Every control sequence begins with ESC or a C1 control character: https://ecma-international.org/?s=ECMA-48.
    """
    return clean(raw)


def escape_html(raw: str) -> str:
    """For HTML text and quoted attributes.

    https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html
    """
    return html.escape(clean(raw), quote=True)


def markup_html(raw: str) -> str:
    """For HTML text, not for attributes: like `escape_html`, and a formula that had to stay TeX is in `<code>`."""
    return _apart(clean(raw), html.escape, "<code>{}</code>".format, html.escape)


def _apart(
    flat: str, escape: Callable[[str], str], code: Callable[[str], str], inside: Callable[[str], str] = str
) -> str:
    """The text escaped; formulas that had to stay TeX are put into code spans, which have an escape of their own."""
    if "\\" not in flat:
        return escape(flat)
    shown, position = [], 0
    for found in latex.KEPT_AS_TEX.finditer(flat):
        shown += [escape(flat[position : found.start()]), code(inside(found[0]))]
        position = found.end()
    return "".join([*shown, escape(flat[position:])])


_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=[A-Za-z0-9])")
_SLACK_MARKS = re.compile(r"(?P<link>(?<!\w)https?://[^\s*`]+)|(?P<code>:(?=[\w+-]+:))|[*_~`]+")


def escape_mrkdwn(raw: str) -> str:
    """For Slack's mrkdwn, in running text and in a link's label.

    Only `& < >` become entities: https://docs.slack.dev/messaging/formatting-message-text#escaping.
    mrkdwn has no escape for `* _ ~` and backticks; zero-width spaces around them keep them from opening or closing
    anything, and one after `@` or `:` keeps Slack from seeing a mention, or an emoji's short code such as `:100:`.
    A formula that had to stay TeX is in backticks.
    """
    return _apart(html.escape(clean(raw), quote=False), _mrkdwn, "`{}`".format)


def _mrkdwn(escaped: str) -> str:
    return _SLACK_MARKS.sub(_loosened, _MENTION.sub("@" + ZERO_WIDTH_SPACE, escaped))


def _loosened(found: re.Match[str]) -> str:
    """Marks in a link or inside a word, where they have no effect, unchanged; others between zero-width spaces."""
    if found["code"]:
        return found[0] + ZERO_WIDTH_SPACE
    text, (start, end) = found.string, found.span()
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
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

    A backslash makes any punctuation literal: https://support.discord.com/hc/en-us/articles/210298617. The syntax in
    angle brackets: https://discord.com/developers/docs/reference#message-formatting. A bare http(s) link stays a
    link, because it shows where it leads; one to a Discord invite does not. A formula that had to stay TeX is in
    backticks.
    """
    return _apart(clean(raw), lambda text: _DISCORD_MARKS.sub(_backslashed, text), "`{}`".format)


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
    return _apart(clean(raw), _references, "<code>{}</code>".format, _references)


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
