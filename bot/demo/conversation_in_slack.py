"""A conversation in Slack: a channel subscribes itself, and two people ask and answer there.

The real listener is connected to the imitated Slack on loopback; readers' commands come through its sockets.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.demo.conversation import SECONDS, listening
from bot.demo.showcase import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.clock import Clock
    from bot.demo.servers.slack import SlackReceiver
    from bot.demo.servers.slack_sockets import Envelope
    from bot.settings import Settings

CHANNEL = "C0NIGHTOWLS"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the workspace."""

    id: str
    name: str
    is_admin: bool = False


ADA, BO = Member("U0ADA000001", "Ada", is_admin=True), Member("U0BO0000001", "Bo")


class Conversation:
    """What is said in one channel, and answered to who said it alone."""

    def __init__(self, slack: SlackReceiver) -> None:
        self.exchanges: list[Exchange] = []
        self._sockets = slack.sockets
        self._sockets.users |= {each.id: {"is_admin": each.is_admin, "tz": "Europe/Berlin"} for each in (ADA, BO)}

    async def say(self, member: Member, line: str) -> None:
        """Somebody types a command."""
        await self._note(member, f"/paperboy {line}", await self._sockets.command(member.id, CHANNEL, line))

    async def choose(self, member: Member, label: str, value: str) -> None:
        """Somebody chooses what has that value in the menu beside a paper."""
        await self._note(member, f"chooses {label}", await self._sockets.press(member.id, CHANNEL, value))

    async def _note(self, member: Member, said: str, envelope: Envelope) -> None:
        async with asyncio.timeout(SECONDS):
            await envelope.answered.wait()
        self.exchanges.append(Exchange("slack", member.name, said, envelope.answers[0]))


@asynccontextmanager
async def connected(settings: Settings, clock: Clock, slack: SlackReceiver) -> AsyncIterator[Conversation]:
    """A conversation with the program, which listens as `paperboy run` does, until the end of the block."""
    async with listening(settings, clock, lambda: slack.sockets.open_sockets):
        yield Conversation(slack)
