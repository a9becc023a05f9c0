"""Mornings of four processes on one PostgreSQL, each killed and started again, the database stopped and paused.

They share a clock that the test sets, and count as two machines whose clocks are two minutes apart. A morning: a new
mailing, troubles at random moments, and time that goes on faster where nothing happens. The receivers' logs judge.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from bot.errors import StoreError
from bot.model import DeliveryState
from bot.store import Store
from bot.store.database.tables import deliveries
from tests.builders import paper
from tests.crash.database import Outages
from tests.crash.driver import next_mailing, process_pool, titles_of
from tests.crash.judge import ASKABLE, MorningCheck, write_config
from tests.crash.nursery import SharedClock
from tests.postgres import running_server
from tests.world import TUESDAY, Environment, morning, opened_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import date

    from tests.crash.driver import End, ProcessPool

SEATS = (("one", 0.0), ("one", 0.0), ("two", 120.0), ("two", 120.0))
"""The machine that each process says it is on, and the seconds that its clock is ahead."""

READERS = 40
"""Mailboxes beside one subscriber on every channel."""

STOPPED = 0.2
"""The part of those that is asked to end, by SIGTERM, rather than killed."""
LONGEST_END = 10.0
"""Seconds from SIGTERM to the end, at most."""

KILLS = 4
"""A morning's at most: with a fifth a message could be given up as the one that kills its sender."""

SECONDS = 4.0
"""About what a morning takes in truth; troubles fall into it."""

RATES = {"run": 60.0, "worker": 1.0}
"""Times as fast as in truth the clock runs: a daemon that saw another collect looks again after a minute of it, and
workers wait by the database's clock."""

SECONDS_STILL = 2.0
"""After so long without a message the clock is set forward."""
STEP = timedelta(minutes=5)
MOST_STEPS = 120
"""Ten hours: what is not there by then is lost."""


@dataclass
class FleetTally:
    """What was done to the processes and to the database, and what came of it."""

    killed: Counter[str] = field(default_factory=Counter)
    """In which phase."""
    stopped: Counter[str] = field(default_factory=Counter)
    """The same by SIGTERM."""
    outages: Counter[str] = field(default_factory=Counter)
    mornings: int = 0
    deaths: int = 0
    """How often one died with a message under way."""
    restarted: int = 0
    """How often one could not begin, as the database was away."""
    messages: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        asked = sum(self.doubled[lane] for lane in ASKABLE)
        phases = ", ".join(f"{phase} {count}" for phase, count in self.killed.most_common())
        outages = ", ".join(f"{what} {count}" for what, count in self.outages.most_common()) or "none"
        return "\n".join(
            [
                f"{self.killed.total()} of four killed on {self.mornings} mornings, while: {phases}",
                f"{self.stopped.total()} ended by SIGTERM, within {LONGEST_END:.0f} s",
                f"the database: {outages}; {self.restarted} could not begin for want of it, and were started again",
                f"{self.deaths} messages were under way when their sender died",
                f"{self.messages.total()} messages, each there and in order",
                f"copies: {asked} where it can be asked, {self.doubled.total() - asked} elsewhere",
            ]
        )


@dataclass(slots=True)
class _Seat:
    """A place for one process, and who is in it."""

    pool: ProcessPool
    host: str
    skew: float
    pid: int = 0


class Fleet:
    """Four processes, each in its seat."""

    def __init__(self, config: Path, clock: Path, command: str, first: ProcessPool, later: ProcessPool) -> None:
        """Take the files, the command, from where the first four are started, and from where each after them."""
        self._config = config
        self._clock_file = clock
        self.command = command
        self._seats = [_Seat(first, *seat) for seat in SEATS]
        self._later = later

    async def start(self) -> None:
        for seat in self._seats:
            await self._start(seat)

    async def kill_one(self, chance: random.Random) -> End:
        """End one of them, mostly by SIGKILL, and start another in its place."""
        seat = chance.choice(self._seats)
        how = signal.SIGTERM if chance.random() < STOPPED else signal.SIGKILL
        os.kill(seat.pid, how)
        async with asyncio.timeout(LONGEST_END):
            end = await seat.pool.reap(seat.pid)
        # One that has just begun, or could not for want of a database, has nothing to end.
        assert end.code in (-signal.SIGKILL, 0) or end.phase == "starting", f"ended with {end.code}"
        seat.pool = self._later
        await self._start(seat)
        return end

    async def kill_all(self) -> None:
        """Leave none behind, where something went wrong."""
        for seat in self._seats:
            if seat.pid:
                os.kill(seat.pid, signal.SIGKILL)
                await seat.pool.reap(seat.pid)

    async def stop(self) -> None:
        """SIGTERM to all. Each ends with 0, within ten seconds."""
        for seat in self._seats:
            os.kill(seat.pid, signal.SIGTERM)
        async with asyncio.timeout(LONGEST_END):
            ends = [await seat.pool.reap(seat.pid) for seat in self._seats]
        for seat in self._seats:
            seat.pid = 0
        assert [end.code for end in ends] == [0] * len(ends)

    async def restart_ended(self) -> int:
        """Start those again that ended for want of a database while they began, as a service manager does. How many.

        Raises:
            AssertionError: one had begun, and ended by itself.
        """
        ended = [seat for seat in self._seats if _has_ended(seat.pid)]
        for seat in ended:
            end = await seat.pool.reap(seat.pid)
            assert end.phase == "starting", f"{self.command} ended by itself while {end.phase}, with {end.code}"
            await self._start(seat)
        return len(ended)

    async def _start(self, seat: _Seat) -> None:
        seat.pid = await seat.pool.start_daemon(
            self._config, command=self.command, clock=self._clock_file, skew=seat.skew, host=seat.host
        )


