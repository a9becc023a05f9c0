"""A machine of its own that empties the outbox: `python -m tests.store.courier URL HOST LOG`.

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

from bot.model import Limit, Limits, Receipt
from bot.store import Store
from bot.store.outbox import Claimed
from bot.store.worker import WorkerId
from tests.store.one_lane import claim_one, settle_sent

DESTINATION_SECONDS = 0.02
CREDENTIAL_SECONDS = 0.005


def main(url: str, host: str, log: str) -> None:
    store = Store(url, replace(WorkerId.current(), host=host))
    lines = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    print("ready", flush=True)  # noqa: T201 - for the test, which waits for it
    sys.stdin.readline()
    while lanes := store.outbox.lanes():
        for lane in lanes:
            limits = Limits(
                Limit(f"slack:{lane.subscriber}", DESTINATION_SECONDS), Limit("token", CREDENTIAL_SECONDS)
            )
            now = datetime.now(UTC)
            store.outbox.recover(lane, owner=store.owner, now=now)
            claimed = claim_one(store.outbox, lane, limits, owner=store.owner, now=now, ignore_backoff=False)
            if not isinstance(claimed, Claimed):
                time.sleep(0.002)
                continue
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
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
