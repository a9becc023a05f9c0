"""Asks Slack whether a person is an admin and what their time zone is, and caches the answers."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.chat.slack.api import SlackChatApi, SlackUser
    from bot.clock import Clock

_REMEMBERED = timedelta(minutes=5)
_MOST = 5_000
"""The most people in the cache."""


class SlackPeople:
    """A cache of facts about people, for some minutes only, because an admin may lose that role."""

    def __init__(self, api: SlackChatApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._team = ""
        self._asking: dict[str, asyncio.Task[SlackUser]] = {}
        self._known: OrderedDict[str, tuple[datetime, SlackUser]] = OrderedDict()

    async def user(self, person: str) -> SlackUser:
        """The facts about a person; Slack is asked once, also if several callers wait.

        Raises:
            DeliveryError: Slack gave no usable answer.
        """
        known = self._known.get(person)
        if known is not None and self._clock.now() - known[0] < _REMEMBERED:
            return known[1]
        if person not in self._asking:
            task = self._asking[person] = asyncio.create_task(self._ask(person))
            task.add_done_callback(partial(self._asked, person))
        return await asyncio.shield(self._asking[person])

    async def _ask(self, person: str) -> SlackUser:
        self._team = self._team or await self._api.team()
        user = await self._api.user(person, self._team)
        self._known[person] = (self._clock.now(), user)
        self._known.move_to_end(person)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return user

    def _asked(self, person: str, task: asyncio.Task[SlackUser]) -> None:
        del self._asking[person]
        if not task.cancelled():
            task.exception()  # read, as asyncio else logs it if no caller waits any more
