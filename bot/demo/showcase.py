"""The demo's one page: what every channel received, day by day, as its reader would see it.

Takes plain values and returns one self-contained HTML text: no script, no request to anywhere. Reads its own
template and `templates/preview/`, nothing else; `samples` and the receivers are unknown here.
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from pathlib import Path
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
"""The site's pages look as they do on GitHub."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the headline account."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Day:
    """One simulated day: its account in words, and what each channel received, in order."""

    date: date
    title: str
    account: tuple[str, ...]
    slack: tuple[Mapping[str, Any], ...] = ()
    """Each with `channel`, `text`, `blocks`, and `thread_ts` where it is a reply."""
    discord: tuple[Mapping[str, Any], ...] = ()
    """Each with `channel`, `content`, `embeds`, and `thread` where it stands in a forum's thread of that name."""
    mail: tuple[bytes, ...] = ()
    """Each a whole message as it came over the wire."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the site."""

    path: str
    """Seen from where the showcase will stand."""
    markdown: str


@dataclass(frozen=True, slots=True)
class ReaderStep:
    """One thing that a reader did on the pages, and the page that she saw then."""

    title: str
    html: str


def render_showcase(
    figures: Sequence[Figure], days: Sequence[Day], pages: Sequence[Page], answers: Sequence[ReaderStep] = ()
) -> str:
    """The page as HTML. Mails and pages stand in sandboxed frames; a policy forbids every request."""
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
        pages=[{"path": page.path, "html": _PAGE_STYLE + page_html(page.markdown)} for page in pages],
    )


def page_html(markdown: str) -> str:
    """A page of the site as HTML, its badges as text, since the showcase fetches no image."""

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
    """The messages of each channel as their readers see them, both in the order in which they came."""
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
