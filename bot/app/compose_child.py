"""The program of a child process that composes a shard; see `compose_process`, which starts it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import pickle
import sys
import threading
from typing import TYPE_CHECKING, Any

import structlog

from bot.app import opened
from bot.clock import SimulatedClock
from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from bot.app.compose_process import ComposeReport, ComposeRun
    from bot.settings import Settings

_GARBAGE = (50_000, 20, 20)
"""How much is made between two of Python's looks for garbage in a child: with the usual ones they take a tenth of its
time, and it lives for one run. https://docs.python.org/3/library/gc.html#gc.set_threshold"""


def main() -> None:
    """Composes what standard input asks for; exit code 3 if the store cannot be used."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not get into the answer
    settings, run = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.disable()  # what client libraries log may hold tokens
    logged: list[dict[str, Any]] = []

    def keep(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
        logged.append({**event})
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info, keep])
    try:
        report = asyncio.run(_compose(settings, run))
    except StoreError:
        sys.exit(3)  # the parent, who tries it next, says why
    with answers:
        pickle.dump((report, logged), answers)


def _end_with_parent() -> None:
    """Ends this process at once when its input is closed. A transaction that is open then is rolled back."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


async def _compose(settings: Settings, run: ComposeRun) -> ComposeReport:
    gc.freeze()  # what is imported stays
    gc.set_threshold(*_GARBAGE)
    async with opened(settings, SimulatedClock(run.now), must_exist=True) as app:
        return await app.composing.run(run)