def _has_ended(pid: int) -> bool:
    """Whether nobody but its parent knows it any more: field 3 of /proc/PID/stat, man proc(5)."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return stat.rpartition(")")[2].split()[0] == "Z"


class FleetSimulation:
    """One world's mornings."""

    def __init__(
        self,
        environment: Environment,
        fleet: Fleet,
        clock: SharedClock,
        chance: random.Random,
        *,
        readers: int,
    ) -> None:
        self.tally = FleetTally()
        self._environment = environment
        self._fleet = fleet
        self._clock = clock
        self._chance = chance
        self._judge = MorningCheck(environment, readers=readers)
        self._before = 0
        """The last delivery of the morning before."""

    @cached_property
    def _store(self) -> Store:
        """Opened when all processes are there: it migrates what an earlier version has made, under them."""
        return Store(self._environment.settings.store)

    def close(self) -> None:
        self._store.close()

    def announce(self, day: date) -> None:
        """That day's mailing is there."""
        self._environment.announce(
            day, *(paper(f"{day:%y%m.%d}{n:03}", title=title) for n, title in enumerate(titles_of(day)))
        )
        self._set_clock(morning(day))

    def _set_clock(self, moment: datetime) -> None:
        """For the processes, and for the jobs that wait: theirs is the database's clock, which nobody can set."""
        ahead = moment - self._clock.now()
        self._clock.set(moment, RATES[self._fleet.command])
        if self._fleet.command != "worker" or not self.tally.mornings:
            return  # on the first morning what an earlier version has made must not be migrated before all are there
        with self._store._database.writing() as connection:
            if connection.scalar(text("SELECT to_regclass('procrastinate_jobs')")):
                bring_forward = text("UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - :ahead")
                connection.execute(bring_forward, {"ahead": ahead})

    async def spend(
        self, day: date, *, kills: int = 0, database: Mapping[str, Callable[[], None]] = MappingProxyType({})
    ) -> None:
        """A whole morning: kill so many, and do that to the database, at random moments. Then judge."""
        troubles = [*["kill"] * kills, *database]
        self._chance.shuffle(troubles)
        self.announce(day)
        for trouble in troubles:
            await asyncio.sleep(self._chance.uniform(0, 2 * SECONDS / len(troubles)))
            if trouble == "kill":
                end = await self._fleet.kill_one(self._chance)
                (self.tally.stopped if end.code == 0 else self.tally.killed)[end.phase] += 1
            else:
                await asyncio.to_thread(database[trouble])
                self.tally.outages[trouble] += 1
        await self._until_done(day)
        self._judge.judge(len(troubles), titles_of(day))
        self.tally.mornings += 1
        self.tally.deaths = self._judge.deaths
        self.tally.messages, self.tally.doubled = self._judge.messages, self._judge.doubled

    async def _until_done(self, day: date) -> None:
        """Until everything is sent and the page is there; the clock goes on where nobody sends."""
        came, since, steps = -1, 0.0, 0
        while not await asyncio.to_thread(self._is_done, day):
            self.tally.restarted += await self._fleet.restart_ended()
            now = sum(self._environment.received().values())
            if now != came:
                came, since = now, time.monotonic()
            elif time.monotonic() - since > SECONDS_STILL:
                steps, since = steps + 1, time.monotonic()
                assert steps < MOST_STEPS, f"what was to come on {day} did not"
                await asyncio.to_thread(self._set_clock, self._clock.now() + STEP)
            await asyncio.sleep(0.1)
        self._before = await asyncio.to_thread(self._last)

    def _is_done(self, day: date) -> bool:
        page = self._environment.folder / "site" / "birds" / f"{day}.md"
        try:
            shown = page.read_text(encoding="utf-8")
            with self._store._database.reading() as connection:
                told, left = connection.execute(
                    select(
                        func.count(deliveries.c.subscriber.distinct()),
                        func.count().filter(deliveries.c.state != DeliveryState.SENT),
                    ).where(deliveries.c.seq > self._before)
                ).one()
        except (FileNotFoundError, StoreError):  # the database may have hung up on us too
            return False
        whole = all(title in shown for title in titles_of(day))
        return whole and told == len(self._environment.config["subscribers"]) and not left

    def _last(self) -> int:
        with self._store._database.reading() as connection:
            return connection.scalar(select(func.max(deliveries.c.seq))) or 0


