"""Mornings on which the program is killed again and again, on every channel at once.

A morning: a new mailing, up to four processes that are killed, and then one that may end; the receivers' logs judge.
On the first mornings one is killed in each phase, whatever the machine's load; later the moments are drawn over the
time that a run takes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.arxiv.calendar import is_mailing_day
from tests.builders import paper
from tests.crash.judge import LANES, MorningCheck, write_config
from tests.world import TUESDAY, Environment, morning, opened_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PAPERS = 20
"""A morning's: enough for several messages on each channel."""

EVERY_PHASE = ("collecting", "composing", "sending", "settling", "publishing")
"""One is killed in each of them, on a morning of its own."""

KILLS = (0.9, 0.6, 0.5, 0.4)
"""A morning's, each at a moment before so much of the time that a whole run takes: there is ever less left to do.

There is no fifth, for with that a message could be given up as the one that kills its sender.
"""

MORNINGS = 60
"""In one world at most, so that nothing is pruned; on a busy machine many a run is done before its moment comes."""

MOST_DEFERRALS = 2
"""Runs that may leave something to the next one, where a wait was longer than `once` has patience."""

LEFT_UNDONE = 1

AS_IT_IS_DONE = 0.5
"""The part of those killed in a certain phase that have done its first step, and not noted it yet."""

DAEMONS = 0.2
"""The part of the processes that are daemons, and are asked to end rather than killed."""


@dataclass
class Tally:
    """What was done to the processes, and what came of it."""

    killed: Counter[str] = field(default_factory=Counter)
    """By SIGKILL, in which phase."""
    stopped: Counter[str] = field(default_factory=Counter)
    """Daemons by SIGTERM, in which phase."""
    survived: int = 0
    """Processes that were done before their moment came."""
    deaths: int = 0
    """How often one died with a message under way; more than one for a process that sends to several."""
    messages: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)

    @property
    def kills(self) -> int:
        """How many were in the midst of something; a daemon that is between two things is mostly idle."""
        return self.killed.total() + self.stopped.total() - self.stopped["between"]

    def add(self, other: Tally) -> None:
        for name in ("killed", "stopped", "messages", "doubled"):
            getattr(self, name).update(getattr(other, name))
        self.survived += other.survived
        self.deaths += other.deaths

    def __str__(self) -> str:
        by_us = self.killed.total()
        lines = [
            f"{self.kills} ended in the midst of it: {by_us} by SIGKILL, {self.kills - by_us} daemons by SIGTERM",
            f"{self.survived} were done before their moment came",
            *_bars("killed while", self.killed),
            *_bars("stopped while", self.stopped),
            f"{self.deaths} messages were under way when their sender died",
            *(f"  {lane:<20} {self.messages[lane]:>5} messages, {self.doubled[lane]:>3} copies" for lane in LANES),
        ]
        return "\n".join(lines)


def _bars(title: str, counts: Counter[str]) -> list[str]:
    return [f"  {title} {phase:<11} {count:>4}  {'#' * (count // 2)}" for phase, count in counts.most_common()]


@dataclass(frozen=True, slots=True)
class End:
    """How a process came to its end."""

    code: int
    """Below zero: by that signal."""
    phase: str
    seconds: float


class ProcessPool:
    """Starts processes, one at a time, or several by `start_daemon`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    async def start(
        self,
        environment: Environment,
        moment: datetime,
        *,
        command: str = "once",
        after: float | None = None,
        how: signal.Signals = signal.SIGKILL,
        step: str | None = None,
        done: bool = False,
        grace: float = 5.0,
    ) -> int:
        """Start a process, to get that signal after so many seconds, or never. Its pid.

        With a `step`, one of `EVERY_PHASE`, it kills itself as it begins with the first such step, or when that is
        done.
        """
        assert environment.settings is not None  # writes the file
        order = {
            "config": str(environment.folder / "config.yaml"),
            "moment": moment.isoformat(),
            "command": command,
            "signal": int(how),
            "after": after,
            "step": step,
            "done": done,
            "grace": grace,
        }
        self._say(order)
        pid: int = (await self._hear())["pid"]
        return pid

    async def start_daemon(
        self, config: Path, *, command: str, clock: Path, skew: float, host: str, grace: float = 5.0
    ) -> int:
        """Start one of several that run at the same time, on the clock in that file. Its pid."""
        order = {
            "config": str(config),
            "command": command,
            "clock": str(clock),
            "skew": skew,
            "host": host,
            "grace": grace,
        }
        self._say(order)
        pid: int = (await self._hear())["pid"]
        return pid

    async def reap(self, pid: int) -> End:
        """Wait for one of several, which was sent a signal."""
        self._say({"command": "reap", "pid": pid})
        return await self.ended()

    async def ended(self) -> End:
        """Wait until it has."""
        return End(**await self._hear())

    async def run(self, environment: Environment, moment: datetime, **how: Any) -> End:
        """Start it and wait until it has ended."""
        await self.start(environment, moment, **how)
        return await self.ended()

    def _say(self, order: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    async def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        heard: dict[str, Any] = json.loads(await asyncio.to_thread(self._process.stdout.readline))
        return heard


@contextmanager
def process_pool(log: Path, code: Path | None = None) -> Iterator[ProcessPool]:
    """A parent that has imported everything, from this folder if not from here; what all of them say is in the log.

    They are not measured for coverage: the dead could not tell theirs, and it would slow all.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.nursery", str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environ, "NO_PROXY": "127.0.0.1"} | ({"PYTHONPATH": str(code)} if code else {}),
        cwd=code,
    ) as process:
        yield ProcessPool(process)


