"""One run of collect, all in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.collect import Collection, silently

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from bot.clock import Clock
    from bot.collect import Progress
    from bot.collect.fallback import Source
    from bot.model import Collected
    from bot.store.papers import Papers


async def collect(
    source: Source,
    papers: Papers,
    categories: Iterable[str],
    clock: Clock,
    *,
    since: date | None = None,
    ignore_backoff: bool = True,
    progress: Progress = silently,
) -> tuple[Collected, ...]:
    """Collects today's mailing of every category that is still open, then what was missed."""
    collection = Collection(papers, categories, clock, since=since, ignore_backoff=ignore_backoff)
    await collection.ask_feeds(source, progress)
    await collection.ask_second_sources(source, progress)
    return collection.results
