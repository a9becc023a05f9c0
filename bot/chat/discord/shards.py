"""Keeps the shards of a bot connected, each on one machine at most.

    GET /gateway/bot -> number of shards -> for each: a lease in the store -> a client -> lost? again after a pause

A shard is a part of the guilds; Discord wants more than one from some thousand guilds on. Each shard has its own
client. A machine without the lease of a shard waits, and takes over within a minute if the other machine dies.
https://docs.discord.com/developers/events/gateway#sharding
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from discord.http import Route

from bot.channels.discord.errors import platform_id
from bot.channels.discord.request import ask
from bot.chat.discord.client import DisconnectedError
from bot.errors import DeliveryError, FailureKind, StoreError
from bot.store.leases import LeaseTakenError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.channels.discord.client import Bot
    from bot.chat.discord.client import ShardClient
    from bot.clock import Clock
    from bot.settings import Secret
    from bot.store.leases import Leases

    MakeClient = Callable[[tuple[int, int]], ShardClient]

log = structlog.get_logger(__name__)

TICK = 5.0
"""Seconds between two checks. Each starts at most one session, because Discord wants 5 s between two starts."""
TERM = timedelta(seconds=60)
"""How long a lease holds; it is renewed after a third of that."""
ASK_AGAIN = timedelta(hours=1)
"""How often Discord is asked how many shards it wants."""
FIRST_PAUSE, LONGEST_PAUSE, FINAL_PAUSE = timedelta(seconds=5), timedelta(minutes=1), timedelta(hours=1)
"""Pauses between attempts: the first, doubled up to the longest; the last one if only the operator can help."""

_NONE_LEFT = "Discord lets no more connections begin today"


@dataclass(slots=True)
class _Plan:
    """Discord's answer to /gateway/bot."""

    url: str
    shards: int
    starts_left: int
    """How many sessions may be started today; Discord revokes the token of a bot that starts more."""


@dataclass(slots=True)
class _Shard:
    """One shard whose lease this machine has."""

    renew_at: datetime
    begin_at: datetime
    client: ShardClient | None = None
    task: asyncio.Task[None] | None = None
    failures: int = 0
    outage: str = "not connected yet"
    """Why it is not connected, while it is not."""

    @property
    def is_connected(self) -> bool:
        """Whether it has a working connection."""
        return self.client is not None and self.client.is_listening

    async def end(self) -> None:
        """Closes its connection."""
        client, task, self.client, self.task = self.client, self.task, None, None
        if client is not None and task is not None:
            # discord.py itself would close with 4000, which keeps a session that nobody resumes
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.hang_up()


