"""What a button under a paper says when it is pressed, as the text that Slack or Discord hands back with the press.

    1|more|mllm|2604.00001|vision-lab        version | what is wanted | topic | paper | subscriber

Pure. Nothing is stored for a button, so that it works for as long as its message is there. A message is made once for
all who get the same, so whom it was shown to is filled in when it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

LONGEST = 100
"""Characters: of a `custom_id` and of an option's value in Discord; Slack takes 150 as an option's value.
https://docs.discord.com/developers/components/reference, https://docs.slack.dev/reference/block-kit/composition-objects
"""
MENU = "paperboy-paper"
"""The `action_id` of Slack's menu beside a paper; in Discord, with `-` and the wish, a select menu's `custom_id`."""
_VERSION = "1"
_BETWEEN = "|"
"""Stands in no name of a subscriber or a topic, and in no identifier."""
_HOLDERS = ("value", "custom_id")
"""The keys under which the platforms have such a text."""


class Wish(StrEnum):
    """What a press asks for; the first three are the opinions that `store.feedback` keeps, by the same words."""

    MORE = "more"
    LESS = "less"
    SAVED = "saved"
    WHY = "why"
    """Not an opinion: why is this paper here?"""


LABELS = {
    Wish.MORE: "More like this",
    Wish.LESS: "Less like this",
    Wish.SAVED: "Save",
    Wish.WHY: "Why this paper?",
}
"""What readers see."""


@dataclass(frozen=True, slots=True)
class Click:
    """What one press says."""

    wish: Wish
    identifier: str
    """The paper's."""
    topic: str | None = None
    """In whose section the paper stood; None where there was no room to say it."""
    subscriber: str = ""
    """To whom it was shown; empty in a message that is not sent yet."""


def encode(click: Click) -> str:
    """The click as a text of at most `LONGEST` characters, which `decode` reads.

    A topic's name is left out where it is too long beside the subscriber's: both may have 64 characters.

    Raises:
        ValueError: it has a name or an identifier that no subscriber, topic or paper has.
    """
    parts = (_VERSION, click.wish.value, click.topic or "", click.identifier, click.subscriber)
    text = _BETWEEN.join(parts)
    if len(text) > LONGEST and click.topic:
        return encode(replace(click, topic=None))
    if len(text) > LONGEST or decode(text) is None:
        raise ValueError("no button can say that")
    return text


def decode(text: str) -> Click | None:
    """What a button's text says; None for whatever is not such a text."""
    version, *parts = text.split(_BETWEEN)
    if version != _VERSION or len(parts) != len(("wish", "topic", "identifier", "subscriber")):
        return None
    wish, topic, identifier, subscriber = parts
    if wish not in set(Wish) or not identifier:
        return None
    return Click(Wish(wish), identifier, topic or None, subscriber)


def addressed(payload: Any, subscriber: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The payload with the subscriber's name in each of its buttons; the same for every attempt of one delivery."""
    match payload:
        case dict():
            return {key: _filled(key, value, subscriber) for key, value in payload.items()}
        case list() | tuple():
            return [addressed(each, subscriber) for each in payload]
    return payload


def _filled(key: str, value: Any, subscriber: str) -> Any:  # noqa: ANN401 - as in `addressed`
    if key in _HOLDERS and isinstance(value, str):
        click = decode(value)
        return value if click is None else encode(replace(click, subscriber=subscriber))
    return addressed(value, subscriber)
