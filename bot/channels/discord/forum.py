"""A digest's thread on Discord, in a forum or below a message: how it is opened and found again.

Never retries. A thread has the id of its first message:
https://docs.discord.com/developers/topics/threads#forum-and-media-channels.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import discord
from discord.http import handle_message_parameters

from bot import text
from bot.channels.channel import CLOCK_SKEW, CannotTellError
from bot.channels.discord.errors import messages_in, platform_id, snowflake_in
from bot.channels.discord.lookup import id_of, is_same_message, snowflake
from bot.channels.http_answers import json_objects
from bot.errors import DeliveryError, FailureKind
from bot.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from bot.channels.discord.lookup import Messages
    from bot.channels.discord.request import Answer
    from bot.model import UnknownDelivery

    Request = Callable[[], Awaitable[object]]

FORUMS = (15, 16)
"""Channel types: forum and media. https://docs.discord.com/developers/resources/channel#channel-object-channel-types"""
_LONGEST_NAME = 100
_LONGEST_CONTENT = 2_000
_REQUIRE_TAG = 1 << 4
_OUTSIDE_THREAD = "The thread of this digest is gone, so its papers come here."
_NO_THREAD = "There is no thread for this digest, so its papers come here."
_CONTINUED = " (continued)"
_THREAD_GONE = {10003: "is gone", 10015: "is gone", 50083: "is archived", 160005: "is locked"}
"""Codes of a thread that was deleted or locked after the first part was posted."""
WRONG_CHANNEL_TYPE = 50024
"""The code if this type of channel has no threads: direct messages, and a thread itself."""
_THREAD_EXISTS = 160004
_NO_THREAD_POSSIBLE = {
    10008: "the message that opens the thread is gone",
    50001: "the bot cannot see the channel",
    50013: "the bot needs Create Public Threads and Send Messages in Threads there",
    160006: "the server has too many active threads",
}
"""Codes that mean that a thread cannot be opened."""
_AUTO_ARCHIVE_MINUTES: Literal[1440] = 1440
"""Minutes without a message after which a thread is hidden in the list of channels: a day."""
_MARKS = re.compile(r"\\(?=[^\w\s])|\*\*")
_PAGE = 100


def thread_name(payload: Mapping[str, Any]) -> str:
    """The name of the thread that this payload opens: its `thread_name`, else its first line without Markdown."""
    first = str(payload.get("content") or "").partition("\n")[0]
    given = payload.get("thread_name") or _MARKS.sub("", first)
    return text.truncate(text.clean(str(given)), _LONGEST_NAME, text.utf16) or "New on arXiv"


def outside_thread(payload: Mapping[str, Any], *, forum: bool) -> dict[str, Any]:
    """The payload of a later part without its digest's thread: it says why, and in a forum opens a new thread."""
    name = text.truncate(thread_name(payload), _LONGEST_NAME - len(_CONTINUED), text.utf16)
    content = f"{_OUTSIDE_THREAD if forum else _NO_THREAD}\n{payload.get('content') or ''}"
    fits = text.utf16(content) <= _LONGEST_CONTENT
    return {**payload, "thread_name": f"{name}{_CONTINUED}", **({"content": content} if fits else {})}


def tag_ids(names: Sequence[str], forum: Mapping[str, Any]) -> list[str]:
    """The ids of a forum's tags, by names or ids.

    Args:
        names: as in the configuration; case is ignored.
        forum: the channel, as Discord describes it.

    Raises:
        DeliveryError: DESTINATION_GONE if the forum has no such tag.
    """
    tags = json_objects(forum.get("available_tags"))
    known = {str(tag.get("name")).strip().casefold(): snowflake_in(tag.get("id")) for tag in tags}
    known |= {number: number for number in known.values()}
    unknown = [name for name in names if not known.get(name.casefold())]
    if unknown:
        shown = ", ".join(text.truncate(text.clean(str(tag.get("name"))), 20) for tag in tags[:20]) or "none"
        reason = f"the forum has no tag {unknown[0]!r}: set `tags` to some of its own ({shown})"
        raise DeliveryError(FailureKind.DESTINATION_GONE, reason)
    return [known[name.casefold()] for name in names]


