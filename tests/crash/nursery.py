"""Processes that start at once: forks of one that has imported everything. `python -m tests.crash.nursery LOG`.

    stdin   {"config": ..., "moment": ..., "command": "once" | "run", "signal": 9, "after": 0.3 | null,
             "step": null | "sending", "done": false, "grace": 5.0}
            or, with the command "rehearse", `once` in this process itself: what it warms up, no child has to
    stdout  {"pid": ...}, and at its end {"code": ..., "phase": ..., "seconds": ...}

    stdin   {"config": ..., "command": "run" | "worker", "clock": FILE, "skew": 0.0, "host": "one", "grace": 5.0}
            one of several
    stdout  {"pid": ...}
    stdin   {"command": "reap", "pid": ...}, after a signal was sent to it
    stdout  {"code": ..., "phase": ..., "seconds": ...}

Each child is a real process: `once`, or the daemon as `paperboy run` starts it, at a simulated moment; several share
a clock that the test sets. Where a child was when it was killed stands in a page of memory that it shares with its
parent, for the dead say nothing.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import json
import mmap
import os
import select
import signal
import struct
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

import bot.app
import bot.app.daemon
import bot.app.runner
from bot.app.collecting import Collector
from bot.channels import CHANNELS
from bot.cli.daemon_process import serve
from bot.clock import SimulatedClock
from bot.compose import Composer
from bot.config import load
from bot.store.outbox import Outbox
from bot.store.outbox.reconciliation import Reconciliation
from bot.store.worker import WorkerId

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.clock import Clock

PHASES = ("settling", "sending", "asking", "publishing", "composing", "collecting", "delivering", "starting")
"""Innermost first: where a process is in several, it is said to be in the first of these."""

ON_ITS_WAY = 0.01
"""Seconds that an answer takes after all was said: on loopback it would take none, and nobody would die in them."""

ON_ITS_WAY_TO_ONE_OF_SEVERAL = 0.2
"""The same where several share the work: else one would have done it all before the others look."""

WAIT = 0.01
"""Seconds that any wait takes in truth."""

JOBS_AT_ONCE = 8
LOOK_AGAIN = 0.1
"""Seconds until a daemon of several, or one of its waits, looks again at the clock that they share."""

_STEPS: dict[str, list[tuple[type, str]]] = {
    "settling": [
        (Outbox, "claim_batch"),  # which records what was sent, and claims the next
        *(
            (side, name)
            for side in (Outbox, Reconciliation)
            for name in vars(side)
            if name.startswith(("settle", "mark_"))
        ),
    ],
    "sending": [(kind, "send") for kind in CHANNELS.values()],
    "asking": [(kind, "lookup") for kind in CHANNELS.values()],
    "publishing": [(bot.app.runner.Runner, "publish")],
    "composing": [(bot.app.runner.Runner, "compose"), (Composer, "compose")],
    "collecting": [(Collector, "collect_today"), (Collector, "collect_missed")],
    "delivering": [(bot.app.runner.Runner, "deliver")],
}


class FastClock(SimulatedClock):
    """Jumps over every wait, but not in no time: who waits for a neighbour's send would else wait for hours."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(WAIT)
        await super().sleep(seconds)


class SharedClock:
    """A clock that several processes share, in a file, and that one of them sets; it runs so many times as fast.

    Args:
        file: 24 bytes: the simulated moment, the true one at which it was set, and how much faster it runs since.
        skew: the seconds that this process's own clock is ahead of it.
    """

    def __init__(self, file: Path, skew: float = 0.0) -> None:
        with file.open("r+b") as opened:
            self._page = mmap.mmap(opened.fileno(), 0)
        self._skew = skew

    def now(self) -> datetime:
        simulated, true, rate = struct.unpack("3d", self._page)
        return datetime.fromtimestamp(simulated + (time.time() - true) * rate + self._skew, UTC)

    def set(self, moment: datetime, rate: float) -> None:
        """For all processes, from now on."""
        self._page[:] = struct.pack("3d", moment.timestamp(), time.time(), rate)

    async def sleep(self, seconds: float) -> None:
        """Until it says so, also where it was set meanwhile."""
        until = self.now() + timedelta(seconds=seconds)
        while (left := (until - self.now()).total_seconds()) > 0:
            _, _, rate = struct.unpack("3d", self._page)
            await asyncio.sleep(min(left / rate, LOOK_AGAIN))


class PhaseTracker:
    """How often each phase was entered and not yet left, in memory that parent and child share."""

    def __init__(self) -> None:
        self.begin_child()

    def begin_child(self) -> mmap.mmap:
        """The page of the child that is forked next."""
        self._deadly: tuple[int, bool] | None = None
        self._counts = mmap.mmap(-1, len(PHASES))
        self._counts[PHASES.index("starting")] = 1
        return self._counts

    def kill_in(self, phase: str, *, done: bool) -> None:
        """This process kills itself as it begins with the first step of that phase, or as that step is done."""
        self._deadly = PHASES.index(phase), done

    def watch(self) -> None:
        """From now on every call of a step is noted."""
        for phase, steps in _STEPS.items():
            for owner, name in steps:
                setattr(owner, name, self._noting(getattr(owner, name), PHASES.index(phase)))

    def _noting(self, step: Callable[..., Any], place: int) -> Callable[..., Any]:
        def enter() -> None:
            self._counts[PHASES.index("starting")] = 0
            self._counts[place] += 1
            die_if_now(done=False)

        def die_if_now(*, done: bool) -> None:
            if self._deadly == (place, done):
                os.kill(os.getpid(), signal.SIGKILL)

        def leave() -> None:
            self._counts[place] -= 1

        if inspect.iscoroutinefunction(step):

            @wraps(step)
            async def noted(*args: Any, **kwargs: Any) -> Any:
                enter()
                try:
                    answer = await step(*args, **kwargs)
                    die_if_now(done=True)
                    await asyncio.sleep(ON_ITS_WAY)
                    return answer
                finally:
                    leave()

        else:

            @wraps(step)
            def noted(*args: Any, **kwargs: Any) -> Any:
                enter()
                try:
                    answer = step(*args, **kwargs)
                    die_if_now(done=True)
                    return answer
                finally:
                    leave()

        return noted


