"""Looks one of our messages up in a Discord channel by its content, since Discord stores no metadata of ours.

Only reads. https://docs.discord.com/developers/resources/message#get-channel-messages. Without the permission Read
Message History Discord returns an empty list, which looks like an empty channel. So "not found" counts only if an
earlier message of ours can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.channels.channel import CLOCK_SKEW, CannotTellError
from bot.channels.discord.errors import snowflake_in
from bot.channels.http_answers import json_object, json_objects
from bot.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from bot.model import UnknownDelivery

    Messages = Sequence[Mapping[str, Any]]

PAGE = 100
MOST_PAGES = 20
_EPOCH_MS = 1_420_070_400_000
"""The epoch of Discord's ids, in ms: https://docs.discord.com/developers/reference#snowflakes."""


def snowflake(moment: datetime) -> int:
    """The lowest id that anything made at that moment has."""
    return max(0, int(moment.timestamp() * 1000) - _EPOCH_MS) << 22


async def find_message(
    question: UnknownDelivery,
    bot_id: str,
    read_one: Callable[[int], Awaitable[Messages]],
    read_after: Callable[[int], Awaitable[Messages]],
) -> Receipt | None:
    """The message of that delivery among what was posted since it was composed.

    Args:
        question: what to look for.
        bot_id: whose messages are ours.
        read_one: the message of that id.
        read_after: the first `PAGE` messages after that id, in any order.

    Raises:
        CannotTellError: the channel cannot be read, or there is too much to look through.
        DeliveryError: as `read_one` and `read_after` raise it.
    """
    if not question.last_known_id.isdecimal():
        raise CannotTellError("no earlier message of ours shows whether the bot may read the channel's history")
    await read_one(int(question.last_known_id))
    after = snowflake(question.delivery.created_at - CLOCK_SKEW)
    for _ in range(MOST_PAGES):
        messages = await read_after(after)
        for message in sorted(messages, key=id_of):
            if is_same_message(message, question, bot_id):
                return Receipt(str(id_of(message)))
        if len(messages) < PAGE:
            return None
        after = max(map(id_of, messages))
    raise CannotTellError(f"more than {PAGE * MOST_PAGES:,} messages were posted there since")


def id_of(message: Mapping[str, Any]) -> int:
    """The message's id; 0 if it has none or a malformed one, which no message from Discord should."""
    return int(snowflake_in(message.get("id")) or 0)


def is_same_message(message: Mapping[str, Any], question: UnknownDelivery, bot_id: str) -> bool:
    """Whether the message is the bot's, says what the delivery says, and is not another delivery's."""
    author, number = json_object(message.get("author")), id_of(message)
    if not number or str(author.get("id")) != bot_id or str(number) in question.ids_of_others:
        return False
    sent, found = _texts(question.delivery.payload), _texts(message)
    # What Discord itself makes of links in the content is put behind our own embeds.
    return sent[0] == found[0] and sent[1] == found[1][: len(sent[1])]


def _texts(message: Mapping[str, Any]) -> tuple[str, list[list[str]]]:
    """The texts of a message, of which Discord only trims the ends; it adds to all else, and rewrites URLs."""
    return _clean(message.get("content")), [_embed_texts(embed) for embed in json_objects(message.get("embeds"))]


def _embed_texts(embed: Mapping[str, Any]) -> list[str]:
    footer, author = json_object(embed.get("footer")), json_object(embed.get("author"))
    fields = [field.get(key) for field in json_objects(embed.get("fields")) for key in ("name", "value")]
    return [
        _clean(each)
        for each in (embed.get("title"), embed.get("description"), footer.get("text"), author.get("name"), *fields)
    ]


def _clean(text: object) -> str:
    return " ".join(str(text or "").split())
