"""A forum channel of Discord: each digest opens a thread of its own there, its later parts go into that thread.

Calls what it is given, with discord.py's own requests; never retries, decides nothing about a delivery's fate but
what an answer of a forum means. A thread has the id of its first message:
https://docs.discord.com/developers/topics/threads#forum-and-media-channels.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from bot import text
from bot.channels.channel import CannotTellError
from bot.channels.discord.errors import messages_in
from bot.channels.discord.lookup import CLOCK_SKEW_SECONDS, is_same_message, snowflake
from bot.errors import DeliveryError, FailureKind
from bot.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    import discord

    from bot.channels.discord.lookup import Messages
    from bot.channels.discord.request import Answer
    from bot.model import UnknownDelivery

    Request = Callable[[], Awaitable[object]]

FORUMS = (15, 16)
"""Channel types: forum and media. https://docs.discord.com/developers/resources/channel#channel-object-channel-types"""
_LONGEST_NAME = 100
_THREAD_GONE = {10003: "is gone", 10015: "is gone", 160005: "is locked"}
"""What a part meets whose thread was deleted or locked after the first part."""
_MARKS = re.compile(r"\\(?=[^\w\s])|\*\*")
_PAGE = 100


def thread_name(payload: Mapping[str, Any]) -> str:
    """The name of the thread that this payload opens: its own, else its first line without Markdown."""
    first = str(payload.get("content") or "").partition("\n")[0]
    given = payload.get("thread_name") or _MARKS.sub("", first)
    return text.truncate(text.clean(str(given)), _LONGEST_NAME, text.utf16) or "New on arXiv"


def start_thread(
    client: discord.Client, forum: int, name: str, content: str, embeds: Sequence[discord.Embed]
) -> Awaitable[object]:
    """The request Start Thread in Forum Channel, which takes no nonce.

    https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel
    """
    import discord  # noqa: PLC0415 - 0.4 s that only who sends needs
    from discord.http import handle_message_parameters  # noqa: PLC0415 - the same

    with handle_message_parameters(
        content, embeds=embeds, allowed_mentions=discord.AllowedMentions.none(), channel_payload={"name": name}
    ) as params:
        return client.http.start_thread_in_forum(forum, params=params)


def check_thread(answer: Answer) -> None:
    """Let pass what the answer to a later part says, unless it speaks of the thread alone and not of the forum.

    Raises:
        DeliveryError: MALFORMED. The thread will take this part never, the forum takes the next digest.
    """
    if answer.code in _THREAD_GONE:
        reason = (
            f"Discord answered {answer.status}, code {answer.code}: the digest's thread {_THREAD_GONE[answer.code]}"
        )
        raise DeliveryError(FailureKind.REJECTED, reason)


async def find_thread(
    question: UnknownDelivery,
    forum: int,
    bot_id: str,
    client: discord.Client,
    ask: Callable[[Request], Awaitable[Answer]],
) -> Receipt | None:
    """The thread that the delivery opened, among the forum's threads that were opened since it was composed.

    Raises:
        CannotTellError: the forum cannot be read, or too many of its threads were closed since.
        DeliveryError: a question failed.
    """
    (channel,) = messages_in(await ask(lambda: client.http.get_channel(forum)))
    active = _threads(await ask(lambda: client.http.get_active_threads(int(channel.get("guild_id", 0)))))
    answer = await ask(lambda: client.http.get_public_archived_threads(forum, limit=_PAGE))
    archived = _threads(answer)
    after = snowflake(question.delivery.created_at, CLOCK_SKEW_SECONDS)
    for thread in _ours([*active, *archived], question, str(forum), bot_id, after):
        number = int(thread["id"])
        first: Messages = messages_in(await ask(partial(client.http.get_message, number, number)))
        if first and is_same_message(first[0], question, bot_id):
            return Receipt(platform_id=str(thread["id"]))
    if (answer.body or {}).get("has_more"):
        raise CannotTellError(f"more than {_PAGE} of the forum's threads are closed: it may be among the others")
    return None


def _threads(answer: Answer) -> Messages:
    listed = (answer.body or {}).get("threads")
    return listed if isinstance(listed, list) else messages_in(answer)


def _ours(
    threads: Iterable[Mapping[str, Any]], question: UnknownDelivery, forum: str, bot_id: str, after: int
) -> list[Mapping[str, Any]]:
    name = thread_name(question.delivery.payload)
    return [
        thread
        for thread in threads
        if str(thread.get("parent_id")) == forum
        and str(thread.get("owner_id")) == bot_id
        and int(thread["id"]) > after
        and thread.get("name") == name
    ]
