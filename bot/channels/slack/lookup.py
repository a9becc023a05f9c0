"""Looks a message of ours up in a Slack channel or thread, by the delivery's id in its metadata.

Only reads. https://docs.slack.dev/reference/methods/conversations.history and .../conversations.replies;
the bot needs channels:history (in private channels groups:history) and must be in the channel.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.channels.channel import CLOCK_SKEW, CannotTellError
from bot.channels.http_answers import json_object, json_objects
from bot.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.model import Delivery

_TIMESTAMP = re.compile(r"[0-9]{1,12}\.[0-9]{1,12}", re.ASCII)
_CONVERSATION = re.compile(r"D[A-Z0-9]{6,20}")
_LONGEST_CURSOR = 1000
EVENT_TYPE = "paperboy_digest"
PAGE = 200
MOST_PAGES = 10
"""The most pages to read; if there are more, we cannot tell whether the message was sent."""
RESTRICTED_PAGE = 15
"""Messages per page for apps that Slack allows one page a minute: https://docs.slack.dev/apis/web-api/rate-limits."""


def timestamp(value: object) -> str:
    """A message's `ts`; "" if malformed. It is checked because it is stored and sent back to Slack."""
    return value if isinstance(value, str) and _TIMESTAMP.fullmatch(value) else ""


def metadata(delivery_id: str) -> dict[str, Any]:
    """The metadata by which we find a message: https://docs.slack.dev/messaging/message-metadata."""
    return {"event_type": EVENT_TYPE, "event_payload": {"delivery_id": delivery_id}}


async def find_message(client: AsyncWebClient, channel: str, delivery: Delivery) -> Receipt | None:
    """Finds the delivery's message among those posted since it was composed.

    Args:
        client: raises `CannotTellError` or `DeliveryError` for every refused request.
        channel: the channel's id.
        delivery: looked up in its thread if it is a reply, else in the channel.

    Raises:
        CannotTellError: there is too much to search.
    """
    where: dict[str, Any] = {
        "channel": channel,
        "oldest": f"{(delivery.created_at - CLOCK_SKEW).timestamp():.6f}",
        "inclusive": True,
        "include_all_metadata": True,
        "limit": PAGE,
    }
    in_thread = delivery.reply and delivery.parent
    cursor = None
    for _ in range(MOST_PAGES):
        if in_thread:
            answer = await client.conversations_replies(ts=str(delivery.parent), cursor=cursor, **where)
        else:
            answer = await client.conversations_history(cursor=cursor, **where)
        messages = json_objects(answer.get("messages"))
        for message in messages:
            if _is_same_message(message, delivery.id):
                return Receipt(timestamp(message.get("ts")))
        cursor = json_object(answer.get("response_metadata")).get("next_cursor")
        if not cursor:
            return None
        if not isinstance(cursor, str) or len(cursor) > _LONGEST_CURSOR:
            raise CannotTellError("Slack's cursor to the next page of the history is malformed")
        if len(messages) <= RESTRICTED_PAGE:
            raise CannotTellError("Slack shows this app too few messages to look through the channel")
    raise CannotTellError(f"more than {PAGE * MOST_PAGES:,} messages were posted there since")


async def direct_message(client: AsyncWebClient, person: str) -> str:
    """The id of our direct messages with a person, to read their history. Needs im:write and im:history.

    https://docs.slack.dev/reference/methods/conversations.open

    Raises:
        CannotTellError: Slack returned no valid id.
    """
    opened = json_object((await client.conversations_open(users=person)).get("channel")).get("id")
    if not isinstance(opened, str) or not _CONVERSATION.fullmatch(opened):
        raise CannotTellError("Slack does not say which direct message it is")
    return opened


def _is_same_message(message: Mapping[str, Any], delivery_id: str) -> bool:
    found = json_object(message.get("metadata"))
    return {key: found.get(key) for key in ("event_type", "event_payload")} == metadata(delivery_id)