async def drive(folder: Path, kills: int, seed: int, *, store: str = "sqlite:///paperboy.db") -> Tally:
    """Kill that many processes in one world and judge every morning of it; fewer if its mornings end before.

    Raises:
        AssertionError: something was lost, doubled or out of order. Its notes say where and with which seed.
    """
    folder.mkdir()  # noqa: ASYNC240 - nothing else is going on yet
    log = folder / "children.log"
    with process_pool(log) as pool:
        async with opened_environment(folder) as environment:
            environment.config["store"] = store
            write_config(environment)
            life = Simulation(environment, pool, random.Random(seed))
            try:
                await life.run_mornings(kills)
            except BaseException as error:
                error.add_note(f"seed {seed}, {store}, {life.tally.kills} kills; what they said: {log}")
                raise
            return life.tally


class Simulation:
    """One world's mornings."""

    def __init__(self, environment: Environment, pool: ProcessPool, chance: random.Random) -> None:
        self.tally = Tally()
        self._environment = environment
        self._parent = pool
        self._chance = chance
        self._judge = MorningCheck(environment)
        self._moment = morning(TUESDAY)
        self._seconds = 0.0
        """How long a run of a whole morning takes that nobody kills."""
        environment.slack.now = environment.discord.now = self._now

    def _now(self) -> float:
        return self._moment.timestamp()

    async def run_mornings(self, kills: int) -> None:
        """Let it be killed so often, after a first morning that warms up.

        Once in every phase, and then, after a morning that is measured, at random moments.
        """
        day = TUESDAY
        self._announce(day)
        await self._parent.run(self._environment, self._moment, command="rehearse")
        await self._to_the_end(day, kills=0)
        for phase in EVERY_PHASE:
            day = self._begin_morning(day)
            await self._kill_in(phase)
            await self._to_the_end(day, kills=1)
        day = self._begin_morning(day)
        self._seconds = (await self._to_the_end(day, kills=0)).seconds
        for _ in range(MORNINGS):
            day = self._begin_morning(day)
            killed = await self._kill(KILLS[: kills - self.tally.kills])
            self._moment += timedelta(minutes=10)
            await self._to_the_end(day, kills=killed)
            if self.tally.kills >= kills:
                break
        self.tally.deaths = self._judge.deaths
        self.tally.messages, self.tally.doubled = self._judge.messages, self._judge.doubled

    def _begin_morning(self, day: date) -> date:
        """The next mailing's day begins."""
        day = next_mailing(day)
        self._moment = morning(day)
        self._announce(day)
        return day

    def _announce(self, day: date) -> None:
        papers = [paper(f"{day:%y%m.%d}{n:03}", title=title) for n, title in enumerate(titles_of(day))]
        self._environment.announce(day, *papers)

    async def _kill(self, parts: Sequence[float]) -> int:
        """Kill one after the other, unless one is done before. How many were killed."""
        for number, part in enumerate(parts):
            done = await self._kill_one(self._chance.uniform(0, part * self._seconds))
            if done is not None:
                self.tally.survived += 1
                if number == 0:  # a whole run: the machine may have been busier when that was measured
                    self._seconds = min(self._seconds, done.seconds)
                return number
        return len(parts)

    async def _kill_in(self, phase: str) -> None:
        """Of a run that has everything still to do."""
        done = self._chance.random() < AS_IT_IS_DONE
        end = await self._parent.run(self._environment, self._moment, step=phase, done=done)
        assert end.code == -signal.SIGKILL, f"a run that was to be killed while {phase} ended with {end.code}"
        self.tally.killed[phase] += 1

    async def _kill_one(self, after: float) -> End | None:
        """How it came to its end before its moment; None if it was killed."""
        daemon = self._chance.random() < DAEMONS
        how = signal.SIGTERM if daemon else signal.SIGKILL
        end = await self._parent.run(
            self._environment,
            self._moment,
            command="run" if daemon else "once",
            how=how,
            after=after,
            grace=self._chance.choice((0.0, 5.0)),
        )
        self._moment += timedelta(seconds=self._chance.choice((30, 300, 7200)))
        if end.code == -how:
            self.tally.killed[end.phase] += 1
            return None
        assert end.code == 0, f"a {'daemon' if daemon else 'run'} ended with {end.code}"
        if daemon:
            self.tally.stopped[end.phase] += 1
            return None
        return end

    async def _to_the_end(self, day: date, *, kills: int) -> End:
        end = await self._parent.run(self._environment, self._moment)
        for _ in range(MOST_DEFERRALS):
            if end.code != LEFT_UNDONE:
                break
            self._moment += timedelta(hours=1)
            end = await self._parent.run(self._environment, self._moment)
        assert end.code == 0, f"the last run of {day} ended with {end.code}"
        self._judge.judge(kills, titles_of(day))
        page = self._environment.folder / "site" / "birds" / f"{day}.md"
        shown = page.read_text(encoding="utf-8")
        assert all(title in shown for title in titles_of(day)), f"{page} is not whole"
        return end


def titles_of(day: date) -> list[str]:
    return [f"Pigeon {day:%d%b}x{n}x" for n in range(PAPERS)]


def next_mailing(day: date) -> date:
    day += timedelta(days=1)
    return day if is_mailing_day(day) else next_mailing(day)
