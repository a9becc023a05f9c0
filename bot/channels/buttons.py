"""The value of a button under a paper, which Slack or Discord sends back when it is pressed.

    1|more|mllm|2604.00001|vision-lab        version | what is wanted | topic | paper | subscriber

Pure. Nothing is stored for a button, so it works as long as its message exists. A message is rendered once for all
subscribers that get the same, so the subscriber is filled in when it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.arxiv import identifier as identifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 100
"""Characters: of a `custom_id` and of an option's value in Discord; Slack takes 150 as an option's value.
https://docs.discord.com/developers/components/reference, https://docs.slack.dev/reference/block-kit/composition-objects
"""
MENU = "paperboy-paper"
"""The `action_id` of Slack's menu beside a paper; in Discord, with `-` and the wish, a select menu's `custom_id`."""
_VERSION = "1"
_BETWEEN = "|"
"""A separator that is in no name of a subscriber or topic, and in no identifier."""
_HOLDERS = ("value", "custom_id")
"""The keys of a payload in which the platforms have such a value."""


class Wish(StrEnum):
    """What a button asks for; the first three are the opinions of `store.feedback`, with the same values."""

    MORE = "more"
    LESS = "less"
    SAVED = "saved"
    WHY = "why"
    """Asks why the paper was shown; no feedback."""


LABELS = {
    Wish.MORE: "More like this",
    Wish.LESS: "Less like this",
    Wish.SAVED: "Save",
    Wish.WHY: "Why this paper?",
}
"""The buttons' labels."""


OPINIONS = (Wish.MORE, Wish.LESS, Wish.SAVED)
"""The wishes that are feedback."""


@dataclass(frozen=True, slots=True)
class Click:
    """The content of a button's value."""

    wish: Wish
    identifier: str
    """The paper's identifier."""
    topic: str | None = None
    """The topic in whose section the paper was shown; None if there was no room for it."""
    subscriber: str = ""
    """The subscriber to which it was shown; empty in a message that is not sent yet."""


def encode(click: Click) -> str:
    """Encodes a click as a text of at most `LONGEST` characters, for `decode`.

    The topic is left out if there is no room for it besides the subscriber: both names may have 64 characters.

    Raises:
        ValueError: a name or the identifier is impossible.
    """
    parts = (_VERSION, click.wish.value, click.topic or "", click.identifier, click.subscriber)
    text = _BETWEEN.join(parts)
    if len(text) > LONGEST and click.topic:
        return encode(replace(click, topic=None))
    if len(text) > LONGEST or decode(text) is None:
        raise ValueError("no button can say that")
    return text


def decode(text: str) -> Click | None:
    """Decodes a button's value; None if it is none of ours."""
    version, *parts = text.split(_BETWEEN)
    if version != _VERSION or len(parts) != len(("wish", "topic", "identifier", "subscriber")):
        return None
    wish, topic, identifier, subscriber = parts
    if wish not in set(Wish) or not identifier:
        return None
    return Click(Wish(wish), identifier, topic or None, subscriber)


def as_query(wish: Wish, identifier: str) -> str:
    """The query of a link that asks for this, for `read_query`; ASCII, and nothing in it needs to be quoted."""
    return f"{wish}={identifier}"


def read_query(query: Mapping[str, str]) -> Click | None:
    """Reads a feedback link's query; None if it names no paper or no opinion."""
    for wish in OPINIONS:
        if wish in query:
            try:
                identifier, _ = identifiers.parse(query[wish])
            except ValueError:
                return None
            return Click(wish, identifier)
    return None


def addressed(payload: Any, subscriber: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The payload with the subscriber's name in each of its buttons; the same for every attempt of a delivery."""
    match payload:
        case dict():
            return {key: _filled(key, value, subscriber) for key, value in payload.items()}
        case list() | tuple():
            return [addressed(each, subscriber) for each in payload]
    return payload


def _filled(key: str, value: Any, subscriber: str) -> Any:  # noqa: ANN401 - a value of the payload, which is JSON
    if key in _HOLDERS and isinstance(value, str):
        click = decode(value)
        return value if click is None else encode(replace(click, subscriber=subscriber))
    return addressed(value, subscriber)
