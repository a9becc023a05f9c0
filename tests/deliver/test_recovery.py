"""A delivery whose sender died is unknown, and dead after too many crashes; its lane's report has that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from bot.deliver import recover
from bot.model import DeliveryState
from bot.store import Store
from bot.store.outbox.policy import MAX_CRASHES, Lane
from tests.store.outbox.test_outbox import DEAD, LANE, NOW, claimed, enqueue, rendered

if TYPE_CHECKING:
    from pathlib import Path


def test_what_a_dead_process_was_sending_is_unknown_and_dead_after_too_many_crashes(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'p.db'}")
    enqueue(store, rendered())
    found = []
    for second in range(MAX_CRASHES):
        now = NOW + timedelta(seconds=second)
        claimed(store, at=now, owner=DEAD)
        with capture_logs() as logs:
            found.append(recover(store, [LANE, Lane("other", "")], now))
        assert [entry["event"] for entry in logs] == ["a sender died while sending"]
    assert found == [{LANE: [DeliveryState.UNKNOWN]}] * (MAX_CRASHES - 1) + [{LANE: [DeliveryState.DEAD]}]
    assert recover(store, [LANE], NOW) == {}
    store.close()