@asynccontextmanager
async def opened_fleet(
    folder: Path, store: str, seed: int, *, command: str, readers: int = READERS, before: Path | None = None
) -> AsyncIterator[FleetSimulation]:
    """Four processes over a store of their own, which have had a first morning without trouble.

    Args:
        folder: an empty one, for the configuration, the site and the processes' log.
        store: the URL of an empty database.
        seed: of the random moments.
        command: `run` or `worker`.
        readers: mailboxes beside one subscriber on every channel.
        before: a folder with an earlier version's `bot`, of which the first four are: the store is migrated under
            them, and who comes in a place of theirs is of this version.
    """
    log = folder / "children.log"
    async with AsyncExitStack() as stack:
        pool = stack.enter_context(process_pool(log))
        first = stack.enter_context(process_pool(log, before)) if before else pool
        environment = await stack.enter_async_context(opened_environment(folder))
        environment.config["store"] = store
        if command == "worker":
            environment.config["fleet"] = True
        write_config(environment, readers=readers)
        environment.config["channels"]["mail"]["connections"] = 1  # so that one process alone takes its time
        # A copy: `environment.settings` writes the other anew each time, and one that starts might read half of it.
        environment.write(folder / "fleet.yaml")
        (folder / "clock").write_bytes(bytes(24))
        clock = SharedClock(folder / "clock")
        environment.slack.now = environment.discord.now = lambda: clock.now().timestamp()
        fleet = Fleet(folder / "fleet.yaml", folder / "clock", command, first, pool)
        life = FleetSimulation(environment, fleet, clock, random.Random(seed), readers=readers)
        stack.callback(life.close)
        try:
            life.announce(TUESDAY)
            await first.run(environment, morning(TUESDAY), command="rehearse")
            await fleet.start()
            await life.spend(TUESDAY)
            yield life
            await fleet.stop()
        except BaseException as error:
            error.add_note(f"seed {seed}, {life.tally}; what they said: {log}")
            await fleet.kill_all()
            raise


def add_column(url: str, number: int) -> None:
    """What a next version's migration does to a table in use: under our processes it gets one more column."""
    store = Store(url)
    with store._database.writing() as connection:
        connection.execute(text(f"ALTER TABLE deliveries ADD COLUMN next_version_{number} INTEGER"))
    store.close()


async def drive_fleet(
    folder: Path, kills: int, seed: int, *, command: str, pause: float = 30.0, before: Path | None = None
) -> FleetTally:
    """Kill so many of four, and trouble the database on every third morning. What was hit.

    Args:
        folder: an empty one.
        kills: how many in all.
        seed: of the random moments.
        command: `run` or `worker`.
        pause: the seconds that the database stands still, or is away.
        before: see `opened_fleet`.
    """
    with running_server() as server:
        store, outages = server.get_uri().replace("postgresql:", "postgresql+psycopg:"), Outages(server)
        columns = count()
        troubles: dict[str, Callable[[], None]] = {
            "stopped": lambda: outages.crash(pause),
            "restarted": outages.restart,
            "paused": lambda: outages.pause(pause),
            "migrated": lambda: add_column(store, next(columns)),
        }
        async with opened_fleet(folder, store, seed, command=command, before=before) as life:
            day = TUESDAY
            for number in count():
                left = kills - life.tally.killed.total()
                if left <= 0:
                    break
                kind = list(troubles)[number // 3 % len(troubles)]
                database = {} if number % 3 else {kind: troubles[kind]}
                day = next_mailing(day)
                await life.spend(day, kills=min(left, KILLS - len(database)), database=database)
    return life.tally


def main(kills: str = "100", seed: str = "1", command: str = "worker", before: str = "") -> None:
    """`python -m tests.crash.fleet [KILLS] [SEED] [run|worker] [FOLDER]`, or `make crash FLEET=1`."""
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="paperboy-crash-"))  # stays where something went wrong
    tally = asyncio.run(
        drive_fleet(folder, int(kills), int(seed), command=command, before=Path(before) if before else None)
    )
    shutil.rmtree(folder)
    print(tally)  # noqa: T201 - its output
    print(f"`{command}`, seed {seed}, {time.monotonic() - started:.0f} s")  # noqa: T201 - its output


if __name__ == "__main__":
    main(*sys.argv[1:])
