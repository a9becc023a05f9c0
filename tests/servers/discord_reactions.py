"""Reactions on the Discord on loopback: messages show how many there are, and another route who reacted.

https://docs.discord.com/developers/resources/message#reaction-object and .../message#get-reactions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.demo.servers.discord_answers import error_answer, json_answer
from bot.demo.servers.discord_interactions import Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

_NORMAL, _SUPER = "0", "1"
_LARGEST_PAGE = 100


class DiscordReactions:
    """Who reacted to what."""

    def __init__(self, bot: Mapping[str, Any]) -> None:
        """Nobody did; `bot` is how Discord describes the bot, which may have, too."""
        self.normal: dict[str, dict[str, list[str]]] = {}
        """By message and emoji, the ids of the users who reacted with it."""
        self.super: dict[str, dict[str, list[str]]] = {}
        """The same of super reactions."""
        self._bot = bot

    def shown(self, message: str) -> dict[str, Any]:
        """What the message shows of them: nothing if there are none."""
        normal, burst = self.normal.get(message, {}), self.super.get(message, {})
        found = [
            _shown(name, normal.get(name, []), burst.get(name, []), str(self._bot["id"])) for name in normal | burst
        ]
        there = [each for each in found if each["count"]]
        return {"reactions": there} if there else {}

    def users(self, message: str, emoji: str, query: Mapping[str, str]) -> web.Response:
        """A page of the users that reacted with an emoji, by id."""
        limit, after = int(query.get("limit", 25)), int(query.get("after", 0))
        if not 1 <= limit <= _LARGEST_PAGE:
            return error_answer(400, 50035, "Invalid Form Body")
        of = {_NORMAL: self.normal, _SUPER: self.super}[query.get("type", _NORMAL)]
        found = sorted(int(user) for user in of.get(message, {}).get(emoji, []))
        return json_answer([self._user(str(user)) for user in found if user > after][:limit])

    def _user(self, number: str) -> Mapping[str, Any]:
        return self._bot if number == self._bot["id"] else Person(number).as_user()


def _shown(name: str, normal: list[str], burst: list[str], bot: str) -> dict[str, Any]:
    return {
        "emoji": {"id": None, "name": name},
        "count": len(normal) + len(burst),
        "count_details": {"normal": len(normal), "burst": len(burst)},
        "me": bot in normal,
        "me_burst": bot in burst,
        "burst_colors": [],
    }
