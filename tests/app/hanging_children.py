"""Children of compose that go on no further once each has written its first digests, so that they can be killed then.

However busy the machine is: else one would be done before it is killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import bot.app
from bot.app import compose_process, composing
from bot.clock import SimulatedClock

if TYPE_CHECKING:
    from datetime import datetime

DIGESTS = 2
"""What each writes."""

PROGRAM = f"""
import pickle, sys, time
sys.path[:] = pickle.load(sys.stdin.buffer)
from bot import compose
from bot.app.compose_child import main
from bot.store.outbox import Outbox
compose._DIGESTS_PER_TRANSACTION = {DIGESTS}
write = Outbox.enqueue_all
def write_and_hang(*what):
    write(*what)
    time.sleep(300)
Outbox.enqueue_all = write_and_hang
main()
"""
"""As `compose_process._PROGRAM`, but for that."""


def start_such_children(now: datetime, digests_per_process: int) -> None:
    """From now on this process does, at that moment."""
    compose_process._PROGRAM = PROGRAM
    composing.DIGESTS_PER_PROCESS = digests_per_process
    setattr(bot.app, "SystemClock", lambda: SimulatedClock(now))  # noqa: B010 - mypy lets no function stand for a class
