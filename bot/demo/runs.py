"""Runs the program once, as a process of its own would; and once as a process that is killed while it is sending.

    kill:  a process -> Slack takes a message of every lane and does not answer -> SIGKILL

`python -m bot.demo.runs CONFIG MOMENT` is the process that is killed: one run at a simulated moment.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING

from bot.app import opened
from bot.clock import SimulatedClock
from bot.config import load
from bot.demo.servers.scripted import FaultScript
from bot.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.app.run_result import RunResult
    from bot.demo.servers.slack import SlackMessage, SlackReceiver
    from bot.settings import Settings

SECONDS = 60.0
"""How long the moment to kill is waited for; nobody answers meanwhile."""

_TAKEN_ONLY = FaultScript(takes=True, hangs=SECONDS)


async def once(settings: Settings, clock: SimulatedClock) -> RunResult:
    """One run, with an application of its own."""
    async with opened(settings, clock) as app:
        return await app.runner.once()


async def once_after_a_kill(
    settings: Settings, clock: SimulatedClock, config: Path, slack: SlackReceiver
) -> RunResult:
    """Composes, has a process send and kills it, and lets the next run go on.

    Returns:
        The result of the next run, with what was collected, composed and published before.
    """
    async with opened(settings, clock) as app:
        before = await app.runner.once(no_deliver=True)
        composed = await app.runner.compose()
    await _kill_while_sending(settings, clock.now(), config, slack)
    await clock.sleep(600)  # the next run comes later, as cron's would
    after = await once(settings, clock)
    return replace(after, collected=before.collected, composed=composed, published=before.published)


async def _kill_while_sending(settings: Settings, moment: datetime, config: Path, slack: SlackReceiver) -> None:
    """Kills it when nothing is left but what Slack has taken from every lane, and not answered.

    Raises:
        ChildProcessError: the process ended by itself; with what it wrote to stderr.
        TimeoutError: the moment did not come.
    """
    with closing(Store(settings.store)) as store:
        already = len(slack.messages)
        slack.script.extend([_TAKEN_ONLY] * len(store.outbox.backlog()))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__, str(config), moment.isoformat()), stdout=DEVNULL, stderr=PIPE
        )
        try:
            async with asyncio.timeout(SECONDS):
                while process.returncode is None and len(slack.messages) - already < len(store.outbox.backlog()):  # noqa: ASYNC110 - no event comes from another process
                    await asyncio.sleep(0.01)
        finally:
            slack.script.clear()
            if process.returncode is None:
                process.kill()
            _, errors = await process.communicate()
    if process.returncode != -signal.SIGKILL:
        raise ChildProcessError(f"it ended before it could be killed: {errors.decode(errors='replace')}")


def seen(messages: Iterable[tuple[str, SlackMessage]]) -> tuple[str, ...]:
    """What the readers of each channel of Slack have seen after the kill, in words.

    Args:
        messages: the day's, each with its channel's name.
    """
    channels: dict[str, Counter[str]] = {}
    for name, message in messages:
        channels.setdefault(name, Counter())[str(message.blocks)] += 1
    return tuple(f"{name}: {_seen_in(channels[name])}" for name in sorted(channels))


def _seen_in(copies: Counter[str]) -> str:
    doubled = copies.total() - len(copies)
    if not doubled:
        return "each message once. Slack was asked whether it had the one that was under way."
    return f"{doubled} message twice. A webhook cannot be asked, so it was sent again (on_unknown: resend)."


if __name__ == "__main__":
    asyncio.run(once(load(Path(sys.argv[1]), {}), SimulatedClock(datetime.fromisoformat(sys.argv[2]))))
