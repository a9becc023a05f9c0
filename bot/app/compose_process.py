"""Composes a shard in a process of its own, whose program is `compose_child`.

    this process  -- (settings, run) -->  child: opens the store, composes, writes
                  <-- (report, logs) ---

Logs are the lines that the child logged, each as the fields of its event. The child gets everything through its
standard input, secrets too, and answers on its standard output. It ends as soon as its input is closed, so it never
outlives this process. Not `multiprocessing`, whose processes outlive one that is killed, and start by importing the
program's main module anew.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import sys
from dataclasses import dataclass
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

import structlog

from bot.errors import PaperboyError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Composed, Shard
    from bot.settings import Settings

log = structlog.get_logger(__name__)

_PROGRAM = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from bot.app.compose_child import main
main()
"""
"""What the child runs: the same modules as this process, wherever they are."""


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
        raw = await _asked(child, pickle.dumps(sys.path) + pickle.dumps((settings, run)))
        code = await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if code != 0:
        raise ComposeProcessError(f"it ended with {code}")
    answer: tuple[ComposeReport, list[dict[str, Any]]] = pickle.loads(raw)  # noqa: S301 - from our own child
    report, logged = answer
    for event in logged:
        level = logging.getLevelNamesMapping()[event.pop("level").upper()]
        log.log(level, event.pop("event"), **event)
    return report


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
