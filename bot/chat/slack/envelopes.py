"""Parses the envelopes of Slack's socket into values. Pure; trusts nothing, because people's text is in them.

https://docs.slack.dev/apis/events-api/using-socket-mode#receive, and for their payloads
https://docs.slack.dev/interactivity/implementing-slash-commands,
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload, .../shortcuts-interaction-payload,
https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload,
https://docs.slack.dev/reference/events/app_home_opened.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.arxiv import identifier
from bot.channels.buttons import decode
from bot.channels.http_answers import json_object, json_objects
from bot.chat.asking import Asker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.channels.buttons import Click

SAY = "say:"
"""The start of an action id whose value is a command, as it would be typed."""
WHY_SHORTCUT = "why_paper"
WHY_DIALOG = "why_dialog"
"""The `callback_id` of the shortcut and of the dialog, as in the app's manifest."""
_PLATFORM = "slack"
_PERSON = re.compile(r"[UW][A-Z0-9]{6,20}")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{6,20}")
_LINK = re.compile(r"https?://arxiv\.org/abs/[^\s|>\"'\\)]+")
_MOST_PAPERS = 50
UNNAMED = ("#privategroup",)
"""The name that Slack gives for every private channel:
https://docs.slack.dev/interactivity/implementing-slash-commands."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request of a person: who, where, and where the answer goes."""

    id: str
    asker: Asker
    answer_to: str = field(default="", repr=False)
    """The URL for the answer (Slack's `response_url`); empty for the home page."""


@dataclass(frozen=True, slots=True)
class CommandTyped(Incoming):
    """A command was typed, or a button with a command was clicked."""

    line: str = ""


@dataclass(frozen=True, slots=True)
class ButtonPressed(Incoming):
    """A button under a paper was clicked."""

    click: Click | None = None


@dataclass(frozen=True, slots=True)
class WhyShortcut(Incoming):
    """The shortcut "Why this paper?" was chosen on a message with these papers."""

    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HomeOpened(Incoming):
    """A person opened the app's home page."""


@dataclass(frozen=True, slots=True)
class DialogRequested(Incoming):
    """The shortcut "Why a paper?" was chosen without a message."""

    trigger: str = ""


@dataclass(frozen=True, slots=True)
class DialogSubmitted(Incoming):
    """The dialog "Why a paper?" was submitted."""

    view_id: str = ""
    text: str = ""


def read_envelope(kind: str, envelope_id: str, payload: Mapping[str, Any]) -> Incoming | None:
    """Parses an envelope; None if it is of another kind, or malformed.

    Args:
        kind: the envelope's type.
        envelope_id: its id, which becomes the request's id.
        payload: its content.
    """
    reader = _READERS.get((kind, "" if kind == "slash_commands" else _text(payload.get("type"))))
    return reader(envelope_id, payload) if reader else None


def _slash_command(envelope_id: str, payload: Mapping[str, Any]) -> Incoming | None:
    asker = _asker(payload.get("user_id"), payload.get("channel_id"), payload.get("channel_name"))
    line = html.unescape(_text(payload.get("text")))  # Slack writes & < > as entities
    return CommandTyped(envelope_id, asker, _text(payload.get("response_url")), line) if asker else None


def _event(_: str, payload: Mapping[str, Any]) -> Incoming | None:
    event = json_object(payload.get("event"))
    if event.get("type") != "app_home_opened" or event.get("tab") != "home":
        return None
    asker = _asker(event.get("user"), None)
    return HomeOpened(_text(payload.get("event_id")), asker) if asker else None


def _block_action(envelope_id: str, payload: Mapping[str, Any]) -> Incoming | None:
    action = next(iter(json_objects(payload.get("actions"))), {})
    channel = json_object(payload.get("channel"))
    asker = _asker(json_object(payload.get("user")).get("id"), channel.get("id"), channel.get("name"))
    if asker is None:
        return None
    value = _text(action.get("value") or json_object(action.get("selected_option")).get("value"))
    answer_to = _text(payload.get("response_url"))
    if _text(action.get("action_id")).startswith(SAY):
        return CommandTyped(envelope_id, asker, answer_to, value)
    click = decode(value)
    return ButtonPressed(envelope_id, asker, answer_to, click) if click else None


def _message_shortcut(envelope_id: str, payload: Mapping[str, Any]) -> Incoming | None:
    channel = json_object(payload.get("channel"))
    asker = _asker(json_object(payload.get("user")).get("id"), channel.get("id"), channel.get("name"))
    papers = _papers(payload.get("message"))
    if payload.get("callback_id") != WHY_SHORTCUT:
        return None
    return WhyShortcut(envelope_id, asker, _text(payload.get("response_url")), papers) if asker else None


def _shortcut(envelope_id: str, payload: Mapping[str, Any]) -> Incoming | None:
    asker = _asker(json_object(payload.get("user")).get("id"), None)
    if payload.get("callback_id") != WHY_DIALOG:
        return None
    return DialogRequested(envelope_id, asker, trigger=_text(payload.get("trigger_id"))) if asker else None


def _dialog(envelope_id: str, payload: Mapping[str, Any]) -> Incoming | None:
    asker = _asker(json_object(payload.get("user")).get("id"), None)
    view = json_object(payload.get("view"))
    if asker is None or view.get("callback_id") != WHY_DIALOG:
        return None
    blocks = json_object(json_object(view.get("state")).get("values")).values()
    fields = [json_object(field) for block in blocks for field in json_object(block).values()]
    text = next((_text(each.get("value")) for each in fields), "")
    return DialogSubmitted(envelope_id, asker, view_id=_text(view.get("id")), text=text)


_READERS: Mapping[tuple[str, str], Callable[[str, Mapping[str, Any]], Incoming | None]] = {
    ("slash_commands", ""): _slash_command,
    ("events_api", "event_callback"): _event,
    ("interactive", "block_actions"): _block_action,
    ("interactive", "message_action"): _message_shortcut,
    ("interactive", "shortcut"): _shortcut,
    ("interactive", "view_submission"): _dialog,
}
"""(the envelope's type, the payload's type) -> the parser."""


def _asker(person: object, channel: object, name: object = None) -> Asker | None:
    """The person and the place; in direct messages, and without a channel, the place is the person."""
    if not isinstance(person, str) or not _PERSON.fullmatch(person):
        return None
    if channel is None:
        return Asker(_PLATFORM, person, person, is_direct=True)
    if not isinstance(channel, str) or not _CHANNEL.fullmatch(channel):
        return None
    if channel.startswith("D"):
        return Asker(_PLATFORM, person, person, is_direct=True, names=(channel,))
    names = (f"#{name}",) if isinstance(name, str) and name else ()
    return Asker(_PLATFORM, person, channel, names=names, own=person)


def _papers(message: object) -> tuple[str, ...]:
    """The papers that a message links to, each once, in order."""
    found: dict[str, None] = {}
    for link in _LINK.findall(json.dumps(message))[: 20 * _MOST_PAPERS]:
        try:
            found[identifier.parse(html.unescape(link))[0]] = None
        except ValueError:
            continue
    return tuple(found)[:_MOST_PAPERS]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
