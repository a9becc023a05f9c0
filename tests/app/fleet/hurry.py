"""What takes a worker a minute takes seconds here: how often it looks for jobs, and after those of the dead."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.app.fleet import queue, worker

if TYPE_CHECKING:
    from types import ModuleType

HEARTBEAT = 1.0
"""Seconds between two signs of life of a worker, where its death is to be noticed by itself."""

LOOK_AGAIN = 0.1
"""Seconds until a worker looks again for whatever it waits for."""

HURRIED: dict[ModuleType, dict[str, Any]] = {
    worker: {"TICK": LOOK_AGAIN, "_POLL_SECONDS": LOOK_AGAIN, "_PAUSE": LOOK_AGAIN, "_NOTE_SECONDS": LOOK_AGAIN / 2},
    queue: {"_REPAIR_AT": "* * * * * *"},
}
"""The constants of each module, and what they are here. On a busy machine nobody is taken for dead by these."""

_MORTAL: dict[ModuleType, dict[str, Any]] = {
    worker: {
        "SILENT_SECONDS": 3 * HEARTBEAT,
        "_OneWorker": partial(worker._OneWorker, update_heartbeat_interval=HEARTBEAT),
    },
    queue: {"SILENT_SECONDS": 3 * HEARTBEAT},
}
"""So that a death is noticed in seconds, too."""


def look_often() -> None:
    """Workers look often in this process, for good."""
    _set(HURRIED)


def hurry_workers() -> None:
    """The same, and a death is noticed in seconds."""
    _set(HURRIED)
    _set(_MORTAL)


def _set(constants: dict[ModuleType, dict[str, Any]]) -> None:
    for module, values in constants.items():
        for name, value in values.items():
            setattr(module, name, value)
