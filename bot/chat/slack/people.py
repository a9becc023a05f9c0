"""Who may change a channel in Slack, and where a person lives; asked of Slack, and remembered for a while."""

from __future__ import annotations

from collections import OrderedDict
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
        self._known: OrderedDict[str, tuple[datetime, SlackUser]] = OrderedDict()

    async def may_change(self, person: str) -> bool:
        """Whether a person may change what a channel gets.

        Raises:
            DeliveryError: Slack did not say who it is.
        """
        return self._who is WhoMayChange.EVERYONE or (await self.user(person)).is_manager

    async def user(self, person: str) -> SlackUser:
        """Who somebody is.

        Raises:
            DeliveryError: Slack did not say.
        """
        now, known = self._clock.now(), self._known.get(person)
        if known is not None and now - known[0] < self._remembered:
            return known[1]
        self._team = self._team or await self._api.team()
        user = await self._api.user(person, self._team)
        self._known[person] = (now, user)
        self._known.move_to_end(person)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return user
