"""The workers that share the work, their jobs, and what nobody takes, as values. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.store.jobs import Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings import Settings
    from bot.store import Store
    from bot.store.job_queue import QueueFigures, WorkerRecord


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many jobs of one verb there are."""

    verb: str
    waiting: int
    later: int
    """Whose time has not come."""
    doing: int
    failed: int
    """In the last day."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All workers and jobs at one moment."""

    workers: tuple[WorkerRecord, ...]
    jobs: tuple[JobCounts, ...]
    """One for each verb, in the order of their work."""
    oldest_seconds: float | None
    """For how long the oldest job waits that a worker could take; None if there is none."""
    troubles: tuple[str, ...]
    """A sentence about each thing that is wrong."""


def fleet(store: Store, settings: Settings) -> Fleet | None:
    """The workers and jobs now; None where nobody shares the work.

    Raises:
        StoreError: the store cannot be read.
    """
    if not settings.fleet:
        return None
    figures = store.job_queue.figures()
    if figures is None:
        return Fleet((), (), None, ("there is no queue of jobs yet: `paperboy worker` makes it",))
    jobs = tuple(_counts(figures, verb.value) for verb in Verb)
    return Fleet(figures.workers, jobs, figures.oldest_seconds, tuple(_troubles(figures, jobs)))


def _counts(figures: QueueFigures, verb: str) -> JobCounts:
    return JobCounts(
        verb, *(figures.counts.get((verb, state), 0) for state in ("waiting", "later", "doing", "failed"))
    )


def _troubles(figures: QueueFigures, jobs: tuple[JobCounts, ...]) -> Iterator[str]:
    taken = {verb for worker in figures.workers if worker.is_alive for verb in worker.verbs}
    for each in jobs:
        if each.waiting and each.verb not in taken:
            waiting = "1 job waits" if each.waiting == 1 else f"{each.waiting} jobs wait"
            yield f"{each.verb}: {waiting}, and no worker takes them"
        if each.failed:
            failed = "1 job" if each.failed == 1 else f"{each.failed} jobs"
            yield f"{each.verb}: {failed} failed since yesterday; the workers' logs say why"
