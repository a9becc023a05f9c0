"""Renders the demo's page: what every channel received, day by day, as its readers would see it.

Takes plain values and returns one HTML page, without scripts or requests: only a frame loads the site's front page, a
file beside it. Reads its own template and `templates/preview/`.
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import jinja2
from markdown_it import MarkdownIt

from bot.report.preview import discord_view, slack_view
from bot.text.templates import built_in_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from email.message import EmailMessage

    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

_BADGE = re.compile(r"https://img\.shields\.io/badge/([^-/]+)-([^-/]+)-[0-9A-Fa-f]+\Z")
_PAGE_STYLE = (
    "<style>body{max-width:900px;margin:24px auto;padding:0 24px;color:#1f2328;background:#fff;"
    "font:15px/1.55 -apple-system,BlinkMacSystemFont,'Segoe UI','DejaVu Sans',Arial,sans-serif}"
    "h1,h2{padding-bottom:.3em;border-bottom:1px solid #d1d9e0}hr{border:0;border-top:1px solid #d1d9e0}"
    "a{color:#0969da}li{margin:1em 0}code{padding:.15em .4em;border-radius:6px;background:#eff1f3;font-size:85%}"
    "</style>"
)
"""A style for the site's pages that looks like GitHub's."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the numbers at the top."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Day:
    """One simulated day: its results in words, and what each channel received, in order."""

    date: date
    title: str
    account: tuple[str, ...]
    slack: tuple[Mapping[str, Any], ...] = ()
    """Each with `channel`, `text`, `blocks`, and `thread_ts` if it is a reply."""
    discord: tuple[Mapping[str, Any], ...] = ()
    """Each with `channel`, `content`, `embeds`, and `thread` (its name) if it is in a forum's thread."""
    mail: tuple[bytes, ...] = ()
    """Each a whole message as it was received."""
    survived: tuple[str, ...] = ()
    """If a run was killed: that it was, and then what the readers of each channel saw of it."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the site."""

    path: str
    """The path relative to the showcase."""
    markdown: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What somebody said in a chat, and the answer that they alone saw."""

    platform: str
    """Slack or discord."""
    who: str
    said: str
    answer: Mapping[str, Any]
    """With `text` and `blocks`, or with `embeds` and `components`."""


@dataclass(frozen=True, slots=True)
class ReaderStep:
    """One action of a reader on the pages, and the page that she saw after it."""

    title: str
    html: str


def render_showcase(
    figures: Sequence[Figure],
    days: Sequence[Day],
    pages: Sequence[Page],
    answers: Sequence[ReaderStep] = (),
    exchanges: Sequence[Exchange] = (),
    *,
    front_page: str = "",
    hostile: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The page as HTML. Mails and pages are in sandboxed frames; a content security policy forbids all requests.

    Args:
        figures: the numbers at the top.
        days: each with what was received.
        pages: the site's Markdown pages.
        answers: what a reader did on the pages.
        exchanges: what was said in chats.
        front_page: the path of the site's front page relative to the showcase; the one file that a frame loads.
        hostile: by title that is hostile on purpose, what it would do where it is not escaped.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([Path(__file__).parent, built_in_folder()]),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("showcase.html.j2").render(
        figures=figures,
        days=[
            {
                "day": day,
                "slack": _by_channel(day.slack, slack_view),
                "discord": _by_channel(day.discord, discord_view),
                "mail": [_mail(message) for message in day.mail],
            }
            for day in days
        ],
        answers=answers,
        conversations=_conversations(exchanges),
        front_page=front_page,
        hostile=hostile,
        pages=[{"path": page.path, "html": _PAGE_STYLE + page_html(page.markdown)} for page in pages],
    )


def _conversations(exchanges: Sequence[Exchange]) -> dict[str, list[dict[str, Any]]]:
    """What was said on each platform, each answer as its reader sees it."""
    views = {"slack": slack_view, "discord": discord_view}
    found: dict[str, list[dict[str, Any]]] = {}
    for each in exchanges:
        shown = views[each.platform](each.answer)
        found.setdefault(each.platform, []).append({"who": each.who, "said": each.said, "shown": shown})
    return found


def page_html(markdown: str) -> str:
    """A page of the site as HTML, with badges as text, because the showcase loads no images."""

    def badge(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        alt = renderer.renderInlineAsText(tokens[index].children, options, env)
        found = _BADGE.match(str(tokens[index].attrs["src"]))
        return f"<code>{alt}{f' {found[2]}' if found else ''}</code>"

    parser = MarkdownIt("commonmark")
    parser.add_render_rule("image", badge)
    return str(parser.render(markdown))


def _by_channel(
    messages: Iterable[Mapping[str, Any]], view: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """The messages by channel as readers see them, in the order of arrival."""
    channels: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        channels.setdefault(message["channel"], []).append(view(message))
    return channels


def _mail(raw: bytes) -> dict[str, str]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return {
        "subject": str(message["Subject"] or ""),
        "sender": str(message["From"] or ""),
        "recipient": str(message["To"] or ""),
        "html": _part(message, "html"),
        "plain": _part(message, "plain"),
    }


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    # A part without headers counts as false.
    return str(part.get_content()) if part is not None else ""