class Shards:
    """The shards of one bot that this machine has."""

    def __init__(
        self, bot: Bot, api_url: str, leases: Leases, clock: Clock, make_client: MakeClient, *, tick: float = TICK
    ) -> None:
        """Prepares the shards; `run` connects them.

        Args:
            bot: asks Discord how many shards it wants.
            api_url: `channels.discord.api_url`.
            leases: the leases in the store that all machines share.
            clock: tells the moment, for leases and pauses.
            make_client: makes a shard's client, from its number and the number of shards.
            tick: see `TICK`.
        """
        self._bot = bot
        self._api_url = api_url
        self._leases = leases
        self._clock = clock
        self._make_client = make_client
        self._tick = tick
        self._plan: _Plan | None = None
        self._ask_at = clock.now()
        self._failures = 0
        self._outage = "not connected yet"
        self._shards: dict[int, _Shard] = {}

    @property
    def outage(self) -> str:
        """Why one of this machine's shards is not connected; empty if all are, or if other machines have them."""
        reasons = {shard.outage for shard in self._shards.values() if not shard.is_connected}
        return self._outage or "; ".join(sorted(reasons))

    @property
    def clients(self) -> list[ShardClient]:
        """The clients with a working connection."""
        return [shard.client for shard in self._shards.values() if shard.client is not None and shard.is_connected]

    async def run(self, token: Secret) -> None:
        """Keeps the shards connected until cancelled; then closes them and releases the leases."""
        try:
            while True:
                await self._look(token)
                await asyncio.sleep(self._tick)
        finally:
            await asyncio.gather(*(shard.end() for shard in self._shards.values()))
            held, self._shards = list(self._shards), {}
            for number in held:
                await self._release(number)

    async def _look(self, token: Secret) -> None:
        """Does what is due: asks for the plan, renews or acquires leases, starts one shard."""
        now = self._clock.now()
        if now >= self._ask_at:
            await self._ask(now)
        if self._plan is None:
            return
        for number in range(self._plan.shards):
            await self._hold(number, now)
        for number, shard in self._shards.items():
            self._reap(number, shard, now)
        waiting = [each for each in self._shards.items() if each[1].task is None and each[1].begin_at <= now]
        for number, shard in waiting[:1]:
            if self._plan.starts_left < 1:
                shard.outage = _NONE_LEFT
                return
            self._plan.starts_left -= 1
            shard.client = self._make_client((number, self._plan.shards))
            shard.task = asyncio.create_task(shard.client.listen(token, self._plan.url))

    async def _ask(self, now: datetime) -> None:
        """Asks how many shards Discord wants; if that changed, all start anew."""
        try:
            plan = await self._read_plan()
        except DeliveryError as error:
            self._failures += 1
            self._ask_at = now + _pause(self._failures, is_final=error.kind is FailureKind.CREDENTIAL)
            if self._plan is None:
                self._outage = error.reason
                log.warning("Discord does not say where its gateway is", reason=error.reason)
            return
        self._failures, self._ask_at, self._outage = 0, now + ASK_AGAIN, ""
        if self._plan is not None and plan.shards != self._plan.shards:
            log.info("Discord wants another number of shards", shards=plan.shards)
            await asyncio.gather(*(shard.end() for shard in self._shards.values()))
        self._plan = plan

    async def _read_plan(self) -> _Plan:
        client = await self._bot.client()
        answer = await ask(self._api_url, lambda: client.http.request(Route("GET", "/gateway/bot")))
        said = answer.body or {}
        left: object = (said.get("session_start_limit") or {}).get("remaining")
        if answer.status == HTTPStatus.OK and isinstance(said.get("url"), str) and _is_count(said.get("shards")):
            return _Plan(said["url"], said["shards"], left if isinstance(left, int) else 0)
        platform_id(answer, webhook=False)  # raises what the answer means
        raise DeliveryError(FailureKind.TRANSIENT, "Discord does not say where its gateway is")

    async def _hold(self, number: int, now: datetime) -> None:
        """Acquires or renews the shard's lease; drops the shard if another machine has it."""
        shard = self._shards.get(number)
        if shard is not None and now < shard.renew_at:
            return
        try:
            await asyncio.to_thread(self._leases.acquire, _lease(number), now, TERM)
        except LeaseTakenError:
            if shard is not None:
                log.warning("another machine listens to this shard now", shard=number)
                del self._shards[number]
                await shard.end()
            return
        except StoreError as error:
            log.error("a shard's lease cannot be kept", shard=number, store=error.store, reason=error.reason)  # noqa: TRY400 - said whole
            return
        if shard is None:
            shard = self._shards[number] = _Shard(now, now)
        shard.renew_at = now + TERM / 3

    def _reap(self, number: int, shard: _Shard, now: datetime) -> None:
        """Checks whether the shard's connection ended, and plans the next attempt."""
        if shard.is_connected:
            shard.failures = 0
        if shard.task is None or not shard.task.done():
            return
        error = shard.task.exception()
        shard.task = None
        if not isinstance(error, DisconnectedError):
            raise error or AssertionError("a client ends with an error, or because it was closed")
        shard.failures += 1
        shard.outage, shard.begin_at = error.reason, now + _pause(shard.failures, is_final=error.is_final)
        self._ask_at = min(self._ask_at, shard.begin_at)
        log.warning("the connection to Discord is lost", shard=number, reason=error.reason)

    async def _release(self, number: int) -> None:
        try:
            await asyncio.to_thread(self._leases.release, _lease(number))
        except StoreError as error:
            log.warning("a shard's lease was not given back", shard=number, store=error.store, reason=error.reason)


def _lease(number: int) -> str:
    return f"discord shard {number}"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _pause(failures: int, *, is_final: bool) -> timedelta:
    """The pause after so many failures in a row."""
    return FINAL_PAUSE if is_final else min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
