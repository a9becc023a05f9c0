"""An alert that the operator was told is not told again until it is long ago."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.store.outbox.test_outbox import MINUTE, NOW, rendered

if TYPE_CHECKING:
    from bot.store import Store


def test_what_the_operator_was_told_of_is_told_again_only_when_it_is_long_ago(store: Store) -> None:
    for day in range(3):
        told_at = NOW + timedelta(days=day)
        assert store.alerts.not_told(["late", "shut"], since=told_at - MINUTE) == {"late", "shut"}
        store.alerts.enqueue("operator", rendered(), ("",), told_at, alerts=["late"], since=told_at - MINUTE)
        assert store.alerts.not_told(["late", "shut"], since=told_at - MINUTE) == {"shut"}
    assert len(store.queries.unfinished()) == 3


def test_what_another_process_told_meanwhile_is_not_told_again(store: Store) -> None:
    since = NOW - MINUTE
    assert store.alerts.enqueue("operator", rendered(), ("",), NOW, alerts=["late"], since=since)
    assert not store.alerts.enqueue("operator", rendered(), ("",), NOW, alerts=["late", "shut"], since=since)
    assert store.alerts.not_told(["late", "shut"], since=since) == {"shut"}
    assert len(store.queries.unfinished()) == 1
