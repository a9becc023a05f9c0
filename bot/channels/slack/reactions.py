"""Reads the reactions under our messages in a Slack channel, from its history and each thread's replies.

Only reads. https://docs.slack.dev/reference/methods/conversations.history and .../conversations.replies show each
message with its `reactions` (name, users, count), as channels:history allows. `users` "might not always contain all
users that have reacted": https://docs.slack.dev/reference/methods/reactions.get.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.channels.http_answers import json_object, json_objects
from bot.channels.reactions import Reacted, wish_of, wishes
from bot.channels.slack.lookup import PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.channels.reactions import PostedMessage, Turn

_MOST_PAGES = 5
"""Of one thread, or of the channel."""


async def read_reactions(
    client: AsyncWebClient, channel: str, messages: Sequence[PostedMessage], turn: Turn, *, bot: str
) -> AsyncIterator[Reacted]:
    """Yields the reactions under each of these messages that is found.

    Args:
        client: raises `CannotTellError` or `DeliveryError` for every refused request.
        channel: the channel's id.
        messages: the newest first.
        turn: called before each request; waits until one is allowed.
        bot: our own id as a user, whose reactions do not count.
    """
    threads: dict[str | None, set[str]] = {}
    for message in messages:
        threads.setdefault(message.thread, set()).add(message.id)
    for thread, wanted in threads.items():
        async for shown in _shown(client, channel, thread, wanted, turn):
            yield _reacted(shown, bot)


async def _shown(
    client: AsyncWebClient, channel: str, thread: str | None, wanted: Collection[str], turn: Turn
) -> AsyncIterator[Mapping[str, Any]]:
    """Yields the wanted messages that are in the thread, or in the channel if there is none."""
    left, cursor = set(wanted), None
    where: dict[str, Any] = {
        "channel": channel,
        "oldest": min(wanted, key=float),
        "latest": max(wanted, key=float),
        "inclusive": True,
        "limit": PAGE,
    }
    for _ in range(_MOST_PAGES):
        await turn()
        if thread:
            answer = await client.conversations_replies(ts=thread, cursor=cursor, **where)
        else:
            answer = await client.conversations_history(cursor=cursor, **where)
        for message in json_objects(answer.get("messages")):
            if message.get("ts") in left:
                left.discard(message["ts"])
                yield message
        cursor = json_object(answer.get("response_metadata")).get("next_cursor")
        if not left or not cursor or not isinstance(cursor, str):
            return


def _reacted(message: Mapping[str, Any], bot: str) -> Reacted:
    found = []
    is_complete = True
    for reaction in json_objects(message.get("reactions")):
        name, named = reaction.get("name"), reaction.get("users")
        users = [each for each in named if isinstance(each, str)] if isinstance(named, list) else []
        if isinstance(name, str) and wish_of(name):
            is_complete = is_complete and reaction.get("count") == len(users)
            found.append((name, users))
    return Reacted(message["ts"], wishes(found, but=(bot,)), is_complete)
