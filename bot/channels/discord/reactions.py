"""Reads the reactions under our messages on Discord: the messages show how many there are, and another look at whom.

Only reads. https://docs.discord.com/developers/resources/message#get-channel-messages and .../message#get-reactions;
both need Read Message History.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from bot.channels.channel import CannotTellError
from bot.channels.discord.errors import messages_in
from bot.channels.discord.lookup import PAGE, id_of
from bot.channels.http_answers import json_object, json_objects
from bot.channels.reactions import Reacted, wish_of, wishes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence

    import discord

    from bot.channels.discord.request import Answer
    from bot.channels.reactions import PostedMessage, Turn

    Ask = Callable[[Callable[[], Awaitable[object]]], Awaitable[Answer]]

UNKNOWN_CHANNEL = 10003
_UNKNOWN = (10008, 10014)
"""The codes of a message and of a reaction that were taken away since the list was made."""
_MOST_PAGES = 5
_NORMAL: Literal[0] = 0
_SUPER: Literal[1] = 1
"""Types of reactions: https://docs.discord.com/developers/resources/message#get-reactions-reaction-types."""
_NOTHING_SHOWN = "Discord shows no message there: the bot needs Read Message History"


async def read_reactions(
    client: discord.Client, ask: Ask, home: int, messages: Sequence[PostedMessage], turn: Turn
) -> AsyncIterator[Reacted]:
    """What people's reactions under these messages say.

    Args:
        client: logged in.
        ask: makes one request.
        home: the id of the channel, where a message is in no thread.
        messages: the newest first.
        turn: awaited before each request.

    Raises:
        CannotTellError: we may not read there.
        DeliveryError: a request failed.
    """
    places: dict[int, set[int]] = {}
    for message in messages:
        places.setdefault(int(message.thread or home), set()).add(int(message.id))
    for place, wanted in places.items():
        reader = _Reader(client, ask, turn, place, home)
        async for shown in reader.shown(wanted):
            yield await reader.reacted(shown)


class _Reader:
    """Reads one thread, or the channel."""

    def __init__(self, client: discord.Client, ask: Ask, turn: Turn, place: int, home: int) -> None:
        self._http = client.http
        self._ask = ask
        self._turn = turn
        self._place = place
        self._home = home

    async def shown(self, wanted: Collection[int]) -> AsyncIterator[Mapping[str, Any]]:
        """Those of the wanted messages that are still there, the oldest first."""
        after, newest = min(wanted) - 1, max(wanted)
        for page in range(_MOST_PAGES):
            messages = messages_in(await self._listed(after))
            if page == 0 and not messages:
                raise CannotTellError(_NOTHING_SHOWN)
            for message in sorted(messages, key=id_of):
                if id_of(message) in wanted:
                    yield message
            after = max(map(id_of, messages), default=newest)
            if len(messages) < PAGE or after >= newest:
                return

    async def _listed(self, after: int) -> Answer:
        """A page of messages; in direct messages there is no thread, and the papers follow their first message."""
        answer = await self._asked(partial(self._http.logs_from, self._place, PAGE, after=after))
        if answer.code != UNKNOWN_CHANNEL or self._place == self._home:
            return answer
        self._place = self._home
        return await self._asked(partial(self._http.logs_from, self._place, PAGE, after=after))

    async def reacted(self, message: Mapping[str, Any]) -> Reacted:
        """What people say by their reactions under it."""
        number, found, is_complete = id_of(message), [], True
        for reaction in json_objects(message.get("reactions")):
            emoji = json_object(reaction.get("emoji"))
            name = emoji.get("name")
            if emoji.get("id") is None and isinstance(name, str) and wish_of(name):
                burst = json_object(reaction.get("count_details")).get("burst")
                kinds: tuple[Literal[0, 1], ...] = (_NORMAL, _SUPER) if burst else (_NORMAL,)
                for kind in kinds:
                    persons, all_named = await self._persons(number, name, kind)
                    found.append((name, persons))
                    is_complete = is_complete and all_named
        return Reacted(str(number), wishes(found), is_complete)

    async def _persons(self, message: int, emoji: str, kind: Literal[0, 1]) -> tuple[list[str], bool]:
        """Who reacted so, without bots; and whether these are all."""
        persons: list[str] = []
        after: int | None = None
        for _ in range(_MOST_PAGES):
            request = partial(self._http.get_reaction_users, self._place, message, emoji, PAGE, after)
            answer = await self._asked(partial(request, kind))
            if answer.code in _UNKNOWN:
                return persons, True
            users = messages_in(answer)
            persons += [str(id_of(user)) for user in users if id_of(user) and not user.get("bot")]
            after = max(map(id_of, users), default=0)
            if len(users) < PAGE:
                return persons, True
        return persons, False

    async def _asked(self, request: Callable[[], Awaitable[object]]) -> Answer:
        await self._turn()
        return await self._ask(request)
