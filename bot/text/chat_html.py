"""Slack's mrkdwn and Discord's Markdown as HTML, so that a page can show messages as their readers see them.

Only the part of each syntax that our messages can contain. Text that would ping somebody is marked visibly. Pure.
Everything that comes out is HTML made here; text from outside is escaped on its way through.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable

_PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")
_BARE_URL = re.compile(r"https?://[^\s<>\ue000]*[^\s<>\ue000.,;:!?'\")\]]")
_BLOCK = re.compile(r"^```\n(.*?)\n```(?:\n|$)", re.MULTILINE | re.DOTALL)
"""A block of code, on lines of its own, as our answers have it."""
_SAFE_URL = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+\Z")

_SLACK_CODE = re.compile(r"(?<![\w`])`(?![\s\u200b])([^`\n]+)(?<![\s\u200b])`(?![\w`])")
_SLACK_CONTROL = re.compile(r"<([^<>\n]+)>")
_SLACK_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
_SLACK_STYLES = tuple(
    (re.compile(rf"(?<![\w{mark}]){mark}(?![\s\u200b])([^{mark}\n]+?)(?<![\s\u200b]){mark}(?![\w{mark}])"), tag)
    for mark, tag in ((r"\*", "strong"), ("_", "em"), ("~", "s"))
)
"""https://docs.slack.dev/messaging/formatting-message-text#basic-formatting: a mark acts at a word's edge only.

A zero-width space counts as a space here; Slack's own rule for it is not written down.
"""
_SLACK_LINES = ((re.compile(r"^&gt; ?(.*)$", re.MULTILINE), "blockquote"),)

_DISCORD_ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
_DISCORD_CODE = re.compile(r"`([^`\n]+)`")
_DISCORD_LINK = re.compile(r"\[([^\]\n]+)\]\(<?(https?://[^\s()<>]+)>?\)")
_DISCORD_PING = re.compile(r"@everyone|@here|<@[!&]?\d+>|<#\d+>")
_DISCORD_ANGLE_URL = re.compile(r"<(https?://[^\s<>]+)>")
_DISCORD_STYLES = tuple(
    (re.compile(pattern), tag)
    for pattern, tag in (
        (r"\*\*(?=\S)(.+?)(?<=\S)\*\*", "strong"),
        (r"__(?=\S)(.+?)(?<=\S)__", "u"),
        (r"~~(?=\S)(.+?)(?<=\S)~~", "s"),
        (r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])", "em"),
        (r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)", "em"),
    )
)
"""https://support.discord.com/hc/en-us/articles/210298617."""
_DISCORD_LINES = tuple(
    (re.compile(pattern, re.MULTILINE), tag)
    for pattern, tag in (
        (r"^### (.*)$", "h5"),
        (r"^## (.*)$", "h4"),
        (r"^# (.*)$", "h3"),
        (r"^-# (.*)$", "small"),
        (r"^&gt; (.*)$", "blockquote"),
        (r"^[-*] (.*)$", "li"),
    )
)


class _Placeholders:
    """Finished HTML put aside under a placeholder, so that nothing later touches it."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def keep(self, finished: str) -> str:
        self._kept.append(finished)
        return f"\ue000{len(self._kept) - 1}\ue001"

    def restore(self, text: str) -> str:
        """The text with every placeholder replaced, also those inside the HTML that was kept."""
        while _PLACEHOLDER.search(text):
            text = _PLACEHOLDER.sub(lambda found: self._kept[int(found[1])], text)
        return text


def slack_html(mrkdwn: str) -> Markup:
    """What Slack shows for a mrkdwn text."""
    placeholders = _Placeholders()

    def control(found: re.Match[str]) -> str:
        target, _, label = found[1].partition("|")
        if target[0] in "!@#":
            return placeholders.keep(_ping(found[0]))
        return placeholders.keep(
            _link(html.unescape(target), html.escape(html.unescape(label or target), quote=False))
        )

    text = _without_placeholders(mrkdwn)
    text = _BLOCK.sub(lambda found: placeholders.keep(f"<pre>{_slack_text(found[1])}</pre>"), text)
    text = _SLACK_CODE.sub(lambda found: placeholders.keep(f"<code>{_slack_text(found[1])}</code>"), text)
    text = _slack_text(_SLACK_CONTROL.sub(control, text))
    text = _BARE_URL.sub(lambda found: placeholders.keep(_link(html.unescape(found[0]), found[0])), text)
    return _finished(text, _SLACK_STYLES, _SLACK_LINES, placeholders)


def discord_html(markdown: str) -> Markup:
    """What Discord shows for a message's content or an embed's text."""
    placeholders = _Placeholders()

    def escaped(finish: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        return lambda found: placeholders.keep(finish(html.escape(found[1], quote=False)))

    def masked(found: re.Match[str]) -> str:
        label = html.escape(found[1], quote=False)
        return placeholders.keep(_link(found[2], _styled(label, _DISCORD_STYLES)))

    text = _BLOCK.sub(escaped("<pre>{}</pre>".format), _without_placeholders(markdown))
    text = _DISCORD_ESCAPE.sub(escaped(str), text)
    text = _DISCORD_CODE.sub(escaped("<code>{}</code>".format), text)
    text = _DISCORD_LINK.sub(masked, text)
    text = _DISCORD_PING.sub(lambda found: placeholders.keep(_ping(found[0])), text)
    text = _DISCORD_ANGLE_URL.sub(lambda found: placeholders.keep(_link(found[1], html.escape(found[1]))), text)
    text = _BARE_URL.sub(lambda found: placeholders.keep(_link(found[0], html.escape(found[0]))), text)
    return _finished(html.escape(text, quote=False), _DISCORD_STYLES, _DISCORD_LINES, placeholders)


def safe_url(url: str) -> str:
    """The URL if its scheme is http, https or mailto, else an empty string."""
    return url if _SAFE_URL.match(url) else ""


_Rules = tuple[tuple[re.Pattern[str], str], ...]


def _finished(text: str, styles: _Rules, lines: _Rules, placeholders: _Placeholders) -> Markup:
    """Turns styles and lines into elements, keeps line breaks, and replaces the placeholders."""
    text = _styled(_styled(text, styles), lines)
    # A block element ends its line by itself.
    text = re.sub(r"(</(?:h\d|small|blockquote|li)>)\n", r"\1", text)
    return Markup(placeholders.restore(text.replace("\n", "<br>")))  # noqa: S704 - every piece was escaped on its way here


def _styled(text: str, styles: _Rules) -> str:
    for pattern, tag in styles:
        text = pattern.sub(rf"<{tag}>\1</{tag}>", text)
    return text


def _without_placeholders(text: str) -> str:
    return text.replace("\ue000", "").replace("\ue001", "")


def _slack_text(text: str) -> str:
    """Text that already has Slack's three entities, as HTML text."""
    return _SLACK_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def _link(url: str, label: str) -> str:
    """A link if `safe_url` accepts the URL, else the label alone. The label is HTML."""
    if not safe_url(url):
        return label
    return f'<a href="{html.escape(url)}" target="_blank" rel="noreferrer">{label}</a>'


def _ping(raw: str) -> str:
    """Text that would have pinged somebody, marked so that nobody overlooks it."""
    return f'<mark class="ping">{html.escape(raw)}</mark>'
