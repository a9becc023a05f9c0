"""Reads the reactions under papers back from Slack and Discord: votes for those who run `once`, without a socket.

    messages of one paper each, of the last days -> reactions under them -> feedback

Optional, so it never costs a digest (law 9): a run gives it some seconds and some requests, at most once an hour for
each address; what a platform refuses is at most a word to the operator.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.channels.channel import CannotTellError
from bot.channels.reactions import PostedMessage, ReadsReactions
from bot.errors import DeliveryError, FailureKind
from bot.members.commands import note_reactions
from bot.store.outbox.policy import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.clock import Clock
    from bot.members.context import Context
    from bot.model import Limits
    from bot.settings import Address, Settings, Subscriber

log = structlog.get_logger(__name__)

DAYS = 7
"""Reactions count under messages of so many days."""
EVERY = timedelta(hours=1)
MOST_REQUESTS = 40
MOST_SECONDS = 20.0
"""In one run, of each platform."""
PAUSE = 1.2
"""Seconds between two requests: https://docs.slack.dev/apis/web-api/rate-limits allows 50 looks a minute."""
_FORGOTTEN_AFTER = timedelta(days=2 * DAYS)
_LONGEST_WAIT = 60.0
"""Seconds to wait where a platform says to slow down and not for how long."""


class _EnoughError(Exception):
    """This run has asked the platform often enough."""


class _Turns:
    """Paces the requests of one run to one platform."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken = 0

    async def take(self) -> None:
        """Pauses before a request.

        Raises:
            _EnoughError: there were enough.
        """
        if self._taken >= MOST_REQUESTS:
            raise _EnoughError
        if self._taken:
            await self._clock.sleep(PAUSE)
        self._taken += 1


class ReactionReader:
    """Reads reactions for one configuration."""

    def __init__(
        self,
        settings: Settings,
        channels: Mapping[str, Channel],
        clock: Clock,
        context: Callable[[], Context],
    ) -> None:
        """Take what is needed.

        Args:
            settings: the YAML's subscribers; those with `reactions: true` are asked for.
            channels: by name.
            clock: for now and for pauses.
            context: opens the store for readers' commands.
        """
        self._channels = channels
        self._clock = clock
        self._context = context
        self._wanted: dict[str, list[tuple[Subscriber, Address]]] = {}
        """By platform."""
        for subscriber in settings.subscribers.values():
            if getattr(subscriber.options, "reactions", False):
                pairs = [(subscriber, address) for address in subscriber.addresses]
                self._wanted.setdefault(subscriber.channel, []).extend(pairs)

    async def read(self) -> dict[str, str]:
        """Notes what people reacted with since the last look.

        Returns:
            What the operator should hear of, by subscriber.
        """
        problems: dict[str, str] = {}
        if self._wanted:
            await asyncio.gather(*(self._read_platform(pairs, problems) for pairs in self._wanted.values()))
            with self._context().store.transaction() as transaction:
                transaction.reactions.forget_before(self._clock.now() - _FORGOTTEN_AFTER)
        return problems

    async def _read_platform(self, pairs: Sequence[tuple[Subscriber, Address]], problems: dict[str, str]) -> None:
        """Reads what is under the messages of one platform's addresses; the others do not wait for it."""
        turns = _Turns(self._clock)
        try:
            async with asyncio.timeout(MOST_SECONDS):
                for subscriber, address in pairs:
                    if problem := await self._read_one(subscriber, address, turns):
                        problems[subscriber.name] = problem
        except (_EnoughError, TimeoutError):
            log.info("reactions were not all read, for lack of time", platform=pairs[0][0].channel)

    async def _read_one(self, subscriber: Subscriber, address: Address, turns: _Turns) -> str:
        """Reads what is under one address's messages. Returns why it cannot be read; empty if it can."""
        channel = self._channels[subscriber.channel]
        if not isinstance(channel, ReadsReactions):
            return ""
        limits = channel.limits(address)
        token = f"reactions:{limits.credential.key}"
        try:
            if self._is_due(subscriber, token) and not self._is_closed(limits):
                await self._note(channel, subscriber, address, turns)
        except CannotTellError as error:
            return f"Reactions under the papers of {subscriber.name} cannot be read: {error.reason}"
        except DeliveryError as error:
            log.info("reactions were not read", subscriber=subscriber.name, reason=error.reason)
            if error.kind is FailureKind.RATE_LIMITED:
                wait = timedelta(seconds=error.retry_after or _LONGEST_WAIT)
                with self._context().store.transaction() as transaction:
                    transaction.reactions.wait(token, self._clock.now() + wait)
        except _EnoughError:
            raise
        except Exception as error:  # law 9: what is optional never costs a digest
            log.exception("reactions could not be read", subscriber=subscriber.name)
            return f"Reactions under the papers of {subscriber.name} could not be read: {type(error).__name__}."
        return ""

    async def _note(self, channel: ReadsReactions, subscriber: Subscriber, address: Address, turns: _Turns) -> None:
        context, now = self._context(), self._clock.now()
        with context.store.snapshot() as view:
            posted = view.reactions.posted(Lane(subscriber.name, address.key), now - timedelta(days=DAYS))
        if not posted:
            return
        by_id = {each.platform_id: each for each in posted}
        messages = [PostedMessage(each.platform_id, each.thread) for each in posted]
        async for reacted in channel.reactions(messages, address, turns.take):
            if reacted.message in by_id:
                note_reactions(context, subscriber.channel, by_id[reacted.message], reacted, now)

    def _is_due(self, subscriber: Subscriber, token: str) -> bool:
        """Whether its time has come, and the platform does not have us wait; then it is due again in an hour."""
        now: datetime = self._clock.now()
        with self._context().store.transaction() as transaction:
            return transaction.reactions.begin(f"reactions:{subscriber.name}", token, now + EVERY, now)

    def _is_closed(self, limits: Limits) -> bool:
        """Whether a circuit is open: what is refused to messages would be refused to a question, too."""
        now, keys = self._clock.now(), (limits.destination.key, limits.credential.key)
        circuits = self._context().store.queries.open_circuits(now)
        return any(each.key in keys and each.closed_until and each.closed_until > now for each in circuits)
