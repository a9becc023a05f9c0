"""Composes a shard in a process of its own.

    this process  -- settings, run -->  child: opens the store, composes, writes
                  <-- report, logs ---

The child gets everything through its standard input, secrets too, and answers on its standard output. It ends as soon
as its input is closed, so it never outlives this process. Not `multiprocessing`, whose processes outlive one that is
killed, and start by importing the program's main module anew.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import pickle
import sys
import threading
from dataclasses import dataclass
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

import structlog

from bot.clock import SimulatedClock
from bot.errors import PaperboyError, StoreError

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from datetime import datetime

    from bot.model import Composed, Shard
    from bot.settings import Settings

log = structlog.get_logger(__name__)

_PROGRAM = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from bot.app.compose_process import main
main()
"""
"""What the child runs: the same modules as this process, wherever they are."""

_GARBAGE = (50_000, 20, 20)
"""How much is made between two of Python's looks for garbage in a child: with the usual ones they take a tenth of its
time, and it lives for one run. https://docs.python.org/3/library/gc.html#gc.set_threshold"""


@dataclass(frozen=True, slots=True)
class ComposeRun:
    """What one run of compose is to do."""

    now: datetime
    """The moment, UTC."""
    any_hour: bool = False
    """Whether all subscribers are composed for, due or not."""
    wait_until: datetime | None = None
    """Until then, subscribers without an hour of their own wait for late categories."""
    shard: Shard | None = None
    """Whose subscribers alone are composed for; all if there is none."""


@dataclass(frozen=True, slots=True)
class ComposeReport:
    """What one run of compose did."""

    composed: tuple[Composed, ...]
    problems: tuple[str, ...] = ()
    """What the operator should hear of."""


class ComposeProcessError(PaperboyError):
    """A process for a shard did not start, or ended without an answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Job:
    settings: Settings
    run: ComposeRun


@dataclass(frozen=True, slots=True)
class _Answer:
    report: ComposeReport
    logged: tuple[dict[str, Any], ...]
    """Each line that the child logged, as the fields of the event."""


async def compose_elsewhere(settings: Settings, run: ComposeRun) -> ComposeReport:
    """Runs compose in a child process; when this is cancelled, the child is killed.

    Args:
        settings: the configuration.
        run: what is to be composed.

    Raises:
        ComposeProcessError: there is no answer. What the child wrote by then is in the store.
    """
    try:
        # In a session of its own: Ctrl-C in a terminal reaches this process alone.
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM, stdin=PIPE, stdout=PIPE, start_new_session=True
        )
    except OSError as error:
        raise ComposeProcessError(error.strerror or type(error).__name__) from error
    try:
        raw = await _asked(child, pickle.dumps(sys.path) + pickle.dumps(_Job(settings, run)))
        code = await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if code != 0:
        raise ComposeProcessError(f"it ended with {code}")
    answer: _Answer = pickle.loads(raw)  # noqa: S301 - from our own child
    for event in answer.logged:
        level = logging.getLevelNamesMapping()[event.pop("level").upper()]
        log.log(level, event.pop("event"), **event)
    return answer.report


async def _asked(child: asyncio.subprocess.Process, question: bytes) -> bytes:
    """What the child answers. Its input stays open until then."""
    assert child.stdin is not None  # noqa: S101 - both are pipes
    assert child.stdout is not None  # noqa: S101
    try:
        child.stdin.write(question)
        await child.stdin.drain()
    except ConnectionError:
        pass  # it died, which its answer shows
    return await child.stdout.read()


# -- in the child ------------------------------------------------------------------------------------------------


def main() -> None:
    """Composes what standard input asks for; exit code 3 if the store cannot be used."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not get into the answer
    job: _Job = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.disable()  # what client libraries log may hold tokens
    logged: list[dict[str, Any]] = []

    def keep(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
        logged.append({**event})
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info, keep])
    try:
        report = asyncio.run(_compose(job))
    except StoreError:
        sys.exit(3)  # the parent, who tries it next, says why
    with answers:
        pickle.dump(_Answer(report, tuple(logged)), answers)


def _end_with_parent() -> None:
    """Ends this process at once when its input is closed. A transaction that is open then is rolled back."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


async def _compose(job: _Job) -> ComposeReport:
    from bot.app import opened  # noqa: PLC0415 - it imports this module

    gc.freeze()  # what is imported stays
    gc.set_threshold(*_GARBAGE)
    async with opened(job.settings, SimulatedClock(job.run.now), must_exist=True) as app:
        return await app.composing.run(job.run)
