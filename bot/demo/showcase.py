"""The demo's one page: what every channel received, day by day, as its reader would see it.

Takes plain values and returns one self-contained HTML text: no script, no request to anywhere. Reads its own
template and nothing else; `samples` and the receivers are unknown here.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.demo.chat_markup import discord_html, safe_url, slack_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from email.message import EmailMessage

    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

_BADGE = re.compile(r"https://img\.shields\.io/badge/([^-/]+)-([^-/]+)-[0-9A-Fa-f]+\Z")
_DISCORD_BAR = 0x1E1F22
"""The bar of an embed without a colour."""
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


def render_showcase(figures: Sequence[Figure], days: Sequence[Day], pages: Sequence[Page]) -> str:
    """The page as HTML. Mails and pages stand in sandboxed frames; a policy forbids every request."""
    import jinja2  # noqa: PLC0415 - 60 ms that only the demo's end needs

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(mrkdwn=slack_html, discord=discord_html)
    return environment.get_template("showcase.html.j2").render(
        figures=figures,
        days=[
            {
                "day": day,
                "slack": _by_channel(_slack(message) for message in day.slack),
                "discord": _by_channel(_discord(message) for message in day.discord),
                "mail": [_mail(message) for message in day.mail],
            }
            for day in days
        ],
        pages=[{"path": page.path, "html": _PAGE_STYLE + page_html(page.markdown)} for page in pages],
    )


def page_html(markdown: str) -> str:
    """A page of the site as HTML, its badges as text, since the showcase fetches no image."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - as above

    def badge(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        alt = renderer.renderInlineAsText(tokens[index].children, options, env)
        found = _BADGE.match(str(tokens[index].attrs["src"]))
        return f"<code>{alt}{f' {found[2]}' if found else ''}</code>"

    parser = MarkdownIt("commonmark")
    parser.add_render_rule("image", badge)
    return str(parser.render(markdown))


def _by_channel(messages: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The messages of each channel, both in the order in which they came."""
    channels: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        channels.setdefault(message["channel"], []).append(message)
    return channels


def _slack(message: Mapping[str, Any]) -> dict[str, Any]:
    blocks = message.get("blocks") or [{"type": "section", "text": {"type": "mrkdwn", "text": message["text"]}}]
    return {
        "channel": message["channel"],
        "reply": bool(message.get("thread_ts")),
        "blocks": [_block(block) for block in blocks],
    }


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    """One block of Block Kit, its texts as HTML; one of a kind we do not send is shown as it is.

    https://docs.slack.dev/reference/block-kit/blocks
    """
    kind = block["type"]
    if kind == "divider":
        return {"kind": kind}
    if kind in ("header", "section"):
        texts = [block["text"]] if "text" in block else []
        return {"kind": kind, "texts": [_text_object(text) for text in (*texts, *block.get("fields", ()))]}
    if kind == "context":
        return {"kind": kind, "texts": [_text_object(element) for element in block["elements"]]}
    if kind == "actions":
        return {"kind": kind, "buttons": [_text_object(element["text"]) for element in block["elements"]]}
    return {"kind": "other", "texts": [json.dumps(block, ensure_ascii=False, indent=1)]}


def _text_object(text: Mapping[str, Any]) -> str:
    """Plain text is escaped by the template, mrkdwn is HTML already."""
    return slack_html(text["text"]) if text["type"] == "mrkdwn" else str(text["text"])


def _discord(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "channel": message["channel"],
        "thread": message.get("thread", ""),
        "content": discord_html(message.get("content") or ""),
        "embeds": [_embed(embed) for embed in message.get("embeds") or ()],
    }


def _embed(embed: Mapping[str, Any]) -> dict[str, Any]:
    """https://discord.com/developers/docs/resources/message#embed-object."""
    return {
        "bar": f"#{embed.get('color', _DISCORD_BAR):06x}",
        "author": (embed.get("author") or {}).get("name", ""),
        "title": discord_html(embed.get("title") or ""),
        "url": safe_url(embed.get("url") or ""),
        "description": discord_html(embed.get("description") or ""),
        "fields": [
            {"name": discord_html(f["name"]), "value": discord_html(f["value"]), "inline": f.get("inline", False)}
            for f in embed.get("fields") or ()
        ],
        "footer": (embed.get("footer") or {}).get("text", ""),
    }


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
