"""Runs the compose verb: in this process or, where many different digests are due, in several.

    roster -> [many different digests due?] -> here
                                            -> a process for each of as many shards -> theirs, in the roster's order

Each process reads and writes the store by itself, so one that dies loses nothing: this process composes its shard.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.app.compose_process import ComposeProcessError, ComposeReport, ComposeRun, compose_elsewhere
from bot.app.cores import usable_cores
from bot.model import Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.compose import Composer
    from bot.members.roster import RosterReader
    from bot.settings import Settings

log = structlog.get_logger(__name__)

DIGESTS_PER_PROCESS = 250
"""So many different digests are worth a process of its own, so none is started below twice as many.

Measured on two cores: a process takes 1.2 s of CPU until its first digest, a digest for mail 7 ms; two processes are
done before one is from about 350 digests on.
"""

MOST_BY_DEFAULT = 8
"""The most processes where the configuration names no number: an eighth of the work is writing, one at a time."""


class Composing:
    """Runs the compose verb over one open store."""

    def __init__(
        self,
        settings: Settings,
        roster: RosterReader,
        open_composer: Callable[[Settings, Shard | None], Composer],
    ) -> None:
        """Take what composing needs.

        Args:
            settings: the configuration; a process of its own gets the same.
            roster: reads the roster of a moment.
            open_composer: opens a composer for a roster or that of a shard, over the store as it is at that moment.
        """
        self._settings = settings
        self._roster = roster
        self._open_composer = open_composer

    def enrol(self, now: datetime) -> None:
        """Stores the first cursors of every new subscriber, so that it gets the latest mailing and all after it."""
        self._open_composer(self._roster.whole(now), None).enrol(now)

    async def run(self, run: ComposeRun) -> ComposeReport:
        """Writes the digests that are due into the outbox. A run of one shard stays in this process."""
        roster = self._roster.to_compose(run.now, any_hour=run.any_hour, shard=run.shard)
        composer = self._open_composer(roster, run.shard)
        if run.shard is None:
            processes = self._processes(roster, composer, run)
            if processes > 1:
                names = tuple(roster.subscribers)
                del roster, composer
                return await self._in_processes(run, processes, names)
        composed = await composer.compose(run.now, any_hour=run.any_hour, wait_until=run.wait_until)
        return ComposeReport(composed, composer.problems)

    def _processes(self, roster: Settings, composer: Composer, run: ComposeRun) -> int:
        """How many processes are worth it, from facts that cost little: no paper is looked at."""
        most = self._settings.compose.processes or min(usable_cores(), MOST_BY_DEFAULT)
        if most == 1 or len(roster.subscribers) < 2 * DIGESTS_PER_PROCESS:
            return 1
        return min(most, composer.most_digests(run.now, any_hour=run.any_hour) // DIGESTS_PER_PROCESS)

    async def _in_processes(self, run: ComposeRun, processes: int, names: Iterable[str]) -> ComposeReport:
        """Composes each of as many shards in a process of its own; here what a process leaves."""
        shards = [Shard(number, processes) for number in range(processes)]
        async with asyncio.TaskGroup() as group:  # when it is cancelled, it waits until every process has ended
            tasks = [group.create_task(self._elsewhere(replace(run, shard=shard))) for shard in shards]
        reports = [
            task.result() or await self.run(replace(run, shard=shard))
            for shard, task in zip(shards, tasks, strict=True)
        ]
        by_name = {each.subscriber: each for report in reports for each in report.composed}
        order = {**dict.fromkeys(names), **by_name}
        composed = tuple(by_name[name] for name in order if name in by_name)
        problems = dict.fromkeys(problem for report in reports for problem in report.problems)
        return ComposeReport(composed, tuple(problems))

    async def _elsewhere(self, run: ComposeRun) -> ComposeReport | None:
        """What a process of its own did; None if it died, or could not start."""
        try:
            return await compose_elsewhere(self._settings, run)
        except ComposeProcessError as error:
            log.warning("a shard is composed here, its process failed", reason=error.reason)
            return None
