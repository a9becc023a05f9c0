"""Chat: many Slack and Discord destinations at once, against receivers that enforce what the platforms limit.

`python -m tests.bench.chat [--quick]`. In real time, by the machine's own clock. A workspace takes 300 messages in a
minute and a channel one a second; a bot 50 requests in any second and a channel 5 in any 5. What the limits allow is
this rate kept evenly from the first message to the last. Of every forty destinations one takes each message at once
and answers only much later: it may be late itself, and nobody else.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.app import App
from bot.clock import SystemClock
from bot.deliver import deliver
from bot.model import Message
from bot.store.outbox import RenderedDigest
from bot.store.subscribers import SubscriberState
from tests.bench.measure import machine, say, table
from tests.servers.discord import DiscordReceiver
from tests.servers.slack import SlackReceiver
from tests.world import opened_environment

if TYPE_CHECKING:
    from datetime import timedelta

    from aiohttp import web

    from tests.world import Environment

_PARTS = 3
_SLOW_EVERY = 40
_HANGS = 4.0
"""Seconds."""
_SLACK_RATE, _DISCORD_RATE = 5.0, 50.0
"""Messages a second, of a workspace and of a bot."""


@dataclass(slots=True)
class _Limits:
    """So many in any window, in all and for each destination; and when each message came."""

    most: int
    seconds: float
    most_each: int
    seconds_each: float
    taken: deque[float] = field(default_factory=deque)
    arrivals: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0

    def wait(self, destination: str) -> float:
        """For how many seconds it takes nothing more; 0 where it does, and then it is noted."""
        now = time.monotonic()
        while self.taken and self.taken[0] <= now - self.seconds:
            self.taken.popleft()
        mine = self.arrivals[destination]
        waits = [self.taken[0] + self.seconds - now] if len(self.taken) >= self.most else []
        if len(mine) >= self.most_each:
            waits.append(mine[-self.most_each] + self.seconds_each - now)
        wait = max([0.0, *waits])
        if wait:
            self.refused += 1
        else:
            self.taken.append(now)
            mine.append(now)
        return wait


class _Slack(SlackReceiver):
    """With a workspace's limit, and with channels that hang."""

    limits = _Limits(300, 60.0, 1, 1.0)

    async def _post_message(self, request: web.Request) -> web.StreamResponse:
        answer = await super()._post_message(request)
        if _is_slow(str(json.loads(await request.read())["channel"])):
            await asyncio.sleep(_HANGS)
        return answer

    def _too_early(self, destination: str) -> int:
        return -int(-self.limits.wait(destination) // 1)


class _Discord(DiscordReceiver):
    """The same with a bot's limit; how its 429 looks is the receiver's."""

    limits = _Limits(50, 1.0, 5, 5.0)

    async def _create_message(self, request: web.Request) -> web.StreamResponse:
        answer = await super()._create_message(request)
        if _is_slow(request.match_info["id"]):
            await asyncio.sleep(_HANGS)
        return answer

    def _too_early(self, destination: str) -> web.Response | None:
        self.seconds_between_posts = 0.0
        if wait := self.limits.wait(destination):
            self._posted[destination], self.seconds_between_posts = self.now(), wait
        return super()._too_early(destination)


def _is_slow(destination: str) -> bool:
    return int(destination[-3:]) % _SLOW_EVERY == 0


def run(destinations: int = 200) -> str:
    """The table; the target is 1.05 of what the limits allow, nothing refused, and nobody late for a neighbour."""
    with TemporaryDirectory() as folder:
        rows = asyncio.run(_measured(Path(folder), destinations))
    heads = ["platform", "messages", "seconds", "allowed by limits", "ratio", "429s", "latest of a quick one, s"]
    return table(f"Chat: {destinations} destinations on each platform, {_PARTS} parts each", heads, rows)


async def _measured(folder: Path, destinations: int) -> list[list[object]]:
    async with _Slack() as slack, _Discord() as discord, opened_environment(folder) as environment:
        slack.limits, discord.limits = _Limits(300, 60.0, 1, 1.0), _Limits(50, 1.0, 5, 5.0)
        app = _app(environment, slack, discord, destinations)
        await _warm(app)
        began = time.monotonic()
        reports = await deliver(
            app.store, app.settings, app.channels, app.clock, ignore_backoff=False, max_wait=_patience(destinations)
        )
        assert sum(report.sent for report in reports) == 2 * destinations * _PARTS, reports
        for channel in app.channels.values():
            await channel.aclose()
        app.store.close()
    return [
        _row("Slack", slack.limits, _SLACK_RATE, began),
        _row("Discord", discord.limits, _DISCORD_RATE, began),
    ]


def _patience(destinations: int) -> timedelta:
    from datetime import timedelta  # noqa: PLC0415 - of this line alone

    return timedelta(seconds=destinations * _PARTS)


async def _warm(app: App) -> None:
    """Libraries loaded and the bot logged in, as in a daemon: the first message is not to wait for that."""
    addresses = [subscriber.addresses[0] for subscriber in app.settings.subscribers.values()]
    for name in ("slack", "discord"):
        mine = [address for address in addresses if address.label.startswith("channel") is (name == "discord")]
        await app.channels[name].check(mine[:1])


def _app(environment: Environment, slack: SlackReceiver, discord: DiscordReceiver, destinations: int) -> App:
    environment.config["channels"]["slack"] = {"token": slack.token, "api_url": slack.api_url}
    environment.config["channels"]["discord"] = {"token": discord.token, "api_url": discord.api_url}
    environment.config["subscribers"] = {
        f"{channel}{number:03d}": {channel: f"{prefix}{number:03d}", "topics": ["birds"]}
        for channel, prefix in (("slack", "C0123456"), ("discord", "123456789012345"))
        for number in range(1, destinations + 1)
    }
    app = App(environment.settings, SystemClock())
    for name, subscriber in app.settings.subscribers.items():
        key = "text" if subscriber.channel == "slack" else "content"
        parts = tuple(Message({key: f"{name}: part {part}"}) for part in range(1, _PARTS + 1))
        rendered = RenderedDigest(subscriber.channel, name, parts)
        app.store.outbox.enqueue(SubscriberState(name), rendered, subscriber.recipients, app.clock.now())
    return app


def _row(name: str, limits: _Limits, rate: float, began: float) -> list[object]:
    quick = {key: times for key, times in limits.arrivals.items() if not _is_slow(key)}
    sent = sum(map(len, limits.arrivals.values()))
    first = min(times[0] for times in quick.values())
    took = max(times[-1] for times in quick.values()) - began
    allowed = (sent - 1) / rate
    # In turn, everybody's first part goes in the first round, the second in the second: so long after the beginning.
    due = [[first + (part + 1) * len(limits.arrivals) / rate for part in range(_PARTS)] for _ in quick]
    late = max(
        at - by for times, bys in zip(quick.values(), due, strict=True) for at, by in zip(times, bys, strict=True)
    )
    return [name, sent, took, allowed, took / allowed, limits.refused, max(0.0, late)]


if __name__ == "__main__":
    say(machine())
    say(run(40 if "--quick" in sys.argv else 200))
