"""A worker's heartbeats, and what looks after them, ten times as fast: what takes a minute takes seconds here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.app.fleet import queue, worker

if TYPE_CHECKING:
    from types import ModuleType

HEARTBEAT = 1.0
"""Seconds between two signs of life of a worker."""

LOOK_AGAIN = 0.1
"""Seconds until a worker looks again for whatever it waits for."""

HURRIED: dict[ModuleType, dict[str, Any]] = {
    worker: {
        "TICK": LOOK_AGAIN,
        "_POLL_SECONDS": LOOK_AGAIN,
        "_PAUSE": LOOK_AGAIN,
        "SILENT_SECONDS": 3 * HEARTBEAT,
        "_OneWorker": partial(worker._OneWorker, update_heartbeat_interval=HEARTBEAT),
    },
    queue: {"SILENT_SECONDS": 3 * HEARTBEAT, "_REPAIR_AT": "* * * * * *"},
}
"""The constants of each module, and what they are here."""


def hurry_workers() -> None:
    """Changes them in this process, for good."""
    for module, values in HURRIED.items():
        for name, value in values.items():
            setattr(module, name, value)
