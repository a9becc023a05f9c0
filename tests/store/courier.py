"""A machine of its own that sends so many messages of the outbox: `python -m tests.store.courier URL HOST LOG MOST`.

It says that it is ready, and begins when it is given a line, so that of two none is done before the other has begun.
Writes a line to the log per message it sends: when the sending began and ended, by the clock that all processes on
this machine share, and whose message it was.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle

from bot.model import Limit, Limits, Receipt
from bot.store import Store
from bot.store.outbox import Claimed
from bot.store.worker import WorkerId
from tests.store.one_lane import claim_one, settle_sent

DESTINATION_SECONDS = 0.02
CREDENTIAL_SECONDS = 0.005


def main(url: str, host: str, log: str, most: str) -> None:
    store = Store(url, replace(WorkerId.current(), host=host))
    lines = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    print("ready", flush=True)  # noqa: T201 - for the test, which waits for it
    sys.stdin.readline()
    for _ in range(int(most)):
        send_one(store, host, lines)
    store.close()


def send_one(store: Store, host: str, lines: int) -> None:
    """Sends the next message that may go, and writes its line."""
    lanes = cycle(store.outbox.lanes())
    while True:
        lane, now = next(lanes), datetime.now(UTC)
        limits = Limits(Limit(f"slack:{lane.subscriber}", DESTINATION_SECONDS), Limit("token", CREDENTIAL_SECONDS))
        store.outbox.recover(lane, owner=store.owner, now=now)
        claimed = claim_one(store.outbox, lane, limits, owner=store.owner, now=now, ignore_backoff=False)
        if isinstance(claimed, Claimed):
            break
        time.sleep(0.002)
    began = time.monotonic()
    time.sleep(0.003)
    sent = {
        "host": host,
        "lane": lane.subscriber,
        "payload": claimed.delivery.payload,
        "claimed": now.timestamp(),
        "began": began,
        "ended": time.monotonic(),
    }
    os.write(lines, json.dumps(sent).encode() + b"\n")
    settle_sent(store.outbox, claimed.delivery, Receipt(), limits, owner=store.owner, now=datetime.now(UTC))


if __name__ == "__main__":
    main(*sys.argv[1:])
