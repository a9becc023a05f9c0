"""Previews: messages as HTML pages that look as readers would see them; and why there is nothing to show.

Reads templates and the store; sends and changes nothing.
"""

from __future__ import annotations

import html
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.channels.mail import mime
from bot.text.chat_html import discord_html, safe_url, slack_html

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import Message
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.text.templates import Templates

_DISCORD_BAR = 0x1E1F22
"""Colour of the bar of an embed that has none."""


class Nothing(StrEnum):
    """Why a subscriber would get nothing now."""

    NO_MAILING = "no-mailing"
    """No mailing of its categories is stored."""
    NO_MATCH = "no-match"
    """Nothing in the latest mailing matched."""
    NOTHING_NEW = "nothing-new"
    """It was told of everything that matched."""
    NOTHING_LIKED = "nothing-liked"
    """It gets what was liked, and nothing was since its last digest."""


def why_nothing(subscriber: Subscriber, store: Store, settings: Settings, *, as_newcomer: bool) -> Nothing:
    """Why there is no digest for a subscriber.

    Args:
        subscriber: the subscriber.
        store: the store.
        settings: its topics.
        as_newcomer: whether it was treated as a new subscriber, which gets the latest mailing.
    """
    if subscriber.liked:
        return Nothing.NOTHING_LIKED
    categories = {category for topic in subscriber.topics for category in settings.topics[topic].categories}
    if not any(store.papers.latest_mailing(category) for category in categories):
        return Nothing.NO_MAILING
    return Nothing.NO_MATCH if as_newcomer else Nothing.NOTHING_NEW


def render_pages(channel: str, messages: Sequence[Message], subscriber: str, templates: Templates) -> list[str]:
    """Messages as HTML pages: one page per mail; one page with all messages of a chat channel.

    For a mail, its own HTML. For a channel without a template in `templates/preview/`, the payload as JSON.

    Raises:
        RenderError: a template of the preview is broken.
    """
    if channel == "mail":
        return [mime.texts(message.payload["entity"])["html"] for message in messages]
    if channel not in _VIEWS:
        payloads = json.dumps([dict(message.payload) for message in messages], indent=2)
        return [f"<!doctype html><meta charset=utf-8><pre>{html.escape(payloads)}</pre>"]
    view = _VIEWS[channel]
    shown = [view({**message.payload, "thread_ts": "1" if message.reply else None}) for message in messages]
    title = f"What {subscriber} would get"
    return [templates.render(f"preview/{channel}.html.j2", title=title, subscriber=subscriber, messages=shown)]


def slack_view(message: Mapping[str, Any]) -> dict[str, Any]:
    """A Slack message for the template: its `text`, `blocks` and `thread_ts`, with mrkdwn as HTML."""
    blocks = message.get("blocks") or [{"type": "section", "text": {"type": "mrkdwn", "text": message["text"]}}]
    return {
        "reply": bool(message.get("thread_ts")),
        "blocks": [_block(block) for block in blocks],
    }


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    """One block of Block Kit with its texts as HTML; a block of a kind that we do not send stays as it is.

    https://docs.slack.dev/reference/block-kit/blocks
    """
    kind = block["type"]
    if kind == "divider":
        return {"kind": kind}
    if kind in ("header", "section"):
        texts = [block["text"]] if "text" in block else []
        shown = [_text_object(text) for text in (*texts, *block.get("fields", ()))]
        menu = [_text_object(option["text"]) for option in block.get("accessory", {}).get("options", ())]
        return {"kind": kind, "texts": shown, "menu": menu}
    if kind == "context":
        return {"kind": kind, "texts": [_text_object(element) for element in block["elements"]], "menu": []}
    if kind == "actions":
        return {"kind": kind, "buttons": [_text_object(element["text"]) for element in block["elements"]]}
    return {"kind": "other", "texts": [json.dumps(block, ensure_ascii=False, indent=1)]}


def _text_object(text: Mapping[str, Any]) -> str:
    """A text object as HTML; the template escapes plain text."""
    return slack_html(text["text"]) if text["type"] == "mrkdwn" else str(text["text"])


def discord_view(message: Mapping[str, Any]) -> dict[str, Any]:
    """A Discord message for the template: its `content`, `embeds` and `thread`, with Markdown as HTML."""
    return {
        "reply": bool(message.get("thread_ts")),
        "thread": message.get("thread", ""),
        "content": discord_html(message.get("content") or ""),
        "embeds": [_embed(embed) for embed in message.get("embeds") or ()],
        "rows": [[_component(each) for each in row["components"]] for row in message.get("components") or ()],
    }


def _component(component: Mapping[str, Any]) -> dict[str, Any]:
    """A button's words, or a menu's with its options: https://docs.discord.com/developers/components/reference."""
    options = [option["label"] for option in component.get("options", ())]
    return {"words": component.get("label") or component.get("placeholder", ""), "options": options}


def _embed(embed: Mapping[str, Any]) -> dict[str, Any]:
    """One embed for the template: https://discord.com/developers/docs/resources/message#embed-object."""
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


_VIEWS = {"slack": slack_view, "discord": discord_view}
"""By channel, the function that makes the template's values of a payload."""
