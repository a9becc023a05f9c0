"""Runs the checks of `paperboy check` for a roster. Imported only for them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.channels.channel import CheckResult
from bot.chat.discord.check import check_listening
from bot.chat.slack.check import check_chat
from bot.report import check as checks
from bot.report.expectation import expectations
from bot.report.workers import fleet
from bot.settings import refuse_live
from bot.store.leases import LeaseTakenError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from bot.arxiv.client import ArxivClient
    from bot.channels.channel import Channel
    from bot.clock import Clock
    from bot.settings import Settings
    from bot.store import Store


async def check(
    roster: Settings,
    store: Store,
    channels: Mapping[str, Channel],
    clock: Clock,
    open_arxiv: Callable[[], AbstractAsyncContextManager[ArxivClient]],
    *,
    send: bool,
) -> tuple[CheckResult, ...]:
    """Checks that arXiv and every channel can be reached; with `send`, sends a test message to every address."""
    results = [
        *checks.notices(roster),
        *checks.store_notices(store, roster),
        *expectations(store, channels, roster, clock.now().astimezone(calendar.EASTERN).date()),
        await _check_arxiv(open_arxiv, roster),
        *await checks.check_channels(channels, roster),
        *await _check_chat(roster),
        *_check_fleet(store, roster),
    ]
    if send:
        results.extend(await checks.send_tests(channels, roster, store.outbox, clock))
    return tuple(results)


async def _check_arxiv(
    open_arxiv: Callable[[], AbstractAsyncContextManager[ArxivClient]], roster: Settings
) -> CheckResult:
    problem = refuse_live(roster)
    if problem is not None:
        return CheckResult(problem.path, ok=False, message=problem.message)
    try:
        async with open_arxiv() as client:
            return await checks.check_arxiv(client, roster)
    except LeaseTakenError as error:
        return CheckResult("arxiv.rss_url", ok=True, message=f"not asked: {error}")


async def _check_chat(roster: Settings) -> list[CheckResult]:
    """Whether readers' commands would arrive, from each platform that is listened to."""
    results: list[CheckResult] = []
    if roster.chat and roster.chat.slack:
        results.extend(await check_chat(roster.channels["slack"], roster.chat.slack))
    if roster.chat and roster.chat.discord:
        results.extend(await check_listening(roster))
    return results


def _check_fleet(store: Store, roster: Settings) -> list[CheckResult]:
    """Whether many workers can share the work, and which do."""
    found = fleet(store, roster)
    if found is None:
        return []
    if find_spec("procrastinate") is None:
        return [CheckResult("fleet", ok=False, message="needs an extra: pip install 'paperboy-digest[fleet]'")]
    alive = ", ".join(f"{worker.host} ({worker.pid})" for worker in found.workers if worker.is_alive)
    said = (f"shared by {alive}" if alive else "no worker runs", *found.troubles)
    return [CheckResult("fleet", ok=True, message=message) for message in said]