def innermost(page: mmap.mmap) -> str:
    """The innermost phase of a child; `between` two of them, or after the last."""
    return next((phase for phase, count in zip(PHASES, page[:], strict=True) if count), "between")


async def _once(config: Path, clock: SimulatedClock) -> int:
    async with bot.app.opened(load(config, {}), clock) as app:
        run = await app.runner.once()
        return int(run.left_undone)


def _run_order(order: Mapping[str, Any]) -> int:
    """What the child does with its life; the exit code at its end."""
    config = Path(order["config"])
    if order["command"] == "once":
        return asyncio.run(_once(config, FastClock(datetime.fromisoformat(order["moment"]))))
    clock: Clock
    if "clock" in order:
        clock = SharedClock(Path(order["clock"]), order["skew"])
        globals()["ON_ITS_WAY"] = ON_ITS_WAY_TO_ONE_OF_SEVERAL
        me = replace(WorkerId.current(), host=order["host"])
        setattr(WorkerId, "current", lambda: me)  # noqa: B010 - mypy lets no function stand for a method
        setattr(bot.app.daemon, "TICK", LOOK_AGAIN)  # noqa: B010 - nor a fraction for a whole number
        if order["command"] == "worker":
            from tests.app.fleet.hurry import hurry_workers  # noqa: PLC0415 - earlier versions have no workers

            hurry_workers()
    else:
        clock = FastClock(datetime.fromisoformat(order["moment"]))
    setattr(bot.app, "SystemClock", lambda: clock)  # noqa: B010 - nor a function for a class
    bot.app.daemon.GRACE = order["grace"]
    if order["command"] == "worker":
        from bot.cli.daemon_process import work  # noqa: PLC0415 - earlier versions have none
        from bot.store.jobs import Verb  # noqa: PLC0415 - nor this

        asyncio.run(work(load(config, {}), config, tuple(Verb), JOBS_AT_ONCE))
    else:
        asyncio.run(serve(load(config, {}), config))
    return 0


def _child(order: Mapping[str, Any]) -> None:
    code = 70
    try:
        code = _run_order(order)
    except BaseException:  # noqa: BLE001 - nothing of a child may go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _compile_each_template_once() -> None:
    """Else every process does it anew, for a third of its life. All environments here are set up alike."""
    compiled: dict[tuple[object, ...], Any] = {}
    compile_it = jinja2.Environment.compile

    def compile_once(self: jinja2.Environment, *what: Any) -> Any:
        if what not in compiled:
            compiled[what] = compile_it(self, *what)
        return compiled[what]

    jinja2.Environment.compile = compile_once  # type: ignore[method-assign, assignment] # - it has overloads


def main(log: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    words = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(words, stream)  # what is said otherwise, by us and by our children, is no answer

    def answer(**said: object) -> None:
        answers.write(json.dumps(said) + "\n")
        answers.flush()

    where = PhaseTracker()
    where.watch()
    _compile_each_template_once()
    with suppress(ImportError):  # an earlier version has none
        importlib.import_module("bot.app.fleet.worker")
    children: dict[int, tuple[mmap.mmap, float]] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if order["command"] == "reap":
            page, born = children.pop(order["pid"])
            _, status = os.waitpid(order["pid"], 0)
            code = os.waitstatus_to_exitcode(status)
            answer(code=code, phase=innermost(page), seconds=time.monotonic() - born)
            continue
        page = where.begin_child()
        born = time.monotonic()
        if order["command"] == "rehearse":
            code = _run_order({**order, "command": "once"})
            gc.collect()
            gc.freeze()  # so that a child's collections leave the shared pages alone
            answer(pid=os.getpid())
            answer(code=code, phase=innermost(page), seconds=time.monotonic() - born)
            continue
        alive, life = os.pipe()  # the child holds the other end for as long as it lives
        pid = os.fork()
        if pid == 0:
            if order.get("step"):
                where.kill_in(order["step"], done=order["done"])
            _child(order)
        os.close(life)
        answer(pid=pid)
        if "clock" in order:
            os.close(alive)
            children[pid] = page, born
            continue
        if not select.select([alive], [], [], order["after"])[0]:
            os.kill(pid, order["signal"])
        phase = innermost(page)
        _, status = os.waitpid(pid, 0)
        os.close(alive)
        answer(code=os.waitstatus_to_exitcode(status), phase=phase, seconds=time.monotonic() - born)


if __name__ == "__main__":
    main(sys.argv[1])
