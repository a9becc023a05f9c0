"""Who may change a channel in Slack, and where a person lives; asked of Slack, and remembered for a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

from bot.settings import WhoMayChange

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from bot.chat.slack.api import SlackChatApi, SlackUser
    from bot.clock import Clock

REMEMBERED_MINUTES = 5
_MOST = 5_000
"""Persons that are remembered."""


class SlackPeople:
    """What is known of people, for some minutes: who is an admin no more can change nothing after that."""

    def __init__(self, api: SlackChatApi, who: WhoMayChange, clock: Clock, remembered: timedelta) -> None:
        """Take who may change a channel, and for how long answers of Slack hold."""
        self._api = api
        self._who = who
        self._clock = clock
        self._remembered = remembered
        self._team = ""
        self._asking: dict[str, asyncio.Task[SlackUser]] = {}
        self._known: OrderedDict[str, tuple[datetime, SlackUser]] = OrderedDict()

    async def may_change(self, person: str) -> bool:
        """Whether a person may change what a channel gets.

        Raises:
            DeliveryError: Slack did not say who it is.
        """
        return self._who is WhoMayChange.EVERYONE or (await self.user(person)).is_manager

    async def user(self, person: str) -> SlackUser:
        """Who somebody is; of many who want to know at once, one asks.

        Raises:
            DeliveryError: Slack did not say.
        """
        known = self._known.get(person)
        if known is not None and self._clock.now() - known[0] < self._remembered:
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
            task.exception()  # whoever waits is told of it; nobody may wait any more