def wants_tag(forum: Mapping[str, Any]) -> bool:
    """Whether each thread there must have a tag (the channel's flag REQUIRE_TAG)."""
    flags = forum.get("flags")
    return isinstance(flags, int) and bool(flags & _REQUIRE_TAG)


def start_thread(
    client: discord.Client,
    forum: int,
    payload: Mapping[str, Any],
    embeds: Sequence[discord.Embed],
    *,
    tags: Sequence[str] = (),
    view: discord.ui.View | None = None,
) -> Awaitable[object]:
    """Sends Start Thread in Forum Channel, which takes no nonce.

    https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel
    """
    thread = {"name": thread_name(payload), **({"applied_tags": list(tags)} if tags else {})}
    with handle_message_parameters(
        payload["content"],
        embeds=embeds,
        view=view or discord.utils.MISSING,
        allowed_mentions=discord.AllowedMentions.none(),
        channel_payload=thread,
    ) as params:
        return client.http.start_thread_in_forum(forum, params=params)


def start_thread_below(
    client: discord.Client, channel: int, message: int, payload: Mapping[str, Any]
) -> Awaitable[object]:
    """Sends Start Thread from Message; the thread gets the message's id.

    https://docs.discord.com/developers/resources/channel#start-thread-from-message
    """
    return client.http.start_thread_with_message(
        channel, message, name=thread_name(payload), auto_archive_duration=_AUTO_ARCHIVE_MINUTES
    )


def check_opened(answer: Answer) -> None:
    """Checks the answer to opening a thread; a thread that exists already is no error.

    Raises:
        DeliveryError: THREAD_GONE if no thread can be opened; another kind for another error.
    """
    if answer.code == _THREAD_EXISTS:
        return
    if answer.code in _NO_THREAD_POSSIBLE:
        reason = f"Discord answered {answer.status}, code {answer.code}: {_NO_THREAD_POSSIBLE[answer.code]}"
        raise DeliveryError(FailureKind.THREAD_GONE, reason)
    platform_id(answer, webhook=False)


def check_thread(answer: Answer) -> None:
    """Checks whether the answer to a later part says that only the thread is gone; other answers pass.

    Raises:
        DeliveryError: THREAD_GONE. The thread takes no messages any more, but the forum does.
    """
    if answer.code in _THREAD_GONE:
        reason = (
            f"Discord answered {answer.status}, code {answer.code}: the digest's thread {_THREAD_GONE[answer.code]}"
        )
        raise DeliveryError(FailureKind.THREAD_GONE, reason)


async def find_thread(
    question: UnknownDelivery,
    forum: int,
    bot_id: str,
    client: discord.Client,
    ask: Callable[[Request], Awaitable[Answer]],
) -> Receipt | None:
    """Finds the thread that the delivery opened, among those opened since it was composed.

    Raises:
        CannotTellError: the forum cannot be read, or has too many closed threads.
        DeliveryError: a request failed.
    """
    channel = next(iter(messages_in(await ask(lambda: client.http.get_channel(forum)))), {})
    guild = int(snowflake_in(channel.get("guild_id")) or 0)
    active = _threads(await ask(lambda: client.http.get_active_threads(guild)))
    answer = await ask(lambda: client.http.get_public_archived_threads(forum, limit=_PAGE))
    archived = _threads(answer)
    after = snowflake(question.delivery.created_at - CLOCK_SKEW)
    for thread in _ours([*active, *archived], question, str(forum), bot_id, after):
        number = id_of(thread)
        first: Messages = messages_in(await ask(partial(client.http.get_message, number, number)))
        if first and is_same_message(first[0], question, bot_id):
            return Receipt(str(number))
    if (answer.body or {}).get("has_more"):
        raise CannotTellError(f"more than {_PAGE} of the forum's threads are closed: it may be among the others")
    return None


def _threads(answer: Answer) -> Messages:
    listed = (answer.body or {}).get("threads")
    return json_objects(listed) if isinstance(listed, list) else messages_in(answer)


def _ours(
    threads: Iterable[Mapping[str, Any]], question: UnknownDelivery, forum: str, bot_id: str, after: int
) -> list[Mapping[str, Any]]:
    name = thread_name(question.delivery.payload)
    return [
        thread
        for thread in threads
        if str(thread.get("parent_id")) == forum
        and str(thread.get("owner_id")) == bot_id
        and id_of(thread) > after
        and thread.get("name") == name
    ]
