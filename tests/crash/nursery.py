"""Processes that start at once: forks of one that has imported everything. `python -m tests.crash.nursery LOG`.

    stdin   {"config": ..., "moment": ..., "command": "once" | "run", "signal": 9, "after": 0.3 | null, "grace": 5.0}
            or, with the command "rehearse", `once` in this process itself: what it warms up, no child has to
    stdout  {"pid": ...}, and at its end {"code": ..., "phase": ..., "seconds": ...}

Each child is a real process: `once`, or the daemon as `paperboy run` starts it, at a simulated moment. Where it was
when it was killed stands in a page of memory that it shares with its parent, for the dead say nothing.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import mmap
import os
import select
import sys
import time
import traceback
from datetime import datetime
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PHASES = ("settling", "sending", "asking", "publishing", "composing", "collecting", "delivering", "starting")
"""Innermost first: where a process is in several, it is said to be in the first of these."""

ON_ITS_WAY = 0.01
"""Seconds that an answer takes after all was said: on loopback it would take none, and nobody would die in them."""

WAIT = 0.01
"""Seconds that any wait takes in truth."""

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


class PhaseTracker:
    """How often each phase was entered and not yet left, in memory that parent and child share."""

    def __init__(self) -> None:
        self._counts = mmap.mmap(-1, len(PHASES))

    def reset(self) -> None:
        self._counts[:] = bytes(len(PHASES))
        self._counts[PHASES.index("starting")] = 1

    def watch(self) -> None:
        """From now on every call of a step is noted."""
        for phase, steps in _STEPS.items():
            for owner, name in steps:
                setattr(owner, name, self._noting(getattr(owner, name), PHASES.index(phase)))

    def said(self) -> str:
        """The innermost phase; `between` two of them, or after the last."""
        return next((phase for phase, count in zip(PHASES, self._counts[:], strict=True) if count), "between")

    def _noting(self, step: Callable[..., Any], place: int) -> Callable[..., Any]:
        def enter() -> None:
            self._counts[PHASES.index("starting")] = 0
            self._counts[place] += 1

        def leave() -> None:
            self._counts[place] -= 1

        if inspect.iscoroutinefunction(step):

            @wraps(step)
            async def noted(*args: Any, **kwargs: Any) -> Any:
                enter()
                try:
                    answer = await step(*args, **kwargs)
                    await asyncio.sleep(ON_ITS_WAY)
                    return answer
                finally:
                    leave()

        else:

            @wraps(step)
            def noted(*args: Any, **kwargs: Any) -> Any:
                enter()
                try:
                    return step(*args, **kwargs)
                finally:
                    leave()

        return noted


async def _once(config: Path, clock: SimulatedClock) -> int:
    async with bot.app.opened(load(config, {}), clock) as app:
        run = await app.runner.once()
        return int(run.left_undone)


def _run_order(order: Mapping[str, Any]) -> int:
    """What the child does with its life; the exit code at its end."""
    config, clock = Path(order["config"]), FastClock(datetime.fromisoformat(order["moment"]))
    if order["command"] == "once":
        return asyncio.run(_once(config, clock))
    setattr(bot.app, "SystemClock", lambda: clock)  # noqa: B010 - mypy does not let a function stand for a class
    bot.app.daemon.GRACE = order["grace"]
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
    for line in sys.stdin:
        order = json.loads(line)
        where.reset()
        born = time.monotonic()
        if order["command"] == "rehearse":
            code = _run_order({**order, "command": "once"})
            gc.collect()
            gc.freeze()  # so that a child's collections leave the shared pages alone
            answer(pid=os.getpid())
            answer(code=code, phase=where.said(), seconds=time.monotonic() - born)
            continue
        alive, life = os.pipe()  # the child holds the other end for as long as it lives
        pid = os.fork()
        if pid == 0:
            _child(order)
        os.close(life)
        answer(pid=pid)
        if not select.select([alive], [], [], order["after"])[0]:
            os.kill(pid, order["signal"])
        phase = where.said()
        _, status = os.waitpid(pid, 0)
        os.close(alive)
        answer(code=os.waitstatus_to_exitcode(status), phase=phase, seconds=time.monotonic() - born)


if __name__ == "__main__":
    main(sys.argv[1])
